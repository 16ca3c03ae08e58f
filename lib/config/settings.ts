// THE table of settings. Types, the environment reader, the checks and, with settings-docs.ts, docs/settings.md come
// from it.

import type { DeadLetterTargetConfig } from '../dead-letter/target-kinds.ts'
import type { Partitioner } from '../partition/partitioner.ts'
import type { Serializer } from '../serialize/serializer.ts'

interface Row {
  /** Kafka's name; for settings of this library the environment name. */
  readonly name: string
  readonly env: string
  /** `serializer` and `partitioner`: a name, the path of a module, or (in code) an object or class. */
  readonly kind: 'integer' | 'boolean' | 'text' | 'list' | 'origins' | 'choice' | 'serializer' | 'partitioner'
  readonly min?: number
  readonly max?: number
  /** What an integer counts. In a settings file, bytes may also be written as Spring writes them: 64KB. */
  readonly unit?: 'ms' | 'bytes'
  readonly choices?: readonly string[]
  readonly default?: string | number | boolean
  /** A configuration that is printed or logged shows `[redacted]`, and the template refuses to carry the value. */
  readonly secret?: true
  /** The part of a connection's security that reads the setting. Where that part is off, the setting is refused. */
  readonly security?: 'tls' | 'password' | 'oauthbearer'
  /** Where that part is on: always needed, or needed unless a secret (KAFKA_SECRET_ARN) may hold it. */
  readonly needed?: 'always' | 'without-secret'
}

const MAX_INT = 2 ** 31 - 1

function kafka<const R extends Omit<Row, 'env'>>(row: R): R & { env: string } {
  return { ...row, env: `KAFKA_${row.name.toUpperCase().replaceAll('.', '_')}` }
}

function librarySetting<const R extends Omit<Row, 'name'>>(row: R): R & { name: string } {
  return { ...row, name: row.env }
}

/** Keyed by option name. */
export const SETTINGS = {
  bootstrapServers: kafka({ name: 'bootstrap.servers', kind: 'list' }),
  clientId: kafka({ name: 'client.id', kind: 'text', default: 'serverless-kafka-producer' }),
  keySerializer: kafka({ name: 'key.serializer', kind: 'serializer' }),
  valueSerializer: kafka({ name: 'value.serializer', kind: 'serializer' }),
  acks: kafka({ name: 'acks', kind: 'choice', choices: ['all', '1', '0'], default: 'all' }),
  enableIdempotence: kafka({ name: 'enable.idempotence', kind: 'boolean', default: true }),
  retries: kafka({ name: 'retries', kind: 'integer', min: 0, max: MAX_INT, default: 100 }),
  retryBackoffMs: kafka({ name: 'retry.backoff.ms', kind: 'integer', unit: 'ms', min: 1, max: 60_000, default: 50 }),
  retryBackoffMaxMs: kafka({
    name: 'retry.backoff.max.ms',
    kind: 'integer',
    unit: 'ms',
    min: 1,
    max: 60_000,
    default: 1000,
  }),
  reconnectBackoffMs: kafka({
    name: 'reconnect.backoff.ms',
    kind: 'integer',
    unit: 'ms',
    min: 1,
    max: 60_000,
    default: 50,
  }),
  reconnectBackoffMaxMs: kafka({
    name: 'reconnect.backoff.max.ms',
    kind: 'integer',
    unit: 'ms',
    min: 1,
    max: 60_000,
    default: 1000,
  }),
  batchSize: kafka({
    name: 'batch.size',
    kind: 'integer',
    unit: 'bytes',
    min: 1,
    max: 100_000_000,
    default: 1_000_000,
  }),
  lingerMs: kafka({ name: 'linger.ms', kind: 'integer', unit: 'ms', min: 0, max: 60_000, default: 0 }),
  bufferMemory: kafka({
    name: 'buffer.memory',
    kind: 'integer',
    unit: 'bytes',
    min: 1024,
    max: 2 ** 33,
    default: 33_554_432,
  }),
  compressionType: kafka({
    name: 'compression.type',
    kind: 'choice',
    choices: ['none', 'gzip', 'snappy', 'lz4', 'zstd'],
    default: 'none',
  }),
  partitionerClass: kafka({ name: 'partitioner.class', kind: 'partitioner' }),
  partitionerIgnoreKeys: kafka({ name: 'partitioner.ignore.keys', kind: 'boolean', default: false }),
  maxInFlightRequestsPerConnection: kafka({
    name: 'max.in.flight.requests.per.connection',
    kind: 'integer',
    min: 1,
    max: 100,
    default: 1,
  }),
  maxBlockMs: kafka({ name: 'max.block.ms', kind: 'integer', unit: 'ms', min: 0, max: 900_000, default: 5000 }),
  maxRequestSize: kafka({
    name: 'max.request.size',
    kind: 'integer',
    unit: 'bytes',
    min: 2048,
    max: 100_000_000,
    default: 1_048_576,
  }),
  requestTimeoutMs: kafka({
    name: 'request.timeout.ms',
    kind: 'integer',
    unit: 'ms',
    min: 1,
    max: 900_000,
    default: 3000,
  }),
  deliveryTimeoutMs: kafka({
    name: 'delivery.timeout.ms',
    kind: 'integer',
    unit: 'ms',
    min: 1,
    max: 900_000,
    default: 30_000,
  }),
  ackTimeoutMs: kafka({ name: 'timeout.ms', kind: 'integer', unit: 'ms', min: 1, max: 900_000, default: 2500 }),
  metadataMaxAgeMs: kafka({
    name: 'metadata.max.age.ms',
    kind: 'integer',
    unit: 'ms',
    min: 1,
    max: 86_400_000,
    default: 300_000,
  }),
  connectionsMaxIdleMs: kafka({
    name: 'connections.max.idle.ms',
    kind: 'integer',
    unit: 'ms',
    min: 1,
    max: 86_400_000,
    default: 120_000,
  }),
  socketConnectionSetupTimeoutMs: kafka({
    name: 'socket.connection.setup.timeout.ms',
    kind: 'integer',
    unit: 'ms',
    min: 1,
    max: 900_000,
    default: 3000,
  }),
  securityProtocol: kafka({
    name: 'security.protocol',
    kind: 'choice',
    choices: ['PLAINTEXT', 'SSL', 'SASL_PLAINTEXT', 'SASL_SSL'],
    default: 'PLAINTEXT',
  }),
  saslMechanism: kafka({
    name: 'sasl.mechanism',
    kind: 'choice',
    choices: ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512', 'OAUTHBEARER', 'AWS_MSK_IAM'],
  }),
  saslUsername: kafka({ name: 'sasl.username', kind: 'text', security: 'password', needed: 'without-secret' }),
  saslPassword: kafka({
    name: 'sasl.password',
    kind: 'text',
    secret: true,
    security: 'password',
    needed: 'without-secret',
  }),
  saslOauthbearerTokenEndpointUrl: kafka({
    name: 'sasl.oauthbearer.token.endpoint.url',
    kind: 'text',
    security: 'oauthbearer',
    needed: 'always',
  }),
  saslOauthbearerClientCredentialsClientId: kafka({
    name: 'sasl.oauthbearer.client.credentials.client.id',
    kind: 'text',
    security: 'oauthbearer',
    needed: 'without-secret',
  }),
  saslOauthbearerClientCredentialsClientSecret: kafka({
    name: 'sasl.oauthbearer.client.credentials.client.secret',
    kind: 'text',
    secret: true,
    security: 'oauthbearer',
    needed: 'without-secret',
  }),
  saslOauthbearerScope: kafka({ name: 'sasl.oauthbearer.scope', kind: 'text', security: 'oauthbearer' }),
  sslTruststoreCertificates: kafka({ name: 'ssl.truststore.certificates', kind: 'text', security: 'tls' }),
  sslTruststoreLocation: kafka({ name: 'ssl.truststore.location', kind: 'text', security: 'tls' }),
  sslKeystoreCertificateChain: kafka({ name: 'ssl.keystore.certificate.chain', kind: 'text', security: 'tls' }),
  sslKeystoreKey: kafka({ name: 'ssl.keystore.key', kind: 'text', secret: true, security: 'tls' }),
  sslKeystoreLocation: kafka({ name: 'ssl.keystore.location', kind: 'text', security: 'tls' }),
  sslKeyPassword: kafka({ name: 'ssl.key.password', kind: 'text', secret: true, security: 'tls' }),
  secretArn: librarySetting({ env: 'KAFKA_SECRET_ARN', kind: 'text' }),
  mskClusterArn: librarySetting({ env: 'KAFKA_MSK_CLUSTER_ARN', kind: 'text' }),
  mskNetwork: librarySetting({
    env: 'KAFKA_MSK_NETWORK',
    kind: 'choice',
    choices: ['private', 'public', 'vpc-connectivity'],
    default: 'private',
  }),
  deadLetter: librarySetting({ env: 'KAFKA_DEAD_LETTER', kind: 'text' }),
  deadLetterNotify: librarySetting({ env: 'KAFKA_DEAD_LETTER_NOTIFY', kind: 'text' }),
  deadLetterDiskFsync: librarySetting({ env: 'KAFKA_DEAD_LETTER_DISK_FSYNC', kind: 'boolean', default: true }),
  deadLetterDiskMaxBytes: librarySetting({
    env: 'KAFKA_DEAD_LETTER_DISK_MAX_BYTES',
    kind: 'integer',
    unit: 'bytes',
    min: 1,
    max: Number.MAX_SAFE_INTEGER,
  }),
  deadlineReserveMs: librarySetting({
    env: 'KAFKA_DEADLINE_RESERVE_MS',
    kind: 'integer',
    unit: 'ms',
    min: 0,
    max: 600_000,
    default: 3000,
  }),
  httpDeadlineMs: librarySetting({
    env: 'KAFKA_HTTP_DEADLINE_MS',
    kind: 'integer',
    unit: 'ms',
    min: 1000,
    max: 28_000,
    default: 25_000,
  }),
  principalHeader: librarySetting({ env: 'KAFKA_PRINCIPAL_HEADER', kind: 'boolean', default: false }),
  httpBasePath: librarySetting({ env: 'KAFKA_HTTP_BASE_PATH', kind: 'text', default: '' }),
  httpCorsOrigins: librarySetting({ env: 'KAFKA_HTTP_CORS_ORIGINS', kind: 'origins' }),
  httpMaxConcurrency: librarySetting({
    env: 'KAFKA_HTTP_MAX_CONCURRENCY',
    kind: 'integer',
    min: 1,
    max: 10_000,
    default: 64,
  }),
  queuePrefix: librarySetting({ env: 'KAFKA_QUEUE_PREFIX', kind: 'text', default: '' }),
  defaultTopic: librarySetting({ env: 'KAFKA_DEFAULT_TOPIC', kind: 'text' }),
  onFailureHttp: librarySetting({
    env: 'KAFKA_ON_FAILURE_HTTP',
    kind: 'choice',
    choices: ['dead-letter', 'return'],
    default: 'dead-letter',
  }),
  onFailureSqs: librarySetting({
    env: 'KAFKA_ON_FAILURE_SQS',
    kind: 'choice',
    choices: ['return', 'dead-letter'],
    default: 'return',
  }),
  onFailureEventbridge: librarySetting({
    env: 'KAFKA_ON_FAILURE_EVENTBRIDGE',
    kind: 'choice',
    choices: ['dead-letter', 'return'],
    default: 'dead-letter',
  }),
  fifoOnInvalid: librarySetting({
    env: 'KAFKA_FIFO_ON_INVALID',
    kind: 'choice',
    choices: ['continue', 'stop'],
    default: 'continue',
  }),
  sqsReturnDelayMaxMs: librarySetting({
    env: 'KAFKA_SQS_RETURN_DELAY_MAX_MS',
    kind: 'integer',
    unit: 'ms',
    min: 0,
    max: 43_200_000,
    default: 0,
  }),
  redriveInDoubtWaitMs: librarySetting({
    env: 'KAFKA_REDRIVE_IN_DOUBT_WAIT_MS',
    kind: 'integer',
    min: 0,
    max: 86_400_000,
    unit: 'ms',
    default: 300_000,
  }),
  redriveFrom: librarySetting({ env: 'KAFKA_REDRIVE_FROM', kind: 'text' }),
  redriveAllow: librarySetting({ env: 'KAFKA_REDRIVE_ALLOW', kind: 'text' }),
  redriveLeaseQueue: librarySetting({ env: 'KAFKA_REDRIVE_LEASE_QUEUE', kind: 'text' }),
  configFile: librarySetting({ env: 'KAFKA_CONFIG_FILE', kind: 'text' }),
  strictEnv: librarySetting({ env: 'KAFKA_STRICT_ENV', kind: 'boolean', default: false }),
} as const satisfies Record<string, Row>

export type OptionName = keyof typeof SETTINGS
export type SettingRow = Row

/** The table as a list, every row with all of its columns. */
export const SETTING_ROWS = Object.entries(SETTINGS) as unknown as readonly (readonly [OptionName, SettingRow])[]

type ValueOf<R extends Row> = R['kind'] extends 'integer'
  ? number
  : R['kind'] extends 'boolean'
    ? boolean
    : R['kind'] extends 'list'
      ? readonly string[]
      : R['kind'] extends 'origins'
        ? readonly string[] | undefined
        : R['kind'] extends 'serializer'
          ? Serializer<never> | string | undefined
          : R['kind'] extends 'partitioner'
            ? Partitioner | (new () => Partitioner) | string | undefined
            : R['choices'] extends readonly (infer C)[]
              ? C | (R extends { default: string } ? never : undefined)
              : R extends { default: string }
                ? string
                : string | undefined

/** Every setting with its value, frozen. `deadLetter` and `deadLetterNotify` are parsed into their targets. */
export type ProducerConfig = {
  readonly [K in Exclude<OptionName, 'deadLetter' | 'deadLetterNotify' | 'configFile'>]: ValueOf<(typeof SETTINGS)[K]>
} & {
  /** In order; empty: no dead letters, so that failed records stay with their source. */
  readonly deadLetter: readonly DeadLetterTargetConfig[]
  readonly deadLetterNotify: NotifyTargets
}

/** Options in code: the same values as in the environment, or as text. */
export type ProducerOptions = { readonly [K in OptionName]?: ValueOf<(typeof SETTINGS)[K]> | string }

export type NotifyTargets = readonly (
  | { readonly kind: 'sns'; readonly topicArn: string }
  | { readonly kind: 'eventbridge'; readonly bus: string }
)[]

/** Variables that the template and other programs read. */
export const OTHER_ENV: ReadonlySet<string> = new Set([
  'KAFKA_FUNCTION_TIMEOUT_MS',
  'KAFKA_OPTS',
  'KAFKA_HEAP_OPTS',
  'KAFKA_HOME',
])
