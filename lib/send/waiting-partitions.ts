// Which partitions the next run of the Sender checks. Most partitions wait for something of their own (a moment, a free
// request of their leader, an earlier record of an order group), so an event concerns few of them and must not cost a
// check of thousands.
import type { PartitionState } from './partition-state.ts'

interface Moment {
  readonly at: number
  readonly partition: PartitionState
}

export class WaitingPartitions {
  readonly #changed = new Set<PartitionState>()
  readonly #forLeader = new Map<number, Set<PartitionState>>()
  /**
   * A binary heap with the earliest moment first. An entry is outdated if `#at` has another moment for its partition.
   */
  readonly #heap: Moment[] = []
  readonly #at = new Map<PartitionState, number>()

  /** Makes the next run check the partition. */
  changed(partition: PartitionState): void {
    this.#changed.add(partition)
  }

  get hasChanged(): boolean {
    return this.#changed.size > 0
  }

  /** The partition may send at that moment (monotonic clock), and not before. */
  until(partition: PartitionState, at: number): void {
    if (at === Number.POSITIVE_INFINITY || this.#at.get(partition) === at) return
    this.#at.set(partition, at)
    this.#push({ at, partition })
  }

  /** The partition may send when the leader has answered a request. */
  forLeader(partition: PartitionState, leader: number): void {
    const waiting = this.#forLeader.get(leader) ?? new Set()
    this.#forLeader.set(leader, waiting.add(partition))
  }

  /** Makes the next run check the partitions that wait for this leader, in the order in which they began to wait. */
  leaderAnswered(leader: number): void {
    for (const partition of this.#forLeader.get(leader) ?? []) this.#changed.add(partition)
    this.#forLeader.delete(leader)
  }

  /** When the next partition may send (monotonic clock); Infinity if none waits for a moment. */
  get nextAt(): number {
    for (let first = this.#heap[0]; first; first = this.#heap[0]) {
      if (this.#at.get(first.partition) === first.at) return first.at
      this.#pop()
    }
    return Number.POSITIVE_INFINITY
  }

  /** Takes the partitions that changed, and those whose moment has come. */
  take(now: number): PartitionState[] {
    while (this.nextAt <= now) {
      const { partition } = this.#pop()
      this.#at.delete(partition)
      this.#changed.add(partition)
    }
    const partitions = [...this.#changed]
    this.#changed.clear()
    return partitions
  }

  /** Forgets all partitions, because the next run checks all of them. */
  clear(): void {
    this.#changed.clear()
    this.#forLeader.clear()
    this.#heap.length = 0
    this.#at.clear()
  }

  #push(moment: Moment): void {
    const heap = this.#heap
    let index = heap.length
    while (index > 0) {
      const parent = (index - 1) >> 1
      if ((heap[parent] as Moment).at <= moment.at) break
      heap[index] = heap[parent] as Moment
      index = parent
    }
    heap[index] = moment
  }

  #pop(): Moment {
    const heap = this.#heap
    const first = heap[0] as Moment
    const last = heap.pop() as Moment
    if (heap.length === 0) return first
    let index = 0
    for (;;) {
      let child = 2 * index + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && (heap[child + 1] as Moment).at < (heap[child] as Moment).at) child++
      if ((heap[child] as Moment).at >= last.at) break
      heap[index] = heap[child] as Moment
      index = child
    }
    heap[index] = last
    return first
  }
}
