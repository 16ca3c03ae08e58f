// Computes how long an invocation may send: the shorter of Lambda's remaining time and the time that the gateway of an
// HTTP function still waits, minus the reserve for dead letters and the answer.
import { type Clock, systemClock } from '../time/clock.ts'
import { Deadline } from '../time/deadline.ts'

interface InvocationLimits {
  readonly deadlineReserveMs: number
}

/** Reserved for returning the answer, ms. */
const ANSWER_MS = 250

/** Returns when an invocation's dead letters must be stored: at its end, minus the time for the answer. */
export function answerDeadline(
  remainingMs: number,
  { deadlineReserveMs }: InvocationLimits,
  clock: Clock = systemClock,
): Deadline {
  return Deadline.after(clock, remainingMs - Math.min(ANSWER_MS, deadlineReserveMs))
}

/**
 * Returns when sending ends in an invocation. The remaining time is read once, then counted on the monotonic clock.
 * @param remainingMs the shorter of Lambda's remaining time and the gateway's
 */
export function sendingDeadline(
  remainingMs: number,
  { deadlineReserveMs }: InvocationLimits,
  clock: Clock = systemClock,
): Deadline {
  return Deadline.after(clock, remainingMs - deadlineReserveMs)
}
