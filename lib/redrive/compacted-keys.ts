// Keeps a redrive from replacing a newer record by an older one in a compacted topic, where only the last record of a
// key stays. Stores return dead letters in any order.
import type { DeadLetter } from '../dead-letter/dead-letter.ts'
import { topicPartition } from '../record/topic-partition.ts'
import { timeOf } from './retried-dead-letter.ts'

export class CompactedKeys {
  /** The offsets that this run wrote, with the times of their dead letters, by topic and partition. */
  readonly #written = new Map<string, Map<bigint, number>>()

  written(topic: string, partition: number): ReadonlyMap<bigint, number> {
    return this.#of(topic, partition)
  }

  note(topic: string, partition: number, offset: bigint, deadLetter: DeadLetter): void {
    this.#of(topic, partition).set(offset, timeOf(deadLetter))
  }

  #of(topic: string, partition: number): Map<bigint, number> {
    const place = topicPartition(topic, partition)
    const offsets = this.#written.get(place) ?? new Map<bigint, number>()
    this.#written.set(place, offsets)
    return offsets
  }
}

/** @returns the candidates for compacted topics whose key has a newer record among the others */
export function olderOfTheirKeys<C extends { readonly deadLetter: DeadLetter; readonly topic: string }>(
  candidates: readonly C[],
): ReadonlySet<C> {
  const newest = new Map<string, C>()
  const older = new Set<C>()
  for (const candidate of candidates) {
    const { deadLetter, topic } = candidate
    if (deadLetter.record.key === null) continue
    const name = JSON.stringify([topic, deadLetter.record.key])
    const before = newest.get(name)
    if (before && timeOf(before.deadLetter) > timeOf(deadLetter)) older.add(candidate)
    else {
      if (before && timeOf(before.deadLetter) < timeOf(deadLetter)) older.add(before)
      newest.set(name, candidate)
    }
  }
  return older
}
