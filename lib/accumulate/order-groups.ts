// Order groups (SQS FIFO): a record leaves only when all before it of its group are settled, or rides in the same batch.
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

  /** Says of records, asked in their order, whether each may join the batch that those let in before it make. */
  gate(): (pending: PendingRecord) => boolean {
    const next = new Map<string, IterableIterator<PendingRecord> | 'closed'>()
    return pending => {
      const { orderGroup } = pending.record
      if (orderGroup === undefined) return true
      const incomplete = next.get(orderGroup) ?? (this.#groups.get(orderGroup) ?? []).values()
      const mayJoin = incomplete !== 'closed' && incomplete.next().value === pending
      next.set(orderGroup, mayJoin ? incomplete : 'closed')
      return mayJoin
    }
  }

  /** @returns the later records of its group, oldest first, when this one was not acknowledged */
  completed(pending: PendingRecord, acknowledged: boolean): PendingRecord[] {
    const { orderGroup } = pending.record
    const group = orderGroup === undefined ? undefined : this.#groups.get(orderGroup)
    if (!group?.has(pending)) return []
    const later = acknowledged ? [] : [...group].slice([...group].indexOf(pending) + 1)
    this.forget(pending)
    return later
  }

  forget(pending: PendingRecord): void {
    const { orderGroup } = pending.record
    const group = orderGroup === undefined ? undefined : this.#groups.get(orderGroup)
    group?.delete(pending)
    if (group?.size === 0) this.#groups.delete(orderGroup as string)
  }
}
