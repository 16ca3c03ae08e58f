// The type of a record after each stage.
import type { ValueCodec } from '../serialize/value-codec.ts'

/** A record header. Names may repeat and keep their order; null is a null value. */
export type RecordHeader = readonly [name: string, value: Uint8Array | null]

/** The value of a header; text becomes UTF-8. */
export type HeaderValue = Uint8Array | string | null

/** A header as a caller passes it. */
export type ProducerRecordHeader = readonly [name: string, value: HeaderValue]

/** A list of [name, value], in which names may repeat; or a Map or an object, whose values may be lists of values. */
export type ProducerRecordHeaders =
  | readonly ProducerRecordHeader[]
  | ReadonlyMap<string, HeaderValue | readonly HeaderValue[]>
  | { readonly [name: string]: HeaderValue | readonly HeaderValue[] }

/** The functions add headers with this prefix, and refuse such headers from their callers. */
export const RESERVED_HEADER_PREFIX = 'kp-'

/** What the source knows about a record in addition to its value. A contract may take the key from here. */
export interface RecordOrigin {
  /** The key sources of the feed, which replace those of the contract. */
  readonly keyFrom?: readonly string[]
  /** Values by the names of key sources. The key source `<name>:<pointer>` looks into the document of `<name>`. */
  readonly lookup?: ReadonlyMap<string, unknown>
}

/** A record to send, as the caller passes it. */
export interface ProducerRecord<K = unknown, V = unknown> {
  readonly topic: string
  /** Passed to `key.serializer`. Without a serializer: text or bytes. */
  readonly key?: K | null
  /** Passed to `value.serializer`, or to the codec of the topic's contract. Null is a tombstone. */
  readonly value: V | null
  /** A list of [name, value], in which names may repeat, or an object. Text becomes UTF-8. */
  readonly headers?: ProducerRecordHeaders | null
  /** Default, also for null: the partitioner chooses a partition, once. */
  readonly partition?: number | null
  /** Milliseconds since the epoch, or a Date. Default, also for null: the time of the append. */
  readonly timestamp?: number | Date | null
  /** The id of the event that the record came from, for reports and dead letters. */
  readonly sourceId?: string
  readonly origin?: RecordOrigin
  /**
   * Records of a group are written in order, even across partitions: each waits until the earlier ones are acknowledged
   * or are in the same batch. After a record that was not acknowledged, later records of the group are not sent.
   */
  readonly orderGroup?: string
}

/**
 * Output of stage 3: the topic is allowed, key and value follow the contract, sizes are within their limits. Stage 4
 * checks the size of a value that is not bytes yet.
 */
export interface ValidRecord {
  readonly topic: string
  readonly key: unknown
  readonly value: unknown
  /** A copy, because the caller may change its headers. */
  readonly headers: readonly RecordHeader[]
  /** How many headers the library added in front of the caller's. Default: 0. */
  readonly addedHeaders?: number | undefined
  readonly partition: number | undefined
  readonly timestamp: number | undefined
  readonly orderGroup: string | undefined
  /** The value as its codec reads it. */
  readonly content?: unknown
  /** The contract's codec of the value. Without one, the serializers of the settings write key and value. */
  readonly codec: ValueCodec | undefined
  readonly maxValueBytes?: number
  /** The contract's codec of the key, and the key as this codec reads it. */
  readonly keyCodec?: ValueCodec | undefined
  readonly keyContent?: unknown
  readonly maxKeyBytes?: number
}

/** Output of stage 4: the bytes, and their size on the wire (uncompressed). */
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

/** Output of stage 5: the same object, to save a copy, with its partition, which no longer changes. */
export interface PartitionedRecord extends SerializedRecord {
  readonly partition: number
  readonly partitionFixedBy: 'source' | 'partitioner'
}
