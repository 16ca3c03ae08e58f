// The record at each stage of its way. A later type can only be made by the stage that gives it.

/** A record header: names may repeat and keep their order; `null` is a null value. */
export type RecordHeader = readonly [name: string, value: Uint8Array | null]

/** What the source's event says beside the value: where a contract's key may come from. */
interface RecordOrigin {
  /** The feed's own key sources, in place of the contract's. */
  readonly keyFrom?: readonly string[]
  /** The whole EventBridge event, for `event:<pointer>`. */
  readonly event?: unknown
  readonly messageGroupId?: string
  readonly attributes?: ReadonlyMap<string, Uint8Array>
}

/** What a caller hands in. `sourceId` names the event that the record came from, for reports and dead letters. */
export interface ProducerRecord<K = unknown, V = unknown> {
  readonly topic: string
  /** What `key.serializer` takes: text or bytes where none is named. */
  readonly key?: K | null
  /** What `value.serializer` takes, or the topic's contract; null is a tombstone. */
  readonly value: V | null
  readonly headers?: readonly RecordHeader[]
  /** Chosen by the source; kept as it is. Without it the partitioner chooses, once. */
  readonly partition?: number
  /** Milliseconds since the epoch; set at append when absent. */
  readonly timestamp?: number
  readonly sourceId?: string
  readonly origin?: RecordOrigin
  /**
   * Records of one group are written in their order, also over several partitions: each waits until those before it are
   * acknowledged or rides in the same batch, and after one that was not, the later ones are not sent.
   */
  readonly orderGroup?: string
}

/** How a value becomes bytes: `bytes` takes bytes or text as they are. */
export type ValueFormat = 'bytes' | 'json' | 'text' | 'base64'

/** Stage 3's word: the topic is allowed, the key rule and the schema hold, sizes are in bounds; that of a value that is not bytes yet is for stage 4. */
export interface ValidRecord extends ProducerRecord {
  readonly format: ValueFormat
  readonly maxValueBytes?: number
}

/** Stage 4's word: bytes, and what they weigh on the wire (uncompressed). */
export interface SerializedRecord {
  readonly topic: string
  readonly key: Uint8Array | null
  readonly value: Uint8Array | null
  readonly headers: readonly RecordHeader[]
  readonly partition?: number
  readonly timestamp?: number
  readonly orderGroup?: string
  readonly wireSize: number
}

/** Stage 5's word: the partition is fixed for the record's life. */
export interface PartitionedRecord extends SerializedRecord {
  readonly partition: number
  readonly partitionFixedBy: 'source' | 'partitioner'
}
