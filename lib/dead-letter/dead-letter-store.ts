// What a dead-letter target is to those who read it: dead letters that are open, and ways to settle them.
import type { DeadLetter } from './dead-letter.ts'

export interface OpenDeadLetter {
  readonly deadLetter: DeadLetter
  /** Where it lies, as it was told when it was stored. */
  readonly location: string
  /** What the store needs to settle it. */
  readonly handle?: unknown
}

export interface Completed {
  readonly open: OpenDeadLetter
  /** Where its record is now: `kafka:<topic>-<partition>@<offset>`. */
  readonly location: string
}

export interface Lease {
  /** @throws DeadLetterError when somebody else has it by now */
  renew(): Promise<void>
  release(): Promise<void>
}

export interface DeadLetterStore {
  /** Open dead letters, folded by identity: a dead letter that lies there twice is given once. */
  deadLetters(): AsyncIterable<OpenDeadLetter>
  /** Their records are in Kafka: the dead letters are deleted, or marked as settled. */
  complete(completed: readonly Completed[]): Promise<void>
  /** Puts another version of a dead letter in its place, on disk or with its service before the old one goes. */
  replace(open: OpenDeadLetter, deadLetter: DeadLetter): Promise<void>
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
