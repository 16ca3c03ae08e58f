// How long an invocation may send: the least of Lambda's remaining time and what the front door of an HTTP function
// leaves, minus the reserve for dead letters and the answer.
import { type Clock, systemClock } from '../time/clock.ts'
import { Deadline } from '../time/deadline.ts'

interface InvocationLimits {
  readonly deadlineReserveMs: number
}

/** Reserved for returning the answer. */
const ANSWER_MS = 250

/** When an invocation's dead letters must be stored: at its end, minus the time for the answer. */
export function answerDeadline(
  remainingMs: number,
  { deadlineReserveMs }: InvocationLimits,
  clock: Clock = systemClock,
): Deadline {
  return Deadline.after(clock, remainingMs - Math.min(ANSWER_MS, deadlineReserveMs))
}

/**
 * When sending ends in an invocation. The remaining time is read once, then counted on the monotonic clock.
 * @param remainingMs the least of what Lambda and the front door leave
 */
export function sendingDeadline(
  remainingMs: number,
  { deadlineReserveMs }: InvocationLimits,
  clock: Clock = systemClock,
): Deadline {
  return Deadline.after(clock, remainingMs - deadlineReserveMs)
}
