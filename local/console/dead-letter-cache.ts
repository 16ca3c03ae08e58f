// Caches the open dead letters as they were last read. They are read again after a change, but never for more than a
// fifth of the time, because reading 100,000 of them takes a second or two.
import { describeError } from '../../lib/errors.ts'
import { type Snapshot, SnapshotBuilder } from './snapshot.ts'

/** How often targets are read for which changes can't be detected, ms. In SQS, each read counts as a receive. */
const UNWATCHED_MS = 30_000
/** The pause before a reading, as a multiple of how long the reading before it took. */
const REST_FACTOR = 4

export interface ReaderOptions {
  /** Reads all dead letters into the builder. */
  readonly read: (builder: SnapshotBuilder) => Promise<void>
  /** Returns a text that differs after each change; undefined if only reading shows a change. */
  readonly stateOf: () => Promise<string | undefined>
  readonly nowMs?: () => number
}

export interface Current {
  /** Undefined until the first reading ends. */
  readonly snapshot: Snapshot | undefined
  /** How many dead letters the reading in progress has found; undefined if none is in progress. */
  readonly progress: number | undefined
}

export class DeadLetterCache {
  readonly #options: Required<ReaderOptions>
  #snapshot: Snapshot | undefined
  #builder: SnapshotBuilder | undefined
  #state: string | undefined
  #isStale = true
  #endedAt = Number.NEGATIVE_INFINITY
  #tookMs = 0
  #refreshing: Promise<void> | undefined

  constructor(options: ReaderOptions) {
    this.#options = { nowMs: () => performance.now(), ...options }
  }

  /**
   * Returns the last snapshot, and reads again in the background if something may have changed.
   * @param waitMs how long to wait for a reading in progress
   */
  async current(waitMs: number): Promise<Current> {
    this.#refreshing ??= this.#refresh().finally(() => {
      this.#refreshing = undefined
    })
    await within(this.#refreshing, waitMs)
    return { snapshot: this.#snapshot, progress: this.#builder?.count }
  }

  /** Makes the next call read again. Call it after a change, or when the user asks for it. */
  invalidate(): void {
    this.#isStale = true
  }

  async #refresh(): Promise<void> {
    const { nowMs, stateOf, read } = this.#options
    const restMs = nowMs() - this.#endedAt
    if (!this.#isStale && restMs < this.#tookMs * REST_FACTOR) return
    const state = await stateOf()
    const hasChanged = state === undefined ? restMs >= UNWATCHED_MS : state !== this.#state
    if (!this.#isStale && !hasChanged) return
    this.#isStale = false
    const builder = new SnapshotBuilder()
    this.#builder = builder
    const begin = nowMs()
    try {
      await read(builder)
    } catch (error) {
      builder.addFailure('dead letters', describeError(error))
    }
    this.#endedAt = nowMs()
    this.#tookMs = this.#endedAt - begin
    // The state from before the reading, so that a change during the reading causes another one.
    this.#state = state
    this.#snapshot = builder.build()
    this.#builder = undefined
  }
}

async function within(work: Promise<void>, ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<void>(resolve => {
    timer = setTimeout(resolve, ms)
  })
  await Promise.race([work, late]).finally(() => clearTimeout(timer))
}
