// The partitions of a Sender. Each is created at its first record and kept, because its epoch and sequence continue.
import type { PendingRecord } from '../accumulate/pending-record.ts'
import { TopicPartitionMap } from '../record/topic-partition.ts'
import { PartitionState, type PartitionStateOptions } from './partition-state.ts'

export class PartitionTable {
  readonly #all = new TopicPartitionMap<PartitionState>()
  readonly #active = new Set<PartitionState>()
  readonly #options: PartitionStateOptions

  constructor(options: PartitionStateOptions) {
    this.#options = options
  }

  /** Partitions with uncompleted records; the partition whose last request is the longest ago comes first. */
  get active(): ReadonlySet<PartitionState> {
    return this.#active
  }

  /** Whether the topic has uncompleted records. */
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

  /**
   * Moves a partition behind the others after it was sent, so that a batch that did not fit into the request gets a
   * turn.
   */
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
