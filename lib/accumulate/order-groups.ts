// Order groups (SQS FIFO): a record leaves only when all earlier ones of its group are completed or in the same batch.
import type { PendingRecord } from './producer-batch.ts'

export class OrderGroups {
  readonly #groups = new Map<string, Set<PendingRecord>>()

  append(pending: PendingRecord): void {
    const { orderGroup } = pending.record
    if (orderGroup === undefined) return
    const group = this.#groups.get(orderGroup)
    if (group) group.add(pending)
    else this.#groups.set(orderGroup, new Set([pending]))
  }

  /** Returns a predicate for one batch. Call it once per record, in order: may it join those accepted so far? */
  batchFilter(): (pending: PendingRecord) => boolean {
    /** Per group its records from the oldest on, or `closed` once one of them could not join. */
    const groups = new Map<string, IterableIterator<PendingRecord> | 'closed'>()
    return pending => {
      const { orderGroup } = pending.record
      if (orderGroup === undefined) return true
      const oldestFirst = groups.get(orderGroup) ?? (this.#groups.get(orderGroup) ?? []).values()
      const mayJoin = oldestFirst !== 'closed' && oldestFirst.next().value === pending
      groups.set(orderGroup, mayJoin ? oldestFirst : 'closed')
      return mayJoin
    }
  }

  /** Call it once per record. @returns the later ones of its group, oldest first, if this one was not acknowledged */
  completed(pending: PendingRecord, acknowledged: boolean): PendingRecord[] {
    const { orderGroup } = pending.record
    const group = orderGroup === undefined ? undefined : this.#groups.get(orderGroup)
    if (!group?.has(pending)) return []
    const later = acknowledged ? [] : [...group].slice([...group].indexOf(pending) + 1)
    this.forget(pending)
    return later
  }

  /** Later records of the group no longer wait for this one. */
  forget(pending: PendingRecord): void {
    const { orderGroup } = pending.record
    const group = orderGroup === undefined ? undefined : this.#groups.get(orderGroup)
    group?.delete(pending)
    if (group?.size === 0) this.#groups.delete(orderGroup as string)
  }
}
