import type { Clock } from './clock.ts'

const LATE_MS = 250
const GRACE_MS = 200

/**
 * A timer that knows a thaw: fired more than 250 ms late, it waits 200 ms more, once, so that answers which
 * arrived while the process was frozen are read before anything is given up. Returns what cancels it.
 */
export function patientTimer(clock: Clock, ms: number, fire: () => void, onGrace?: () => void): () => void {
  const due = clock.now() + ms
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

/** Waits for `work` no longer than `ms`, patiently; then rejects with what `late` gives. The work itself goes on. */
export function within<T>(
  clock: Clock,
  ms: number,
  work: Promise<T>,
  late: () => Error,
  onGrace?: () => void,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const cancel = patientTimer(clock, ms, () => reject(late()), onGrace)
    work.finally(cancel).then(resolve, reject)
  })
}
