import { checkOptions } from '../check-options.ts'
import { BuiltInSerializer, type Serializer } from './serializer.ts'
import { strictJson } from './strict-json.ts'

export interface JsonSerializerOptions {
  /** Returns the value that replaces a BigInt. Without it a BigInt is refused. */
  readonly bigint?: (value: bigint) => unknown
}

/**
 * Writes JSON as JSON.stringify does. Refuses values that JSON would change, and says where they are: a promise without
 * `await`, a Map, a Set, an Error, bytes, a function, a symbol, an invalid date, NaN, an infinity, a BigInt without
 * `bigint`, a cycle, undefined in a list, and objects that JSON writes as `{}` although their class gives them
 * accessors or methods.
 *
 * Accepts fields that are undefined (left out), -0 (written as 0, which is equal), `toJSON`, and instances of classes,
 * which are written as their own fields.
 */
export function jsonSerializer(options: JsonSerializerOptions = {}): Serializer {
  checkOptions('jsonSerializer', options, { bigint: 'function' })
  const { bigint } = options
  return new BuiltInSerializer(data => Buffer.from(toJson(data, bigint)))
}

/**
 * Writes JSON by these rules.
 * @throws SerializationError
 */
export function toJson(data: unknown, bigint?: (value: bigint) => unknown): string {
  if (bigint) return strictJson(data, bigint)
  let text: string | undefined
  try {
    text = JSON.stringify(data)
  } catch {
    // The second attempt finds the place of the cycle or the BigInt. The message of this error would quote field names.
    return strictJson(data)
  }
  return text !== undefined && isPlain(data, 0) ? text : strictJson(data)
}

const MAX_PLAIN_DEPTH = 1000
const { prototype } = Object

/**
 * Whether JSON.stringify changes nothing, as a fast check: a callback for each value would cost several times as much.
 * A value in doubt gets the full check. JSON.stringify has already found that there is no cycle.
 */
function isPlain(value: unknown, depth: number): boolean {
  if (typeof value === 'string' || typeof value === 'boolean' || value === null) return true
  if (typeof value === 'number') return Number.isFinite(value)
  if (typeof value !== 'object' || depth > MAX_PLAIN_DEPTH) return false
  return 'toJSON' in value ? isPlainByToJson(value, depth) : hasPlainParts(value, depth)
}

/** Checks the parts of an object that JSON writes as it is, without a toJSON. */
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

/**
 * Checks the result of toJSON: an invalid date, also of another realm, becomes null, and a Buffer an object with its
 * bytes.
 */
function isPlainByToJson(value: { readonly toJSON: unknown }, depth: number): boolean {
  if (value instanceof Date) return !Number.isNaN(value.getTime())
  if (typeof value.toJSON !== 'function' || ArrayBuffer.isView(value)) return false
  const written: unknown = value.toJSON('')
  if (typeof written !== 'object') return isPlain(written, depth + 1)
  // JSON does not call toJSON on the result of toJSON: a Date there would become `{}`.
  return written !== null && !('toJSON' in written) && hasPlainParts(written, depth + 1)
}

/**
 * Whether an object has fields of its own. Private fields and accessors of a class are not written, so an instance
 * without other fields gets the full check.
 */
function hasOwnFields(value: object): boolean {
  return prototype.toString.call(value) === '[object Object]' && Object.keys(value).length > 0
}
