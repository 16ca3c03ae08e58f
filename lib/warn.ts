import { errorName } from './errors.ts'
import { catchRejection } from './time/thenable.ts'

/**
 * The default of every option "warn": a line on stderr, unless Node runs with `--disable-warning=KafkaProducerWarning`
 * or `--no-warnings`.
 */
export function emitWarning(text: string): void {
  process.emitWarning(text, 'KafkaProducerWarning')
}

/** Wraps the caller's function for warnings: that it throws, or rejects later, disturbs no record and no process. */
export function guardedWarn(warn: (text: string) => void): (text: string) => void {
  return guardedCallback('warn', warn)
}

/**
 * Wraps a function of the caller that only listens. That it throws, or rejects later, is a warning.
 * @param name of the option, for the warning
 * @param warn must not throw
 */
export function guardedCallback<Args extends unknown[]>(
  name: string,
  callback: (...args: Args) => unknown,
  warn = emitWarning,
): (...args: Args) => void {
  const onError = (error: unknown) => warn(`The option "${name}" failed (${errorName(error)}).`)
  return (...args) => {
    try {
      catchRejection(callback(...args), onError)
    } catch (error) {
      onError(error)
    }
  }
}
