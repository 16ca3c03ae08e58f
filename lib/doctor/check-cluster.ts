// Checks TLS, authentication, API versions, topics, permissions and replication, with the same client that sends
// records.

import { deriveConfig } from '../config/derive-config.ts'
import type { ProducerConfig } from '../config/settings.ts'
import { describeError, TransportError } from '../errors.ts'
import { createDriver } from '../producer-factory.ts'
import { systemClock } from '../time/clock.ts'
import { Deadline } from '../time/deadline.ts'
import type { Cluster, TopicMetadata } from '../transport/kafka-client.ts'
import type { KafkaJsClient } from '../transport/kafkajs/kafkajs-client.ts'
import { LogReader } from '../transport/kafkajs/log-reader.ts'
import { encodeRecordBatch } from '../wire-format/record-batch-encoder.ts'
import { type Check, failed, ok, type Report, skipped, warning } from './check.ts'
import { checkAdvertised } from './check-network.ts'
import { checkRack } from './check-rack.ts'

const REQUEST_MS = 5000
const MIN_INSYNC_REPLICAS = 'min.insync.replicas'
const CLEANUP_POLICY = 'cleanup.policy'
/** Prefix of the names of checks of dead-letter topics. */
const PREFIX = 'dead letters kafka:'
const STEPS = ['TLS', 'authentication', 'ApiVersions']
/** Maps an error code to the step that failed. */
const STEP_OF: Readonly<Record<string, number>> = {
  CERTIFICATE_REFUSED: 0,
  SECURITY_PROTOCOL_MISMATCH: 0,
  CLOSED_WHILE_CONNECTING: 0,
  AUTHENTICATION_FAILED: 1,
  CREDENTIALS_UNAVAILABLE: 1,
  UNSUPPORTED_VERSION: 2,
}

/** Errors of a cluster that is still starting or moving a leader. The producer retries them too. */
const PASSING: ReadonlySet<string> = new Set([
  'COORDINATOR_LOAD_IN_PROGRESS',
  'COORDINATOR_NOT_AVAILABLE',
  'NOT_COORDINATOR',
  'LEADER_NOT_AVAILABLE',
])
const PASSES = 'Temporary: the cluster is still starting. Run doctor again in a minute.'

export async function checkCluster(config: ProducerConfig, topics: readonly string[], report: Report): Promise<void> {
  await withClient(config, async client => {
    const metadata = await askMetadata(client, config, topics, report)
    if (!metadata) return
    const { securityProtocol, saslMechanism } = config
    const isWithout = `security.protocol is ${securityProtocol}`
    report(
      securityProtocol.includes('SSL') ? ok('TLS', 'certificate and host name are valid') : skipped('TLS', isWithout),
    )
    report(
      securityProtocol.startsWith('SASL')
        ? ok('authentication', saslMechanism ?? '')
        : skipped('authentication', isWithout),
    )
    report(ok('ApiVersions', 'the broker supports the versions in use'))
    checkRack(config, metadata.racks, report)
    await Promise.all([
      checkAdvertised(client.advertised, report),
      checkProducerId(client, report),
      checkTopics(client, config, metadata.topics, report),
    ])
  })
}

/**
 * Checks the topics that hold dead letters without writing one, because consumers would read a test record.
 * @param servers of another cluster
 */
export async function checkDeadLetterTopics(
  config: ProducerConfig,
  servers: readonly string[] | undefined,
  topics: readonly string[],
  report: Report,
): Promise<void> {
  const ofCluster = servers ? deriveConfig(config, { bootstrapServers: servers, mskClusterArn: undefined }) : config
  await withClient(ofCluster, async client => {
    try {
      const metadata = await client.metadata(topics, Deadline.after(systemClock, REQUEST_MS))
      const existing = metadata.topics.filter(({ error }) => error === null).map(({ topic }) => topic)
      const policies = await readSetting(client, existing, CLEANUP_POLICY)
      for (const topic of metadata.topics) {
        if (policies.get(topic.topic)?.includes('compact')) report(compactedAway(topic.topic))
        else await checkTopic(client, ofCluster, topic, report, PREFIX)
      }
    } catch (error) {
      const advice = 'Check the servers after @ in KAFKA_DEAD_LETTER, and security.protocol.'
      for (const topic of topics) report(failed(`${PREFIX}${topic}`, causeOf(error), withAdvice(error, advice)))
    }
  })
}

function compactedAway(topic: string): Check {
  const advice =
    'Remove compact: it deletes dead letters whose records have the same key, and the markers of completed ones.'
  return failed(`${PREFIX}${topic}`, 'cleanup.policy has compact', advice)
}

async function withClient(config: ProducerConfig, check: (client: KafkaJsClient) => Promise<void>): Promise<void> {
  const client = createDriver(config)
  try {
    await check(client)
  } finally {
    await client.close()
  }
}

/** @returns undefined if no broker answered, which is reported */
async function askMetadata(
  client: KafkaJsClient,
  config: ProducerConfig,
  topics: readonly string[],
  report: Report,
): Promise<Cluster | undefined> {
  try {
    return await client.metadata(topics, Deadline.after(systemClock, REQUEST_MS))
  } catch (error) {
    for (const check of failedAt(error, config)) report(check)
    return undefined
  }
}

/** Reports the steps before the failed one as ok, and those after it as skipped. */
function failedAt(error: unknown, { securityProtocol }: ProducerConfig): Check[] {
  const cause = causeOf(error)
  const step = STEP_OF[cause]
  if (step === undefined)
    return [failed('connection', cause, describeError(error)), ...STEPS.map(name => skipped(name, 'no connection'))]
  const isProtocol = cause === 'SECURITY_PROTOCOL_MISMATCH' || cause === 'CLOSED_WHILE_CONNECTING'
  const advice = isProtocol
    ? `Check security.protocol, which is ${securityProtocol}: the listener of this port seems to expect another one.`
    : ''
  return STEPS.map((name, index) =>
    index < step
      ? ok(name, 'passed')
      : index === step
        ? failed(name, cause, withAdvice(error, advice))
        : skipped(name, 'no connection'),
  )
}

function withAdvice(error: unknown, advice: string): string {
  return `${describeError(error)} ${advice}`.trim()
}

/** Returns the code of the driver or the broker, which is more precise than the error's own. */
function causeOf(error: unknown): string {
  return error instanceof TransportError ? (error.causeCode ?? error.code) : 'error'
}

async function checkProducerId(client: KafkaJsClient, report: Report): Promise<void> {
  try {
    await client.initProducerId(Deadline.after(systemClock, REQUEST_MS))
    report(ok('producer id', 'assigned'))
  } catch (error) {
    const cause = causeOf(error)
    report(failed('producer id', cause, PASSING.has(cause) ? PASSES : describeError(error)))
  }
}

async function checkTopics(
  client: KafkaJsClient,
  config: ProducerConfig,
  topics: readonly TopicMetadata[],
  report: Report,
): Promise<void> {
  const existing = topics.filter(({ error }) => error === null).map(({ topic }) => topic)
  const minInSyncReplicas = readSetting(client, existing, MIN_INSYNC_REPLICAS)
  await Promise.all(
    topics.map(async metadata => {
      await checkTopic(client, config, metadata, report)
      if (metadata.error === null) report(replication(metadata, (await minInSyncReplicas).get(metadata.topic)))
    }),
  )
}

/** @param prefix replaces `topic` and `rights` in the names of checks of dead-letter topics */
async function checkTopic(
  client: KafkaJsClient,
  config: ProducerConfig,
  metadata: TopicMetadata,
  report: Report,
  prefix?: string,
): Promise<void> {
  const { topic, error, partitions } = metadata
  const name = `${prefix ?? 'topic '}${topic}`
  if (error !== null) {
    const advice =
      error === 'TOPIC_AUTHORIZATION_FAILED'
        ? 'Grant DESCRIBE on it (MSK: kafka-cluster:DescribeTopic).'
        : PASSING.has(error)
          ? PASSES
          : 'Create it: sending does not create topics.'
    return report(failed(name, error, advice))
  }
  const leaderless = partitions.filter(({ leader }) => leader < 0).length
  const state = `${leaderless} of ${partitions.length} partitions have no leader`
  if (leaderless > 0) report(failed(name, state, 'Check that all brokers run.'))
  else if (prefix === undefined) report(ok(name, `${partitions.length} partition(s)`))
  report(await checkRights(client, config, metadata, prefix === undefined ? `rights ${topic}` : name))
}

/** @returns one entry per topic whose settings the producer may read */
async function readSetting(
  client: KafkaJsClient,
  topics: readonly string[],
  name: string,
): Promise<ReadonlyMap<string, string | null | undefined>> {
  const values = new Map<string, string | null | undefined>()
  if (topics.length === 0) return values
  try {
    for (const [topic, settings] of await new LogReader(client).settings(topics, [name], REQUEST_MS))
      if (settings instanceof Map) values.set(topic, settings.get(name))
  } catch (error) {
    if (!(error instanceof TransportError)) throw error
  }
  return values
}

/**
 * Sends a batch with a wrong checksum, which is never written. The broker checks the permission to write first: it
 * answers TOPIC_AUTHORIZATION_FAILED without permission, and CORRUPT_MESSAGE with it.
 */
async function checkRights(
  client: KafkaJsClient,
  config: ProducerConfig,
  { topic, partitions }: TopicMetadata,
  name: string,
): Promise<Check> {
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
  const words =
    outcome && outcome.kind !== 'acked' && outcome.cause !== undefined ? `${describeError(outcome.cause)} ` : ''
  if (cause === 'CORRUPT_MESSAGE') return ok(name, 'may write')
  if (cause === 'TOPIC_AUTHORIZATION_FAILED')
    return failed(name, cause, 'Grant WRITE on it (MSK: kafka-cluster:WriteData).')
  return failed(name, cause, `${words}It is not known whether the producer may write.`)
}

function replication({ topic, partitions }: TopicMetadata, minInSync: string | null | undefined): Check {
  const name = `replication ${topic}`
  const replicas = Math.min(...partitions.map(({ replicas = 0 }) => replicas))
  const detail = `replication ${replicas}, min.insync.replicas ${minInSync ?? 'not known (DESCRIBE_CONFIGS)'}`
  if (replicas < 3)
    return warning(
      name,
      detail,
      'With fewer than 3 replicas, the loss of one broker stops writes or loses acknowledged records.',
    )
  if (minInSync !== undefined && minInSync !== null && Number(minInSync) < 2)
    return warning(name, detail, 'Set min.insync.replicas to 2: with 1, acks=all is satisfied by the leader alone.')
  return ok(name, detail)
}
