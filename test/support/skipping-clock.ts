// A clock whose waits take no time, except those of a given length, which are real: for code that waits between
// requests over real sockets.
import { type Clock, systemClock } from '../../lib/time/clock.ts'

export class SkippingClock implements Clock {
  /** How long each wait that was skipped was asked to be. */
  readonly waits: number[] = []
  readonly #realMs: number
  #skipped = 0

  /** @param realMs waits of this length are real */
  constructor(realMs: number) {
    this.#realMs = realMs
  }

  now(): number {
    return systemClock.now() + this.#skipped
  }

  epochMs(): number {
    return systemClock.epochMs() + this.#skipped
  }

  /** As a process that is frozen for this time. */
  skip(ms: number): void {
    this.#skipped += ms
  }

  setTimeout(callback: () => void, ms: number): unknown {
    if (ms === this.#realMs) return systemClock.setTimeout(callback, ms)
    return setImmediate(() => {
      this.waits.push(ms)
      this.#skipped += ms
      callback()
    })
  }

  clearTimeout(timer: unknown): void {
    clearImmediate(timer as NodeJS.Immediate)
    clearTimeout(timer as NodeJS.Timeout)
  }
}
