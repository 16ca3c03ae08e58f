/** The source of time for everything here; tests replace it. */
export interface Clock {
  /** Milliseconds on a monotonic clock. */
  now(): number
  /** Milliseconds since the epoch; jumps when the system's date is set. */
  epochMs(): number
  /** Of any length: with `Infinity` the callback is never called. */
  setTimeout(callback: () => void, ms: number): unknown
  clearTimeout(timer: unknown): void
}

/** Node.js fires a timer of more than 2^31 − 1 ms (24.8 days) after 1 ms. */
const MAX_TIMER_MS = 2 ** 31 - 1

/** A timer that is longer than one of Node.js may be. */
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
 * One moment on both clocks. A frozen sandbox may stop either of them, so the elapsed time is the larger difference.
 */
export interface Moment {
  readonly now: number
  readonly epochMs: number
}

export function moment(clock: Clock): Moment {
  return { now: clock.now(), epochMs: clock.epochMs() }
}

/** Milliseconds since `start`. */
export function elapsedSince(clock: Clock, start: Moment): number {
  return Math.max(clock.now() - start.now, clock.epochMs() - start.epochMs)
}

export function sleep(clock: Clock, ms: number): Promise<void> {
  return new Promise(resolve => {
    clock.setTimeout(resolve, Math.max(0, ms))
  })
}
