// Merges dead letters of the same record, which may fail more than once: SQS returns its message, or a caller retries
// it. The result keeps everything known, above all where in the log the record may already be.
import type { DeadLetter } from './dead-letter.ts'

/** The fields in which the dead letters of one record differ. */
export type DeadLetterHistory = Pick<DeadLetter, 'failure' | 'inDoubt' | 'redrive'>
type InDoubt = NonNullable<DeadLetter['inDoubt']>

/**
 * Merges two dead letters with equal records. The order of the two does not change the history of the result.
 * @returns the record of `first` with the history of both
 */
export function mergeDeadLetters(first: DeadLetter, second: DeadLetterHistory): DeadLetter {
  return { ...first, ...mergeHistories(first, second) }
}

/**
 * Returns a stored dead letter with the `inDoubt` of a new one for the same place added. If the new one has none,
 * returns the stored one itself with the notes of redrives.
 */
export function withDoubt(stored: DeadLetter, deadLetter: DeadLetter): DeadLetter {
  return deadLetter.inDoubt === null ? stored : mergeDeadLetters({ ...stored, ...deadLetter }, stored)
}

/** An unknown outcome takes precedence over any other; two unknown outcomes become one that covers both. */
function mergeHistories(first: DeadLetterHistory, second: DeadLetterHistory): DeadLetterHistory {
  const [earlier, later] = isLater(first, second) ? [second, first] : [first, second]
  const inDoubt =
    first.inDoubt && second.inDoubt ? mergeDoubts(first.inDoubt, second.inDoubt) : (first.inDoubt ?? second.inDoubt)
  const { failure } = later.inDoubt === null && earlier.inDoubt !== null ? earlier : later
  return {
    failure: {
      ...failure,
      attempts: Math.max(earlier.failure.attempts, later.failure.attempts),
      firstAt: minTime(earlier.failure.firstAt, later.failure.firstAt),
      lastAt: maxTime(earlier.failure.lastAt, later.failure.lastAt),
    },
    inDoubt,
    redrive: mergeRedrives(earlier, later),
  }
}

/** Whether the first one failed or was redriven later than the second. */
function isLater(first: DeadLetterHistory, second: DeadLetterHistory): boolean {
  const [a, b] = [Date.parse(first.failure.lastAt), Date.parse(second.failure.lastAt)]
  return a === b ? first.redrive.count > second.redrive.count : a > b
}

/** Takes the lower count, so that a forged copy can't park the dead letter, and the newer of the two notes. */
function mergeRedrives({ redrive: a }: DeadLetterHistory, { redrive: b }: DeadLetterHistory): DeadLetter['redrive'] {
  const newer = (b.lastAt ?? '') >= (a.lastAt ?? '') ? b : a
  return { ...newer, count: Math.min(a.count, b.count) }
}

/**
 * Keeps the numbers of the later attempt and a time window that covers both. `earlier` records that there was another
 * attempt, because looking at one partition proves nothing about another.
 */
export function mergeDoubts(first: InDoubt, second: InDoubt): InDoubt {
  const [earlier, later] = Date.parse(first.to) > Date.parse(second.to) ? [second, first] : [first, second]
  const anyPartition = earlier.anyPartition === true || later.anyPartition === true
  const isSamePlace =
    earlier.topic === later.topic &&
    (anyPartition || earlier.partition === later.partition) &&
    (earlier.clusterId ?? null) === (later.clusterId ?? null)
  const isSameProducer =
    earlier.producerId === later.producerId &&
    earlier.producerEpoch === later.producerEpoch &&
    earlier.baseSequence === later.baseSequence &&
    earlier.indexInBatch === later.indexInBatch
  const others = [earlier.earlier, later.earlier]
  const kind =
    !isSamePlace || others.includes('elsewhere')
      ? 'elsewhere'
      : !isSameProducer || others.includes('same-partition')
        ? 'same-partition'
        : undefined
  return {
    ...later,
    from: minTime(earlier.from, later.from),
    to: maxTime(earlier.to, later.to),
    fromOffset: isSamePlace ? lowestOffset(earlier.fromOffset, later.fromOffset) : (later.fromOffset ?? null),
    ...(kind === undefined ? {} : { earlier: kind }),
    ...(anyPartition ? { anyPartition } : {}),
  }
}

/** Null if one of them is unknown: the record may then be anywhere in the time window. */
function lowestOffset(a: number | null | undefined, b: number | null | undefined): number | null {
  return a == null || b == null ? null : Math.min(a, b)
}

function minTime(a: string, b: string): string {
  return Date.parse(a) <= Date.parse(b) ? a : b
}

function maxTime(a: string, b: string): string {
  return Date.parse(a) >= Date.parse(b) ? a : b
}
