// Decides when the Sender runs next: at the end of this turn, or when the next batch may be sent.
import type { Clock } from '../time/clock.ts'

/** Which partitions a run checks: those for which something changed, or all that have records. */
export type RunScope = 'changed' | 'all'

export class RunSchedule {
  readonly #clock: Clock
  readonly #run: (scope: RunScope) => void
  #timer: unknown
  /** When the timer fires (monotonic clock). */
  #timerAt = Number.POSITIVE_INFINITY
  /** The scope of the run at the end of this turn. */
  #requested: RunScope | undefined

  /** @param run called for each run of the Sender, with the partitions that it looks at */
  constructor(clock: Clock, run: (scope: RunScope) => void) {
    this.#clock = clock
    this.#run = run
  }

  /** Runs once at the end of this turn, however often it is called before. */
  request(scope: RunScope): void {
    if (this.#requested === undefined)
      queueMicrotask(() => {
        const requested = this.#requested as RunScope
        this.#requested = undefined
        this.#run(requested)
      })
    if (this.#requested !== 'all') this.#requested = scope
  }

  /**
   * Runs at a moment.
   * @param at (monotonic clock); Infinity: no run, unless something changes
   */
  wakeAt(at: number): void {
    if (at === this.#timerAt) return
    this.#clock.clearTimeout(this.#timer)
    this.#timerAt = at
    if (at === Number.POSITIVE_INFINITY) return
    const onTimeout = () => {
      this.#timerAt = Number.POSITIVE_INFINITY
      this.#run('changed')
    }
    this.#timer = this.#clock.setTimeout(onTimeout, Math.max(1, at - this.#clock.now()))
  }

  close(): void {
    this.#clock.clearTimeout(this.#timer)
  }
}
