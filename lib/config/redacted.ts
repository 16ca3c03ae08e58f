// A configuration that is printed or logged shows no secrets.
import { inspect } from 'node:util'
import { SETTINGS, type SettingRow } from './settings.ts'

const ROWS: Readonly<Record<string, SettingRow>> = SETTINGS
const REDACTED = '[redacted]'

/** Adds the methods that `JSON.stringify` and `util.inspect` call; a spread copy does not have them. */
export function withoutSecretsWhenShown<T extends object>(config: T): T {
  const shown = () =>
    Object.fromEntries(Object.entries(config).map(([name, value]) => [name, ROWS[name]?.secret ? REDACTED : value]))
  return Object.defineProperties(config, { toJSON: { value: shown }, [inspect.custom]: { value: shown } })
}
