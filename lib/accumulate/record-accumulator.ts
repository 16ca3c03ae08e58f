// Records that wait for a batch, per topic-partition, in the order of their append.
import type { PartitionedRecord } from '../record/producer-record.ts'
import { topicPartition } from '../record/topic-partition.ts'
import type { Clock } from '../time/clock.ts'
import type { Deadline } from '../time/deadline.ts'
import type { Compression } from '../wire-format/compress.ts'
import { BATCH_OVERHEAD } from '../wire-format/record-batch-encoder.ts'
import { OrderGroups } from './order-groups.ts'
import { type PendingRecord, ProducerBatch, type RecordOutcome } from './producer-batch.ts'

interface Queue {
  records: PendingRecord[]
  /** Bytes of a batch of all of them. */
  bytes: number
  /** When a batch may leave although it is not full (monotonic). */
  readyAt: number
}

export class RecordAccumulator {
  readonly #batchSize: number
  readonly #clock: Clock
  readonly #queues = new Map<string, Queue>()
  readonly orderGroups = new OrderGroups()
  /** Set once it is loaded, before the first append. */
  compression: Compression | undefined

  /** @param batchSize bytes of an encoded batch (`batch.size`); one larger record still goes, alone. */
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

  /** When a batch of a topic-partition may leave: at once when it is full; Infinity: nothing waits. */
  readyAt(topic: string, partition: number): number {
    const queue = this.#queues.get(topicPartition(topic, partition))
    if (!queue) return Number.POSITIVE_INFINITY
    return queue.bytes >= this.#batchSize ? Number.NEGATIVE_INFINITY : queue.readyAt
  }

  /** All that waits may leave now. */
  flush(): void {
    for (const queue of this.#queues.values()) queue.readyAt = Number.NEGATIVE_INFINITY
  }

  /** The next batch of a topic-partition: as many records from the front as `batch.size` holds and order groups let go. */
  take(topic: string, partition: number): ProducerBatch | undefined {
    const key = topicPartition(topic, partition)
    const queue = this.#queues.get(key)
    if (!queue) return undefined
    let size = BATCH_OVERHEAD
    const mayJoin = this.orderGroups.gate()
    const records: PendingRecord[] = []
    const heldBack: PendingRecord[] = []
    let seen = 0
    for (const pending of queue.records) {
      const joins = mayJoin(pending)
      if (joins && records.length > 0 && size + pending.record.wireSize > this.#batchSize) break
      seen++
      if (joins) size += pending.record.wireSize
      ;(joins ? records : heldBack).push(pending)
    }
    this.#keep(key, queue, heldBack.concat(queue.records.slice(seen)))
    return records.length > 0 ? this.batchOf(records) : undefined
  }

  /** Records wait that `take` may give later. */
  has(topic: string, partition: number): boolean {
    return this.#queues.has(topicPartition(topic, partition))
  }

  /** All that waits, for when nothing will be sent any more. */
  takeAll(topic: string, partition: number): PendingRecord[] {
    const key = topicPartition(topic, partition)
    const queue = this.#queues.get(key)
    this.#queues.delete(key)
    return queue?.records ?? []
  }

  batchOf(records: PendingRecord[]): ProducerBatch {
    const [{ record }] = records as [PendingRecord]
    return new ProducerBatch(record.topic, record.partition, records, this.compression)
  }

  /** Takes a waiting record out again; false when it is in a batch already. */
  remove(pending: PendingRecord): boolean {
    const key = topicPartition(pending.record.topic, pending.record.partition)
    const queue = this.#queues.get(key)
    const at = queue?.records.indexOf(pending) ?? -1
    if (!queue || at < 0) return false
    queue.records.splice(at, 1)
    this.#keep(key, queue, queue.records)
    return true
  }

  #keep(key: string, queue: Queue, records: PendingRecord[]): void {
    if (records.length === 0) {
      this.#queues.delete(key)
      return
    }
    // A flush holds for what it found here.
    const flushed = queue.readyAt === Number.NEGATIVE_INFINITY
    queue.records = records
    queue.bytes = records.reduce((sum, { record }) => sum + record.wireSize, BATCH_OVERHEAD)
    queue.readyAt = flushed
      ? queue.readyAt
      : records.reduce((least, { readyAt }) => Math.min(least, readyAt), Number.POSITIVE_INFINITY)
  }
}
