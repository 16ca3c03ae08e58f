// Warns about parts of a valid configuration that are not recommended.
import { isInsideLambda } from './dead-letter-targets.ts'
import type { ProducerConfig } from './settings.ts'

/** @param needsBrokers false: nothing is sent, so one broker is enough */
export function notRecommended(config: ProducerConfig, env: NodeJS.ProcessEnv, needsBrokers: boolean): string[] {
  const {
    acks,
    batchSize,
    bufferMemory,
    clientRack,
    partitionerRackAware,
    securityProtocol,
    saslMechanism,
    saslOauthbearerTokenEndpointUrl: tokenUrl,
  } = config
  const texts: string[] = []
  if (needsBrokers && isAlone(config))
    texts.push('bootstrap.servers has one broker: while it is down, no new container can start. Three are recommended.')
  if (acks !== 'all')
    texts.push(`acks is ${acks}: enable.idempotence is off, and an acknowledged record can be lost. Recommended: all.`)
  if (batchSize > bufferMemory)
    texts.push(
      `batch.size (${batchSize}) is larger than buffer.memory (${bufferMemory}): no batch can be filled. ` +
        'Recommended: buffer.memory of at least twice batch.size, because a record counts twice.',
    )
  if (clientRack !== '' && !partitionerRackAware)
    texts.push('client.rack has no effect without partitioner.rack.aware.')
  if (securityProtocol === 'SASL_PLAINTEXT' && (saslMechanism === 'PLAIN' || saslMechanism === 'OAUTHBEARER'))
    texts.push(
      `sasl.mechanism is ${saslMechanism} without TLS: whoever reads the network gets the ` +
        `${saslMechanism === 'PLAIN' ? 'password' : 'token'}. Recommended: security.protocol SASL_SSL.`,
    )
  else if (!securityProtocol.endsWith('SSL') && isInsideLambda(env))
    texts.push(
      `security.protocol is ${securityProtocol} inside Lambda: whoever reads the network gets the records. ` +
        'Recommended: SSL or SASL_SSL.',
    )
  if (tokenUrl !== undefined && URL.parse(tokenUrl)?.protocol === 'http:')
    texts.push(
      'sasl.oauthbearer.token.endpoint.url is an http: address: whoever reads the network gets the client secret. ' +
        'Recommended: https:.',
    )
  return texts
}

/**
 * Whether only one broker is configured. MSK Serverless has one host name for all of its brokers, so it doesn't count.
 */
function isAlone({ bootstrapServers, mskClusterArn }: ProducerConfig): boolean {
  return (
    bootstrapServers.length < 2 &&
    mskClusterArn === undefined &&
    !/\.kafka-serverless\./.test(bootstrapServers[0] ?? '')
  )
}
