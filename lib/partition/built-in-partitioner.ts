// Java: BuiltInPartitioner (KIP-794). Chooses by the hash of the key; records without a key share a partition for a
// while.
import type { SerializedRecord } from '../record/producer-record.ts'
import { murmur2 } from './murmur2.ts'
import type { Partitioner, TopicPartitions } from './partitioner.ts'

/** After this many bytes records without a key go to another partition (KIP-794: the default of `batch.size`). */
const STICKY_BYTES = 16384

export class BuiltInPartitioner implements Partitioner {
  readonly #sticky = new Map<string, { partition: number; bytes: number }>()
  readonly #ignoreKeys: boolean
  readonly #random: () => number

  /** @param ignoreKeys `partitioner.ignore.keys` */
  constructor(ignoreKeys = false, random: () => number = Math.random) {
    this.#ignoreKeys = ignoreKeys
    this.#random = random
  }

  partition(record: SerializedRecord, partitions: TopicPartitions): number {
    return record.key === null || this.#ignoreKeys
      ? this.#stickyPartition(record, partitions)
      : (murmur2(record.key) & 0x7fffffff) % partitions.count
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
