// Splits up messages of which only some records were sent: their open dead letters are stored in the configured target,
// as in the SQS function, and the message is deleted. Otherwise the next run would send the other records again.
import type { DeadLetterPublisher } from '../dead-letter/dead-letter-publisher.ts'
import { type DeadLetterStore, NotCompletedError } from '../dead-letter/dead-letter-store.ts'

/** Where dead letters of messages are stored. `isOn`: a target is configured. */
export type DeadLetterTargets = Pick<DeadLetterPublisher, 'isOn' | 'store'>

export interface Divided {
  /** The number of dead letters that were moved to the target. */
  readonly moved: number
  /** The number of completed dead letters that are still in their messages. */
  readonly left: number
}

export async function divideMessages(store: DeadLetterStore, targets: DeadLetterTargets | undefined): Promise<Divided> {
  let moved = 0
  let left = 0
  for (const { completed, open } of store.partlyDone?.() ?? []) {
    const locations = targets?.isOn ? await targets.store(open.map(({ deadLetter }) => deadLetter)) : []
    const stored = open.flatMap((each, index) => {
      const location = locations[index]
      return typeof location === 'string' ? [{ open: each, location }] : []
    })
    const isDeleted = stored.length > 0 && (await isCompleted(store, stored))
    moved += stored.length
    if (!isDeleted || stored.length < open.length) left += completed
  }
  return { moved, left }
}

async function isCompleted(store: DeadLetterStore, stored: Parameters<DeadLetterStore['complete']>[0]) {
  try {
    await store.complete(stored)
    return true
  } catch (error) {
    if (error instanceof NotCompletedError) return false
    throw error
  }
}
