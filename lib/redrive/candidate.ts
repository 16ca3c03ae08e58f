// A dead letter that a run tries to send, and the division of these into batches.
import type { DeadLetter } from '../dead-letter/dead-letter.ts'
import type { OpenDeadLetter } from '../dead-letter/dead-letter-store.ts'
import { sizeInMemory } from '../dead-letter/size-in-memory.ts'

/**
 * The most bytes of values in a batch, because they are in memory together, each as base64, as bytes and in a record
 * batch.
 */
const BATCH_BYTES = 16 * 1024 * 1024

/** A dead letter and the topic that its record will be sent to. */
export interface Candidate {
  readonly open: OpenDeadLetter
  /** The dead letter with that topic. One in doubt keeps its own topic, because it is searched where it was sent. */
  readonly deadLetter: DeadLetter
  readonly topic: string
  /** The partition that its key maps to; undefined if it has no key or the topic's partitions are unknown. */
  readonly partition: number | undefined
  /** Why it is kept, e.g. `too-old`; undefined if its topic gives no reason. */
  readonly keptFor: string | undefined
  /** The location of its record, if this run has sent it from another target. */
  readonly foundAt?: string | undefined
}

/**
 * Divides candidates into batches, in order: at most `size` each, and fewer if their values, including claim checks,
 * are large.
 */
export function* batchesOf(candidates: readonly Candidate[], size: number): Generator<readonly Candidate[]> {
  let batch: Candidate[] = []
  let bytes = 0
  for (const candidate of candidates) {
    const { deadLetter } = candidate
    const deadLetterBytes = sizeInMemory(deadLetter) + (deadLetter.claimCheck?.bytes ?? 0)
    if (batch.length > 0 && (batch.length >= size || bytes + deadLetterBytes > BATCH_BYTES)) {
      yield batch
      batch = []
      bytes = 0
    }
    batch.push(candidate)
    bytes += deadLetterBytes
  }
  if (batch.length > 0) yield batch
}
