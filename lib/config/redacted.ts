// Keeps secrets out of a configuration that is printed or logged.
import { inspect } from 'node:util'
import { SETTINGS, type SettingRow } from './settings.ts'

const ROWS: Readonly<Record<string, SettingRow>> = SETTINGS
const CLASSES: ReadonlySet<string> = new Set(['serializer', 'partitioner'])
const REDACTED = '[redacted]'

/** Adds the methods that `JSON.stringify` and `util.inspect` call; a spread copy does not have them. */
export function withoutSecretsWhenShown<T extends object>(config: T): T {
  const shown = () => Object.fromEntries(Object.entries(config).map(([name, value]) => [name, shownAs(name, value)]))
  return Object.defineProperties(config, { toJSON: { value: shown }, [inspect.custom]: { value: shown } })
}

/**
 * An instance from the caller's code may hold an API key, or refer to itself and so have no JSON: only its class is
 * shown.
 */
function shownAs(name: string, value: unknown): unknown {
  if (ROWS[name]?.secret) return REDACTED
  const isInstance = typeof value === 'object' && value !== null && CLASSES.has(ROWS[name]?.kind ?? '')
  return isInstance ? `[${value.constructor?.name ?? 'object'}]` : value
}
