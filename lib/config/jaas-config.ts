// sasl.jaas.config, in which Java has user and password → the settings that this library has in its place.
import type { OptionName } from './settings.ts'

type Values = { readonly [K in OptionName]?: unknown }

interface LoginModule {
  readonly mechanisms: readonly string[]
  /** Options of the module → the settings that they stand for. */
  readonly options: Readonly<Record<string, OptionName>>
}

/** By the simple name: the package is Kafka's, or a shaded one. */
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
      // Strimzi's names.
      'oauth.client.id': 'saslOauthbearerClientCredentialsClientId',
      'oauth.client.secret': 'saslOauthbearerClientCredentialsClientSecret',
      'oauth.scope': 'saslOauthbearerScope',
      'oauth.token.endpoint.uri': 'saslOauthbearerTokenEndpointUrl',
    },
  },
}

const NAME = 'sasl.jaas.config (KAFKA_SASL_JAAS_CONFIG)'
const OPTION = /\s+([\w.]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;"]+))/g

/**
 * The settings of one source (code, environment or file). What the source says itself is kept.
 * @param problem called without any value of the text, which has a password
 */
export function withJaasConfig(source: Values, mechanism: unknown, problem: (text: string) => void): Values {
  const { saslJaasConfig: text, ...values } = source
  if (text === undefined) return source
  const [, path = '', , rest = ''] =
    /^\s*([\w.$]+)\s+(required|requisite|sufficient|optional)\b([\s\S]*)$/.exec(String(text)) ?? []
  const name = path.slice(path.lastIndexOf('.') + 1)
  const module = Object.hasOwn(MODULES, name) ? MODULES[name] : undefined
  if (!module || !/^\s*;?\s*$/.test(rest.replace(OPTION, ''))) {
    problem(`${NAME}: expected <LoginModule> required name="value" …; of ${Object.keys(MODULES).join(', ')}.`)
    return values
  }
  if (mechanism !== undefined && !module.mechanisms.includes(String(mechanism)))
    problem(`${NAME}: expected sasl.mechanism ${module.mechanisms.join(' or ')} with ${name}, got another.`)
  const found: Partial<Record<OptionName, string>> = {}
  const extensions: string[] = []
  for (const [, option = '', quoted, bare] of rest.matchAll(OPTION)) {
    const value = quoted?.replaceAll(/\\(.)/g, '$1') ?? bare ?? ''
    const setting = Object.hasOwn(module.options, option) ? module.options[option] : undefined
    if (setting) found[setting] = value
    else if (name === 'OAuthBearerLoginModule' && option.startsWith('extension_'))
      extensions.push(`${option.slice('extension_'.length)}=${value}`)
    else problem(`${NAME}: ${option} is not an option of ${name} that this library supports.`)
  }
  if (extensions.length > 0) found.saslOauthbearerExtensions = extensions.join(',')
  return { ...found, ...withoutUndefined(values) }
}

function withoutUndefined(values: Values): Values {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined))
}
