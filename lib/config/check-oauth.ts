// Checks which settings of OAUTHBEARER may be combined. Tokens come from exactly one source: a function of the caller,
// AWS, a file, or a token endpoint that takes a client secret or an assertion.
import { parseSaslExtensions } from '../record/sasl-extensions.ts'
import { labelOf, type OptionName, type ProducerConfig, SETTING_ROWS } from './settings.ts'

type Problem = (text: string) => void

export function checkOAuth(config: ProducerConfig, problem: Problem): void {
  const { saslOauthbearerTokenEndpointUrl: url, saslOauthbearerExtensions: extensions } = config
  if (extensions !== undefined && parseSaslExtensions(extensions) === undefined)
    problem(
      'sasl.oauthbearer.extensions: expected name=value, several separated by commas; names are letters, but not auth.',
    )
  if (config.oauthBearerTokenProvider !== undefined) refuse(config, 'oauthBearerTokenProvider', [], problem)
  else if (url !== undefined) checkEndpoint(config, url, problem)
  else if (config.saslOauthbearerAwsAudience !== undefined)
    refuse(config, 'sasl.oauthbearer.aws.audience and no token endpoint', AWS, problem)
  else
    problem(
      'sasl.oauthbearer.token.endpoint.url (KAFKA_SASL_OAUTHBEARER_TOKEN_ENDPOINT_URL): expected with sasl.mechanism ' +
        'OAUTHBEARER, with client.id and client.secret in sasl.oauthbearer.client.credentials or an assertion; or ' +
        'sasl.oauthbearer.aws.audience; or oauthBearerTokenProvider; got nothing.',
    )
}

const AWS: readonly OptionName[] = [
  'saslOauthbearerAwsAudience',
  'saslOauthbearerAwsRegion',
  'saslOauthbearerAwsDurationSeconds',
  'saslOauthbearerAwsSigningAlgorithm',
]

function checkEndpoint(config: ProducerConfig, url: string, problem: Problem): void {
  const endpoint = URL.parse(url)
  if (endpoint?.protocol === 'file:')
    return refuse(config, 'a token from a file', ['saslOauthbearerTokenEndpointUrl'], problem)
  const isSecure = endpoint?.protocol === 'https:' || (endpoint?.protocol === 'http:' && config.oauthAllowHttp)
  if (!isSecure || endpoint?.username || endpoint?.password)
    problem(
      'sasl.oauthbearer.token.endpoint.url: expected an https:// address without user and password (http:// only ' +
        'with KAFKA_OAUTH_ALLOW_HTTP=true), or file:///….',
    )
  if (config.secretArn !== undefined) return // The secret may hold the missing value, and is not read here.
  const hasAssertion =
    config.saslOauthbearerAssertionFile !== undefined ||
    config.saslOauthbearerAssertionPrivateKeyFile !== undefined ||
    config.saslOauthbearerAwsAudience !== undefined
  if (hasAssertion) return
  if (config.saslOauthbearerJwtRetrieverClass === 'JwtBearerJwtRetriever')
    problem(
      'sasl.oauthbearer.jwt.retriever.class (JwtBearerJwtRetriever): expected an assertion with it ' +
        '(sasl.oauthbearer.assertion.private.key.file, sasl.oauthbearer.assertion.file or ' +
        'sasl.oauthbearer.aws.audience); got none.',
    )
  else if (
    config.saslOauthbearerClientCredentialsClientId === undefined ||
    config.saslOauthbearerClientCredentialsClientSecret === undefined
  )
    problem(
      'sasl.oauthbearer.client.credentials.client.id and sasl.oauthbearer.client.credentials.client.secret ' +
        '(KAFKA_SASL_OAUTHBEARER_CLIENT_CREDENTIALS_…): expected both with a token endpoint, or an assertion ' +
        '(sasl.oauthbearer.assertion.private.key.file …).',
    )
}

/** Refuses settings that belong to other sources of tokens: they would have no effect. */
function refuse(config: ProducerConfig, source: string, ofSource: readonly OptionName[], problem: Problem): void {
  for (const [option, row] of SETTING_ROWS) {
    const isShared = option === 'saslOauthbearerExtensions' || option === 'oauthBearerTokenProvider'
    if (row.security !== 'oauthbearer' || isShared || ofSource.includes(option)) continue
    if (config[option as keyof ProducerConfig] !== row.default)
      problem(`${labelOf(row)}: takes no effect with ${source}; expected it unset.`)
  }
}
