// A queue of records that wait for a batch. It is a list linked through the records, so that appending and removing a
// record cost the same, however many wait.
import type { PendingRecord } from './pending-record.ts'

export class RecordQueue {
  #first: PendingRecord | undefined
  #last: PendingRecord | undefined
  #bytes = 0

  /** Creates a queue of the records whose caller still waits. */
  static of(records: readonly PendingRecord[]): RecordQueue {
    const queue = new RecordQueue()
    for (const pending of records) if (!pending.completed) queue.push(pending)
    return queue
  }

  /** The oldest record. The field `next` of each record is the one after it. */
  get first(): PendingRecord | undefined {
    return this.#first
  }

  get isEmpty(): boolean {
    return this.#first === undefined
  }

  /** The sum of the sizes that the records have in a batch. */
  get bytes(): number {
    return this.#bytes
  }

  push(pending: PendingRecord): void {
    pending.queue = this
    pending.indexInBatch = -1
    pending.previous = this.#last
    if (this.#last) this.#last.next = pending
    else this.#first = pending
    this.#last = pending
    this.#bytes += pending.record.wireSize
  }

  /**
   * Inserts records, oldest first, at their places in the order of the append. Searches from the front, where these
   * places usually are.
   */
  insert(records: readonly PendingRecord[]): void {
    let next = this.#first
    for (const pending of records) {
      while (next && next.number < pending.number) next = next.next
      if (next) this.#insertBefore(next, pending)
      else this.push(pending)
    }
  }

  #insertBefore(next: PendingRecord, pending: PendingRecord): void {
    const { previous } = next
    pending.queue = this
    pending.previous = previous
    pending.next = next
    next.previous = pending
    if (previous) previous.next = pending
    else this.#first = pending
    this.#bytes += pending.record.wireSize
  }

  delete(pending: PendingRecord): void {
    const { previous, next } = pending
    if (previous) previous.next = next
    else this.#first = next
    if (next) next.previous = previous
    else this.#last = previous
    this.#bytes -= pending.record.wireSize
    pending.queue = undefined
    pending.previous = undefined
    pending.next = undefined
  }

  /** Removes and returns all records. */
  takeAll(): PendingRecord[] {
    const records: PendingRecord[] = []
    for (let pending = this.#first; pending; pending = this.#first) {
      records.push(pending)
      this.delete(pending)
    }
    return records
  }
}
