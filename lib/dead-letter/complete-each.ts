// Completes dead letters in targets that delete entries one by one.
import { KafkaProducerError } from '../errors.ts'
import type { Entries } from './copies.ts'
import { type Completed, NotCompletedError } from './dead-letter-store.ts'
import { inParallel } from './in-parallel.ts'

/** @throws NotCompletedError listing those that could not be deleted, after all others are deleted */
export async function completeEach<Key>(
  completed: readonly Completed<Entries<Key>>[],
  remove: (key: Key) => Promise<void>,
): Promise<void> {
  const left: Completed<Entries<Key>>[] = []
  let cause: unknown
  await inParallel(completed, async one => {
    const { handle } = one.open
    try {
      for (const key of handle.keys) await remove(key)
      handle.isCompleted = true
    } catch (error) {
      if (!(error instanceof KafkaProducerError)) throw error
      left.push(one)
      cause = error
    }
  })
  if (left.length > 0) throw new NotCompletedError(left, { cause })
}
