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
  const onError = (error: unknown) => emitWarning(`The option "warn" failed (${errorName(error)}).`)
  return text => {
    try {
      catchRejection(warn(text), onError)
    } catch (error) {
      onError(error)
    }
  }
}
