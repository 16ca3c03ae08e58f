// A dead letter that a run tries, and the batches in which it does so.
import type { DeadLetter } from '../dead-letter/dead-letter.ts'
import type { OpenDeadLetter } from '../dead-letter/dead-letter-store.ts'
import { sizeInMemory } from '../dead-letter/size-in-memory.ts'

/** The values of a batch are in memory together, several times each: as base64, as bytes, as a record batch. */
const BATCH_BYTES = 16 * 1024 * 1024

/** A dead letter and the topic that its record will be sent to. */
export interface Candidate {
  readonly open: OpenDeadLetter
  /** With that topic; one in doubt with its own, for it is looked for where it was sent. */
  readonly deadLetter: DeadLetter
  readonly topic: string
  /** The partition that its key maps to; undefined if it has no key or the topic's partitions are unknown. */
  readonly partition: number | undefined
  /** Why it stays, e.g. `too-old`. Undefined: nothing known of its topic keeps it. */
  readonly keptFor: string | undefined
  /** Where its record is, if the run has sent it from another target. */
  readonly foundAt?: string | undefined
}

/** In order; at most `size` dead letters, and fewer if their values, also those of claim checks, are large. */
export function* batchesOf(candidates: readonly Candidate[], size: number): Generator<readonly Candidate[]> {
  let batch: Candidate[] = []
  let bytes = 0
  for (const candidate of candidates) {
    const { deadLetter } = candidate
    const own = sizeInMemory(deadLetter) + (deadLetter.claimCheck?.bytes ?? 0)
    if (batch.length > 0 && (batch.length >= size || bytes + own > BATCH_BYTES)) {
      yield batch
      batch = []
      bytes = 0
    }
    batch.push(candidate)
    bytes += own
  }
  if (batch.length > 0) yield batch
}
