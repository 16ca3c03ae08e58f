import { checkOptions } from '../check-options.ts'
import { BuiltInSerializer, type Serializer } from './serializer.ts'
import { strictJson } from './strict-json.ts'

export interface JsonSerializerOptions {
  /** Replaces each BigInt by the value it returns. Without it a BigInt is refused. */
  readonly bigint?: (value: bigint) => unknown
}

/**
 * JSON, as JSON.stringify writes it. Refuses what JSON would change, and says where it is: a promise without `await`, a
 * Map, a Set, an Error, bytes, a function, a symbol, an invalid date, NaN, an infinity, a BigInt without `bigint`, a
 * cycle, undefined in a list, and objects that JSON writes as `{}` although their class gives them accessors or
 * methods.
 *
 * Allowed are fields that are undefined (left out), -0 (written as 0, which is equal), `toJSON`, and instances of your
 * classes, which are written as their own fields.
 */
export function jsonSerializer(options: JsonSerializerOptions = {}): Serializer {
  checkOptions('jsonSerializer', options, { bigint: 'function' })
  const { bigint } = options
  return new BuiltInSerializer(data => Buffer.from(toJson(data, bigint)))
}

/** @throws SerializationError */
export function toJson(data: unknown, bigint?: (value: bigint) => unknown): string {
  if (bigint) return strictJson(data, bigint)
  let text: string | undefined
  try {
    text = JSON.stringify(data)
  } catch {
    // The second attempt says where the cycle or the BigInt is; the message of this one quotes names of fields.
    return strictJson(data)
  }
  return text !== undefined && isPlain(data, 0) ? text : strictJson(data)
}

const MAX_PLAIN_DEPTH = 1000
const { prototype } = Object

/**
 * Whether JSON.stringify changes nothing, by a quick look: a callback for each value would cost several times as much.
 * What it doubts has a closer look. JSON.stringify has found no cycle before.
 */
function isPlain(value: unknown, depth: number): boolean {
  if (typeof value === 'string' || typeof value === 'boolean' || value === null) return true
  if (typeof value === 'number') return Number.isFinite(value)
  if (typeof value !== 'object' || depth > MAX_PLAIN_DEPTH) return false
  return 'toJSON' in value ? isPlainByToJson(value, depth) : hasPlainParts(value, depth)
}

/** Of what JSON writes as it is, without a toJSON. */
function hasPlainParts(value: object, depth: number): boolean {
  if (Array.isArray(value)) {
    for (let at = 0; at < value.length; at++) if (!isPlain(value[at], depth + 1)) return false
    return true
  }
  if (Object.getPrototypeOf(value) !== prototype && !hasOwnFields(value)) return false
  if ('then' in value) return false
  for (const name in value) {
    const field = (value as Record<string, unknown>)[name]
    if (field !== undefined && !isPlain(field, depth + 1)) return false
  }
  return true
}

/** An invalid date becomes null, also one of another realm, and a Buffer an object of its bytes. */
function isPlainByToJson(value: { readonly toJSON: unknown }, depth: number): boolean {
  if (value instanceof Date) return !Number.isNaN(value.getTime())
  if (typeof value.toJSON !== 'function' || ArrayBuffer.isView(value)) return false
  const written: unknown = value.toJSON('')
  if (typeof written !== 'object') return isPlain(written, depth + 1)
  // JSON does not ask the answer for its toJSON: a Date would be `{}`.
  return written !== null && !('toJSON' in written) && hasPlainParts(written, depth + 1)
}

/** Private fields and accessors of a class are not written: an instance without other fields has a closer look. */
function hasOwnFields(value: object): boolean {
  return prototype.toString.call(value) === '[object Object]' && Object.keys(value).length > 0
}
