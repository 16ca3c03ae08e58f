// Records that wait for a batch, per topic-partition, in the order of their append.
import type { PartitionedRecord } from '../record/producer-record.ts'
import { topicPartition } from '../record/topic-partition.ts'
import type { Clock } from '../time/clock.ts'
import type { Deadline } from '../time/deadline.ts'
import type { Compression } from './compression.ts'
import { OrderGroups } from './order-groups.ts'
import { ProducerBatch, type RecordOutcome, type Rider } from './producer-batch.ts'
import { BATCH_OVERHEAD } from './record-batch-encoder.ts'

interface Queue {
  riders: Rider[]
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
  append(record: PartitionedRecord, deadline: Deadline, lingerMs = 0): { rider: Rider; outcome: Promise<RecordOutcome> } {
    const { promise, resolve } = Promise.withResolvers<RecordOutcome>()
    const now = this.#clock.wall()
    const readyAt = this.#clock.now() + lingerMs
    const rider: Rider = { record, timestamp: record.timestamp ?? now, appendedAt: now, readyAt, deadline, settled: false, settle: resolve }
    const key = topicPartition(record.topic, record.partition)
    this.orderGroups.append(rider)
    let queue = this.#queues.get(key)
    if (!queue) {
      queue = { riders: [], bytes: BATCH_OVERHEAD, readyAt: Number.POSITIVE_INFINITY }
      this.#queues.set(key, queue)
    }
    queue.riders.push(rider)
    queue.bytes += record.wireSize
    queue.readyAt = Math.min(queue.readyAt, readyAt)
    return { rider, outcome: promise }
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
    const riders: Rider[] = []
    const heldBack: Rider[] = []
    let seen = 0
    for (const rider of queue.riders) {
      const joins = mayJoin(rider)
      if (joins && riders.length > 0 && size + rider.record.wireSize > this.#batchSize) break
      seen++
      if (joins) size += rider.record.wireSize
      ;(joins ? riders : heldBack).push(rider)
    }
    this.#keep(key, queue, heldBack.concat(queue.riders.slice(seen)))
    return riders.length > 0 ? this.batchOf(riders) : undefined
  }

  /** Records wait that `take` may give later. */
  has(topic: string, partition: number): boolean {
    return this.#queues.has(topicPartition(topic, partition))
  }

  /** All that waits, for when nothing will be sent any more. */
  takeAll(topic: string, partition: number): Rider[] {
    const key = topicPartition(topic, partition)
    const queue = this.#queues.get(key)
    this.#queues.delete(key)
    return queue?.riders ?? []
  }

  batchOf(riders: Rider[]): ProducerBatch {
    const [{ record }] = riders as [Rider]
    return new ProducerBatch(record.topic, record.partition, riders, this.compression)
  }

  /** Takes a waiting record out again; false when it is in a batch already. */
  remove(rider: Rider): boolean {
    const key = topicPartition(rider.record.topic, rider.record.partition)
    const queue = this.#queues.get(key)
    const at = queue?.riders.indexOf(rider) ?? -1
    if (!queue || at < 0) return false
    queue.riders.splice(at, 1)
    this.#keep(key, queue, queue.riders)
    return true
  }

  #keep(key: string, queue: Queue, riders: Rider[]): void {
    if (riders.length === 0) {
      this.#queues.delete(key)
      return
    }
    // A flush holds for what it found here.
    const flushed = queue.readyAt === Number.NEGATIVE_INFINITY
    queue.riders = riders
    queue.bytes = riders.reduce((sum, { record }) => sum + record.wireSize, BATCH_OVERHEAD)
    queue.readyAt = flushed ? queue.readyAt : riders.reduce((least, { readyAt }) => Math.min(least, readyAt), Number.POSITIVE_INFINITY)
  }
}
