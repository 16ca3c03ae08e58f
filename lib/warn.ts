// Guards callbacks of the caller that only listen: if one throws, or rejects later, no record fails and the process
// does not end.
import { errorName } from './errors.ts'
import { catchRejection } from './time/thenable.ts'

export type Warn = (text: string) => void

/**
 * The default of every option `warn`: writes a line to stderr, unless Node runs with
 * `--disable-warning=KafkaProducerWarning` or `--no-warnings`.
 */
export function emitWarning(text: string): void {
  process.emitWarning(text, 'KafkaProducerWarning')
}

/** Functions that are guarded already, so that each part of the library may guard what it gets. */
const GUARDED = new WeakSet<Warn>([emitWarning])

/** Returns the caller's function for warnings, guarded, or `emitWarning`. */
export function guardedWarn(warn: Warn = emitWarning): Warn {
  if (GUARDED.has(warn)) return warn
  const guarded: Warn = guardedCallback('warn', warn)
  GUARDED.add(guarded)
  return guarded
}

/**
 * Wraps a function of the caller that only listens. If it throws, or rejects later, that becomes a warning.
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

/** Copies options, with guards around `warn` and around those of the named callbacks that exist. */
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
