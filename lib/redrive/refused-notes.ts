// A note says where a record in doubt may be. If its target refuses it, e.g. for its size, the next run would send the
// record again without a look.
import { type DeadLetterStore, NotCompletedError, type Refusal } from '../dead-letter/dead-letter-store.ts'
import { DeadLetterError, KafkaProducerError } from '../errors.ts'
import type { DeadLetterTargets } from './divide-messages.ts'
import { topicInDoubt } from './retried-dead-letter.ts'

/** How many dead letters an error names. */
const MAX_NAMED = 10

/**
 * Stores dead letters in the configured targets, with the notes that their own target refused, and completes the old
 * ones: one that has outgrown its target goes to the next, as when it was stored first.
 * @returns those that stay as they were
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

/** The error of records in doubt whose notes are stored nowhere: it says what to look for before the next run. */
export function doubtNotNoted(refusals: readonly Refusal[]): DeadLetterError {
  const places = refusals.slice(0, MAX_NAMED).map(({ replacement: { deadLetter } }) => {
    const { deadLetterId, inDoubt } = deadLetter
    return `${deadLetterId} (${topicInDoubt(deadLetter)}-${inDoubt?.partition}, from ${inDoubt?.from} on)`
  })
  const more = refusals.length > MAX_NAMED ? ` and ${refusals.length - MAX_NAMED} more` : ''
  return new DeadLetterError(
    'dead-letter',
    `The outcome of ${refusals.length} record(s) is unknown, and their target could not store where they may be: ` +
      `dead letter ${places.join(', ')}${more}. Before the next redrive, which sends them without a lookup, search ` +
      'the partition for the kp-id (dead-letters show), and discard the dead letter if the record is there.',
    { retriable: false, cause: refusals[0]?.error },
  )
}
