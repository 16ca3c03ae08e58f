// A configuration shows itself without its secrets, to whoever prints or logs it.
import { inspect } from 'node:util'
import { SETTINGS, type SettingRow } from './settings.ts'

const ROWS: Readonly<Record<string, SettingRow>> = SETTINGS
const REDACTED = '[redacted]'

/** Adds what `JSON.stringify` and `util.inspect` ask for; a spread copy has neither. */
export function withoutSecretsWhenShown<T extends object>(config: T): T {
  const shown = () =>
    Object.fromEntries(Object.entries(config).map(([name, value]) => [name, ROWS[name]?.secret ? REDACTED : value]))
  return Object.defineProperties(config, { toJSON: { value: shown }, [inspect.custom]: { value: shown } })
}
