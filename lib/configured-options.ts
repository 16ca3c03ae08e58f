// Picks from a configuration the options of each object, under the names of the object's options. Only Security gets
// the secrets.
import type { ProducerConfig } from './config/settings.ts'
import type { MskBootstrapOptions } from './security/msk-bootstrap.ts'
import type { SenderOptions } from './send/sender-options.ts'
import type { KafkaJsClientOptions } from './transport/kafkajs/kafkajs-client.ts'

const REQUIRED_ACKS = { all: -1, '1': 1, '0': 0 } as const

export function senderOptionsOf(
  config: ProducerConfig,
): Omit<SenderOptions, 'clock' | 'rack' | 'warn' | 'onCompleted' | 'onBroken' | 'isExhausted'> {
  return {
    acks: REQUIRED_ACKS[config.acks],
    idempotent: config.enableIdempotence,
    maxInFlight: config.maxInFlightRequestsPerConnection,
    retries: config.retries,
    retryBackoffMs: config.retryBackoffMs,
    retryBackoffMaxMs: config.retryBackoffMaxMs,
    requestTimeoutMs: config.requestTimeoutMs,
    connectTimeoutMs: config.socketConnectionSetupTimeoutMs,
    ackTimeoutMs: config.ackTimeoutMs,
    maxRequestSize: config.maxRequestSize,
    metadataMaxAgeMs: config.metadataMaxAgeMs,
    maxBlockMs: config.maxBlockMs,
    availabilityTimeoutMs: config.partitionerAvailabilityTimeoutMs,
  }
}

export function clientOptionsOf(
  config: ProducerConfig,
): Omit<KafkaJsClientOptions, 'bootstrap' | 'security' | 'clock'> {
  return {
    clientId: config.clientId,
    connectTimeoutMs: config.socketConnectionSetupTimeoutMs,
    requestTimeoutMs: config.requestTimeoutMs,
    maxIdleMs: config.connectionsMaxIdleMs,
    reconnectBackoffMs: config.reconnectBackoffMs,
    reconnectBackoffMaxMs: config.reconnectBackoffMaxMs,
  }
}

export function mskOptionsOf(config: ProducerConfig): MskBootstrapOptions {
  const { mskClusterArn, mskNetwork, bootstrapServers, securityProtocol, saslMechanism } = config
  return { mskClusterArn, mskNetwork, bootstrapServers, securityProtocol, saslMechanism }
}
