/** The source of time for all code of the library. Tests replace it. */
export interface Clock {
  /** Milliseconds on a monotonic clock. */
  now(): number
  /** Milliseconds since the epoch. Jumps when the system's date is set. */
  epochMs(): number
  /** Calls the callback after `ms`, of any length. With `Infinity` it is never called. */
  setTimeout(callback: () => void, ms: number): unknown
  clearTimeout(timer: unknown): void
}

/** Node.js fires a timer of more than 2^31 − 1 ms (24.8 days) after 1 ms instead. */
const MAX_TIMER_MS = 2 ** 31 - 1

/** A timer that may be longer than Node.js allows. */
class LongTimer {
  #timer: NodeJS.Timeout | undefined

  constructor(callback: () => void, ms: number) {
    this.#start(callback, ms)
  }

  clear(): void {
    clearTimeout(this.#timer)
  }

  #start(callback: () => void, ms: number): void {
    const isLong = ms > MAX_TIMER_MS
    this.#timer = setTimeout(
      () => (isLong ? this.#start(callback, ms - MAX_TIMER_MS) : callback()),
      isLong ? MAX_TIMER_MS : ms,
    )
  }
}

export const systemClock: Clock = {
  now: () => performance.now(),
  epochMs: () => Date.now(),
  setTimeout: (callback, ms) => (ms > MAX_TIMER_MS ? new LongTimer(callback, ms) : setTimeout(callback, ms)),
  clearTimeout: timer => (timer instanceof LongTimer ? timer.clear() : clearTimeout(timer as NodeJS.Timeout)),
}

/**
 * A moment on both clocks. Freezing a sandbox may stop either of them, so the elapsed time is the larger difference.
 */
export interface Moment {
  readonly now: number
  readonly epochMs: number
}

export function moment(clock: Clock): Moment {
  return { now: clock.now(), epochMs: clock.epochMs() }
}

/** Returns the milliseconds since `start`. */
export function elapsedSince(clock: Clock, start: Moment): number {
  return Math.max(clock.now() - start.now, clock.epochMs() - start.epochMs)
}

export function sleep(clock: Clock, ms: number): Promise<void> {
  return new Promise(resolve => {
    clock.setTimeout(resolve, Math.max(0, ms))
  })
}
