// The open dead letters, as they were last read. They are read again when something changed, and never for more than a
// fifth of the time: 100,000 of them take a second or two.
import { describeError } from '../../lib/errors.ts'
import { type Snapshot, SnapshotBuilder } from './snapshot.ts'

/** How often targets are read that can't tell whether something changed, ms. In SQS each look counts a receive. */
const UNWATCHED_MS = 30_000
/** A reading waits this many times as long as the one before it took. */
const REST_FACTOR = 4

export interface ReaderOptions {
  /** Reads everything into the builder. */
  readonly read: (builder: SnapshotBuilder) => Promise<void>
  /** Returns a text that differs after each change; undefined if only reading tells. */
  readonly stateOf: () => Promise<string | undefined>
  readonly nowMs?: () => number
}

export interface Current {
  /** Undefined until the first reading ends. */
  readonly snapshot: Snapshot | undefined
  /** The dead letters that the reading in progress has met; undefined if none is in progress. */
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
   * Returns what is known, and reads again in the background where something may have changed.
   * @param waitMs how long to wait for a reading in progress
   */
  async current(waitMs: number): Promise<Current> {
    this.#refreshing ??= this.#refresh().finally(() => {
      this.#refreshing = undefined
    })
    await within(this.#refreshing, waitMs)
    return { snapshot: this.#snapshot, progress: this.#builder?.count }
  }

  /** Call it after a change, or when a person asks: the next call reads again. */
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
    // The state from before the reading: a change during it is read next time.
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
