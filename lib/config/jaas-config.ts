// Converts `sasl.jaas.config`, in which Java keeps user and password, to the separate settings of this library.
import { jaasTokens } from './jaas-tokens.ts'
import type { OptionName } from './settings.ts'

type Values = { readonly [K in OptionName]?: unknown }

interface LoginModule {
  readonly mechanisms: readonly string[]
  /** Maps an option of the login module to its setting. */
  readonly options: Readonly<Record<string, OptionName>>
}

/** Keyed by simple class name, because the package may be Kafka's or a shaded one. */
const MODULES: Readonly<Record<string, LoginModule>> = {
  PlainLoginModule: { mechanisms: ['PLAIN'], options: { username: 'saslUsername', password: 'saslPassword' } },
  ScramLoginModule: {
    mechanisms: ['SCRAM-SHA-256', 'SCRAM-SHA-512'],
    options: { username: 'saslUsername', password: 'saslPassword' },
  },
  IAMLoginModule: { mechanisms: ['AWS_MSK_IAM'], options: {} },
  OAuthBearerLoginModule: {
    mechanisms: ['OAUTHBEARER'],
    options: {
      clientId: 'saslOauthbearerClientCredentialsClientId',
      clientSecret: 'saslOauthbearerClientCredentialsClientSecret',
      scope: 'saslOauthbearerScope',
      // The names that Strimzi uses.
      'oauth.client.id': 'saslOauthbearerClientCredentialsClientId',
      'oauth.client.secret': 'saslOauthbearerClientCredentialsClientSecret',
      'oauth.scope': 'saslOauthbearerScope',
      'oauth.token.endpoint.uri': 'saslOauthbearerTokenEndpointUrl',
    },
  },
}

const NAME = 'sasl.jaas.config (KAFKA_SASL_JAAS_CONFIG)'
const FLAG = /^(?:required|requisite|sufficient|optional)$/i

/**
 * Returns the settings of one source (code, environment or file) with those of its JAAS text added. A setting that the
 * source has itself takes precedence.
 * @param problem called with messages that quote no value of the text, because it contains a password
 */
export function withJaasConfig(source: Values, mechanism: unknown, problem: (text: string) => void): Values {
  const { saslJaasConfig: text, ...values } = source
  if (text === undefined) return source
  const entry = readEntry(String(text))
  const name = entry?.path.slice(entry.path.lastIndexOf('.') + 1) ?? ''
  const module = Object.hasOwn(MODULES, name) ? MODULES[name] : undefined
  if (!entry || !module) {
    problem(`${NAME}: expected <LoginModule> required name="value" …; of ${Object.keys(MODULES).join(', ')}.`)
    return values
  }
  if (mechanism !== undefined && !module.mechanisms.includes(String(mechanism)))
    problem(`${NAME}: expected sasl.mechanism ${module.mechanisms.join(' or ')} with ${name}, got another.`)
  const jaasSettings: Partial<Record<OptionName, string>> = {}
  const extensions: string[] = []
  for (const [option, value] of entry.options) {
    const setting = Object.hasOwn(module.options, option) ? module.options[option] : undefined
    if (setting) jaasSettings[setting] = value
    else if (name === 'OAuthBearerLoginModule' && option.startsWith('extension_') && value.includes(','))
      problem(`${NAME}: ${option}: expected a value without a comma, which would begin another extension.`)
    else if (name === 'OAuthBearerLoginModule' && option.startsWith('extension_'))
      extensions.push(`${option.slice('extension_'.length)}=${value}`)
    else problem(`${NAME}: ${option} is not an option of ${name} that this library supports.`)
  }
  if (extensions.length > 0) jaasSettings.saslOauthbearerExtensions = extensions.join(',')
  return { ...jaasSettings, ...withoutUndefined(values) }
}

interface Entry {
  readonly path: string
  readonly options: readonly (readonly [name: string, value: string])[]
}

/** Reads one entry, `class flag name=value …;`. The final semicolon may be missing. */
function readEntry(text: string): Entry | undefined {
  const [path, flag, ...rest] = jaasTokens(text) ?? []
  if (path?.kind !== 'text' || flag?.kind !== 'text' || !FLAG.test(flag.text)) return undefined
  if (rest.at(-1)?.kind === ';') rest.pop()
  const options: [string, string][] = []
  for (let at = 0; at < rest.length; at += 3) {
    const [name, equals, value] = rest.slice(at, at + 3)
    if (name?.kind !== 'text' || equals?.kind !== '=' || value?.kind !== 'text') return undefined
    options.push([name.text, value.text])
  }
  return { path: path.text, options }
}

function withoutUndefined(values: Values): Values {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined))
}
