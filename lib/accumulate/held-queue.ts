// Records of a partition that must not be sent yet, because their order group, or an earlier held record with the same
// key, holds them back. They are in a queue of their own, so that `take` never looks at them.
import type { PartitionedRecord } from '../record/producer-record.ts'
import type { PendingRecord } from './pending-record.ts'
import { RecordQueue } from './record-queue.ts'

export class HeldQueue extends RecordQueue {
  /** Without records without a key, so that these find none. */
  readonly #byKey = new Map<string | undefined, Set<PendingRecord>>()
  readonly #total: { count: number }

  /** @param total counts the records of the held queues of all partitions */
  constructor(total: { count: number }) {
    super()
    this.#total = total
  }

  override push(pending: PendingRecord): void {
    super.push(pending)
    this.#total.count++
    const key = keyOf(pending.record)
    if (key === undefined) return
    const sameKey = this.#byKey.get(key) ?? new Set()
    this.#byKey.set(key, sameKey.add(pending))
  }

  override delete(pending: PendingRecord): void {
    super.delete(pending)
    this.#total.count--
    const key = keyOf(pending.record)
    if (key === undefined) return
    const sameKey = this.#byKey.get(key)
    sameKey?.delete(pending)
    if (sameKey?.size === 0) this.#byKey.delete(key)
  }

  /** The oldest held record with the same key. Undefined if there is none, or for a record without a key. */
  firstOfKey(record: PartitionedRecord): PendingRecord | undefined {
    if (this.isEmpty) return undefined
    const [first] = this.#byKey.get(keyOf(record)) ?? []
    return first
  }
}

function keyOf({ key }: PartitionedRecord): string | undefined {
  return key === null ? undefined : Buffer.from(key.buffer, key.byteOffset, key.length).toString('latin1')
}
