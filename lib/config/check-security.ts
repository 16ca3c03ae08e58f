// Checks which settings of TLS and authentication may be combined, from the columns `security` and `needed` of the
// settings table. A setting that would have no effect is refused.
import { labelOf, type OptionName, type ProducerConfig, SETTING_ROWS, SETTINGS, type SettingRow } from './settings.ts'

type Problem = (text: string) => void
type Part = NonNullable<SettingRow['security']>

const WORKS_WITH: Readonly<Record<Part, string>> = {
  tls: 'security.protocol SSL or SASL_SSL',
  password: 'sasl.mechanism PLAIN or SCRAM',
  oauthbearer: 'sasl.mechanism OAUTHBEARER',
}

/** @param checkOAuth the check of `check-oauth.ts`; a parameter because few configurations need that module */
export function checkSecurity(
  config: ProducerConfig,
  problem: Problem,
  checkOAuth: (config: ProducerConfig, problem: Problem) => void,
): void {
  const { securityProtocol, saslMechanism: mechanism, secretArn } = config
  if (securityProtocol === undefined) return // An invalid protocol or mechanism is reported already.
  const nameOf = (option: OptionName) => labelOf(SETTINGS[option])
  const onlyWith = (option: OptionName, what: string) => {
    const { default: unset } = SETTINGS[option] as SettingRow
    if (config[option as keyof ProducerConfig] !== unset)
      problem(`${nameOf(option)}: takes effect only with ${what}; expected it unset.`)
  }
  const needs = (option: OptionName) => {
    if (config[option as keyof ProducerConfig] === undefined)
      problem(`${nameOf(option)}: expected with sasl.mechanism ${mechanism}; got nothing.`)
  }
  const isOn: Readonly<Record<Part, boolean>> = {
    tls: securityProtocol.endsWith('SSL'),
    password: mechanism === 'PLAIN' || mechanism?.startsWith('SCRAM') === true,
    oauthbearer: mechanism === 'OAUTHBEARER',
  }
  for (const [option, { security, needed }] of SETTING_ROWS) {
    if (security === undefined) continue
    if (!isOn[security]) onlyWith(option, WORKS_WITH[security])
    else if (needed === 'without-secret' && secretArn === undefined) needs(option)
  }
  if (securityProtocol.startsWith('SASL')) {
    if (mechanism === undefined)
      problem(`${nameOf('saslMechanism')}: expected with security.protocol ${securityProtocol}; got nothing.`)
  } else onlyWith('saslMechanism', 'security.protocol SASL_PLAINTEXT or SASL_SSL')
  if (securityProtocol === 'PLAINTEXT' && config.schemaRegistryUrl === undefined)
    onlyWith('secretArn', 'TLS or authentication (security.protocol), or schema.registry.url')
  if (mechanism === 'AWS_MSK_IAM' && securityProtocol !== 'SASL_SSL')
    problem(
      `${nameOf('securityProtocol')}: expected SASL_SSL with sasl.mechanism AWS_MSK_IAM, got ${securityProtocol}.`,
    )
  if (mechanism === 'OAUTHBEARER') checkOAuth(config, problem)
  checkForms(config, problem)
}

function checkForms(
  { secretArn, mskClusterArn, sslTruststoreCertificates: ca, sslTruststoreLocation: caFile }: ProducerConfig,
  problem: Problem,
): void {
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
