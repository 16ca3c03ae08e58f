// Waiting in tests, by the system clock.
import { setTimeout as pause } from 'node:timers/promises'
import { systemClock } from '../../lib/time/clock.ts'
import { Deadline } from '../../lib/time/deadline.ts'

export function deadlineIn(ms: number): Deadline {
  return Deadline.after(systemClock, ms)
}

export { pause }

/** Waits until the condition is true. @throws Error if it is still false after `ms` */
export async function until(condition: () => boolean, ms = 20_000): Promise<void> {
  const deadline = deadlineIn(ms)
  while (!condition()) {
    if (deadline.passed) throw new Error(`The condition is still false after ${ms} ms: ${condition}`)
    await pause(10)
  }
}
