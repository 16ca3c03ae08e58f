// Keeps the records that wait for a batch: one queue per partition, in the order of their append.
import type { PartitionedRecord } from '../record/producer-record.ts'
import { TopicPartitionMap } from '../record/topic-partition.ts'
import { type Clock, type Moment, moment } from '../time/clock.ts'
import type { Compression } from '../wire-format/compress.ts'
import { BATCH_OVERHEAD } from '../wire-format/record-batch.ts'
import { BatchSizes } from './batch-sizes.ts'
import { HeldQueue } from './held-queue.ts'
import { OrderGroups } from './order-groups.ts'
import type { PendingRecord, RecordCaller } from './pending-record.ts'
import { ProducerBatch } from './producer-batch.ts'
import { RecordQueue } from './record-queue.ts'

interface Queue {
  readonly records: RecordQueue
  readonly held: HeldQueue
  /**
   * When a batch may be sent although it is not full (monotonic clock). Never later than the `readyAt` of its records.
   */
  readyAt: number
}

export class RecordAccumulator {
  readonly #clock: Clock
  readonly #sizes: BatchSizes
  /** One queue for each partition that ever had a record. */
  readonly #queues = new TopicPartitionMap<Queue>()
  readonly orderGroups = new OrderGroups()
  /** Records in the held queues of all partitions. */
  readonly #held = { count: 0 }
  #appended = 0
  /** Records appended before the record with this number no longer linger, because of a flush. */
  #flushed = 0
  /** The codec of `compression.type`. Set it before the first append. Undefined: batches are not compressed. */
  compression: Compression | undefined

  /**
   * @param batchSize upper limit of a batch, bytes (`batch.size`); a larger record is sent in a batch of its own
   * @param refusedForMs how long a size that a broker refused limits the batches of its topic (`metadata.max.age.ms`)
   */
  constructor(batchSize: number, clock: Clock, refusedForMs = 300_000) {
    this.#clock = clock
    this.#sizes = new BatchSizes(batchSize, refusedForMs, clock)
  }

  /**
   * Appends a record to the queue of its partition.
   * @param index the record's index in its call
   * @param lingerMs how long the record may wait for others (`linger.ms`)
   */
  append(
    record: PartitionedRecord,
    caller: RecordCaller,
    index: number,
    lingerMs = 0,
    at: Moment = moment(this.#clock),
  ): PendingRecord {
    const readyAt = at.now + lingerMs
    const pending: PendingRecord = {
      record,
      timestamp: record.timestamp ?? at.epochMs,
      appendedAt: at.epochMs,
      readyAt,
      deadline: caller.deadline,
      caller,
      index,
      completed: false,
      queue: undefined,
      previous: undefined,
      next: undefined,
      number: this.#appended++,
      earlierOfGroup: undefined,
      laterOfGroup: undefined,
      indexInBatch: -1,
    }
    const { topic, partition } = record
    let queue = this.#queues.get(topic, partition)
    if (!queue) {
      queue = { records: new RecordQueue(), held: new HeldQueue(this.#held), readyAt: Number.POSITIVE_INFINITY }
      this.#queues.set(topic, partition, queue)
    }
    // Sent before the held record of the same key, it would be in the log first.
    const isBehind = queue.held.firstOfKey(record) !== undefined
    if (this.orderGroups.append(pending, isBehind)) queue.held.push(pending)
    else {
      queue.readyAt = queue.records.isEmpty ? readyAt : Math.min(queue.readyAt, readyAt)
      queue.records.push(pending)
    }
    return pending
  }

  /**
   * Call it after a record was completed and has left its queue and its group: releases the records that it held back.
   * @returns one released record for each partition that has any
   */
  release({ record }: PendingRecord): PendingRecord[] {
    if (this.#held.count === 0) return []
    const released = new Map<Queue, PendingRecord[]>()
    const candidates = this.#mayBeBehind(record)
    for (let pending = candidates.pop(); pending; pending = candidates.pop()) {
      const queue = this.#queueOf(pending.record)
      // Some may have been taken out of their queue, to be completed one by one.
      if (!queue || pending.queue !== queue.held || !this.#mayLeave(pending, queue)) continue
      queue.held.delete(pending)
      this.orderGroups.release(pending)
      const ofQueue = released.get(queue) ?? []
      released.set(queue, ofQueue)
      ofQueue.push(pending)
      candidates.push(...this.#mayBeBehind(pending.record))
    }
    return [...released].map(([queue, ofQueue]) => this.#insert(queue, ofQueue))
  }

  /** The held records that come next after this one, in its order group and of its key. */
  #mayBeBehind(record: PartitionedRecord): PendingRecord[] {
    const { orderGroup } = record
    return [this.orderGroups.firstHeld(orderGroup), this.#queueOf(record)?.held.firstOfKey(record)].filter(
      pending => pending !== undefined,
    )
  }

  #mayLeave(pending: PendingRecord, { held }: Queue): boolean {
    const first = held.firstOfKey(pending.record)
    return (first === undefined || first === pending) && this.orderGroups.mayLeave(pending)
  }

  #insert(queue: Queue, released: PendingRecord[]): PendingRecord {
    if (queue.records.isEmpty) queue.readyAt = Number.POSITIVE_INFINITY
    for (const pending of released) queue.readyAt = Math.min(queue.readyAt, this.#readyAtOf(pending))
    queue.records.insert(released.sort((a, b) => a.number - b.number))
    return released[0] as PendingRecord
  }

  #queueOf({ topic, partition }: PartitionedRecord): Queue | undefined {
    return this.#queues.get(topic, partition)
  }

  #readyAtOf({ number, readyAt }: PendingRecord): number {
    return number < this.#flushed ? Number.NEGATIVE_INFINITY : readyAt
  }

  /**
   * When the next batch may be sent (monotonic clock). -Infinity if it is full or flushed, Infinity if none may be
   * sent.
   */
  readyAt(topic: string, partition: number): number {
    const queue = this.#queues.get(topic, partition)
    if (!queue || queue.records.isEmpty) return Number.POSITIVE_INFINITY
    return this.#isFull(queue) ? Number.NEGATIVE_INFINITY : queue.readyAt
  }

  /** Makes every record that waits now ready to be sent at once. */
  flush(): void {
    this.#flushed = this.#appended
    for (const queue of this.#queues.values()) queue.readyAt = Number.NEGATIVE_INFINITY
  }

  /**
   * Takes the next batch from the front of the queue: as many records as `batch.size` allows, without held records.
   * Undefined: no record may be sent now. Call it when the batch before it has ended.
   */
  take(topic: string, partition: number): ProducerBatch | undefined {
    const queue = this.#queues.get(topic, partition)
    if (!queue) return undefined
    const limit = this.#sizes.limit(topic)
    let size = BATCH_OVERHEAD
    const records: PendingRecord[] = []
    for (let pending = queue.records.first; pending; pending = queue.records.first) {
      if (records.length > 0 && size + pending.record.wireSize > limit) break
      size += pending.record.wireSize
      records.push(pending)
      queue.records.delete(pending)
    }
    if (records.length === 0) return undefined
    this.#updateReadyAt(queue)
    return this.batchOf(records)
  }

  /** Whether records wait, even if `take` may not return any of them yet. */
  has(topic: string, partition: number): boolean {
    const queue = this.#queues.get(topic, partition)
    return queue !== undefined && !(queue.records.isEmpty && queue.held.isEmpty)
  }

  /** Takes all records that wait. None of them will be sent. */
  takeAll(topic: string, partition: number): PendingRecord[] {
    const queue = this.#queues.get(topic, partition)
    if (!queue) return []
    return [...queue.records.takeAll(), ...queue.held.takeAll()].sort((a, b) => a.number - b.number)
  }

  /**
   * Takes a record out of its queue.
   * @returns false if it is in no queue, but in a batch
   */
  remove(pending: PendingRecord): boolean {
    const { queue } = pending
    queue?.delete(pending)
    return queue !== undefined
  }

  /** Creates a queue of records that were in a batch. */
  queueOf(records: readonly PendingRecord[]): RecordQueue {
    return RecordQueue.of(records)
  }

  /** Creates a batch of records that are no longer in a queue. */
  batchOf(records: PendingRecord[]): ProducerBatch {
    const [{ record }] = records as [PendingRecord]
    return new ProducerBatch(record.topic, record.partition, records, this.compression)
  }

  /** Call it when a batch was encoded: its compression ratio decides how full the next batches of its topic are. */
  encoded(batch: ProducerBatch): void {
    if (this.compression) this.#sizes.compressed(batch)
  }

  /** Call it when a broker refused a batch of several records for its size. */
  refused(batch: ProducerBatch): void {
    this.#sizes.refused(batch)
  }

  #isFull({ records }: Queue): boolean {
    const { first } = records
    return first !== undefined && BATCH_OVERHEAD + records.bytes >= this.#sizes.limit(first.record.topic)
  }

  /**
   * Updates when the next batch may be sent, after a batch was taken. Looks at no more records than one batch holds,
   * because with more the queue is full anyway.
   */
  #updateReadyAt(queue: Queue): void {
    // Records that a flush has made ready stay ready.
    if (queue.readyAt === Number.NEGATIVE_INFINITY || this.#isFull(queue)) return
    queue.readyAt = Number.POSITIVE_INFINITY
    for (let pending = queue.records.first; pending; pending = pending.next)
      queue.readyAt = Math.min(queue.readyAt, pending.readyAt)
  }
}
