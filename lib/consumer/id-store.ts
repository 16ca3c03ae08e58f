// Where a consumer notes the ids of the records that it handled.

/** What a store answers when an id is to be claimed. */
export type ClaimResult =
  /** It is the caller's until it completes or releases it, or until the lease ends. */
  | 'claimed'
  /** A record with this id was handled within the window. */
  | 'completed'
  /** Another caller has claimed it, and its lease has not ended. */
  | 'in-progress'

export interface Claim {
  /** The name of this claim; no other claim has the same. */
  readonly owner: string
  /** When the claim ends by itself, ms from now: its owner may have died. */
  readonly leaseMs: number
}

/**
 * Ids by their state. `claim` must be atomic: of several callers at most one gets `claimed` while its claim lasts. Each
 * method rejects when it does not know whether it took effect.
 */
export interface IdStore {
  claim(id: string, claim: Claim): Promise<ClaimResult>
  /** Notes an id as handled for `windowMs`, whoever has claimed it by now: the work is done. */
  complete(id: string, windowMs: number): Promise<void>
  /** Ends a claim whose work failed; does nothing if `owner` no longer has it. */
  release(id: string, owner: string): Promise<void>
}
