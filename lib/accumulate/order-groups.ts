// Order groups (SQS FIFO): a record is sent only when all earlier records of its group are completed or in the same
// batch. So the oldest records of a group may be sent as long as they go to one partition; the others are held.
import type { PendingRecord } from './pending-record.ts'

/** The uncompleted records of a group, oldest first, as a list linked through the records. */
interface Group {
  first: PendingRecord | undefined
  last: PendingRecord | undefined
  /** This record and all later ones of the group are held. */
  firstHeld: PendingRecord | undefined
  /** A record of the group failed in a batch, and none was appended since, so no later record waits in a queue. */
  isStopped: boolean
}

export class OrderGroups {
  readonly #groups = new Map<string, Group>()

  /**
   * Adds a record to its group.
   * @param isHeld whether the record is held for another reason
   * @returns whether the record is held
   */
  append(pending: PendingRecord, isHeld: boolean): boolean {
    const { orderGroup } = pending.record
    if (orderGroup === undefined) return isHeld
    let group = this.#groups.get(orderGroup)
    if (!group) {
      group = { first: undefined, last: undefined, firstHeld: undefined, isStopped: false }
      this.#groups.set(orderGroup, group)
    }
    const { last } = group
    pending.earlierOfGroup = last
    if (last) last.laterOfGroup = pending
    else group.first = pending
    group.last = pending
    group.isStopped = false
    if (isHeld || (last && !isSamePartition(last, pending))) group.firstHeld ??= pending
    return group.firstHeld !== undefined
  }

  /** The oldest record of the group that is held. */
  firstHeld(orderGroup: string | undefined): PendingRecord | undefined {
    return orderGroup === undefined ? undefined : this.#groups.get(orderGroup)?.firstHeld
  }

  /** Whether its group no longer holds a record back: the earlier records are completed or can be in its batch. */
  mayLeave(pending: PendingRecord): boolean {
    const group = this.#groupOf(pending)
    if (!group?.first) return true
    return group.firstHeld === pending && isSamePartition(group.first, pending)
  }

  /** Marks a held record as free to be sent. */
  release(pending: PendingRecord): void {
    const group = this.#groupOf(pending)
    if (group) group.firstHeld = pending.laterOfGroup
  }

  /**
   * Call it once per record, after the record left its queue.
   * @returns the later records of its group, oldest first, if this one was not acknowledged and later ones may wait in
   *   a queue
   */
  completed(pending: PendingRecord, acknowledged: boolean): PendingRecord[] {
    const group = this.#groupOf(pending)
    const later: PendingRecord[] = []
    if (!group) return later
    if (!acknowledged && !group.isStopped) {
      for (let other = pending.laterOfGroup; other; other = other.laterOfGroup) later.push(other)
      // The other records of its batch then fail one by one, without another search for the same records.
      group.isStopped = pending.indexInBatch >= 0
    }
    this.forget(pending)
    return later
  }

  /** Removes a record from its group, so that later records no longer wait for it. */
  forget(pending: PendingRecord): void {
    const group = this.#groupOf(pending)
    if (!group) return
    const { earlierOfGroup: earlier, laterOfGroup: later } = pending
    if (earlier) earlier.laterOfGroup = later
    else group.first = later
    if (later) later.earlierOfGroup = earlier
    else group.last = earlier
    if (group.firstHeld === pending) group.firstHeld = later
    pending.earlierOfGroup = undefined
    pending.laterOfGroup = undefined
    if (!group.first) this.#groups.delete(pending.record.orderGroup as string)
  }

  /** The record's group; undefined once the record was completed or forgotten. */
  #groupOf(pending: PendingRecord): Group | undefined {
    const { orderGroup } = pending.record
    const group = orderGroup === undefined ? undefined : this.#groups.get(orderGroup)
    return group?.first === pending || pending.earlierOfGroup ? group : undefined
  }
}

function isSamePartition({ record: a }: PendingRecord, { record: b }: PendingRecord): boolean {
  return a.partition === b.partition && a.topic === b.topic
}
