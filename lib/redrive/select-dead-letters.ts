// Selects the dead letters of a redrive or a list.
import type { DeadLetter } from '../dead-letter/dead-letter.ts'

export interface DeadLetterFilter {
  /** Only the dead letter with this id. */
  readonly deadLetterId?: string
  /** The record's topic. */
  readonly topic?: string
  /** The failure's code, e.g. `no-leader`. */
  readonly error?: string
  /** When it failed last, ms since the epoch. */
  readonly since?: number
  readonly until?: number
}

export function matches(
  { deadLetterId: id, record, failure }: DeadLetter,
  {
    deadLetterId = id,
    topic,
    error,
    since = Number.NEGATIVE_INFINITY,
    until = Number.POSITIVE_INFINITY,
  }: DeadLetterFilter,
): boolean {
  const lastAt = Date.parse(failure.lastAt)
  return (
    id === deadLetterId &&
    (topic === undefined || record.topic === topic) &&
    (error === undefined || failure.code === error) &&
    lastAt >= since &&
    lastAt <= until
  )
}

export interface DeadLetterGroup {
  /** Null for records without a topic. */
  readonly topic: string | null
  readonly error: string
  readonly deadLetters: number
  /** When the oldest one failed last. */
  readonly oldest: string
}

/** Counts by topic and error, most frequent first. */
export function groupDeadLetters(deadLetters: Iterable<DeadLetter>): DeadLetterGroup[] {
  const groups = new Map<string, DeadLetterGroup>()
  for (const { record, failure } of deadLetters) {
    const { topic } = record
    const { code: error, lastAt } = failure
    const key = `${topic} ${error}`
    const { deadLetters: before, oldest } = groups.get(key) ?? { deadLetters: 0, oldest: lastAt }
    groups.set(key, { topic, error, deadLetters: before + 1, oldest: lastAt < oldest ? lastAt : oldest })
  }
  return [...groups.values()].sort((a, b) => b.deadLetters - a.deadLetters)
}
