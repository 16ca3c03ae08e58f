// The port of `partitioner.class`.
import type { SerializedRecord } from '../record/producer-record.ts'

export interface TopicPartitions {
  readonly count: number
  /** The partitions that have a leader. The list itself never changes: when leaders change, there is a new list. */
  readonly available: readonly number[]
  /**
   * The partitions for records without a key: those of `available` whose leader is in `client.rack`
   * (`partitioner.rack.aware`) and accepts batches (`partitioner.availability.timeout.ms`). The same list as
   * `available` if neither setting is on, or if no partition would remain.
   */
  readonly preferred: readonly number[]
}

/** The interface of `partitioner.class`. One object per producer serves all its topics. Java: Partitioner. */
export interface Partitioner {
  /**
   * Chooses the partition of a record whose source has not set one.
   * @returns 0 … count − 1; undefined leaves the choice to round-robin
   */
  partition(record: SerializedRecord, partitions: TopicPartitions): number | undefined
}
