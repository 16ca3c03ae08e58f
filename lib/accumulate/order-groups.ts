// Order groups (SQS FIFO): a record leaves only when all earlier ones of its group are completed or in the same batch.
import type { PendingRecord } from './producer-batch.ts'

interface Group {
  /** From the oldest on. Those in a batch come before those that still wait in a queue. */
  readonly records: Set<PendingRecord>
  /** A record in a batch failed, and none was appended since: no later record waits in a queue. */
  isStopped: boolean
}

export class OrderGroups {
  readonly #groups = new Map<string, Group>()

  append(pending: PendingRecord): void {
    const { orderGroup } = pending.record
    if (orderGroup === undefined) return
    const group = this.#groups.get(orderGroup)
    if (group) {
      group.records.add(pending)
      group.isStopped = false
    } else this.#groups.set(orderGroup, { records: new Set([pending]), isStopped: false })
  }

  /** Returns a predicate for one batch. Call it once per record, in order: may it join those accepted so far? */
  batchFilter(): (pending: PendingRecord) => boolean {
    /** Per group its records from the oldest on, or `closed` once one of them could not join. */
    const groups = new Map<string, IterableIterator<PendingRecord> | 'closed'>()
    return pending => {
      const { orderGroup } = pending.record
      if (orderGroup === undefined) return true
      const oldestFirst = groups.get(orderGroup) ?? (this.#groups.get(orderGroup)?.records ?? []).values()
      const mayJoin = oldestFirst !== 'closed' && oldestFirst.next().value === pending
      groups.set(orderGroup, mayJoin ? oldestFirst : 'closed')
      return mayJoin
    }
  }

  /**
   * Call it once per record, after it left its queue.
   * @returns the later ones of its group, oldest first, if this one was not acknowledged and any may wait in a queue
   */
  completed(pending: PendingRecord, acknowledged: boolean): PendingRecord[] {
    const group = this.#groupOf(pending)
    if (!group?.records.has(pending)) return []
    const later: PendingRecord[] = []
    if (!acknowledged && !group.isStopped) {
      let isLater = false
      for (const other of group.records)
        if (isLater) later.push(other)
        else isLater = other === pending
      // The other records of its batch, failing one by one, need not look for the same records again.
      group.isStopped = pending.indexInBatch >= 0
    }
    this.forget(pending)
    return later
  }

  /** The record of a group that no other one holds back. */
  oldest(orderGroup: string | undefined): PendingRecord | undefined {
    return orderGroup === undefined ? undefined : this.#groups.get(orderGroup)?.records.values().next().value
  }

  /** Later records of the group no longer wait for this one. */
  forget(pending: PendingRecord): void {
    const group = this.#groupOf(pending)
    group?.records.delete(pending)
    if (group?.records.size === 0) this.#groups.delete(pending.record.orderGroup as string)
  }

  #groupOf({ record: { orderGroup } }: PendingRecord): Group | undefined {
    return orderGroup === undefined ? undefined : this.#groups.get(orderGroup)
  }
}
