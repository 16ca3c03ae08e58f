// Records that wait for a batch: a queue per topic-partition, in the order of their append.
import type { PartitionedRecord } from '../record/producer-record.ts'
import { topicPartition } from '../record/topic-partition.ts'
import type { Clock } from '../time/clock.ts'
import type { Deadline } from '../time/deadline.ts'
import type { Compression } from '../wire-format/compress.ts'
import { BATCH_OVERHEAD } from '../wire-format/record-batch.ts'
import { OrderGroups } from './order-groups.ts'
import { type PendingRecord, ProducerBatch, type RecordOutcome } from './producer-batch.ts'

interface Queue {
  records: PendingRecord[]
  /** The size that a batch of all of them would have. */
  bytes: number
  /** When a batch may leave although it is not full (monotonic). */
  readyAt: number
}

export class RecordAccumulator {
  readonly #batchSize: number
  readonly #clock: Clock
  readonly #queues = new Map<string, Queue>()
  readonly orderGroups = new OrderGroups()
  /** The codec of `compression.type`, set before the first append. Undefined: batches are not compressed. */
  compression: Compression | undefined

  /** @param batchSize upper bound of a batch, bytes (`batch.size`). A larger record is sent in a batch of its own. */
  constructor(batchSize: number, clock: Clock) {
    this.#batchSize = batchSize
    this.#clock = clock
  }

  /** @param lingerMs how long the record may wait for others (`linger.ms`) */
  append(
    record: PartitionedRecord,
    deadline: Deadline,
    lingerMs = 0,
  ): { pending: PendingRecord; outcome: Promise<RecordOutcome> } {
    const { promise, resolve } = Promise.withResolvers<RecordOutcome>()
    const now = this.#clock.epochMs()
    const readyAt = this.#clock.now() + lingerMs
    const pending: PendingRecord = {
      record,
      timestamp: record.timestamp ?? now,
      appendedAt: now,
      readyAt,
      deadline,
      completed: false,
      complete: resolve,
    }
    const key = topicPartition(record.topic, record.partition)
    this.orderGroups.append(pending)
    let queue = this.#queues.get(key)
    if (!queue) {
      queue = { records: [], bytes: BATCH_OVERHEAD, readyAt: Number.POSITIVE_INFINITY }
      this.#queues.set(key, queue)
    }
    queue.records.push(pending)
    queue.bytes += record.wireSize
    queue.readyAt = Math.min(queue.readyAt, readyAt)
    return { pending, outcome: promise }
  }

  /** When the next batch may leave (monotonic): -Infinity when it is full or flushed, Infinity when no record waits. */
  readyAt(topic: string, partition: number): number {
    const queue = this.#queues.get(topicPartition(topic, partition))
    if (!queue) return Number.POSITIVE_INFINITY
    return queue.bytes >= this.#batchSize ? Number.NEGATIVE_INFINITY : queue.readyAt
  }

  /** Every record that waits now may leave at once. */
  flush(): void {
    for (const queue of this.#queues.values()) queue.readyAt = Number.NEGATIVE_INFINITY
  }

  /**
   * Takes the next batch: records from the front of the queue, as many as `batch.size` holds, without those that their
   * order group holds back. Undefined: no record may leave now.
   */
  take(topic: string, partition: number): ProducerBatch | undefined {
    const key = topicPartition(topic, partition)
    const queue = this.#queues.get(key)
    if (!queue) return undefined
    let size = BATCH_OVERHEAD
    const mayJoin = this.orderGroups.batchFilter()
    const taken: PendingRecord[] = []
    const heldBack: PendingRecord[] = []
    let seenCount = 0
    for (const pending of queue.records) {
      const joins = mayJoin(pending)
      if (joins && taken.length > 0 && size + pending.record.wireSize > this.#batchSize) break
      seenCount++
      if (joins) size += pending.record.wireSize
      ;(joins ? taken : heldBack).push(pending)
    }
    this.#setQueue(key, queue, heldBack.concat(queue.records.slice(seenCount)))
    return taken.length > 0 ? this.batchOf(taken) : undefined
  }

  /** Records wait, although `take` may return none of them yet. */
  has(topic: string, partition: number): boolean {
    return this.#queues.has(topicPartition(topic, partition))
  }

  /** Takes all records that wait: none of them will be sent. */
  takeAll(topic: string, partition: number): PendingRecord[] {
    const key = topicPartition(topic, partition)
    const queue = this.#queues.get(key)
    this.#queues.delete(key)
    return queue?.records ?? []
  }

  /** A batch of records that are no longer in a queue. */
  batchOf(records: PendingRecord[]): ProducerBatch {
    const [{ record }] = records as [PendingRecord]
    return new ProducerBatch(record.topic, record.partition, records, this.compression)
  }

  /** Takes a record out of its queue. @returns false when it is in a batch already */
  remove(pending: PendingRecord): boolean {
    const key = topicPartition(pending.record.topic, pending.record.partition)
    const queue = this.#queues.get(key)
    const at = queue?.records.indexOf(pending) ?? -1
    if (!queue || at < 0) return false
    queue.records.splice(at, 1)
    this.#setQueue(key, queue, queue.records)
    return true
  }

  #setQueue(key: string, queue: Queue, records: PendingRecord[]): void {
    if (records.length === 0) {
      this.#queues.delete(key)
      return
    }
    // The records that a flush found here stay flushed.
    const flushed = queue.readyAt === Number.NEGATIVE_INFINITY
    queue.records = records
    queue.bytes = records.reduce((sum, { record }) => sum + record.wireSize, BATCH_OVERHEAD)
    queue.readyAt = flushed
      ? queue.readyAt
      : records.reduce((least, { readyAt }) => Math.min(least, readyAt), Number.POSITIVE_INFINITY)
  }
}
