// Ids in the memory of one process: for a consumer with one instance, and for tests.
import { checkOptions } from '../check-options.ts'
import { ConfigError } from '../errors.ts'
import type { Claim, ClaimResult, IdStore } from './id-store.ts'

const MAX_IDS = 100_000

export interface MemoryIdStoreOptions {
  /** The oldest completed ids leave when there are more. Default: 100,000, about 20 MB with ids of 36 characters. */
  readonly maxIds?: number
  /** The time, ms. Default: a monotonic clock. */
  readonly now?: () => number
}

interface Entry {
  /** Undefined: completed. */
  readonly owner: string | undefined
  readonly until: number
}

/** Each process, and each Lambda sandbox, has its own: a repeat that another one gets is not recognised. */
export class MemoryIdStore implements IdStore {
  readonly #maxIds: number
  readonly #now: () => number
  /** In the order of the last change. */
  readonly #entries = new Map<string, Entry>()

  /** @throws ConfigError */
  constructor(options: MemoryIdStoreOptions = {}) {
    checkOptions('MemoryIdStore', options, { maxIds: 'any', now: 'any' })
    const { maxIds = MAX_IDS, now = () => performance.now() } = options
    // Another bound, such as NaN, would forget every id at once.
    if (typeof maxIds !== 'number' || !(maxIds >= 1))
      throw new ConfigError([`MemoryIdStore: maxIds: expected a number from 1; got ${String(maxIds)}.`])
    if (typeof now !== 'function') throw new ConfigError(['MemoryIdStore: now: expected a function.'])
    this.#maxIds = maxIds
    this.#now = now
  }

  /** How many ids are noted, those included whose time is over. */
  get size(): number {
    return this.#entries.size
  }

  async claim(id: string, { owner, leaseMs }: Claim): Promise<ClaimResult> {
    const now = this.#now()
    const entry = this.#entries.get(id)
    if (entry && entry.until > now) return entry.owner === undefined ? 'completed' : 'in-progress'
    this.#set(id, { owner, until: now + leaseMs })
    return 'claimed'
  }

  async complete(id: string, windowMs: number): Promise<void> {
    this.#set(id, { owner: undefined, until: this.#now() + windowMs })
  }

  async release(id: string, owner: string): Promise<void> {
    if (this.#entries.get(id)?.owner === owner) this.#entries.delete(id)
  }

  #set(id: string, entry: Entry): void {
    this.#entries.delete(id)
    this.#entries.set(id, entry)
    if (this.#entries.size <= this.#maxIds) return
    const now = this.#now()
    for (const [oldest, { owner, until }] of this.#entries) {
      // A claim that lasts stays, whatever the bound: its work is going on.
      if (owner !== undefined && until > now) continue
      this.#entries.delete(oldest)
      if (this.#entries.size <= this.#maxIds) return
    }
  }
}
