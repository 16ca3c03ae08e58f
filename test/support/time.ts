// Waiting in tests, by the system clock or a virtual one.
import { setTimeout as pause } from 'node:timers/promises'
import type { VirtualClock } from '../../lib/testing/virtual-clock.ts'
import { systemClock } from '../../lib/time/clock.ts'
import { Deadline } from '../../lib/time/deadline.ts'

export function deadlineIn(ms: number): Deadline {
  return Deadline.after(systemClock, ms)
}

export { pause }

/**
 * Tells whether the work is done before a timer that starts now. On a busy machine both are late, and their order stays
 * if the work ends by a timer that is due some seconds earlier: one that is late may wait for answers (patientTimer).
 * @throws what the work throws
 */
export async function isDoneWithin(ms: number, work: Promise<unknown>): Promise<boolean> {
  const abort = new AbortController()
  const timer = pause(ms, false, { signal: abort.signal }).catch(() => false)
  try {
    return await Promise.race([work.then(() => true), timer])
  } finally {
    abort.abort()
  }
}

/** Waits until the condition is true. @throws Error if it is still false after `ms` */
export async function until(condition: () => boolean, ms = 20_000): Promise<void> {
  const deadline = deadlineIn(ms)
  while (!condition()) {
    if (deadline.passed) throw new Error(`The condition is still false after ${ms} ms: ${condition}`)
    await pause(10)
  }
}

/** Lets virtual time pass until the work is done or has failed. @returns its result */
export async function whenDone<T>(clock: VirtualClock, work: Promise<T>): Promise<T> {
  let isDone = false
  void Promise.allSettled([work]).then(() => {
    isDone = true
  })
  await clock.run(() => isDone)
  return work
}
