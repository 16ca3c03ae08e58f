// The default partitioner: chooses by the hash of the key; records without a key share a preferred partition for a
// while (Java: BuiltInPartitioner; KIP-794, KIP-1123).
import type { SerializedRecord } from '../record/producer-record.ts'
import { murmur2 } from './murmur2.ts'
import type { Partitioner, TopicPartitions } from './partitioner.ts'

/**
 * After this many bytes, records without a key go to another partition (the default of `batch.size`, as in KIP-794).
 */
const STICKY_BYTES = 16384

interface Sticky {
  readonly partition: number
  bytes: number
  /**
   * The list in which the partition was last looked up, so that a topic with thousands of partitions is not searched
   * each time.
   */
  preferred: readonly number[]
}

export class BuiltInPartitioner implements Partitioner {
  readonly #sticky = new Map<string, Sticky>()
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

  #stickyPartition(record: SerializedRecord, { count, preferred }: TopicPartitions): number {
    let sticky = this.#sticky.get(record.topic)
    if (!sticky || sticky.bytes >= STICKY_BYTES || !isPreferred(sticky, count, preferred)) {
      const chosen = Math.floor(this.#random() * (preferred.length || count))
      sticky = { partition: preferred[chosen] ?? chosen, bytes: 0, preferred }
      this.#sticky.set(record.topic, sticky)
    }
    sticky.bytes += record.wireSize
    return sticky.partition
  }
}

function isPreferred(sticky: Sticky, count: number, preferred: readonly number[]): boolean {
  if (sticky.preferred === preferred) return true
  sticky.preferred = preferred
  return preferred.length > 0 ? preferred.includes(sticky.partition) : sticky.partition < count
}
