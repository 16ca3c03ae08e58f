// Checks TLS, authentication, versions, topics, rights and replication, through the client that sends.

import type { ProducerConfig } from '../config/settings.ts'
import { TransportError } from '../errors.ts'
import { createKafkaJsClient } from '../producer-factory.ts'
import { systemClock } from '../time/clock.ts'
import { Deadline } from '../time/deadline.ts'
import type { TopicMetadata } from '../transport/kafka-client.ts'
import type { KafkaJsClient } from '../transport/kafkajs/kafkajs-client.ts'
import { LogReader } from '../transport/kafkajs/log-reader.ts'
import { encodeRecordBatch } from '../wire-format/record-batch-encoder.ts'
import { type Check, failed, ok, skipped, warning } from './check.ts'

const REQUEST_MS = 10_000
const MIN_INSYNC_REPLICAS = 'min.insync.replicas'
const STEPS = ['TLS', 'authentication', 'ApiVersions']
/** The step that a cause belongs to. */
const STEP_OF: Readonly<Record<string, number>> = {
  CERTIFICATE_REFUSED: 0,
  SECURITY_PROTOCOL_MISMATCH: 0,
  AUTHENTICATION_FAILED: 1,
  CREDENTIALS_UNAVAILABLE: 1,
  UNSUPPORTED_VERSION: 2,
}

export async function checkCluster(config: ProducerConfig, topics: readonly string[]): Promise<Check[]> {
  const client = createKafkaJsClient(config)
  try {
    const metadata = await client.metadata(topics, Deadline.after(systemClock, REQUEST_MS))
    const connected = [
      config.securityProtocol.includes('SSL')
        ? ok('TLS', 'certificate and host name are valid')
        : skipped('TLS', `security.protocol is ${config.securityProtocol}`),
    ]
    connected.push(
      config.securityProtocol.startsWith('SASL')
        ? ok('authentication', config.saslMechanism ?? '')
        : skipped('authentication', `security.protocol is ${config.securityProtocol}`),
    )
    connected.push(ok('ApiVersions', 'the broker supports the versions in use'))
    const rights = await checkProducerId(client)
    return [...connected, rights, ...(await checkTopics(client, config, metadata.topics))]
  } catch (error) {
    return failedAt(error)
  } finally {
    await client.close()
  }
}

/** The steps before the one that failed are ok, those after it are skipped. */
function failedAt(error: unknown): Check[] {
  const cause = causeOf(error)
  const message = error instanceof TransportError ? error.message : String((error as Error).name)
  const step = STEP_OF[cause]
  if (step === undefined)
    return [failed('connection', cause, message), ...STEPS.map(name => skipped(name, 'no connection'))]
  return STEPS.map((name, index) =>
    index < step ? ok(name, 'passed') : index === step ? failed(name, cause, message) : skipped(name, 'no connection'),
  )
}

/** The code of the driver or the broker, which is more precise than the error's. */
function causeOf(error: unknown): string {
  return error instanceof TransportError ? (error.causeCode ?? error.code) : 'error'
}

async function checkProducerId(client: KafkaJsClient): Promise<Check> {
  try {
    await client.initProducerId(Deadline.after(systemClock, REQUEST_MS))
    return ok('producer id', 'assigned')
  } catch (error) {
    return failed('producer id', causeOf(error), (error as TransportError).message)
  }
}

async function checkTopics(
  client: KafkaJsClient,
  config: ProducerConfig,
  topics: readonly TopicMetadata[],
): Promise<Check[]> {
  const existing = topics.filter(({ error }) => error === null).map(({ topic }) => topic)
  const minInSyncReplicas = await readMinInSyncReplicas(client, existing)
  const checks = await Promise.all(
    topics.map(async metadata => {
      const name = `topic ${metadata.topic}`
      if (metadata.error !== null)
        return [
          failed(
            name,
            metadata.error,
            metadata.error === 'TOPIC_AUTHORIZATION_FAILED'
              ? 'Grant DESCRIBE on it (MSK: kafka-cluster:DescribeTopic).'
              : 'Create it: sending does not create topics.',
          ),
        ]
      const leaderless = metadata.partitions.filter(({ leader }) => leader < 0).length
      const state =
        leaderless > 0
          ? failed(
              name,
              `${leaderless} of ${metadata.partitions.length} partitions have no leader`,
              'Check that all brokers run.',
            )
          : ok(name, `${metadata.partitions.length} partition(s)`)
      return [
        state,
        await checkRights(client, config, metadata),
        replication(metadata, minInSyncReplicas.get(metadata.topic)),
      ]
    }),
  )
  return checks.flat()
}

/** @returns one entry per topic whose settings the producer may read */
async function readMinInSyncReplicas(
  client: KafkaJsClient,
  topics: readonly string[],
): Promise<ReadonlyMap<string, string | null | undefined>> {
  const values = new Map<string, string | null | undefined>()
  if (topics.length === 0) return values
  try {
    for (const [topic, settings] of await new LogReader(client).settings(topics, [MIN_INSYNC_REPLICAS]))
      if (settings instanceof Map) values.set(topic, settings.get(MIN_INSYNC_REPLICAS))
  } catch (error) {
    if (!(error instanceof TransportError)) throw error
  }
  return values
}

/**
 * Sends a batch with a wrong checksum, which is never written. The broker checks the right to write first: it answers
 * TOPIC_AUTHORIZATION_FAILED without it, and CORRUPT_MESSAGE with it.
 */
async function checkRights(
  client: KafkaJsClient,
  config: ProducerConfig,
  { topic, partitions }: TopicMetadata,
): Promise<Check> {
  const name = `rights ${topic}`
  const withLeader = partitions.find(({ leader }) => leader >= 0)
  if (!withLeader) return skipped(name, 'no partition has a leader')
  const record = {
    topic,
    partition: withLeader.partition,
    partitionFixedBy: 'source' as const,
    key: null,
    value: Buffer.alloc(1),
    headers: [],
    wireSize: 0,
  }
  const bytes = encodeRecordBatch([{ record, timestamp: Date.now() }], { producerId: -1n, epoch: -1, baseSequence: -1 })
  bytes[bytes.length - 1] = (bytes[bytes.length - 1] as number) ^ 0xff
  const { ackTimeoutMs, requestTimeoutMs, socketConnectionSetupTimeoutMs: connectTimeoutMs } = config
  const request = {
    acks: -1,
    idempotent: false,
    ackTimeoutMs,
    requestTimeoutMs,
    connectTimeoutMs,
    beginWrite: () => true,
  } as const
  const [outcome] = await client.produce(
    withLeader.leader,
    [{ topic, partition: withLeader.partition, bytes }],
    request,
  )
  const cause = outcome && outcome.kind !== 'acked' ? outcome.causeCode : 'nothing'
  if (cause === 'CORRUPT_MESSAGE') return ok(name, 'may write')
  if (cause === 'TOPIC_AUTHORIZATION_FAILED')
    return failed(name, cause, 'Grant WRITE on it (MSK: kafka-cluster:WriteData).')
  return failed(name, cause, 'The broker’s answer does not show whether the producer may write.')
}

function replication({ topic, partitions }: TopicMetadata, minInSync: string | null | undefined): Check {
  const name = `replication ${topic}`
  const replicas = Math.min(...partitions.map(({ replicas = 0 }) => replicas))
  const detail = `replication ${replicas}, min.insync.replicas ${minInSync ?? 'not known (DESCRIBE_CONFIGS)'}`
  if (replicas < 3)
    return warning(
      name,
      detail,
      'With fewer than 3 replicas the loss of one broker stops writing, or loses what was acknowledged.',
    )
  if (minInSync !== undefined && minInSync !== null && Number(minInSync) < 2)
    return warning(name, detail, 'Set min.insync.replicas to 2: with 1, acks=all is satisfied by the leader alone.')
  return ok(name, detail)
}
