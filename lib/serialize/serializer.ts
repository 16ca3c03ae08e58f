// key.serializer and value.serializer: the caller's data → bytes. Java: org.apache.kafka.common.serialization.
import type { RecordHeader } from '../record/producer-record.ts'

/**
 * Turns data into bytes. Null data stays null and never reaches a serializer. If it throws, or its promise rejects, the
 * record is invalid. A promise must settle before the record's deadline; later records of the topic wait for it. The
 * bytes are copied as soon as they are returned, so a serializer may reuse its buffer.
 */
export interface Serializer<T = unknown> {
  serialize(topic: string, data: T, headers: readonly RecordHeader[]): Uint8Array | null | Promise<Uint8Array | null>
}

/** The names of serializers in settings. */
export type SerializerName = 'string' | 'json' | 'bytes' | 'integer' | 'long' | 'double' | 'uuid' | 'void'

/** The serializers of this file: each returns new bytes, which nobody else can change. */
const builtIn = new WeakSet<Serializer<never>>()

export function isBuiltIn(serializer: Serializer<never>): boolean {
  return builtIn.has(serializer)
}

const LONG_MAX = 2n ** 63n - 1n

export interface JsonSerializerOptions {
  /** Replaces each BigInt by the value it returns. Without it a BigInt is refused. */
  readonly bigint?: (value: bigint) => unknown
}

/** UTF-8. It refuses a lone surrogate, which has no UTF-8 form; Java's writes a question mark. */
export const stringSerializer: Serializer<string> = {
  serialize: (_topic, data) => {
    if (typeof data !== 'string') expected('text', data)
    if (!data.isWellFormed()) expected('text without lone surrogates', data)
    return Buffer.from(data)
  },
}

/** Bytes, copied: the caller may change its own. */
export const bytesSerializer: Serializer<Uint8Array> = {
  serialize: (_topic, data) => (data instanceof Uint8Array ? Buffer.from(data) : expected('bytes', data)),
}

/** Text as UTF-8, bytes copied. The default serializer. */
export const defaultSerializer: Serializer<string | Uint8Array> = {
  serialize: (topic, data, headers) =>
    data instanceof Uint8Array ? Buffer.from(data) : stringSerializer.serialize(topic, data, headers),
}

/** int32, big-endian. */
export const integerSerializer: Serializer<number> = {
  serialize: (_topic, data) => {
    if ((data | 0) !== data) expected('an integer of 32 bits', data)
    const bytes = Buffer.alloc(4)
    bytes.writeInt32BE(data)
    return bytes
  },
}

/** int64, big-endian. */
export const longSerializer: Serializer<number | bigint> = {
  serialize: (_topic, data) => {
    const value =
      typeof data === 'bigint'
        ? data
        : Number.isSafeInteger(data)
          ? BigInt(data)
          : expected('a safe integer or a BigInt', data)
    if (value > LONG_MAX || value < -LONG_MAX - 1n) expected('an integer of 64 bits', data)
    const bytes = Buffer.alloc(8)
    bytes.writeBigInt64BE(value)
    return bytes
  },
}

/** IEEE 754, 64 bits, big-endian. */
export const doubleSerializer: Serializer<number> = {
  serialize: (_topic, data) => {
    const bytes = Buffer.alloc(8)
    bytes.writeDoubleBE(typeof data === 'number' ? data : expected('a number', data))
    return bytes
  },
}

/** The text form of a UUID in lower case, as Java's UUIDSerializer writes it. */
export const uuidSerializer: Serializer<string> = {
  serialize: (_topic, data) => {
    if (typeof data !== 'string' || !/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(data))
      expected('a UUID', data)
    return Buffer.from(data.toLowerCase())
  },
}

/** Accepts only null. */
export const voidSerializer: Serializer<never> = { serialize: (_topic, data) => expected('null', data) }

/**
 * JSON. Refuses what JSON can't express: undefined, a cycle, NaN, an infinity, a BigInt without `bigint`. Leaves out
 * fields that are undefined.
 */
export function jsonSerializer({ bigint }: JsonSerializerOptions = {}): Serializer {
  const serializer: Serializer = { serialize: (_topic, data) => Buffer.from(toJson(data, bigint)) }
  builtIn.add(serializer)
  return serializer
}

export function toJson(data: unknown, bigint?: (value: bigint) => unknown): string {
  const rule = bigint && ((_name: string, value: unknown) => (typeof value === 'bigint' ? bigint(value) : value))
  let text: string | undefined
  try {
    text = JSON.stringify(data, rule)
  } catch {
    // A cycle or a BigInt. The message of JSON.stringify quotes field names of the value.
    expected('something JSON can express', data)
  }
  if (text === undefined) expected('something JSON can express', data)
  // JSON.stringify writes null for what it can't express, so only a text with null needs a closer look.
  if (text.includes('null')) JSON.stringify(data, refuseChanged)
  return text
}

function refuseChanged(this: unknown, _name: string, value: unknown): unknown {
  if (typeof value === 'number' && !Number.isFinite(value)) expected('finite numbers', value)
  if (Array.isArray(this) && (value === undefined || typeof value === 'function' || typeof value === 'symbol'))
    expected('lists without undefined', value)
  return typeof value === 'bigint' ? 0 : value
}

/** Thrown by the built-in serializers. The message never contains data. */
export class UnserializableError extends TypeError {}

export function expected(what: string, got: unknown): never {
  throw new UnserializableError(`expected ${what}, got ${got === null ? 'null' : typeof got}`)
}

const BY_NAME: Readonly<Record<SerializerName, Serializer<never>>> = {
  string: stringSerializer,
  json: jsonSerializer() as Serializer<never>,
  bytes: bytesSerializer,
  integer: integerSerializer,
  long: longSerializer,
  double: doubleSerializer,
  uuid: uuidSerializer,
  void: voidSerializer,
}

for (const serializer of [defaultSerializer, ...Object.values(BY_NAME)]) builtIn.add(serializer)

export function namedSerializer(name: SerializerName): Serializer {
  return BY_NAME[name] as Serializer
}
