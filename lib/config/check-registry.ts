// Checks which settings of schema registries may be combined. Moves a user and password from an address to the user
// info, so that no address holds a secret.
import { isRegistrySerializer } from './class-names.ts'
import { BASIC_AUTH, BEARER_AUTH, BESIDE_TOKEN, OAUTH, TLS } from './registry-clients.ts'
import { labelOf, type OptionName, type ProducerConfig, SETTINGS } from './settings.ts'

type Problem = (text: string) => void
type Mutable = { -readonly [K in keyof ProducerConfig]?: ProducerConfig[K] }

/**
 * @param values the settings, whose addresses are replaced by those without user and password
 * @returns what is accepted but not recommended
 */
export function checkRegistry(values: object, problem: Problem): readonly string[] {
  const config = values as Mutable
  const isSet = (option: OptionName) => config[option as keyof ProducerConfig] !== undefined
  const refuse = (options: readonly OptionName[], what: string) => {
    for (const option of options.filter(isSet))
      problem(`${labelOf(SETTINGS[option])}: takes effect only with ${what}; expected it unset.`)
  }
  checkEndpoint(config.glueEndpoint, problem)
  checkSerializer('keySerializer', config, problem)
  checkSerializer('valueSerializer', config, problem)
  if (config.schemaRegistryUrl === undefined) {
    refuse([...BASIC_AUTH, ...BEARER_AUTH, ...BESIDE_TOKEN, ...TLS], 'schema.registry.url')
    return []
  }
  takeUserInfo(config, problem)
  if (!config.schemaRegistryUrl.some(url => url.startsWith('https:'))) refuse(TLS, 'schema.registry.url https://…')
  if (isSet('schemaRegistrySslTruststoreCertificates') && isSet('schemaRegistrySslTruststoreLocation'))
    problem(
      'schema.registry.ssl.truststore.certificates and schema.registry.ssl.truststore.location: expected one of ' +
        'them, got both.',
    )
  const hasBearer = BEARER_AUTH.some(isSet)
  if (hasBearer && BASIC_AUTH.some(isSet))
    problem('schema.registry.basic.auth and schema.registry.bearer.auth: expected settings of one of them, got both.')
  if (!hasBearer && config.secretArn === undefined) refuse(BESIDE_TOKEN, 'schema.registry.bearer.auth')
  checkBasic(config, problem, refuse)
  checkBearer(config, problem, refuse)
  const isHttp = config.schemaRegistryUrl.some(url => url.startsWith('http:'))
  if (!isHttp || ![...BASIC_AUTH, ...BEARER_AUTH].some(isSet)) return []
  return [
    'schema.registry.url has an http: address: whoever reads the network gets the registry’s credentials. ' +
      'Recommended: https:.',
  ]
}

type Refuse = (options: readonly OptionName[], what: string) => void

function checkBasic(config: Mutable, problem: Problem, refuse: Refuse): void {
  const { schemaRegistryBasicAuthCredentialsSource: source, schemaRegistryBasicAuthUserInfo: user } = config
  if (user !== undefined && !user.includes(':'))
    problem('schema.registry.basic.auth.user.info: expected user:password, got text without a colon.')
  if (source === 'SASL_INHERIT') {
    refuse(['schemaRegistryBasicAuthUserInfo'], 'schema.registry.basic.auth.credentials.source USER_INFO')
    if (!/^(?:PLAIN|SCRAM.*)$/.test(config.saslMechanism ?? ''))
      problem(
        `${labelOf(SETTINGS.schemaRegistryBasicAuthCredentialsSource)} (SASL_INHERIT): expected sasl.mechanism PLAIN ` +
          'or SCRAM, whose user and password it takes.',
      )
  } else if (source !== undefined && user === undefined && config.secretArn === undefined)
    problem(
      `${labelOf(SETTINGS.schemaRegistryBasicAuthUserInfo)}: expected with ` +
        `schema.registry.basic.auth.credentials.source ${source}; got nothing.`,
    )
}

function checkBearer(config: Mutable, problem: Problem, refuse: Refuse): void {
  const { schemaRegistryBearerAuthCredentialsSource: source, schemaRegistryBearerAuthIssuerEndpointUrl: url } = config
  const usesOAuth = source === 'OAUTHBEARER' || (source === undefined && url !== undefined)
  const named = 'schema.registry.bearer.auth.credentials.source'
  if (!usesOAuth) refuse(OAUTH, `${named} OAUTHBEARER`)
  if (usesOAuth || source === 'SASL_OAUTHBEARER_INHERIT')
    refuse(['schemaRegistryBearerAuthToken'], `${named} STATIC_TOKEN`)
  if (source === 'STATIC_TOKEN' && config.schemaRegistryBearerAuthToken === undefined && config.secretArn === undefined)
    problem(`${labelOf(SETTINGS.schemaRegistryBearerAuthToken)}: expected with ${named} STATIC_TOKEN; got nothing.`)
  if (source === 'SASL_OAUTHBEARER_INHERIT' && config.saslMechanism !== 'OAUTHBEARER')
    problem(`${named} (SASL_OAUTHBEARER_INHERIT): expected sasl.mechanism OAUTHBEARER, whose tokens it takes.`)
  if (!usesOAuth) return
  const endpoint = URL.parse(url ?? '')
  const isSecure = endpoint?.protocol === 'https:' || (endpoint?.protocol === 'http:' && config.oauthAllowHttp)
  if (!isSecure || endpoint?.username || endpoint?.password)
    problem(
      `${labelOf(SETTINGS.schemaRegistryBearerAuthIssuerEndpointUrl)}: expected an https:// address without user and ` +
        'password (http:// only with KAFKA_OAUTH_ALLOW_HTTP=true).',
    )
  if (config.secretArn !== undefined) return // The secret may hold the missing value, and is not read here.
  if (
    config.schemaRegistryBearerAuthClientId === undefined ||
    config.schemaRegistryBearerAuthClientSecret === undefined
  )
    problem(
      'schema.registry.bearer.auth.client.id and schema.registry.bearer.auth.client.secret: expected both with ' +
        'schema.registry.bearer.auth.issuer.endpoint.url.',
    )
}

function takeUserInfo(config: Mutable, problem: Problem): void {
  const label = labelOf(SETTINGS.schemaRegistryUrl)
  const urls = (config.schemaRegistryUrl ?? []).map(text => URL.parse(text))
  const addresses = urls.filter(url => url !== null && /^https?:$/.test(url.protocol) && !url.search && !url.hash)
  if (addresses.length < urls.length || urls.length === 0)
    problem(
      `${label}: expected https://…, several separated by commas; ` +
        `got ${urls.length - addresses.length} in another form.`,
    )
  const users = new Set(addresses.map(userInfoOf).filter(user => user !== undefined))
  if (users.size > 1) problem(`${label}: expected one user and password for all addresses, got several.`)
  config.schemaRegistryUrl = Object.freeze(addresses.map(withoutUser))
  const [user] = users
  const { schemaRegistryBasicAuthCredentialsSource: source } = config
  if (user === undefined) {
    if (source === 'URL') problem(`${label}: expected a user and password with credentials source URL; got none.`)
    return
  }
  if (source === 'USER_INFO' || source === 'SASL_INHERIT' || config.schemaRegistryBasicAuthUserInfo !== undefined)
    problem(`${label}: expected no user and password beside other credentials of the registry; got them.`)
  else config.schemaRegistryBasicAuthUserInfo = user
}

function userInfoOf(url: URL | null): string | undefined {
  if (url === null || (url.username === '' && url.password === '')) return undefined
  return `${decoded(url.username)}:${decoded(url.password)}`
}

/** Decodes percent-encoded text; text that is not valid percent-encoding is returned as it is. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

function withoutUser(url: URL | null): string {
  const copy = new URL(url as URL)
  copy.username = ''
  copy.password = ''
  return copy.href.replace(/\/+$/, '')
}

function checkEndpoint(glueEndpoint: string | undefined, problem: Problem): void {
  const endpoint = URL.parse(glueEndpoint ?? 'https://aws')
  if (!/^https?:$/.test(endpoint?.protocol ?? '') || endpoint?.username || endpoint?.password)
    problem('KAFKA_GLUE_ENDPOINT: expected https://… without user and password, got something else.')
}

/** A serializer chosen by name has no schema of its own: it uses the latest version of the subject. */
function checkSerializer(option: 'keySerializer' | 'valueSerializer', config: Mutable, problem: Problem): void {
  const name = config[option]
  if (typeof name !== 'string' || !isRegistrySerializer(name)) return
  const needs = name === 'glue' ? 'glueDataFormat' : 'schemaRegistryUrl'
  if (config[needs] === undefined)
    problem(`${labelOf(SETTINGS[needs])}: expected with ${SETTINGS[option].name} ${name}; got nothing.`)
  if (config.autoRegisterSchemas === true)
    problem(
      `${labelOf(SETTINGS.autoRegisterSchemas)} (true): expected false with ${SETTINGS[option].name} ${name}, which ` +
        'has no schema to register and writes by the latest version of the subject; or a serializer in code with its ' +
        'schema.',
    )
  const strategy = option === 'keySerializer' ? 'keySubjectNameStrategy' : 'valueSubjectNameStrategy'
  if (name !== 'glue' && config[strategy] !== 'TopicName')
    problem(
      `${labelOf(SETTINGS[strategy])} (${config[strategy]}): expected TopicName with ${SETTINGS[option].name} ` +
        `${name}, which has no schema whose name it could take; or a serializer in code with its schema.`,
    )
}
