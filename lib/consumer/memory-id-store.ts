// Stores ids in the memory of one process, for a consumer with one instance and for tests.
import { checkOptions } from '../check-options.ts'
import { ConfigError } from '../errors.ts'
import type { Claim, ClaimResult, IdStore } from './id-store.ts'

const MAX_IDS = 100_000

export interface MemoryIdStoreOptions {
  /**
   * The most ids to keep; beyond it the oldest completed ids are dropped. Default: 100,000, about 20 MB with ids of 36
   * characters.
   */
  readonly maxIds?: number
  /** Returns the time, ms. Default: a monotonic clock. */
  readonly now?: () => number
}

interface OpenClaim {
  readonly owner: string
  readonly until: number
}

/**
 * Stores ids in memory. Each process and each Lambda sandbox has its own ids, so a duplicate in another one is not
 * recognised.
 */
export class MemoryIdStore implements IdStore {
  readonly #maxIds: number
  readonly #now: () => number
  readonly #claims = new Map<string, OpenClaim>()
  /** When the window of each id ends; in the order of the last change. */
  readonly #completed = new Map<string, number>()
  /**
   * Above this number of ids all claims are checked for expiry, not only the oldest. It doubles each time, so checks
   * stay rare.
   */
  #lookAbove: number

  /** @throws ConfigError */
  constructor(options: MemoryIdStoreOptions = {}) {
    checkOptions('MemoryIdStore', options, { maxIds: 'any', now: 'any' })
    const { maxIds = MAX_IDS, now = () => performance.now() } = options
    // Any other bound, such as NaN, would drop every id at once.
    if (typeof maxIds !== 'number' || !(maxIds >= 1))
      throw new ConfigError([`MemoryIdStore: maxIds: expected a number from 1; got ${String(maxIds)}.`])
    if (typeof now !== 'function') throw new ConfigError(['MemoryIdStore: now: expected a function.'])
    this.#maxIds = maxIds
    this.#lookAbove = maxIds
    this.#now = now
  }

  /** The number of stored ids, including expired ones. */
  get size(): number {
    return this.#claims.size + this.#completed.size
  }

  async claim(id: string, { owner, leaseMs }: Claim): Promise<ClaimResult> {
    const now = this.#now()
    if ((this.#completed.get(id) ?? now) > now) return 'completed'
    if ((this.#claims.get(id)?.until ?? now) > now) return 'in-progress'
    this.#forget(id)
    this.#claims.set(id, { owner, until: now + leaseMs })
    this.#trim(now)
    return 'claimed'
  }

  async complete(id: string, windowMs: number): Promise<void> {
    const now = this.#now()
    this.#forget(id)
    this.#completed.set(id, now + windowMs)
    this.#trim(now)
  }

  async release(id: string, owner: string): Promise<void> {
    if (this.#claims.get(id)?.owner === owner) this.#claims.delete(id)
  }

  #forget(id: string): void {
    this.#claims.delete(id)
    this.#completed.delete(id)
  }

  /** An active claim is never dropped, even above `maxIds`, because its work is still running. */
  #trim(now: number): void {
    if (this.size <= this.#maxIds) return
    this.#dropEndedClaims(now)
    for (const oldest of this.#completed.keys()) {
      if (this.size <= this.#maxIds) return
      this.#completed.delete(oldest)
    }
  }

  #dropEndedClaims(now: number): void {
    const looksAtAll = this.size > this.#lookAbove
    for (const [id, { until }] of this.#claims) {
      // The oldest claims usually end first.
      if (until <= now) this.#claims.delete(id)
      else if (!looksAtAll) return
    }
    this.#lookAbove = 2 * Math.max(this.#maxIds, this.size)
  }
}
