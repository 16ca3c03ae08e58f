/** The source of time for everything here; tests replace it. */
export interface Clock {
  /** Milliseconds on a monotonic clock. */
  now(): number
  /** Milliseconds since the epoch; jumps when the system's date is set. */
  epochMs(): number
  setTimeout(callback: () => void, ms: number): unknown
  clearTimeout(timer: unknown): void
}

export const systemClock: Clock = {
  now: () => performance.now(),
  epochMs: () => Date.now(),
  setTimeout: (callback, ms) => setTimeout(callback, ms),
  clearTimeout: timer => clearTimeout(timer as NodeJS.Timeout),
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
