// Stage 5 of 9: SerializedRecord → PartitionedRecord. The partition is the one that its source set, else the
// partitioner's choice, else round-robin. It is chosen once and no longer changes.
import { errorName, InvalidRecordError } from '../errors.ts'
import type { PartitionedRecord, SerializedRecord } from '../record/producer-record.ts'
import { catchRejection, isThenable } from '../time/thenable.ts'
import { PartitionSkewDetector } from './partition-skew-detector.ts'
import type { Partitioner, TopicPartitions } from './partitioner.ts'
import { RoundRobinPartitioner } from './round-robin-partitioner.ts'

export class RecordPartitioner {
  readonly #partitioner: Partitioner
  readonly #fallback = new RoundRobinPartitioner()
  readonly #warn: (text: string) => void
  readonly #skew: PartitionSkewDetector | undefined

  /**
   * @param warn for a custom partitioner; called once per topic whose records mostly go to one partition, and when a
   *   promise that the partitioner returned rejects. Undefined: nothing is measured
   */
  constructor(partitioner: Partitioner, warn?: (text: string) => void) {
    this.#partitioner = partitioner
    this.#warn = warn ?? (() => {})
    this.#skew = warn && new PartitionSkewDetector(warn)
  }

  /**
   * Gives the record its partition.
   * @throws InvalidRecordError `partition-out-of-range`, `bad-partition`
   */
  partition(record: SerializedRecord, partitions: TopicPartitions): PartitionedRecord {
    if (record.partition !== undefined) {
      if (record.partition >= partitions.count)
        throw new InvalidRecordError(
          'partition-out-of-range',
          `partition: expected below ${partitions.count} for topic ${record.topic}, got ${record.partition}.`,
        )
      return withPartition(record, record.partition, 'source')
    }
    const partition = this.#choose(record, partitions)
    this.#skew?.note(record.topic, partition, partitions.count)
    return withPartition(record, partition, 'partitioner')
  }

  #choose(record: SerializedRecord, partitions: TopicPartitions): number {
    const { topic } = record
    let chosen: unknown
    try {
      chosen = this.#partitioner.partition(record, partitions)
    } catch (cause) {
      throw new InvalidRecordError('bad-partition', `partition: partitioner.class threw for a record of ${topic}.`, {
        cause,
      })
    }
    if (chosen === undefined) return this.#fallback.partition(record, partitions)
    if (typeof chosen === 'number' && Number.isInteger(chosen) && chosen >= 0 && chosen < partitions.count)
      return chosen
    catchRejection(chosen, error =>
      this.#warn(`partitioner.class returned a promise, which rejected (${errorName(error)}); expected a number.`),
    )
    const got = typeof chosen === 'number' ? chosen : isThenable(chosen) ? 'a promise' : typeof chosen
    throw new InvalidRecordError(
      'bad-partition',
      `partition: expected an integer from 0 to ${partitions.count - 1} of partitioner.class for topic ${topic}, ` +
        `got ${got}.`,
    )
  }
}

/** Changes the record itself, because a copy of each record would cost more than the choice. */
function withPartition(
  record: SerializedRecord,
  partition: number,
  partitionFixedBy: PartitionedRecord['partitionFixedBy'],
): PartitionedRecord {
  const partitioned = record as { -readonly [Field in keyof PartitionedRecord]: PartitionedRecord[Field] }
  partitioned.partition = partition
  partitioned.partitionFixedBy = partitionFixedBy
  return partitioned
}
