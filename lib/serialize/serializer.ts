// The Serializer port: key.serializer and value.serializer turn the caller's data into bytes (Java:
// org.apache.kafka.common.serialization.Serializer).
import { SerializationError } from '../errors.ts'
import type { RecordHeader } from '../record/producer-record.ts'
import { isThenable } from '../time/thenable.ts'

/** What a serializer gets in addition to the data. */
export interface SerializerContext {
  readonly topic: string
  /** Whether the data is the record's key; otherwise it is the value. */
  readonly isKey: boolean
  /** The record's own headers, frozen. A serializer adds headers by returning them. */
  readonly headers: readonly RecordHeader[]
  /**
   * Aborted at the record's deadline, when the producer's close stops waiting, and when the record has failed
   * otherwise, e.g. because of its key while its value is still being serialized.
   */
  readonly signal: AbortSignal
}

/** Bytes or null, alone or with headers that are added behind the record's own. */
export type SerializedData =
  | Uint8Array
  | null
  | { readonly bytes: Uint8Array | null; readonly headers: readonly RecordHeader[] }

/**
 * Turns data into bytes. Null data stays null and never reaches a serializer.
 *
 * If it throws, or its promise rejects, the record is invalid, and no retry helps. Throw a `SerializationError` of the
 * kind `delivery-failure` if the record is valid, but, for example, its schema registry is down. Errors of the
 * operating system, of TLS and of an aborted signal count as delivery failures too, also as a cause or in an
 * AggregateError. The bytes of such a record are unknown, so it gets no dead letter: it goes back to its source.
 *
 * A promise must settle before the record's deadline. Later records of the topic wait for it, those of other topics do
 * not. The bytes are copied as soon as they are returned, so a serializer may reuse its buffer.
 */
export interface Serializer<T = unknown> {
  serialize(data: T, context: SerializerContext): SerializedData | Promise<SerializedData>
  /**
   * Called once, when the producer closes, on an instance that the producer created: from a class, or from a module
   * whose path the setting names. A caller that passes an instance closes it itself.
   */
  close?(): void | Promise<void>
}

/** A serializer of this library. It needs no context, and nobody else can change the bytes that it returns. */
export class BuiltInSerializer<T = unknown> implements Serializer<T> {
  readonly serialize: (data: T) => Uint8Array

  constructor(serialize: (data: T) => Uint8Array) {
    this.serialize = serialize
  }
}

/**
 * Throws for data that the serializer does not accept.
 * @throws SerializationError of the kind `invalid-record`, whose message contains the type of the data, never the data
 */
export function expected(what: string, got: unknown): never {
  const kind = got === null ? 'null' : isThenable(got) ? 'a promise: await it first' : typeof got
  throw new SerializationError('invalid-record', `expected ${what}, got ${kind}`)
}
