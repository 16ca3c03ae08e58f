// The record's type after each stage. Only the stage that returns a type can create it.
import type { ValueCodec } from '../serialize/value-codec.ts'

/** A record header: names may repeat and keep their order; `null` is a null value. */
export type RecordHeader = readonly [name: string, value: Uint8Array | null]

/** The bytes of a header; text becomes UTF-8. */
export type HeaderValue = Uint8Array | string | null

/** A header as a caller passes it. */
export type ProducerRecordHeader = readonly [name: string, value: HeaderValue]

/** A list of [name, value], in which names may repeat; or a Map or an object, where a name with several has a list. */
export type ProducerRecordHeaders =
  | readonly ProducerRecordHeader[]
  | ReadonlyMap<string, HeaderValue | readonly HeaderValue[]>
  | { readonly [name: string]: HeaderValue | readonly HeaderValue[] }

/** Headers with this prefix are set by the functions, which refuse them from their callers. */
export const RESERVED_HEADER_PREFIX = 'kp-'

/** What the source knows about a record beside its value; a contract's key may come from here. */
export interface RecordOrigin {
  /** The key sources of the feed, in place of the contract's. */
  readonly keyFrom?: readonly string[]
  /** Values by the names of key sources. The key source `<name>:<pointer>` looks into the document under `<name>`. */
  readonly lookup?: ReadonlyMap<string, unknown>
}

/** A record to send, as the caller passes it. */
export interface ProducerRecord<K = unknown, V = unknown> {
  readonly topic: string
  /** Passed to `key.serializer`; without one, text or bytes. */
  readonly key?: K | null
  /** Passed to `value.serializer`, or to the topic's contract; null is a tombstone. */
  readonly value: V | null
  /** A list of [name, value], in which names may repeat, or an object. Text becomes UTF-8. */
  readonly headers?: ProducerRecordHeaders | null
  /** Default, also for null: the partitioner chooses one, once. */
  readonly partition?: number | null
  /** Milliseconds since the epoch, or a Date. Default, also for null: the time of the append. */
  readonly timestamp?: number | Date | null
  /** The id of the event that the record came from, for reports and dead letters. */
  readonly sourceId?: string
  readonly origin?: RecordOrigin
  /**
   * Records of one group are written in order, even across partitions: each waits until the earlier ones are
   * acknowledged or are in the same batch. After a record that was not acknowledged, the later ones are not sent.
   */
  readonly orderGroup?: string
}

/**
 * Output of stage 3: the topic is allowed, key and value follow the contract, sizes are within their limits. The size
 * of a value that is not bytes yet is checked in stage 4.
 */
export interface ValidRecord {
  readonly topic: string
  readonly key: unknown
  readonly value: unknown
  /** A copy: the caller may change its own. */
  readonly headers: readonly RecordHeader[]
  /** How many of the headers the library added, before those of the caller. Default: 0 */
  readonly addedHeaders?: number | undefined
  readonly partition: number | undefined
  readonly timestamp: number | undefined
  readonly orderGroup: string | undefined
  /** What the value says, for its codec. */
  readonly content?: unknown
  /** The contract's; without one, key and value are for the serializers of the settings. */
  readonly codec: ValueCodec | undefined
  readonly maxValueBytes?: number
  /** Of a contract whose keys have a codec: the codec, and what the key says. */
  readonly keyCodec?: ValueCodec | undefined
  readonly keyContent?: unknown
  readonly maxKeyBytes?: number
}

/** Output of stage 4: bytes, and their size on the wire (uncompressed). */
export interface SerializedRecord {
  readonly topic: string
  readonly key: Uint8Array | null
  readonly value: Uint8Array | null
  readonly headers: readonly RecordHeader[]
  readonly partition?: number | undefined
  readonly timestamp?: number | undefined
  readonly orderGroup?: string | undefined
  readonly wireSize: number
  /** Undefined before stage 5. */
  readonly partitionFixedBy?: 'source' | 'partitioner' | undefined
}

/** Output of stage 5, the same object: the partition, which no longer changes. */
export interface PartitionedRecord extends SerializedRecord {
  readonly partition: number
  readonly partitionFixedBy: 'source' | 'partitioner'
}
