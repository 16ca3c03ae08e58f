// Stage 5 of 9: SerializedRecord → PartitionedRecord. The partition is chosen once and no longer changes.
import type { SerializedRecord } from '../record/producer-record.ts'

export interface TopicPartitions {
  readonly count: number
  /** Partitions that have a leader. A list is not changed: when leaders change there is another one. */
  readonly available: readonly number[]
  /**
   * The partitions for records without a key: those of `available` whose leader is in `client.rack`
   * (`partitioner.rack.aware`) and takes batches (`partitioner.availability.timeout.ms`). The list `available` itself
   * while neither setting is on, or where no partition is left.
   */
  readonly preferred: readonly number[]
}

/** `partitioner.class`. One object per producer, for all its topics. Java: Partitioner. */
export interface Partitioner {
  /**
   * Chooses the partition of a record whose source did not fix one.
   * @returns 0 … count − 1; undefined leaves the choice to round-robin
   */
  partition(record: SerializedRecord, partitions: TopicPartitions): number | undefined
}
