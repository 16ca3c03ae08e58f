// Which settings of TLS and authentication belong together. One that would not act is refused.
import { type OptionName, type ProducerConfig, SETTINGS } from './settings.ts'

type Problem = (text: string) => void

const TLS: readonly OptionName[] = [
  'sslTruststoreCertificates',
  'sslTruststoreLocation',
  'sslKeystoreCertificateChain',
  'sslKeystoreKey',
  'sslKeystoreLocation',
  'sslKeyPassword',
]
const PASSWORD: readonly OptionName[] = ['saslUsername', 'saslPassword']
const CLIENT: readonly OptionName[] = [
  'saslOauthbearerClientCredentialsClientId',
  'saslOauthbearerClientCredentialsClientSecret',
]
const OAUTH: readonly OptionName[] = ['saslOauthbearerTokenEndpointUrl', ...CLIENT, 'saslOauthbearerScope']

export function checkSecurity(config: ProducerConfig, problem: Problem): void {
  const { securityProtocol, saslMechanism: mechanism, secretArn } = config
  if (securityProtocol === undefined) return // it has its own problem already
  const nameOf = (option: OptionName) =>
    SETTINGS[option].name === SETTINGS[option].env
      ? SETTINGS[option].env
      : `${SETTINGS[option].name} (${SETTINGS[option].env})`
  const onlyWith = (options: readonly OptionName[], what: string) => {
    for (const option of options)
      if (config[option as keyof ProducerConfig] !== undefined)
        problem(`${nameOf(option)}: acts only with ${what}; expected it unset.`)
  }
  const needs = (options: readonly OptionName[]) => {
    for (const option of options)
      if (config[option as keyof ProducerConfig] === undefined)
        problem(`${nameOf(option)}: expected with sasl.mechanism ${mechanism}; got nothing.`)
  }
  if (!securityProtocol.endsWith('SSL')) onlyWith(TLS, 'security.protocol SSL or SASL_SSL')
  if (securityProtocol.startsWith('SASL') && mechanism === undefined)
    problem(`${nameOf('saslMechanism')}: expected with security.protocol ${securityProtocol}; got nothing.`)
  if (!securityProtocol.startsWith('SASL')) onlyWith(['saslMechanism'], 'security.protocol SASL_PLAINTEXT or SASL_SSL')
  if (securityProtocol === 'PLAINTEXT') onlyWith(['secretArn'], 'TLS or authentication (security.protocol)')
  if (mechanism === 'AWS_MSK_IAM' && securityProtocol !== 'SASL_SSL')
    problem(
      `${nameOf('securityProtocol')}: expected SASL_SSL with sasl.mechanism AWS_MSK_IAM, got ${securityProtocol}.`,
    )
  const byPassword = mechanism === 'PLAIN' || mechanism?.startsWith('SCRAM')
  if (!byPassword) onlyWith(PASSWORD, 'sasl.mechanism PLAIN or SCRAM')
  else if (secretArn === undefined) needs(PASSWORD)
  if (mechanism !== 'OAUTHBEARER') onlyWith(OAUTH, 'sasl.mechanism OAUTHBEARER')
  else
    needs(
      secretArn === undefined ? ['saslOauthbearerTokenEndpointUrl', ...CLIENT] : ['saslOauthbearerTokenEndpointUrl'],
    )
  checkForms(config, problem)
}

function checkForms(
  {
    saslOauthbearerTokenEndpointUrl: url,
    secretArn,
    mskClusterArn,
    sslTruststoreCertificates: ca,
    sslTruststoreLocation: caFile,
  }: ProducerConfig,
  problem: Problem,
): void {
  if (url !== undefined && !['https:', 'http:'].includes(URL.parse(url)?.protocol ?? ''))
    problem('sasl.oauthbearer.token.endpoint.url: expected an https:// address.')
  if (
    secretArn !== undefined &&
    !/^arn:[^:]+:(secretsmanager:[^:]+:\d{12}:secret|ssm:[^:]+:\d{12}:parameter)[:/]/.test(secretArn)
  )
    problem('KAFKA_SECRET_ARN: expected the ARN of a Secrets Manager secret or an SSM parameter, got something else.')
  if (mskClusterArn !== undefined && !/^arn:[^:]+:kafka:[^:]+:\d{12}:cluster\//.test(mskClusterArn))
    problem('KAFKA_MSK_CLUSTER_ARN: expected arn:…:kafka:<region>:<account>:cluster/…, got something else.')
  if (ca !== undefined && caFile !== undefined)
    problem('ssl.truststore.certificates and ssl.truststore.location: expected one of them, got both.')
}
