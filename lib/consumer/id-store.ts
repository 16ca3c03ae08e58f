// The port for storing the ids of handled records.

/** The result of claiming an id. */
export type ClaimResult =
  /** The caller holds the claim until it completes or releases the id, or until the lease ends. */
  | 'claimed'
  /** A record with this id was handled within the window. */
  | 'completed'
  /** Another caller has claimed it, and its lease has not ended. */
  | 'in-progress'

export interface Claim {
  /** The unique name of this claim. */
  readonly owner: string
  /** When the claim expires by itself, ms from now, in case its owner dies. */
  readonly leaseMs: number
}

/**
 * Stores the state of each id. `claim` must be atomic: while a claim lasts, only one caller gets `claimed`. Each method
 * rejects if it does not know whether it took effect.
 */
export interface IdStore {
  claim(id: string, claim: Claim): Promise<ClaimResult>
  /** Marks an id as handled for `windowMs`, even if another caller has claimed it by now, because the work is done. */
  complete(id: string, windowMs: number): Promise<void>
  /** Ends a claim whose work failed; does nothing if `owner` no longer holds it. */
  release(id: string, owner: string): Promise<void>
}
