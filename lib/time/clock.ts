/** The time that everything here is measured by. `now` is monotonic; `wall` is the date. Both in milliseconds. */
export interface Clock {
  now(): number
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

/** A moment on both clocks. A frozen sandbox may stop either of them, so the time since is the larger of the two. */
export interface Moment {
  readonly now: number
  readonly epochMs: number
}

export function moment(clock: Clock): Moment {
  return { now: clock.now(), epochMs: clock.epochMs() }
}

export function elapsedSince(clock: Clock, then: Moment): number {
  return Math.max(clock.now() - then.now, clock.epochMs() - then.epochMs)
}

export function sleep(clock: Clock, ms: number): Promise<void> {
  return new Promise(resolve => {
    clock.setTimeout(resolve, Math.max(0, ms))
  })
}
