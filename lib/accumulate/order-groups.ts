// Order groups (SQS FIFO): a record leaves only when all before it of its group are settled, or rides in the same batch.
import type { Rider } from './producer-batch.ts'

export class OrderGroups {
  readonly #groups = new Map<string, Set<Rider>>()

  append(rider: Rider): void {
    const { orderGroup } = rider.record
    if (orderGroup === undefined) return
    const group = this.#groups.get(orderGroup)
    if (group) group.add(rider)
    else this.#groups.set(orderGroup, new Set([rider]))
  }

  /** Says of riders, asked in their order, whether each may join the batch that those let in before it make. */
  gate(): (rider: Rider) => boolean {
    const next = new Map<string, IterableIterator<Rider> | 'closed'>()
    return rider => {
      const { orderGroup } = rider.record
      if (orderGroup === undefined) return true
      const unsettled = next.get(orderGroup) ?? (this.#groups.get(orderGroup) ?? []).values()
      const mayJoin = unsettled !== 'closed' && unsettled.next().value === rider
      next.set(orderGroup, mayJoin ? unsettled : 'closed')
      return mayJoin
    }
  }

  /** @returns the later riders of its group, oldest first, when this one was not acknowledged */
  settled(rider: Rider, acknowledged: boolean): Rider[] {
    const { orderGroup } = rider.record
    const group = orderGroup === undefined ? undefined : this.#groups.get(orderGroup)
    if (!group?.has(rider)) return []
    const later = acknowledged ? [] : [...group].slice([...group].indexOf(rider) + 1)
    this.forget(rider)
    return later
  }

  forget(rider: Rider): void {
    const { orderGroup } = rider.record
    const group = orderGroup === undefined ? undefined : this.#groups.get(orderGroup)
    group?.delete(rider)
    if (group?.size === 0) this.#groups.delete(orderGroup as string)
  }
}
