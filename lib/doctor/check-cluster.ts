// TLS, the authentication, versions, topics, rights and replication, by the same client that sends.

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

const ASK_MS = 10_000
const CONNECT = ['TLS', 'log-in', 'ApiVersions']
/** Which step of a connection a refusal belongs to. */
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
    const { topics: found } = await client.metadata(topics, Deadline.after(systemClock, ASK_MS))
    const connected = [
      config.securityProtocol.includes('SSL')
        ? ok('TLS', 'certificate and host name hold')
        : skipped('TLS', `security.protocol is ${config.securityProtocol}`),
    ]
    connected.push(
      config.securityProtocol.startsWith('SASL')
        ? ok('log-in', config.saslMechanism ?? '')
        : skipped('log-in', `security.protocol is ${config.securityProtocol}`),
    )
    connected.push(ok('ApiVersions', 'the broker speaks what is needed'))
    const rights = await checkProducerId(client)
    return [...connected, rights, ...(await checkTopics(client, config, found))]
  } catch (error) {
    return refusedAt(error)
  } finally {
    await client.close()
  }
}

/** The steps before the one that failed hold, those after it are not known. */
function refusedAt(error: unknown): Check[] {
  const cause = causeOf(error)
  const message = error instanceof TransportError ? error.message : String((error as Error).name)
  const step = STEP_OF[cause]
  if (step === undefined)
    return [failed('connection', cause, message), ...CONNECT.map(name => skipped(name, 'no connection'))]
  return CONNECT.map((name, index) =>
    index < step ? ok(name, 'passed') : index === step ? failed(name, cause, message) : skipped(name, 'no connection'),
  )
}

/** The driver's or the broker's own word says more than the code. */
function causeOf(error: unknown): string {
  return error instanceof TransportError ? (error.causeCode ?? error.code) : 'error'
}

async function checkProducerId(client: KafkaJsClient): Promise<Check> {
  try {
    await client.initProducerId(Deadline.after(systemClock, ASK_MS))
    return ok('producer id', 'given')
  } catch (error) {
    return failed('producer id', causeOf(error), (error as TransportError).message)
  }
}

async function checkTopics(
  client: KafkaJsClient,
  config: ProducerConfig,
  topics: readonly TopicMetadata[],
): Promise<Check[]> {
  const there = topics.filter(({ error }) => error === null).map(({ topic }) => topic)
  const settings =
    there.length > 0
      ? await new LogReader(client).settings(there, ['min.insync.replicas']).catch(() => new Map())
      : new Map()
  const checks = await Promise.all(
    topics.map(async found => {
      const name = `topic ${found.topic}`
      if (found.error !== null)
        return [
          failed(
            name,
            found.error,
            found.error === 'TOPIC_AUTHORIZATION_FAILED'
              ? 'Give DESCRIBE on it (MSK: kafka-cluster:DescribeTopic).'
              : 'Create it: nothing is created by sending.',
          ),
        ]
      const leaderless = found.partitions.filter(({ leader }) => leader < 0).length
      const state =
        leaderless > 0
          ? failed(
              name,
              `${leaderless} of ${found.partitions.length} partitions have no leader`,
              'Wait for the brokers, or bring them back.',
            )
          : ok(name, `${found.partitions.length} partition(s)`)
      return [
        state,
        await checkRights(client, config, found),
        replication(found, settings.get(found.topic)?.get('min.insync.replicas')),
      ]
    }),
  )
  return checks.flat()
}

/** A batch whose checksum is wrong: who may write is told so, who may not is told that first, and nothing is ever written. */
async function checkRights(
  client: KafkaJsClient,
  config: ProducerConfig,
  { topic, partitions }: TopicMetadata,
): Promise<Check> {
  const name = `rights ${topic}`
  const led = partitions.find(({ leader }) => leader >= 0)
  if (!led) return skipped(name, 'no partition has a leader')
  const record = {
    topic,
    partition: led.partition,
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
  const [outcome] = await client.produce(led.leader, [{ topic, partition: led.partition, bytes }], request)
  const cause = outcome && outcome.kind !== 'acked' ? outcome.causeCode : 'nothing'
  if (cause === 'CORRUPT_MESSAGE') return ok(name, 'may write')
  if (cause === 'TOPIC_AUTHORIZATION_FAILED')
    return failed(name, cause, 'Give WRITE on it (MSK: kafka-cluster:WriteData).')
  return failed(name, cause, 'The broker did not answer as one that would take a record.')
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
