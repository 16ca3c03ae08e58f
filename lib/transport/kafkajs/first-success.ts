// Tries several ways to get the same answer: the next one when one fails, more in parallel when they are silent.
import type { Clock } from '../../time/clock.ts'
import { patientTimer } from '../../time/patient-timer.ts'

/** An attempt without a result for this long counts as silent, ms. It continues in parallel with the next ones. */
export const SILENT_MS = 1000
/** How many more attempts start after the first silence, so that several silent brokers cost only one wait. */
const SIDE_BY_SIDE = 8

/** @param startNext starts the next attempt now; call it if the result is likely to be late */
export type Attempt<T> = (startNext: () => void) => Promise<T>

/**
 * Starts the attempts in their order, and resolves with the first result. The next attempt starts when one has failed;
 * after a second without a result eight more start at once, and after each further second twice as many as before. Late
 * attempts are not stopped.
 * @param doubtful how many attempts are likely to be silent; as many more, at most eight, start together with the first
 * @throws the errors of all attempts, in the order in which they failed
 */
export function firstSuccess<T>(attempts: readonly Attempt<T>[], clock: Clock, doubtful = 0): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>()
  const errors: unknown[] = []
  let started = 0
  let running = 0
  let limit = 1 + Math.min(doubtful, SIDE_BY_SIDE)
  let additional = SIDE_BY_SIDE
  let cancelTimer = () => {}
  let isDone = false
  const finish = () => {
    isDone = true
    cancelTimer()
  }
  const startMore = () => {
    while (running < limit && started < attempts.length) start(attempts[started++] as Attempt<T>)
    cancelTimer()
    if (isDone || started === attempts.length) return
    cancelTimer = patientTimer(clock, SILENT_MS, () => {
      limit = running + additional
      additional *= 2
      startMore()
    })
  }
  const startNext = () => {
    limit = Math.max(limit, running + 1)
    if (!isDone) startMore()
  }
  const start = (attempt: Attempt<T>) => {
    running++
    attempt(startNext).then(
      value => {
        finish()
        resolve(value)
      },
      error => {
        running--
        errors.push(error)
        if (isDone) return
        if (errors.length < attempts.length) return startMore()
        finish()
        reject(new AllFailedError(errors))
      },
    )
  }
  if (attempts.length === 0) reject(new AllFailedError([]))
  else startMore()
  return promise
}

/** No attempt succeeded. */
export class AllFailedError extends Error {
  override name = 'AllFailedError'
  readonly errors: readonly unknown[]

  constructor(errors: readonly unknown[]) {
    super(`${errors.length} attempt(s) failed.`)
    this.errors = errors
  }
}
