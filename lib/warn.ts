// Callbacks of the caller that only listen. That one throws, or rejects later, costs no record and ends no process.
import { errorName } from './errors.ts'
import { catchRejection } from './time/thenable.ts'

export type Warn = (text: string) => void

/**
 * The default of every option "warn": a line on stderr, unless Node runs with `--disable-warning=KafkaProducerWarning`
 * or `--no-warnings`.
 */
export function emitWarning(text: string): void {
  process.emitWarning(text, 'KafkaProducerWarning')
}

/** A function that is guarded already is returned as it is, so that each part may guard what it gets. */
const GUARDED = new WeakSet<Warn>([emitWarning])

/** The caller's function for warnings, or `emitWarning`. */
export function guardedWarn(warn: Warn = emitWarning): Warn {
  if (GUARDED.has(warn)) return warn
  const guarded: Warn = guardedCallback('warn', warn)
  GUARDED.add(guarded)
  return guarded
}

/**
 * Wraps a function of the caller that only listens. That it throws, or rejects later, is a warning.
 * @param name of the option, for the warning
 */
export function guardedCallback<Args extends unknown[]>(
  name: string,
  callback: (...args: Args) => unknown,
  warn?: Warn,
): (...args: Args) => void {
  const onError = (error: unknown) => guardedWarn(warn)(`The option "${name}" failed (${errorName(error)}).`)
  return (...args) => {
    try {
      catchRejection(callback(...args), onError)
    } catch (error) {
      onError(error)
    }
  }
}

/** A copy of options whose `warn`, and those of the named callbacks that are given, are guarded. */
export function withGuardedCallbacks<T extends { readonly warn?: Warn | undefined }>(
  options: T,
  ...names: readonly (keyof T & string)[]
): T & { readonly warn: Warn } {
  const warn = guardedWarn(options.warn)
  const guarded = names.flatMap(name => {
    const callback: unknown = options[name]
    return typeof callback === 'function'
      ? [[name, guardedCallback(name, callback as (...args: unknown[]) => unknown, warn)]]
      : []
  })
  return { ...options, ...Object.fromEntries(guarded), warn }
}
