// Runs the work for an id once per window: claims the id, does the work, completes the id.
import { createHash, randomUUID } from 'node:crypto'
import { ConfigError, errorName, InvalidRecordError } from '../errors.ts'
import { guardedWarn } from '../warn.ts'
import type { IdStore } from './id-store.ts'

const WINDOW_MS = 86_400_000
/** The longest that a Lambda function may run. */
const LEASE_MS = 900_000
/** Longer ids are stored as their digest, because the key of a DynamoDB item has at most 2,048 bytes. */
const MAX_ID_BYTES = 1024
/** Prefix of a digest. An id that starts with it is stored as its digest too, so that two ids never become one. */
const DIGEST = 'sha256:'
const STORE_METHODS = ['claim', 'complete', 'release'] as const

export interface DuplicateFilterOptions {
  readonly store: IdStore
  /**
   * The consumer's name. Each consumer handles each record once, so consumers that share a store need different names.
   * 1 to 128 of A-Z, a-z, 0-9, `_`, `.` and `-`.
   */
  readonly consumer: string
  /** How long an id is remembered after its record was handled, ms. Default: 86,400,000 (a day). */
  readonly windowMs?: number
  /** When a claim expires if its consumer dies, ms. It must be longer than the work takes. Default: 900,000. */
  readonly leaseMs?: number
  /** Called with problems that do not stop the consumer. Default: `process.emitWarning`. */
  readonly warn?: (text: string) => void
}

/**
 * `handled`: the work was done now. `duplicate`: it was done before, within the window. `in-progress`: another consumer
 * is doing it, or died and its lease has not ended; try again later.
 */
export type OnceResult = 'handled' | 'duplicate' | 'in-progress'

export interface RecordKey {
  readonly topic: string
  /** The record's `kp-id`. */
  readonly id: string
}

/**
 * Drops duplicates by id. This is at-least-once with duplicates dropped, not exactly-once: the work is repeated if the
 * consumer dies before the completion is stored, if storing the completion fails, if the work takes longer than the
 * lease, and after the window.
 */
export class DuplicateFilter {
  readonly #options: Required<DuplicateFilterOptions>

  /** @throws ConfigError */
  constructor(options: DuplicateFilterOptions) {
    if (typeof options !== 'object' || options === null) throw new ConfigError(['options: expected an object.'])
    const { store, windowMs = WINDOW_MS, leaseMs = LEASE_MS, warn } = options
    const problems: string[] = []
    const missing = STORE_METHODS.filter(method => typeof store?.[method] !== 'function')
    if (missing.length > 0) problems.push(`store: expected an IdStore; it has no ${missing.join(', ')}.`)
    if (warn !== undefined && typeof warn !== 'function')
      problems.push(`warn: expected a function; got ${typeof warn}.`)
    if (typeof options.consumer !== 'string' || !/^[\w.-]{1,128}$/.test(options.consumer))
      problems.push('consumer: expected a name, 1 to 128 of A-Z, a-z, 0-9, "_", "." and "-".')
    for (const [name, ms] of Object.entries({ windowMs, leaseMs }))
      if (!isDuration(ms)) problems.push(`${name}: expected milliseconds, more than 0; got ${ms}.`)
    if (problems.length > 0) throw new ConfigError(problems)
    this.#options = { ...options, windowMs, leaseMs, warn: guardedWarn(warn) }
  }

  /**
   * Does the work unless it was done before.
   * @param leaseMs default: that of the options
   * @throws the error of the work, after its claim was released; an error of the store before the work began;
   * InvalidRecordError without a topic or an id; ConfigError for a wrong lease
   */
  async once(
    record: RecordKey,
    work: () => unknown,
    { leaseMs = this.#options.leaseMs }: { readonly leaseMs?: number } = {},
  ): Promise<OnceResult> {
    const { store, windowMs, consumer } = this.#options
    if (!isText(record?.topic) || !isText(record.id))
      throw new InvalidRecordError('bad-value', 'The record to handle once has no topic or no id.')
    if (!isDuration(leaseMs)) throw new ConfigError(['leaseMs: expected milliseconds, more than 0.'])
    const id = storedId(consumer, record)
    const owner = randomUUID()
    const claim = await store.claim(id, { owner, leaseMs })
    if (claim === 'completed') return 'duplicate'
    if (claim === 'in-progress') return claim
    if (claim !== 'claimed')
      throw new TypeError('The store\'s claim: expected "claimed", "completed" or "in-progress".')
    try {
      await work()
    } catch (error) {
      await this.#attempt('The claim of a failed record lasts until its lease ends', () => store.release(id, owner))
      throw error
    }
    await this.#attempt('A handled record is not noted, so a duplicate of it is handled again', () =>
      store.complete(id, windowMs),
    )
    return 'handled'
  }

  /** A caller's store may throw or reject; neither may hide that the work is done, or replace the work's own error. */
  async #attempt(consequence: string, call: () => Promise<void>): Promise<void> {
    try {
      await call()
    } catch (error) {
      this.#options.warn(`${consequence} (${errorName(error)}).`)
    }
  }
}

function isDuration(ms: unknown): boolean {
  return Number.isFinite(ms) && Number(ms) > 0
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && value !== ''
}

/** Unambiguous, because neither consumer names nor topics contain "#". */
function storedId(consumer: string, { topic, id }: RecordKey): string {
  // UTF-8 encodes every lone surrogate to the same bytes, so such an id is hashed as UTF-16.
  const isUtf8 = id.isWellFormed()
  const bytes = Buffer.from(id, isUtf8 ? 'utf8' : 'utf16le')
  const isKept = isUtf8 && bytes.length <= MAX_ID_BYTES && !id.startsWith(DIGEST)
  const digest = () => `${DIGEST}${isUtf8 ? '' : 'utf16:'}${createHash('sha256').update(bytes).digest('base64url')}`
  const name = isKept ? id : digest()
  return `${consumer}#${topic}#${name}`
}
