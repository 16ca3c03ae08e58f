// Stage 4 of 9: ValidRecord → SerializedRecord, the record's bytes with their size on the wire.
import type { ProducerConfig } from '../config/settings.ts'
import {
  DeliveryError,
  type DeliveryFailureCode,
  type InvalidRecordCode,
  InvalidRecordError,
  isInstance,
  SerializationError,
  TransportError,
} from '../errors.ts'
import { startingWithAdded } from '../record/header-list.ts'
import type { RecordHeader, SerializedRecord, ValidRecord } from '../record/producer-record.ts'
import { catchRejection, isThenable } from '../time/thenable.ts'
import { checkedData } from './checked-data.ts'
import { BuiltInSerializer, type SerializedData, type Serializer } from './serializer.ts'
import { isSystemFailure } from './system-failure.ts'
import { defaultSerializer } from './text-serializers.ts'
import type { CodecContext, ValueCodec } from './value-codec.ts'

/** Upper limit of the bytes that frame a record (Java: `DefaultRecord.MAX_RECORD_OVERHEAD`). */
const RECORD_OVERHEAD = 21
const LENGTH_BYTES = 5
const BATCH_AND_REQUEST_OVERHEAD = 1024

type Bytes = Uint8Array | null
type SignalOf = () => AbortSignal

export interface RecordSerializerOptions {
  readonly key?: Serializer | undefined
  readonly value?: Serializer | undefined
  /** The size of the largest record that fits into `buffer.memory`, bytes. Default: no limit. */
  readonly maxInBuffer?: number | undefined
  /** The configuration, for codecs that use a schema registry. */
  readonly config?: ProducerConfig | undefined
}

export class RecordSerializer {
  readonly #maxRequestSize: number
  readonly #key: Serializer
  readonly #value: Serializer
  readonly #maxInBuffer: number
  readonly #config: ProducerConfig | undefined

  /** @param maxRequestSize the largest uncompressed record, bytes (`max.request.size`) */
  constructor(maxRequestSize: number, { key, value, maxInBuffer, config }: RecordSerializerOptions = {}) {
    this.#maxRequestSize = maxRequestSize
    this.#key = key ?? (defaultSerializer as Serializer)
    this.#value = value ?? (defaultSerializer as Serializer)
    this.#maxInBuffer = maxInBuffer ?? Number.POSITIVE_INFINITY
    this.#config = config
  }

  /**
   * Serializes a record. Returns a promise if a serializer does.
   * @param signalOf returns the signal of the record's call; only called for serializers that are not part of this
   *   library
   * @throws InvalidRecordError `key-type`, `bad-value`, `record-too-large`; the promise rejects with one
   * @throws DeliveryError `serializer`; the promise rejects with one
   * @throws TransportError the reason of the signal; the promise rejects with one
   */
  serialize(record: ValidRecord, signalOf: SignalOf): SerializedRecord | Promise<SerializedRecord> {
    const key = this.#dataOf('key', record, signalOf)
    let value: SerializedData | Promise<SerializedData>
    try {
      value = this.#dataOf('value', record, signalOf)
    } catch (error) {
      // The record has failed already, whatever the serializer of the key returns.
      catchRejection(key, () => undefined)
      throw error
    }
    if (!(key instanceof Promise) && !(value instanceof Promise)) return this.#finish(record, key, value)
    return Promise.all([key, value]).then(([keyData, valueData]) => this.#finish(record, keyData, valueData))
  }

  #dataOf(what: 'key' | 'value', record: ValidRecord, signalOf: SignalOf): SerializedData | Promise<SerializedData> {
    try {
      const data = record.codec
        ? this.#byContract(what, record, record.codec, signalOf)
        : this.#serialized(what, record, signalOf)
      return data instanceof Promise ? data.catch(error => fail(what, error)) : data
    } catch (error) {
      return fail(what, error)
    }
  }

  #serialized(
    what: 'key' | 'value',
    { topic, key, value, headers, addedHeaders }: ValidRecord,
    signalOf: SignalOf,
  ): SerializedData | Promise<SerializedData> {
    const isKey = what === 'key'
    const data = isKey ? key : value
    if (data === null) return null
    const serializer = isKey ? this.#key : this.#value
    if (serializer instanceof BuiltInSerializer) return serializer.serialize(data)
    // A plain object, because a serializer that wraps another may copy it.
    const context = { topic, isKey, headers: frozenCopy(headers, addedHeaders), signal: signalOf() }
    const result: unknown = serializer.serialize(data, context)
    return isThenable(result) ? Promise.resolve(result).then(checkedData) : checkedData(result)
  }

  /**
   * Serializes with the codec of a contract. A caller's codec is wrapped (`callersCodec`), so nobody else can change
   * what it returns.
   */
  #byContract(
    what: 'key' | 'value',
    record: ValidRecord,
    codec: ValueCodec,
    signalOf: SignalOf,
  ): SerializedData | Promise<SerializedData> {
    const { key, keyCodec, keyContent, value, content } = record
    const context = (isKey: boolean) => new RecordContext(record, isKey, this.#config, signalOf)
    if (what === 'value') return value === null ? null : codec.encode({ value, content }, context(false))
    if (!keyCodec || key === null) return contractKey(key)
    return keyCodec.encode({ value: key, content: keyContent }, context(true))
  }

  #finish(record: ValidRecord, keyData: SerializedData, valueData: SerializedData): SerializedRecord {
    const key = bytesIn(keyData)
    const value = bytesIn(valueData)
    checkSize('value', value, record.maxValueBytes)
    checkSize('key', key, record.maxKeyBytes)
    // Only an object can have headers, which few serializers return.
    const headers =
      key === keyData && value === valueData
        ? record.headers
        : [...record.headers, ...headersIn(keyData), ...headersIn(valueData)]
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
    if (wireSize > this.#maxInBuffer)
      throw new InvalidRecordError(
        'record-too-large',
        `record: expected at most ${this.#maxInBuffer} bytes, as much as buffer.memory can hold, got ${wireSize}.`,
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

/**
 * The context for codecs. It creates the signal on demand: a signal costs more than most values, and most codecs need
 * none.
 */
class RecordContext implements CodecContext {
  readonly topic: string
  readonly isKey: boolean
  readonly headers: readonly RecordHeader[]
  readonly config: ProducerConfig | undefined
  readonly #signalOf: SignalOf

  constructor({ topic, headers }: ValidRecord, isKey: boolean, config: ProducerConfig | undefined, signalOf: SignalOf) {
    this.topic = topic
    this.isKey = isKey
    this.headers = headers
    this.config = config
    this.#signalOf = signalOf
  }

  get signal(): AbortSignal {
    return this.#signalOf()
  }
}

/**
 * Copies header values, because bytes can't be frozen: a serializer that writes into them must not change the record's.
 */
function frozenCopy(headers: readonly RecordHeader[], added = 0): readonly RecordHeader[] {
  const copy = headers.map(([name, value]): RecordHeader => Object.freeze([name, value && Buffer.from(value)]))
  return startingWithAdded(Object.freeze(copy), added)
}

function bytesIn(data: SerializedData): Bytes {
  return data === null || data instanceof Uint8Array ? data : data.bytes
}

function headersIn(data: SerializedData): readonly RecordHeader[] {
  return data === null || data instanceof Uint8Array ? NO_HEADERS : data.headers
}

const NO_HEADERS: readonly RecordHeader[] = []

function sizeOfHeader([name, value]: RecordHeader): number {
  return 2 * LENGTH_BYTES + Buffer.byteLength(name) + (value?.length ?? 0)
}

function checkSize(what: 'key' | 'value', bytes: Bytes, max = Number.POSITIVE_INFINITY): void {
  if (bytes && bytes.length > max)
    throw new InvalidRecordError('record-too-large', `${what}: expected at most ${max} bytes, got ${bytes.length}.`)
}

function contractKey(key: unknown): Uint8Array | null {
  if (key === null || key === undefined) return null
  return Buffer.from(key instanceof Uint8Array ? key : String(key))
}

/** Passes on only the message of a SerializationError, because the message of another class may quote the data. */
function fail(what: 'key' | 'value', error: unknown): never {
  // TransportError and DeliveryError are reasons of the signal.
  for (const type of [InvalidRecordError, TransportError, DeliveryError])
    if (isInstance<Error>(error, type)) throw error
  const named = isInstance(error, SerializationError) ? error : undefined
  const message = `${what}: ${named?.message.replace(/\.$/, '') ?? `${what}.serializer failed`}.`
  const options = { cause: error, causeCode: named?.causeCode ?? null }
  if (named ? named.kind === 'delivery-failure' : isSystemFailure(error))
    throw new DeliveryError((named?.code as DeliveryFailureCode | undefined) ?? 'serializer', message, {
      ...options,
      retriable: named?.retriable ?? true,
      outcome: 'not-sent',
    })
  throw new InvalidRecordError(invalidCode(what, named), message, {
    ...options,
    violations: named?.violations.map(({ pointer, ...rest }) => ({ pointer: `/${what}${pointer}`, ...rest })) ?? [],
    truncated: named?.truncated ?? false,
  })
}

function invalidCode(what: 'key' | 'value', error: SerializationError | undefined): InvalidRecordCode {
  if (error && error.code !== 'bad-value') return error.code as InvalidRecordCode
  return what === 'key' ? 'key-type' : 'bad-value'
}
