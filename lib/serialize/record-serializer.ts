// Stage 4 of 9: ValidRecord → SerializedRecord. The bytes and their size on the wire.
import { InvalidRecordError, isInstance } from '../errors.ts'
import { JsonText } from '../record/json-text.ts'
import type { RecordHeader, SerializedRecord, ValidRecord } from '../record/producer-record.ts'
import { catchRejection, isThenable } from '../time/thenable.ts'
import { defaultSerializer, expected, isBuiltIn, type Serializer, toJson, UnserializableError } from './serializer.ts'

/** Upper bound of a record's own framing (Java: `DefaultRecord.MAX_RECORD_OVERHEAD`). */
const RECORD_OVERHEAD = 21
const LENGTH_BYTES = 5
const BATCH_AND_REQUEST_OVERHEAD = 1024

type Bytes = Uint8Array | null

export class RecordSerializer {
  readonly #maxRequestSize: number
  readonly #key: Serializer
  readonly #value: Serializer

  /** @param maxRequestSize upper bound of one uncompressed record, bytes (`max.request.size`) */
  constructor(
    maxRequestSize: number,
    key: Serializer = defaultSerializer as Serializer,
    value: Serializer = defaultSerializer as Serializer,
  ) {
    this.#maxRequestSize = maxRequestSize
    this.#key = key
    this.#value = value
  }

  /**
   * Returns a promise if a serializer does.
   * @throws InvalidRecordError `key-type`, `bad-value`, `record-too-large`; the promise rejects with one
   */
  serialize(record: ValidRecord): SerializedRecord | Promise<SerializedRecord> {
    const given = record.headers.length
    const key = this.#bytesOf('key', record)
    let value: Bytes | Promise<Bytes>
    try {
      value = this.#bytesOf('value', record)
    } catch (error) {
      // The record is invalid already, whatever comes of its key.
      catchRejection(key, () => undefined)
      throw error
    }
    if (!(key instanceof Promise) && !(value instanceof Promise)) return this.#finish(record, key, value, given)
    return Promise.all([key, value]).then(([keyBytes, valueBytes]) => this.#finish(record, keyBytes, valueBytes, given))
  }

  /** A custom serializer's error may quote the data, so only messages of the built-in serializers are passed on. */
  #bytesOf(what: 'key' | 'value', record: ValidRecord): Bytes | Promise<Bytes> {
    try {
      const bytes = record.format === 'bytes' ? this.#serialized(what, record) : byContract(what, record)
      return bytes instanceof Promise ? bytes.catch(error => refuse(what, error)) : bytes
    } catch (error) {
      return refuse(what, error)
    }
  }

  #serialized(what: 'key' | 'value', { topic, key, value, headers }: ValidRecord): Bytes | Promise<Bytes> {
    return what === 'key' ? bytesOf(this.#key, topic, key, headers) : bytesOf(this.#value, topic, value, headers)
  }

  /** @param given the number of headers before the serializers, which may add some (as in Java) */
  #finish(record: ValidRecord, key: Bytes, value: Bytes, given: number): SerializedRecord {
    if (value && value.length > (record.maxValueBytes ?? Number.POSITIVE_INFINITY))
      throw new InvalidRecordError(
        'record-too-large',
        `value: expected at most ${record.maxValueBytes} bytes, got ${value.length}.`,
      )
    const headers =
      record.headers.length === given
        ? record.headers
        : record.headers.map((header, index) => (index < given ? header : addedHeader(header)))
    const wireSize =
      RECORD_OVERHEAD +
      (key?.length ?? 0) +
      (value?.length ?? 0) +
      headers.reduce((sum, header) => sum + sizeOfHeader(header), 0)
    if (wireSize + BATCH_AND_REQUEST_OVERHEAD > this.#maxRequestSize)
      throw new InvalidRecordError(
        'record-too-large',
        `record: expected at most ${this.#maxRequestSize - BATCH_AND_REQUEST_OVERHEAD} bytes ` +
          `(max.request.size ${this.#maxRequestSize}), got ${wireSize}.`,
      )
    return {
      topic: record.topic,
      key,
      value,
      headers,
      wireSize,
      partition: record.partition,
      timestamp: record.timestamp,
      orderGroup: record.orderGroup,
      partitionFixedBy: undefined,
    }
  }
}

/** A header that a serializer added: its value is bytes, text as UTF-8, or null. */
function addedHeader([name, value]: readonly [unknown, unknown]): RecordHeader {
  if (typeof name === 'string' && name !== '') {
    if (value === null || value instanceof Uint8Array) return [name, value]
    if (typeof value === 'string') return [name, Buffer.from(value)]
  }
  throw new InvalidRecordError(
    'bad-header',
    'headers: expected [name, bytes, text or null] of a serializer, got another.',
  )
}

function sizeOfHeader([name, value]: RecordHeader): number {
  return 2 * LENGTH_BYTES + Buffer.byteLength(name) + (value?.length ?? 0)
}

function bytesOf(
  serializer: Serializer,
  topic: string,
  data: unknown,
  headers: readonly RecordHeader[],
): Bytes | Promise<Bytes> {
  if (data === null) return null
  const bytes: unknown = serializer.serialize(topic, data, headers)
  const own = (returned: unknown) => ownBytes(serializer, returned)
  return isThenable(bytes) ? Promise.resolve(bytes).then(own) : own(bytes)
}

/** Bytes that nobody else can change. */
function ownBytes(serializer: Serializer, bytes: unknown): Bytes {
  if (bytes === null) return null
  if (!(bytes instanceof Uint8Array)) expected('bytes or null of its serializer', bytes)
  return isBuiltIn(serializer) ? bytes : Buffer.from(bytes)
}

function byContract(what: 'key' | 'value', record: ValidRecord): Bytes {
  return what === 'key' ? contractKey(record.key) : contractValue(record)
}

function contractKey(key: unknown): Bytes {
  if (key === null || key === undefined) return null
  return Buffer.from(key instanceof Uint8Array ? key : String(key))
}

/** The contract's `format` decides how its values become bytes. */
function contractValue({ value, format }: ValidRecord): Bytes {
  if (value === null) return value
  if (value instanceof Uint8Array) return Buffer.from(value)
  if (value instanceof JsonText) return Buffer.from(value.text)
  if (format === 'json') return Buffer.from(toJson(value))
  if (typeof value !== 'string') expected(`bytes, text or null (format ${format})`, value)
  return Buffer.from(value, format === 'base64' ? 'base64' : 'utf8')
}

function refuse(what: 'key' | 'value', error: unknown): never {
  if (isInstance(error, InvalidRecordError)) throw error
  const why = isInstance(error, UnserializableError) ? error.message : `${what}.serializer failed`
  throw new InvalidRecordError(what === 'key' ? 'key-type' : 'bad-value', `${what}: ${why}.`, { cause: error })
}
