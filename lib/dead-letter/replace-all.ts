// Replaces several dead letters: at once if the target supports it, otherwise in parallel.
import { KafkaProducerError } from '../errors.ts'
import type { DeadLetterStore, Refusal, Replacement } from './dead-letter-store.ts'
import { inParallel } from './in-parallel.ts'

/** @returns those that the target refused, e.g. for their size; the others are replaced */
export async function replaceAll(
  store: DeadLetterStore,
  replacements: readonly Replacement[],
): Promise<readonly Refusal[]> {
  if (replacements.length > 1 && store.replaceAll) {
    try {
      return await store.replaceAll(replacements)
    } catch (error) {
      // A single dead letter may be the reason why none was replaced, so each is tried by itself.
      if (!(error instanceof KafkaProducerError)) throw error
    }
  }
  const refusals = await inParallel(replacements, replacement => replaceOne(store, replacement))
  return refusals.filter(refusal => refusal !== undefined)
}

async function replaceOne(store: DeadLetterStore, replacement: Replacement): Promise<Refusal | undefined> {
  try {
    await store.replace(replacement.open, replacement.deadLetter)
    return undefined
  } catch (error) {
    if (!(error instanceof KafkaProducerError)) throw error
    return { replacement, error }
  }
}
