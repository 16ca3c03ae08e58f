// THE table of settings. Types, the environment reader, the checks and docs/settings.md come from it.

import type { Partitioner } from '../partition/partitioner.ts'
import type { Serializer } from '../serialize/serializer.ts'

interface Row {
  /** Kafka's name; for settings of our own the environment name. */
  readonly name: string
  readonly env: string
  /** `serializer` and `partitioner`: a name, the path of a module, or (in code) the thing itself. */
  readonly kind: 'integer' | 'boolean' | 'text' | 'list' | 'choice' | 'serializer' | 'partitioner'
  readonly min?: number
  readonly max?: number
  readonly choices?: readonly string[]
  readonly default?: string | number | boolean
  readonly doc: string
  /** Why the default differs from the Java client's. */
  readonly deviation?: string
}

const MAX_INT = 2 ** 31 - 1

function kafka<const R extends Omit<Row, 'env'>>(row: R): R & { env: string } {
  return { ...row, env: `KAFKA_${row.name.toUpperCase().replaceAll('.', '_')}` }
}

function ours<const R extends Omit<Row, 'name'>>(row: R): R & { name: string } {
  return { ...row, name: row.env }
}

/** Keyed by option name. */
export const SETTINGS = {
  bootstrapServers: kafka({ name: 'bootstrap.servers', kind: 'list', doc: 'Brokers to begin with, host:port, separated by commas. Three are recommended.' }),
  clientId: kafka({
    name: 'client.id',
    kind: 'text',
    default: 'serverless-kafka-producer',
    doc: 'The name that brokers log and quotas know.',
    deviation: 'Java leaves it empty; a name makes broker logs readable.',
  }),
  keySerializer: kafka({
    name: 'key.serializer',
    kind: 'serializer',
    doc: 'How keys become bytes: `string`, `json`, `bytes`, `integer`, `long`, `double`, `uuid`, `void`, their Java class names, or the path of a module that has a Serializer as its default export. Unset: text as UTF-8, bytes as they are. A topic with a contract has its own rule.',
    deviation: 'Java has no default.',
  }),
  valueSerializer: kafka({
    name: 'value.serializer',
    kind: 'serializer',
    doc: 'The same for values. A contract’s `value.format` comes first.',
    deviation: 'Java has no default.',
  }),
  acks: kafka({
    name: 'acks',
    kind: 'choice',
    choices: ['all', '1', '0'],
    default: 'all',
    doc: 'Who must have a record before it counts as written: all in-sync replicas, the leader, or nobody (no answer, no offset). 1 and 0 lose acknowledged records when a leader dies; the shipped functions refuse them.',
  }),
  enableIdempotence: kafka({
    name: 'enable.idempotence',
    kind: 'boolean',
    default: true,
    doc: 'A retry is not written twice. With acks 1 or 0 it is off. Off, a record whose answer was lost may be in Kafka twice.',
  }),
  retries: kafka({
    name: 'retries',
    kind: 'integer',
    min: 0,
    max: MAX_INT,
    default: 100,
    doc: 'Attempts after the first that left the machine; the deadline usually ends them earlier.',
    deviation: 'Java: 2147483647. 100 outlives the default deadline at half a second of back-off, and is bounded.',
  }),
  retryBackoffMs: kafka({
    name: 'retry.backoff.ms',
    kind: 'integer',
    min: 1,
    max: 60_000,
    default: 50,
    doc: 'The shortest pause before a retry, ms. Pauses grow, with full jitter.',
    deviation: 'Java: 100. A Lambda invocation is billed while it waits.',
  }),
  retryBackoffMaxMs: kafka({ name: 'retry.backoff.max.ms', kind: 'integer', min: 1, max: 60_000, default: 1000, doc: 'The longest pause before a retry, ms.' }),
  reconnectBackoffMs: kafka({ name: 'reconnect.backoff.ms', kind: 'integer', min: 1, max: 60_000, default: 50, doc: 'The shortest pause before a broker is dialled again, ms.' }),
  reconnectBackoffMaxMs: kafka({
    name: 'reconnect.backoff.max.ms',
    kind: 'integer',
    min: 1,
    max: 60_000,
    default: 1000,
    doc: 'The longest pause before a broker is dialled again, ms.',
  }),
  batchSize: kafka({
    name: 'batch.size',
    kind: 'integer',
    min: 1,
    max: 100_000_000,
    default: 1_000_000,
    doc: 'Most bytes of one batch (one partition), uncompressed. A larger record still goes, alone.',
    deviation: 'Java: 16384. With one batch in flight per partition small batches cost round trips: 305 ms against 98 for 10,000 records.',
  }),
  lingerMs: kafka({
    name: 'linger.ms',
    kind: 'integer',
    min: 0,
    max: 60_000,
    default: 0,
    doc: 'How long a batch that is not full waits for more records, ms. With 0 records still gather while a request to their leader is under way. `sendAll`, `flush` and the end of an invocation do not wait for it.',
    deviation: 'Java: 5 since 4.0. An invocation mostly knows all of its records at once.',
  }),
  bufferMemory: kafka({
    name: 'buffer.memory',
    kind: 'integer',
    min: 1024,
    max: 2 ** 33,
    default: 33_554_432,
    doc: 'Most bytes of all records between their send and their outcome. A record counts twice, as itself and as its part of the encoded batch. A full buffer makes send wait, at most max.block.ms.',
  }),
  compressionType: kafka({
    name: 'compression.type',
    kind: 'choice',
    choices: ['none', 'gzip', 'snappy', 'lz4', 'zstd'],
    default: 'none',
    doc: 'How a batch is compressed. One that does not get smaller goes as it is. The shipped template sets gzip.',
  }),
  partitionerClass: kafka({
    name: 'partitioner.class',
    kind: 'partitioner',
    doc: 'Who chooses partitions: unset (the key’s hash, as in Java; without a key one partition for a while), `round-robin`, its Java class name, or the path of a module that has a Partitioner as its default export.',
  }),
  partitionerIgnoreKeys: kafka({ name: 'partitioner.ignore.keys', kind: 'boolean', default: false, doc: 'The built-in partitioner treats records as if they had no key.' }),
  maxInFlightRequestsPerConnection: kafka({
    name: 'max.in.flight.requests.per.connection',
    kind: 'integer',
    min: 1,
    max: 100,
    default: 1,
    doc: 'Most Produce requests to one leader without an answer. There is always one batch per partition, so order holds with any number.',
    deviation: 'Java: 5. A broker answers one request of a connection after the other: two that wait for followers take twice as long.',
  }),
  maxBlockMs: kafka({
    name: 'max.block.ms',
    kind: 'integer',
    min: 0,
    max: 900_000,
    default: 5000,
    doc: 'How long a send may wait for the topic’s metadata and for buffer.memory, both together, ms; never beyond the deadline.',
    deviation: 'Java: 60000, longer than most invocations.',
  }),
  maxRequestSize: kafka({
    name: 'max.request.size',
    kind: 'integer',
    min: 2048,
    max: 100_000_000,
    default: 1_048_576,
    doc: 'Most bytes of one Produce request. A larger record is refused; a larger request is split.',
  }),
  requestTimeoutMs: kafka({
    name: 'request.timeout.ms',
    kind: 'integer',
    min: 1,
    max: 900_000,
    default: 3000,
    doc: 'How long a broker’s answer is waited for, ms; then the connection is replaced and the request repeated.',
    deviation: 'Java: 30000. A dead connection must not cost a whole invocation.',
  }),
  deliveryTimeoutMs: kafka({
    name: 'delivery.timeout.ms',
    kind: 'integer',
    min: 1,
    max: 900_000,
    default: 30_000,
    doc: 'The longest life of a record from send to outcome, ms; less when the invocation ends earlier.',
    deviation: 'Java: 120000.',
  }),
  timeoutMs: kafka({
    name: 'timeout.ms',
    kind: 'integer',
    min: 1,
    max: 900_000,
    default: 2500,
    doc: 'How long the leader waits for its followers, ms: the Produce request’s own field.',
    deviation: 'Java has no such setting and sends request.timeout.ms; it must be less, or the leader’s own answer never arrives.',
  }),
  metadataMaxAgeMs: kafka({
    name: 'metadata.max.age.ms',
    kind: 'integer',
    min: 1,
    max: 86_400_000,
    default: 300_000,
    doc: 'Age after which partitions and leaders are asked for again, ms.',
  }),
  connectionsMaxIdleMs: kafka({
    name: 'connections.max.idle.ms',
    kind: 'integer',
    min: 1,
    max: 86_400_000,
    default: 120_000,
    doc: 'A connection idle for longer is replaced before it is used, ms.',
    deviation: 'Java: 540000. NAT gateways and load balancers forget a silent connection after 350 s.',
  }),
  socketConnectionSetupTimeoutMs: kafka({
    name: 'socket.connection.setup.timeout.ms',
    kind: 'integer',
    min: 1,
    max: 900_000,
    default: 3000,
    doc: 'How long setting up a connection may take, ms.',
    deviation: 'Java: 10000.',
  }),
  securityProtocol: kafka({
    name: 'security.protocol',
    kind: 'choice',
    choices: ['PLAINTEXT', 'SSL', 'SASL_PLAINTEXT', 'SASL_SSL'],
    default: 'PLAINTEXT',
    doc: 'How brokers are talked to. With SSL the certificate and its host name are always checked.',
  }),
  saslMechanism: kafka({
    name: 'sasl.mechanism',
    kind: 'choice',
    choices: ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512', 'OAUTHBEARER', 'AWS_MSK_IAM'],
    doc: 'The log-in, with SASL_PLAINTEXT or SASL_SSL. AWS_MSK_IAM signs with the function’s role, and needs SASL_SSL.',
    deviation: 'Java: GSSAPI. AWS_MSK_IAM stands for OAUTHBEARER with AWS’s signer.',
  }),
  saslUsername: kafka({ name: 'sasl.username', kind: 'text', doc: 'For PLAIN and SCRAM, where no secret is named.', deviation: 'Java has it inside sasl.jaas.config.' }),
  saslPassword: kafka({
    name: 'sasl.password',
    kind: 'text',
    doc: 'As above. A secret (KAFKA_SECRET_ARN) keeps it out of the function’s settings.',
    deviation: 'Java has it inside sasl.jaas.config.',
  }),
  saslOauthbearerTokenEndpointUrl: kafka({ name: 'sasl.oauthbearer.token.endpoint.url', kind: 'text', doc: 'For OAUTHBEARER: where a token is asked for by client credentials.' }),
  saslOauthbearerClientCredentialsClientId: kafka({ name: 'sasl.oauthbearer.client.credentials.client.id', kind: 'text', doc: 'For OAUTHBEARER, where no secret is named.' }),
  saslOauthbearerClientCredentialsClientSecret: kafka({ name: 'sasl.oauthbearer.client.credentials.client.secret', kind: 'text', doc: 'As above.' }),
  saslOauthbearerScope: kafka({ name: 'sasl.oauthbearer.scope', kind: 'text', doc: 'The scope to ask for.' }),
  sslTruststoreCertificates: kafka({ name: 'ssl.truststore.certificates', kind: 'text', doc: 'The CA of the brokers, PEM. Default: the public ones that Node knows.' }),
  sslTruststoreLocation: kafka({ name: 'ssl.truststore.location', kind: 'text', doc: 'The same as a file.' }),
  sslKeystoreCertificateChain: kafka({ name: 'ssl.keystore.certificate.chain', kind: 'text', doc: 'Our own certificate, PEM, where brokers ask for one.' }),
  sslKeystoreKey: kafka({ name: 'ssl.keystore.key', kind: 'text', doc: 'Its private key, PEM.' }),
  sslKeystoreLocation: kafka({ name: 'ssl.keystore.location', kind: 'text', doc: 'Both in one PEM file.' }),
  sslKeyPassword: kafka({ name: 'ssl.key.password', kind: 'text', doc: 'The password of that key.' }),
  secretArn: ours({
    env: 'KAFKA_SECRET_ARN',
    kind: 'text',
    doc: 'A secret of Secrets Manager (or an SSM parameter) that holds JSON with `username`, `password`, and where needed `ca`, `certificate`, `key`, `keyPassword`, `clientId`, `clientSecret`. Read when first needed, and again once after a refusal.',
  }),
  mskClusterArn: ours({
    env: 'KAFKA_MSK_CLUSTER_ARN',
    kind: 'text',
    doc: 'Asks MSK for the brokers (kafka:GetBootstrapBrokers). bootstrap.servers is then the fallback, and may be left out.',
  }),
  mskNetwork: ours({ env: 'KAFKA_MSK_NETWORK', kind: 'choice', choices: ['private', 'public', 'vpc-connectivity'], default: 'private', doc: 'Which of the cluster’s addresses.' }),
  deadLetter: ours({
    env: 'KAFKA_DEAD_LETTER',
    kind: 'text',
    doc: 'Where records go that could not be delivered: `sqs:<queue URL>`, `s3:<bucket>/<prefix>`, `dynamodb:<table>` (partition key `letterId`, S), `kafka:{topic}-dlt@<host:port>;<host:port>` (without `@` on the same cluster, never alone), `disk:<folder>`, `sqlite:<file>`, several separated by commas and tried left to right, or `none` (the caller keeps them). Default: `disk:./.dead-letters`; none inside Lambda, where it must be set.',
  }),
  deadLetterNotify: ours({
    env: 'KAFKA_DEAD_LETTER_NOTIFY',
    kind: 'text',
    doc: 'Who is told of a letter after it is stored: `sns:<topic ARN>`, `eventbridge:<bus>`, several separated by commas. It gets no key, value or header. A failure is logged and changes no fate.',
  }),
  deadLetterDiskFsync: ours({
    env: 'KAFKA_DEAD_LETTER_DISK_FSYNC',
    kind: 'boolean',
    default: true,
    doc: 'Of `disk:`: a receipt is given after fsync of file and folder. `false` is faster, and a letter then survives the process but not the machine.',
  }),
  deadLetterDiskMaxBytes: ours({
    env: 'KAFKA_DEAD_LETTER_DISK_MAX_BYTES',
    kind: 'integer',
    min: 1,
    max: Number.MAX_SAFE_INTEGER,
    doc: 'Of `disk:`: the bytes of all segments of the folder; beyond it nothing is stored there. Default: no bound.',
  }),
  deadlineReserveMs: ours({
    env: 'KAFKA_DEADLINE_RESERVE_MS',
    kind: 'integer',
    min: 0,
    max: 600_000,
    default: 3000,
    doc: 'Kept from an invocation’s time for writing dead letters and answering, ms.',
  }),
  httpDeadlineMs: ours({
    env: 'KAFKA_HTTP_DEADLINE_MS',
    kind: 'integer',
    min: 1000,
    max: 28_000,
    default: 25_000,
    doc: 'When the HTTP answer leaves, ms after API Gateway took the request (it gives up at 29 s). Sending ends the reserve before.',
  }),
  defaultTopic: ours({
    env: 'KAFKA_DEFAULT_TOPIC',
    kind: 'text',
    doc: 'The topic of SQS messages and EventBridge events that no contract claims; itself a topic with a contract. Without it they are dead letters.',
  }),
  onFailureHttp: ours({
    env: 'KAFKA_ON_FAILURE_HTTP',
    kind: 'choice',
    choices: ['dead-letter', 'return'],
    default: 'dead-letter',
    doc: 'What the HTTP function does with a record that could not be delivered: a letter and 202, or 503.',
  }),
  onFailureSqs: ours({
    env: 'KAFKA_ON_FAILURE_SQS',
    kind: 'choice',
    choices: ['return', 'dead-letter'],
    default: 'return',
    doc: 'What the SQS functions do with it: back to the queue, or a letter. A record at fault is always a letter.',
  }),
  onFailureEventbridge: ours({
    env: 'KAFKA_ON_FAILURE_EVENTBRIDGE',
    kind: 'choice',
    choices: ['dead-letter', 'return'],
    default: 'dead-letter',
    doc: 'What the EventBridge function does with it: a letter, or an error, after which Lambda tries twice more. A record at fault is always a letter.',
  }),
  fifoOnInvalid: ours({
    env: 'KAFKA_FIFO_ON_INVALID',
    kind: 'choice',
    choices: ['continue', 'stop'],
    default: 'continue',
    doc: 'FIFO queues, after a record at fault: a letter, and its group goes on; or back to the queue with the rest of its group, until the redrive policy takes it.',
  }),
  configFile: ours({
    env: 'KAFKA_CONFIG_FILE',
    kind: 'text',
    doc: 'A settings file, read by `loadConfig`: Spring’s form (`spring.kafka.producer.bootstrap-servers` …) as YAML or properties, or a Java client’s properties.',
  }),
  strictEnv: ours({ env: 'KAFKA_STRICT_ENV', kind: 'boolean', default: false, doc: 'Refuse every KAFKA_ variable that is no setting.' }),
} as const satisfies Record<string, Row>

export type OptionName = keyof typeof SETTINGS
export type SettingRow = Row

type ValueOf<R extends Row> = R['kind'] extends 'integer'
  ? number
  : R['kind'] extends 'boolean'
    ? boolean
    : R['kind'] extends 'list'
      ? readonly string[]
      : R['kind'] extends 'serializer'
        ? Serializer<never> | string | undefined
        : R['kind'] extends 'partitioner'
          ? Partitioner | (new () => Partitioner) | string | undefined
          : R['choices'] extends readonly (infer C)[]
            ? C | (R extends { default: string } ? never : undefined)
            : R extends { default: string }
              ? string
              : string | undefined

/** Every setting with its value, frozen. `deadLetter` is parsed into its chain, `deadLetterNotify` into its targets. */
export type ProducerConfig = { readonly [K in Exclude<OptionName, 'deadLetter' | 'deadLetterNotify' | 'configFile'>]: ValueOf<(typeof SETTINGS)[K]> } & {
  readonly deadLetter: DeadLetterChain
  readonly deadLetterNotify: NotifyTargets
}

/** Options in code: the same values as in the environment, or as text. */
export type ProducerOptions = { readonly [K in OptionName]?: ValueOf<(typeof SETTINGS)[K]> | string }

/** Targets in order; empty: dead letters are off and the source keeps what fails. */
export type DeadLetterChain = readonly (
  | { readonly kind: 'disk'; readonly folder: string; readonly fsync?: boolean; readonly maxBytes?: number }
  | { readonly kind: 'kafka'; readonly pattern: string; readonly servers: readonly string[] | undefined }
  | { readonly kind: 'sqs'; readonly queueUrl: string }
  | { readonly kind: 's3'; readonly bucket: string; readonly prefix: string }
  | { readonly kind: 'dynamodb'; readonly table: string }
  | { readonly kind: 'sqlite'; readonly file: string }
)[]

export type NotifyTargets = readonly ({ readonly kind: 'sns'; readonly topicArn: string } | { readonly kind: 'eventbridge'; readonly bus: string })[]

/** Read by others than the settings table: the template's own, and other programs'. */
export const OTHER_ENV: ReadonlySet<string> = new Set(['KAFKA_FUNCTION_TIMEOUT_MS', 'KAFKA_OPTS', 'KAFKA_HEAP_OPTS', 'KAFKA_HOME'])
