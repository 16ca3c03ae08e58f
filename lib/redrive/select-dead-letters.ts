// Which dead letters a redrive, a list or another command is about.
import type { DeadLetter } from '../dead-letter/dead-letter.ts'
import type { FailedOutcome } from '../errors.ts'

/** A dead letter that was tried so often is parked: it stays, and is not tried any more. */
export const MAX_ATTEMPTS = 5

/** Every condition that is given must hold; of several values of one condition, one must. */
export interface DeadLetterFilter {
  readonly deadLetterIds?: readonly string[] | undefined
  /** Topics of the records. `''` stands for records that never had one. */
  readonly topics?: readonly string[] | undefined
  readonly notTopics?: readonly string[] | undefined
  /** Codes of the first failure, or of the last try, e.g. `no-leader`. */
  readonly errors?: readonly string[] | undefined
  readonly notErrors?: readonly string[] | undefined
  readonly outcomes?: readonly FailedOutcome[] | undefined
  readonly notOutcomes?: readonly FailedOutcome[] | undefined
  /** True: only invalid records; false: none of them. */
  readonly invalid?: boolean | undefined
  /** True: only parked ones; false: none of them. */
  readonly parked?: boolean | undefined
  /** When it failed last, ms since the epoch. */
  readonly since?: number | undefined
  readonly until?: number | undefined
}

export function matches(deadLetter: DeadLetter, filter: DeadLetterFilter, maxAttempts = MAX_ATTEMPTS): boolean {
  const { deadLetterId, record, failure } = deadLetter
  const { since = Number.NEGATIVE_INFINITY, until = Number.POSITIVE_INFINITY } = filter
  const lastAt = Date.parse(failure.lastAt)
  const errors = [failure.code, lastError(deadLetter)]
  return (
    isOneOf([deadLetterId], filter.deadLetterIds, undefined) &&
    isOneOf([record.topic ?? ''], filter.topics, filter.notTopics) &&
    isOneOf(errors, filter.errors, filter.notErrors) &&
    isOneOf([failure.outcome], filter.outcomes, filter.notOutcomes) &&
    isAs(failure.kind === 'invalid-record', filter.invalid) &&
    isAs(isParked(deadLetter, maxAttempts), filter.parked) &&
    lastAt >= since &&
    lastAt <= until
  )
}

export function isParked({ redrive }: DeadLetter, maxAttempts = MAX_ATTEMPTS): boolean {
  return redrive.count >= maxAttempts
}

/** The code of the last try, or of the failure where it was not tried again. */
export function lastError({ failure, redrive }: DeadLetter): string {
  return redrive.lastCode ?? failure.code
}

function isOneOf<T>(values: readonly T[], wanted: readonly T[] | undefined, unwanted: readonly T[] | undefined) {
  const isIn = (list: readonly T[]) => values.some(value => list.includes(value))
  return (wanted === undefined || isIn(wanted)) && !(unwanted !== undefined && isIn(unwanted))
}

function isAs(value: boolean, expected: boolean | undefined): boolean {
  return expected === undefined || value === expected
}

export interface DeadLetterGroup {
  /** Null where the records never had one. */
  readonly topic: string | null
  readonly error: string
  readonly lastError: string
  readonly outcome: FailedOutcome
  readonly isInvalid: boolean
  readonly deadLetters: number
  readonly parked: number
  /** When the oldest and the newest of them failed last. */
  readonly oldest: string
  readonly newest: string
  /** The id of one of them. */
  readonly sample: string
}

/** Groups by topic, error, last error, outcome and kind, most dead letters first; grows with the groups alone. */
export class DeadLetterGroups {
  readonly #groups = new Map<string, { -readonly [K in keyof DeadLetterGroup]: DeadLetterGroup[K] }>()
  readonly #maxAttempts: number

  constructor(maxAttempts = MAX_ATTEMPTS) {
    this.#maxAttempts = maxAttempts
  }

  add(deadLetter: DeadLetter): void {
    const { record, failure, deadLetterId: sample } = deadLetter
    const { topic } = record
    const { code: error, lastAt, outcome } = failure
    const last = lastError(deadLetter)
    const isInvalid = failure.kind === 'invalid-record'
    const key = JSON.stringify([topic, error, last, outcome, isInvalid])
    let group = this.#groups.get(key)
    if (!group) {
      const counts = { deadLetters: 0, parked: 0, oldest: lastAt, newest: lastAt }
      group = { topic, error, lastError: last, outcome, isInvalid, ...counts, sample }
      this.#groups.set(key, group)
    }
    group.deadLetters++
    if (isParked(deadLetter, this.#maxAttempts)) group.parked++
    if (lastAt < group.oldest) group.oldest = lastAt
    if (lastAt > group.newest) group.newest = lastAt
  }

  list(): DeadLetterGroup[] {
    return [...this.#groups.values()].sort((a, b) => b.deadLetters - a.deadLetters)
  }
}
