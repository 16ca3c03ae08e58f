// Selects the dead letters of a redrive, a list or another command.
import type { DeadLetter } from '../dead-letter/dead-letter.ts'
import type { FailedOutcome } from '../errors.ts'

/** After this many failed attempts a dead letter is parked: it stays and is not tried any more. */
export const MAX_ATTEMPTS = 5

/** All conditions must hold; a condition with several values holds if one of them matches. */
export interface DeadLetterFilter {
  readonly deadLetterIds?: readonly string[] | undefined
  /** Topics of the records; `''` selects records without a topic. */
  readonly topics?: readonly string[] | undefined
  readonly notTopics?: readonly string[] | undefined
  /** Codes of the failure or of the last redrive, e.g. `no-leader`. */
  readonly errors?: readonly string[] | undefined
  readonly notErrors?: readonly string[] | undefined
  readonly outcomes?: readonly FailedOutcome[] | undefined
  readonly notOutcomes?: readonly FailedOutcome[] | undefined
  /** True: only invalid records; false: no invalid records. */
  readonly invalid?: boolean | undefined
  /** True: only parked dead letters; false: no parked ones. */
  readonly parked?: boolean | undefined
  /** The time of the last failure, ms since the epoch. */
  readonly since?: number | undefined
  readonly until?: number | undefined
}

/** The fields of a dead letter that filters and groups use. */
export interface SelectableDeadLetter {
  readonly deadLetterId: string
  readonly record: Pick<DeadLetter['record'], 'topic'>
  readonly failure: Pick<DeadLetter['failure'], 'code' | 'kind' | 'outcome' | 'lastAt'>
  readonly redrive: Pick<DeadLetter['redrive'], 'count' | 'lastCode'>
}

export function matches(
  deadLetter: SelectableDeadLetter,
  filter: DeadLetterFilter,
  maxAttempts = MAX_ATTEMPTS,
): boolean {
  const { record, failure } = deadLetter
  const errors = [failure.code, lastError(deadLetter)]
  return (
    isOneOf([record.topic ?? ''], filter.topics, filter.notTopics) &&
    isOneOf(errors, filter.errors, filter.notErrors) &&
    isOneOf([failure.outcome], filter.outcomes, filter.notOutcomes) &&
    isAs(failure.kind === 'invalid-record', filter.invalid) &&
    isAs(isParked(deadLetter, maxAttempts), filter.parked) &&
    (filter.deadLetterIds?.includes(deadLetter.deadLetterId) ?? true) &&
    isWithin(failure, filter)
  )
}

function isWithin({ lastAt }: SelectableDeadLetter['failure'], { since, until }: DeadLetterFilter): boolean {
  if (since === undefined && until === undefined) return true
  const at = Date.parse(lastAt)
  return at >= (since ?? Number.NEGATIVE_INFINITY) && at <= (until ?? Number.POSITIVE_INFINITY)
}

export function isParked({ redrive }: Pick<SelectableDeadLetter, 'redrive'>, maxAttempts = MAX_ATTEMPTS): boolean {
  return redrive.count >= maxAttempts
}

/** Returns the code of the last redrive, or of the failure without one. */
export function lastError({ failure, redrive }: Pick<SelectableDeadLetter, 'failure' | 'redrive'>): string {
  return redrive.lastCode ?? failure.code
}

/** Whether a redrive tries a dead letter that matches; the contracts and the topics may still keep it. */
export function isTried(
  deadLetter: SelectableDeadLetter,
  { includeInvalid, maxAttempts }: { readonly includeInvalid: boolean; readonly maxAttempts?: number },
): boolean {
  return !isParked(deadLetter, maxAttempts) && (includeInvalid || deadLetter.failure.kind !== 'invalid-record')
}

function isOneOf<T>(values: readonly T[], wanted: readonly T[] | undefined, unwanted: readonly T[] | undefined) {
  const isIn = (list: readonly T[]) => values.some(value => list.includes(value))
  return (wanted === undefined || isIn(wanted)) && !(unwanted !== undefined && isIn(unwanted))
}

function isAs(value: boolean, expected: boolean | undefined): boolean {
  return expected === undefined || value === expected
}

export interface DeadLetterGroup {
  /** Null for records without a topic. */
  readonly topic: string | null
  readonly error: string
  readonly lastError: string
  readonly outcome: FailedOutcome
  readonly isInvalid: boolean
  readonly deadLetters: number
  readonly parked: number
  /** The earliest time of the last failures in this group; `newest` is the latest. */
  readonly oldest: string
  readonly newest: string
  /** The id of one dead letter of the group. */
  readonly sample: string
}

/** Groups by topic, error, last error, outcome and kind, largest group first. Memory grows only with the groups. */
export class DeadLetterGroups {
  readonly #groups = new Map<string, { -readonly [K in keyof DeadLetterGroup]: DeadLetterGroup[K] }>()
  readonly #maxAttempts: number

  constructor(maxAttempts = MAX_ATTEMPTS) {
    this.#maxAttempts = maxAttempts
  }

  add(deadLetter: SelectableDeadLetter): void {
    const { record, failure } = deadLetter
    const { topic } = record
    const { code: error, lastAt, outcome } = failure
    const last = lastError(deadLetter)
    const isInvalid = failure.kind === 'invalid-record'
    const key = JSON.stringify([topic, error, last, outcome, isInvalid])
    let group = this.#groups.get(key)
    if (!group) {
      const counts = { deadLetters: 0, parked: 0, oldest: lastAt, newest: lastAt }
      group = { topic, error, lastError: last, outcome, isInvalid, ...counts, sample: deadLetter.deadLetterId }
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
