// Stage 5 of 9: SerializedRecord → PartitionedRecord. The partition is chosen once and kept for the record's life.
import type { SerializedRecord } from '../record/producer-record.ts'

export interface TopicPartitions {
  readonly count: number
  /** Partitions that have a leader. */
  readonly available: readonly number[]
}

/** partitioner.class. One object per producer; what it remembers it keeps by topic. Java: Partitioner. */
export interface Partitioner {
  /**
   * Asked for records whose partition the source did not fix.
   * @returns 0 … count − 1; undefined leaves the choice to round-robin
   */
  partition(record: SerializedRecord, partitions: TopicPartitions): number | undefined
}
