// Records that wait for a batch, per topic-partition, in the order of their append.
import type { PartitionedRecord } from '../record/producer-record.ts'
import { topicPartition } from '../record/topic-partition.ts'
import type { Clock } from '../time/clock.ts'
import type { Deadline } from '../time/deadline.ts'
import { OrderGroups } from './order-groups.ts'
import { ProducerBatch, type RecordOutcome, type Rider } from './producer-batch.ts'
import { BATCH_OVERHEAD } from './record-batch-encoder.ts'

export class RecordAccumulator {
  readonly #batchSize: number
  readonly #clock: Clock
  readonly #queues = new Map<string, Rider[]>()
  readonly orderGroups = new OrderGroups()

  /** @param batchSize bytes of an encoded batch (`batch.size`); one larger record still goes, alone. */
  constructor(batchSize: number, clock: Clock) {
    this.#batchSize = batchSize
    this.#clock = clock
  }

  append(record: PartitionedRecord, deadline: Deadline): { rider: Rider; outcome: Promise<RecordOutcome> } {
    const { promise, resolve } = Promise.withResolvers<RecordOutcome>()
    const now = this.#clock.wall()
    const rider: Rider = { record, timestamp: record.timestamp ?? now, appendedAt: now, deadline, settled: false, settle: resolve }
    const key = topicPartition(record.topic, record.partition)
    this.orderGroups.append(rider)
    const queue = this.#queues.get(key)
    if (queue) queue.push(rider)
    else this.#queues.set(key, [rider])
    return { rider, outcome: promise }
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
    for (const rider of queue) {
      const joins = mayJoin(rider)
      if (joins && riders.length > 0 && size + rider.record.wireSize > this.#batchSize) break
      seen++
      if (joins) size += rider.record.wireSize
      ;(joins ? riders : heldBack).push(rider)
    }
    queue.splice(0, seen, ...heldBack)
    if (queue.length === 0) this.#queues.delete(key)
    return riders.length > 0 ? new ProducerBatch(topic, partition, riders) : undefined
  }

  /** Records wait that `take` may give later. */
  has(topic: string, partition: number): boolean {
    return this.#queues.has(topicPartition(topic, partition))
  }

  /** All that waits, for when nothing will be sent any more. */
  takeAll(topic: string, partition: number): Rider[] {
    const key = topicPartition(topic, partition)
    const queue = this.#queues.get(key) ?? []
    this.#queues.delete(key)
    return queue
  }

  /** A batch of records that have left the queue before: a part of one that was split. */
  batchOf(riders: Rider[]): ProducerBatch {
    const [{ record }] = riders as [Rider]
    return new ProducerBatch(record.topic, record.partition, riders)
  }

  /** Takes a waiting record out again; false when it is in a batch already. */
  remove(rider: Rider): boolean {
    const key = topicPartition(rider.record.topic, rider.record.partition)
    const queue = this.#queues.get(key)
    const at = queue?.indexOf(rider) ?? -1
    if (!queue || at < 0) return false
    queue.splice(at, 1)
    if (queue.length === 0) this.#queues.delete(key)
    return true
  }
}
