// Marks the claim-check values of completed dead letters, which are in other targets, as completed. The `tidy` of those
// targets removes them a day later; until then a copy of the dead letter in a queue still finds its value.
import type { DeadLetter } from '../dead-letter/dead-letter.ts'
import {
  type Completed,
  type DeadLetterStore,
  NotCompletedError,
  type OpenDeadLetter,
} from '../dead-letter/dead-letter-store.ts'
import { completeClaim } from '../dead-letter/store-kinds.ts'
import { KafkaProducerError } from '../errors.ts'
import { guardedWarn, type Warn } from '../warn.ts'
import { withValue } from './read-claim.ts'
import type { RedriveSource } from './redrive-sources.ts'

export type CompleteClaim = (deadLetter: DeadLetter) => Promise<void>

/**
 * @param targets those that may keep the values
 * @param warn called if a value stays forever because its target can't be written to
 */
export function claimCompleter(targets: readonly RedriveSource[], warn?: Warn): CompleteClaim {
  return async deadLetter => {
    const { claimCheck, deadLetterId } = deadLetter
    if (claimCheck === null) return
    try {
      // A forged dead letter may name the claim of another one, so only a value that matches it is marked.
      await withValue(deadLetter, targets)
      await completeClaim(targets, claimCheck.target, { deadLetterId, bytes: claimCheck.bytes })
    } catch (error) {
      const isMissing = error instanceof KafkaProducerError && error.code === 'claim-missing' && !error.retriable
      if (!isMissing) guardedWarn(warn)(`The value of a completed dead letter remains in its target: ${String(error)}`)
    }
  }
}

/**
 * Completes dead letters and marks their claim-check values.
 * @throws the error of the store, after the values of the completed ones are marked
 */
export async function completeWithClaims(
  store: DeadLetterStore,
  completed: readonly Completed[],
  complete: CompleteClaim | undefined,
): Promise<void> {
  let refusal: NotCompletedError | undefined
  try {
    await store.complete(completed)
  } catch (error) {
    if (!(error instanceof NotCompletedError)) throw error
    refusal = error
  }
  const left = new Set<OpenDeadLetter>(refusal?.entries.map(({ open }) => open))
  for (const { open } of completed)
    if (open.deadLetter.claimCheck !== null && !left.has(open)) await complete?.(open.deadLetter)
  if (refusal) throw refusal
}
