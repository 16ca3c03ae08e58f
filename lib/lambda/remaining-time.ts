// How long an invocation may send: Lambda's remaining time, and for HTTP also API Gateway's limit, minus the reserve
// for dead letters and the answer.
import { type Clock, systemClock } from '../time/clock.ts'
import { Deadline } from '../time/deadline.ts'

export interface InvocationLimits {
  readonly deadlineReserveMs: number
  readonly httpDeadlineMs: number
}

/** Reserved for returning the answer. */
const ANSWER_MS = 250

/** When an invocation's dead letters must be stored: at its end, minus the time for the answer. */
export function answerDeadline(
  remainingMs: number,
  limits: InvocationLimits,
  httpEpochMs?: number,
  clock: Clock = systemClock,
): Deadline {
  return sendingDeadline(
    remainingMs,
    { ...limits, deadlineReserveMs: Math.min(ANSWER_MS, limits.deadlineReserveMs) },
    httpEpochMs,
    clock,
  )
}

/**
 * When sending ends in an invocation. The remaining time is read once, then counted on the monotonic clock.
 * @param httpEpochMs when API Gateway received the request
 */
export function sendingDeadline(
  remainingMs: number,
  limits: InvocationLimits,
  httpEpochMs?: number,
  clock: Clock = systemClock,
): Deadline {
  const httpRemaining =
    httpEpochMs === undefined ? Number.POSITIVE_INFINITY : httpEpochMs + limits.httpDeadlineMs - clock.epochMs()
  // If the gateway's clock is ahead of this one, its limit must not get longer.
  const remaining = Math.min(
    remainingMs,
    httpRemaining,
    httpEpochMs === undefined ? Number.POSITIVE_INFINITY : limits.httpDeadlineMs,
  )
  return Deadline.after(clock, remaining - limits.deadlineReserveMs)
}
