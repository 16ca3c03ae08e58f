// Which letters a redrive or a list is about.
import type { DeadLetter } from '../dead-letter/envelope.ts'

export interface LetterFilter {
  /** This one alone. */
  readonly letterId?: string
  /** The record's topic. */
  readonly topic?: string
  /** The failure's code, e.g. `no-leader`. */
  readonly error?: string
  /** When it failed last, ms since the epoch. */
  readonly since?: number
  readonly until?: number
}

export function matches(
  { letterId: id, record, failure }: DeadLetter,
  { letterId = id, topic, error, since = Number.NEGATIVE_INFINITY, until = Number.POSITIVE_INFINITY }: LetterFilter,
): boolean {
  const lastAt = Date.parse(failure.lastAt)
  return id === letterId && (topic === undefined || record.topic === topic) && (error === undefined || failure.code === error) && lastAt >= since && lastAt <= until
}

export interface LetterGroup {
  /** Null where the records never had one. */
  readonly topic: string | null
  readonly error: string
  readonly letters: number
  /** When the oldest of them failed last. */
  readonly oldest: string
}

/** By topic and error, most letters first. */
export function groupLetters(letters: Iterable<DeadLetter>): LetterGroup[] {
  const groups = new Map<string, LetterGroup>()
  for (const { record, failure } of letters) {
    const { topic } = record
    const { code: error, lastAt } = failure
    const key = `${topic} ${error}`
    const { letters: before, oldest } = groups.get(key) ?? { letters: 0, oldest: lastAt }
    groups.set(key, { topic, error, letters: before + 1, oldest: lastAt < oldest ? lastAt : oldest })
  }
  return [...groups.values()].sort((a, b) => b.letters - a.letters)
}
