// The partitions of a Sender. Each is made at its first record and kept: its epoch and sequence go on.
import type { PendingRecord } from '../accumulate/producer-batch.ts'
import { TopicPartitionMap } from '../record/topic-partition.ts'
import { PartitionState, type PartitionStateOptions } from './partition-state.ts'

export class PartitionTable {
  readonly #all = new TopicPartitionMap<PartitionState>()
  readonly #active = new Set<PartitionState>()
  readonly #options: PartitionStateOptions

  constructor(options: PartitionStateOptions) {
    this.#options = options
  }

  /** Partitions with records that are not completed, the one whose last request is the longest ago first. */
  get active(): ReadonlySet<PartitionState> {
    return this.#active
  }

  /** Whether records of the topic are not completed. */
  hasActive(topic: string): boolean {
    for (const partition of this.#active) if (partition.topic === topic) return true
    return false
  }

  get all(): Iterable<PartitionState> {
    return this.#all.values()
  }

  ofTopic(topic: string): Iterable<PartitionState> {
    return this.#all.ofTopic(topic)
  }

  of({ record: { topic, partition } }: PendingRecord): PartitionState {
    let state = this.#all.get(topic, partition)
    if (!state) {
      state = new PartitionState(topic, partition, this.#options)
      this.#all.set(topic, partition, state)
    }
    return state
  }

  activate(partition: PartitionState): void {
    this.#active.add(partition)
  }

  /** It was sent: the others come before it, so that a batch that did not fit beside its own gets a turn. */
  moveToEnd(partition: PartitionState): void {
    this.#active.delete(partition)
    this.#active.add(partition)
  }

  deactivate(partition: PartitionState): void {
    this.#active.delete(partition)
  }

  deactivateAll(): void {
    this.#active.clear()
  }
}
