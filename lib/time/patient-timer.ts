import type { Clock } from './clock.ts'

const LATE_MS = 250
const GRACE_MS = 200

/**
 * Starts a timer that allows for a frozen process. If it fires more than 250 ms late, it waits another 200 ms, once, so
 * that answers that arrived during the freeze are read first. Returns a function that cancels it.
 * @param ms 0 or less: the time has already passed, which is not a sign of a freeze
 * @param onGrace called when the additional wait begins
 */
export function patientTimer(clock: Clock, ms: number, fire: () => void, onGrace?: () => void): () => void {
  const due = clock.now() + Math.max(0, ms)
  let graced = false
  const onTimeout = () => {
    if (!graced && clock.now() - due > LATE_MS) {
      graced = true
      onGrace?.()
      timer = clock.setTimeout(onTimeout, GRACE_MS)
      return
    }
    fire()
  }
  let timer = clock.setTimeout(onTimeout, Math.max(1, ms))
  return () => clock.clearTimeout(timer)
}

/**
 * Waits at most `ms` for `work` (plus the grace period of `patientTimer`), then rejects with `lateError()`. The work
 * itself is not stopped.
 */
export function withTimeout<T>(
  clock: Clock,
  ms: number,
  work: Promise<T>,
  lateError: () => Error,
  onGrace?: () => void,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const cancel = patientTimer(clock, ms, () => reject(lateError()), onGrace)
    work.finally(cancel).then(resolve, reject)
  })
}
