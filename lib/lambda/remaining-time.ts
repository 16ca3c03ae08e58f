// How long an invocation may send: Lambda's own clock, and for HTTP API Gateway's too, less the reserve for dead letters and answer.
import { type Clock, systemClock } from '../time/clock.ts'
import { Deadline } from '../time/deadline.ts'

export interface InvocationLimits {
  readonly deadlineReserveMs: number
  readonly httpDeadlineMs: number
}

/** Kept for the answer itself to leave. */
const ANSWER_MS = 250

/** When an invocation's dead letters must be stored: its end, less the moment that the answer takes. */
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

/** Remaining time is read once, then counted on the monotonic clock. `httpEpochMs`: when the gateway took the request. */
export function sendingDeadline(
  remainingMs: number,
  limits: InvocationLimits,
  httpEpochMs?: number,
  clock: Clock = systemClock,
): Deadline {
  const httpRemaining =
    httpEpochMs === undefined ? Number.POSITIVE_INFINITY : httpEpochMs + limits.httpDeadlineMs - clock.epochMs()
  // A gateway's clock that runs ahead of ours must not stretch its own limit.
  const remaining = Math.min(
    remainingMs,
    httpRemaining,
    httpEpochMs === undefined ? Number.POSITIVE_INFINITY : limits.httpDeadlineMs,
  )
  return Deadline.after(clock, remaining - limits.deadlineReserveMs)
}
