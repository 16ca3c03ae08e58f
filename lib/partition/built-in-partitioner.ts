// Stage 5 of 9: SerializedRecord → PartitionedRecord. Java: BuiltInPartitioner (KIP-794).
// The partition is chosen once and kept for the record's life, over all retries.
import { RecordFaultError } from '../errors.ts'
import type { PartitionedRecord, SerializedRecord } from '../record/producer-record.ts'
import { murmur2 } from './murmur2.ts'

/** Bytes after which records without a key move on to another partition (KIP-794's default of `batch.size`). */
const STICKY_BYTES = 16384

export interface TopicPartitions {
  readonly count: number
  /** Partitions that have a leader. */
  readonly available: readonly number[]
}

export class BuiltInPartitioner {
  readonly #sticky = new Map<string, { partition: number; bytes: number }>()
  readonly #random: () => number

  constructor(random: () => number = Math.random) {
    this.#random = random
  }

  /** @throws RecordFaultError `partition-out-of-range` */
  partition(record: SerializedRecord, partitions: TopicPartitions): PartitionedRecord {
    if (record.partition !== undefined) {
      if (record.partition >= partitions.count)
        throw new RecordFaultError('partition-out-of-range', `partition: expected below ${partitions.count} for topic ${record.topic}, got ${record.partition}.`)
      return { ...record, partition: record.partition, partitionFixedBy: 'source' }
    }
    const partition = record.key === null ? this.#stickyPartition(record, partitions) : (murmur2(record.key) & 0x7fffffff) % partitions.count
    return { ...record, partition, partitionFixedBy: 'partitioner' }
  }

  #stickyPartition(record: SerializedRecord, { count, available }: TopicPartitions): number {
    let sticky = this.#sticky.get(record.topic)
    const gone = sticky && available.length > 0 && !available.includes(sticky.partition)
    if (!sticky || gone || sticky.bytes >= STICKY_BYTES) {
      const choices = available.length > 0 ? available : Array.from({ length: count }, (_, partition) => partition)
      sticky = { partition: choices[Math.floor(this.#random() * choices.length)] as number, bytes: 0 }
      this.#sticky.set(record.topic, sticky)
    }
    sticky.bytes += record.wireSize
    return sticky.partition
  }
}
