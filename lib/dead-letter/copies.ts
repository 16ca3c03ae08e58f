// Groups entries of a target that hold the same dead letter. The store yields them once and completes them together,
// but only if the whole records are equal: an entry with a forged id can't complete another dead letter.
import { createHash } from 'node:crypto'
import type { DeadLetter } from './dead-letter.ts'

/** The handle of a dead letter with all its entries. */
export interface Entries<Key> {
  readonly keys: Key[]
  isCompleted: boolean
}

/** The copies of one pass over a target: about 200 bytes per dead letter, whatever its payload. */
export class Copies<Key> {
  readonly #entries = new Map<string, Entries<Key>>()
  readonly #onLate: (key: Key) => void

  /** @param onLate called with an entry whose dead letter was completed earlier in this pass */
  constructor(onLate: (key: Key) => void) {
    this.#onLate = onLate
  }

  /**
   * @returns the handle of the dead letter, which then has this key: its only one if the dead letter is new in this
   * pass. Undefined for a copy of one that is completed already
   */
  add(deadLetter: DeadLetter, key: Key): Entries<Key> | undefined {
    const fingerprint = fingerprintOf(deadLetter)
    const earlier = this.#entries.get(fingerprint)
    if (!earlier) {
      const entries = { keys: [key], isCompleted: false }
      this.#entries.set(fingerprint, entries)
      return entries
    }
    if (earlier.isCompleted) {
      this.#onLate(key)
      return undefined
    }
    earlier.keys.push(key)
    return earlier
  }
}

/** Returns the hash of `identityOf`. */
export function fingerprintOf(deadLetter: DeadLetter): string {
  return createHash('sha256').update(identityOf(deadLetter)).digest('base64url')
}

/**
 * Returns a text that is equal for dead letters with the same id and equal records. It leaves out what each attempt to
 * send decides anew: the partitioner's partition, and the span in `traceparent`.
 */
export function identityOf({ deadLetterId, recordId, record, claimCheck }: DeadLetter): string {
  const { encoding, topic, partition, partitionFixedBy, timestamp, key, value, headers } = record
  const fixed = partitionFixedBy === 'source' ? partition : null
  return JSON.stringify([
    [deadLetterId, recordId, encoding ?? 'wire', topic, fixed, timestamp, key, value],
    headers.filter(({ name }) => name !== 'traceparent').map(header => [header.name, header.value]),
    claimCheck && [claimCheck.target, claimCheck.sha256, claimCheck.bytes],
  ])
}
