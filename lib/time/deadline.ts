import type { Clock } from './clock.ts'

/** A point in time, on the monotonic clock, at which waiting ends. */
export class Deadline {
  readonly at: number
  readonly #clock: Clock

  constructor(clock: Clock, at: number) {
    this.#clock = clock
    this.at = at
  }

  static after(clock: Clock, ms: number): Deadline {
    return new Deadline(clock, clock.now() + ms)
  }

  get remaining(): number {
    return this.at - this.#clock.now()
  }

  get passed(): boolean {
    return this.remaining <= 0
  }

  /** Returns the earlier of this deadline and `ms` from now. */
  limitedTo(ms: number): Deadline {
    return new Deadline(this.#clock, Math.min(this.at, this.#clock.now() + ms))
  }
}
