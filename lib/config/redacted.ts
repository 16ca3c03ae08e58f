// A configuration shows itself without its secrets, to whoever prints or logs it.
import { inspect } from 'node:util'
import type { OptionName } from './settings.ts'

const SECRETS: ReadonlySet<string> = new Set<OptionName>([
  'saslPassword',
  'sslKeystoreKey',
  'sslKeyPassword',
  'saslOauthbearerClientCredentialsClientSecret',
])
const REDACTED = '[redacted]'

/** Adds what `JSON.stringify` and `util.inspect` ask for; a spread copy has neither. */
export function withoutSecretsWhenShown<T extends object>(config: T): T {
  const shown = () =>
    Object.fromEntries(Object.entries(config).map(([name, value]) => [name, SECRETS.has(name) ? REDACTED : value]))
  return Object.defineProperties(config, { toJSON: { value: shown }, [inspect.custom]: { value: shown } })
}
