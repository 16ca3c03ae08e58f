// The Serializer port: key.serializer and value.serializer, the caller's data → bytes.
// Java: org.apache.kafka.common.serialization.Serializer.
import { SerializationError } from '../errors.ts'
import type { RecordHeader } from '../record/producer-record.ts'
import { isThenable } from '../time/thenable.ts'

/** What a serializer knows of the record beside the data. */
export interface SerializerContext {
  readonly topic: string
  /** Whether the data is the record's key; otherwise it is its value. */
  readonly isKey: boolean
  /** The record's own headers, frozen. A serializer adds some by returning them. */
  readonly headers: readonly RecordHeader[]
  /**
   * Aborted at the record's deadline, when the producer stops waiting at its close, and when the record has failed
   * otherwise, e.g. by its key while its value is awaited.
   */
  readonly signal: AbortSignal
}

/** Bytes or null, alone or with headers that follow the record's own ones. */
export type SerializedData =
  | Uint8Array
  | null
  | { readonly bytes: Uint8Array | null; readonly headers: readonly RecordHeader[] }

/**
 * Turns data into bytes. Null data stays null and never reaches a serializer.
 *
 * If it throws, or its promise rejects, the record is invalid, which no retry helps. A `SerializationError` of the kind
 * `delivery-failure` says that the record is right: its schema registry is down, for example. Errors of the operating
 * system, of TLS and of an aborted signal count as such too, also as a cause or in an AggregateError. The
 * record then is a delivery failure. Its bytes are not known, so it gets no dead letter: it goes back to its source.
 *
 * A promise must settle before the record's deadline. Later records of the topic wait for it, those of other topics do
 * not. The bytes are copied as soon as they are returned, so a serializer may reuse its buffer.
 */
export interface Serializer<T = unknown> {
  serialize(data: T, context: SerializerContext): SerializedData | Promise<SerializedData>
  /**
   * Called once, when the producer closes, of an instance that the producer created: of a class, or of the path of a
   * module that exports one. Whoever passes an instance closes it.
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

/** @throws SerializationError of the kind `invalid-record`; the message says the type of the data, never the data */
export function expected(what: string, got: unknown): never {
  const kind = got === null ? 'null' : isThenable(got) ? 'a promise: await it first' : typeof got
  throw new SerializationError('invalid-record', `expected ${what}, got ${kind}`)
}
