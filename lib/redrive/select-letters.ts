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
