// Several entries of a target may hold the same dead letter. The store yields them once and completes them together,
// but only where the whole record is equal: an entry that merely has the id of another can't end it.
import { createHash } from 'node:crypto'
import type { DeadLetter } from './dead-letter.ts'

/** The handle of a dead letter with all its entries. */
export interface Entries<Key> {
  readonly keys: Key[]
  isCompleted: boolean
}

/** Of one pass over a target. It keeps about 200 bytes per dead letter, whatever their payloads. */
export class Copies<Key> {
  readonly #entries = new Map<string, Entries<Key>>()
  readonly #onLate: (key: Key) => void

  /** @param onLate called with an entry whose dead letter is completed already */
  constructor(onLate: (key: Key) => void) {
    this.#onLate = onLate
  }

  /** @returns the handle of a dead letter that is new in this pass; undefined for a copy, which the handle then has */
  add(deadLetter: DeadLetter, key: Key): Entries<Key> | undefined {
    const fingerprint = fingerprintOf(deadLetter)
    const earlier = this.#entries.get(fingerprint)
    if (!earlier) {
      const entries = { keys: [key], isCompleted: false }
      this.#entries.set(fingerprint, entries)
      return entries
    }
    if (earlier.isCompleted) this.#onLate(key)
    else earlier.keys.push(key)
    return undefined
  }
}

/** Equal for dead letters of one id whose whole records are equal, including partition, timestamp and all headers. */
export function fingerprintOf({ deadLetterId, recordId, record, claimCheck }: DeadLetter): string {
  const { encoding, topic, partition, partitionFixedBy, timestamp, key, value, headers } = record
  const parts = [
    [deadLetterId, recordId, encoding ?? 'wire', topic, partition, partitionFixedBy, timestamp, key, value],
    headers.map(header => [header.name, header.value]),
    claimCheck && [claimCheck.target, claimCheck.sha256, claimCheck.bytes],
  ]
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64url')
}
