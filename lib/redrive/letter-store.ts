// What a dead-letter target is to those who read it: letters that are open, and ways to settle them.
import type { DeadLetter } from '../dead-letter/envelope.ts'

export interface OpenLetter {
  readonly letter: DeadLetter
  /** Where it lies, as it was told when it was stored. */
  readonly receipt: string
  /** What the store needs to settle it. */
  readonly handle?: unknown
}

export interface Settled {
  readonly open: OpenLetter
  /** Where its record is now: `kafka:<topic>-<partition>@<offset>`. */
  readonly receipt: string
}

export interface Lease {
  /** @throws DeadLetterError when somebody else has it by now */
  renew(): Promise<void>
  release(): Promise<void>
}

export interface LetterStore {
  /** Open letters, folded by identity: a letter that lies there twice is given once. */
  letters(): AsyncIterable<OpenLetter>
  /** Their records are in Kafka: the letters are deleted, or marked as settled. */
  settle(settled: readonly Settled[]): Promise<void>
  /** Puts another version of a letter in its place, on disk or with its service before the old one goes. */
  replace(open: OpenLetter, letter: DeadLetter): Promise<void>
  /**
   * The right to redrive: one at a time, for a minute at most if its holder dies.
   * @throws DeadLetterError `redrive-running` while another has it
   */
  lease(): Promise<Lease>
  /** Lets go of what was given and is not settled. */
  close(): Promise<void>
}

/** How long a lease lasts if nobody renews it, ms. */
export const LEASE_MS = 60_000
