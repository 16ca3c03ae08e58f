// Handles notes on records in doubt that a target refuses, e.g. for their size. Without the note, the next run would
// send the record again without searching the log.
import { type DeadLetterStore, NotCompletedError, type Refusal } from '../dead-letter/dead-letter-store.ts'
import { DeadLetterError, KafkaProducerError } from '../errors.ts'
import type { DeadLetterTargets } from './divide-messages.ts'
import { topicInDoubt } from './retried-dead-letter.ts'

/** How many dead letters an error names. */
const MAX_NAMED = 10

/**
 * Stores dead letters with the refused notes in the configured targets, and completes the old ones. As with a new dead
 * letter, one that is too large for a target goes to the next.
 * @returns those that are unchanged
 */
export async function moveRefused(
  store: DeadLetterStore,
  refusals: readonly Refusal[],
  targets: DeadLetterTargets | undefined,
): Promise<readonly Refusal[]> {
  if (refusals.length === 0 || !targets?.isOn) return refusals
  const locations = await targets.store(refusals.map(({ replacement }) => replacement.deadLetter))
  const stored = refusals.flatMap(({ replacement: { open } }, index) => {
    const location = locations[index]
    return typeof location === 'string' ? [{ open, location }] : []
  })
  const done = new Set(stored.map(({ open }) => open))
  try {
    if (stored.length > 0) await store.complete(stored)
  } catch (error) {
    if (!(error instanceof KafkaProducerError)) throw error
    const left = error instanceof NotCompletedError ? error.entries : stored
    for (const { open } of left) done.delete(open)
  }
  return refusals.filter(({ replacement }) => !done.has(replacement.open))
}

/**
 * Creates the error for records in doubt whose notes could not be stored. It says what to look for before the next run.
 */
export function doubtNotNoted(refusals: readonly Refusal[]): DeadLetterError {
  const places = refusals.slice(0, MAX_NAMED).map(({ replacement: { deadLetter } }) => {
    const { deadLetterId, inDoubt } = deadLetter
    return `${deadLetterId} (${topicInDoubt(deadLetter)}-${inDoubt?.partition}, from ${inDoubt?.from} on)`
  })
  const others = refusals.length > MAX_NAMED ? ` and ${refusals.length - MAX_NAMED} more` : ''
  return new DeadLetterError(
    'dead-letter',
    `The outcome of ${refusals.length} record(s) is unknown, and their target could not store where they may be: ` +
      `dead letter ${places.join(', ')}${others}. Before the next redrive, which sends them without a lookup, search ` +
      'the partition for the kp-id (dead-letters show), and discard the dead letter if the record is there.',
    { retriable: false, cause: refusals[0]?.error },
  )
}
