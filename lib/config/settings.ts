// THE table of settings. The types of options and configuration with their help in an editor (producer-options.ts), the
// environment reader, the checks and docs/settings.md come from it. A row's comment says what the setting does and, in
// a paragraph that starts with "Java", why its default differs from the Java client's. `npm run docs` copies it; no
// bundle has it.

interface Row {
  /** Kafka's name; for settings of this library the environment name. */
  readonly name: string
  readonly env: string
  /**
   * `serializer` and `partitioner`: a name, the path of a module, or (in code) an object or class. `tokenProvider`: the
   * path of a module, or (in code) a function.
   */
  readonly kind:
    | 'integer'
    | 'boolean'
    | 'text'
    | 'list'
    | 'urls'
    | 'origins'
    | 'choice'
    | 'serializer'
    | 'partitioner'
    | 'tokenProvider'
  readonly min?: number
  readonly max?: number
  /** What an integer counts. In a settings file, bytes may also be written as Spring writes them: 64KB. */
  readonly unit?: 'ms' | 'bytes'
  readonly choices?: readonly (string | number)[]
  /** The common suffix of the Java class names that the choices stand for. */
  readonly classes?: string
  readonly default?: string | number | boolean
  /** A configuration that is printed or logged shows `[redacted]`, and the template refuses to carry the value. */
  readonly secret?: true
  /** The part of a connection's security that reads the setting. If that part is off, the setting is refused. */
  readonly security?: 'tls' | 'password' | 'oauthbearer'
  /** Required if that part is on, unless a secret (KAFKA_SECRET_ARN) may hold it. */
  readonly needed?: 'without-secret'
}

const MAX_INT = 2 ** 31 - 1

function kafka<const R extends Omit<Row, 'env'>>(row: R): R & { env: string } {
  return { ...row, env: `KAFKA_${row.name.toUpperCase().replaceAll('.', '_')}` }
}

function librarySetting<const R extends Omit<Row, 'name'>>(row: R): R & { name: string } {
  return { ...row, name: row.env }
}

export type { ProducerConfig } from './producer-options.ts'

/** Keyed by option name. */
export const SETTINGS = {
  /**
   * Brokers for the first connection, host:port, separated by commas. Three are recommended.
   */
  bootstrapServers: kafka({ name: 'bootstrap.servers', kind: 'list' }),
  /**
   * The name by which brokers log this producer and apply quotas.
   *
   * Java leaves it empty; a name makes broker logs readable.
   */
  clientId: kafka({ name: 'client.id', kind: 'text', default: 'serverless-kafka-producer' }),
  /**
   * How keys become bytes: `string`, `json`, `bytes`, `integer`, `long`, `double`, `uuid`, `void`; by the latest schema
   * of a registry `confluent-avro`, `confluent-protobuf`, `confluent-json-schema`, `glue`; Java’s class names of these;
   * or the path of a module whose default export is a Serializer. Unset: text is sent as UTF-8, bytes unchanged. A
   * contract has its own rule for its topic.
   *
   * Java has no default.
   */
  keySerializer: kafka({ name: 'key.serializer', kind: 'serializer' }),
  /**
   * How values become bytes: the same choices as for `key.serializer`. A contract’s `value.format` takes precedence.
   *
   * Java has no default.
   */
  valueSerializer: kafka({ name: 'value.serializer', kind: 'serializer' }),
  /**
   * Who must have a record before it counts as written: all in-sync replicas, the leader, or nobody (no
   * acknowledgement, no offset). With 1 and 0 an acknowledged record is lost when a leader fails; the shipped functions
   * refuse both.
   */
  acks: kafka({ name: 'acks', kind: 'choice', choices: ['all', 1, 0], default: 'all' }),
  /**
   * Whether brokers recognise a retry, so that it is not written twice. It is off with acks 1 or 0. While it is off, a
   * record whose response was lost may be in Kafka twice.
   */
  enableIdempotence: kafka({ name: 'enable.idempotence', kind: 'boolean', default: true }),
  /**
   * The most attempts after the first; only those count that left the machine. The deadline usually ends them earlier.
   *
   * Java: 2147483647. 100 attempts with half a second of back-off last longer than the default deadline, but end at
   * some time.
   */
  retries: kafka({ name: 'retries', kind: 'integer', min: 0, max: MAX_INT, default: 100 }),
  /**
   * The shortest pause before a retry. Pauses are random; their limit doubles with each failure, up to
   * `retry.backoff.max.ms`.
   *
   * Java: 100. A Lambda invocation is billed while it waits.
   */
  retryBackoffMs: kafka({ name: 'retry.backoff.ms', kind: 'integer', unit: 'ms', min: 1, max: 60_000, default: 50 }),
  /**
   * The longest pause before a retry.
   */
  retryBackoffMaxMs: kafka({
    name: 'retry.backoff.max.ms',
    kind: 'integer',
    unit: 'ms',
    min: 1,
    max: 60_000,
    default: 1000,
  }),
  /**
   * The shortest pause before the next connection attempt to a broker.
   */
  reconnectBackoffMs: kafka({
    name: 'reconnect.backoff.ms',
    kind: 'integer',
    unit: 'ms',
    min: 1,
    max: 60_000,
    default: 50,
  }),
  /**
   * The longest pause before the next connection attempt to a broker.
   */
  reconnectBackoffMaxMs: kafka({
    name: 'reconnect.backoff.max.ms',
    kind: 'integer',
    unit: 'ms',
    min: 1,
    max: 60_000,
    default: 1000,
  }),
  /**
   * The largest batch of a partition, as it is sent. With compression, the size is estimated by the ratio of the
   * topic’s last batches, with at most 8 MiB of records. A larger record is still sent, alone in its batch. After a
   * broker refused a batch as too large, later batches of the topic are smaller for `metadata.max.age.ms`.
   *
   * Java: 16384. With one batch in flight per partition, each further batch costs a round trip.
   */
  batchSize: kafka({
    name: 'batch.size',
    kind: 'integer',
    unit: 'bytes',
    min: 1,
    max: 100_000_000,
    default: 1_000_000,
  }),
  /**
   * How long a batch that is not full waits for more records. With 0, records still gather while a request to their
   * leader is in flight. `sendAll`, `flush` and the end of an invocation do not wait.
   *
   * Java: 5 since 4.0. An invocation usually knows all of its records at once.
   */
  lingerMs: kafka({ name: 'linger.ms', kind: 'integer', unit: 'ms', min: 0, max: 60_000, default: 0 }),
  /**
   * The most memory for records between their send and their outcome. A record counts twice: itself, and its part of
   * the encoded batch. When the buffer is full, a send waits for `max.block.ms` at most.
   */
  bufferMemory: kafka({
    name: 'buffer.memory',
    kind: 'integer',
    unit: 'bytes',
    min: 1024,
    max: 2 ** 33,
    default: 33_554_432,
  }),
  /**
   * How a batch is compressed. A batch that compression does not make smaller is sent uncompressed. gzip is recommended
   * for JSON and other text: it compressed 1,500 earthquake events to an eighth (docs/benchmarks.md). The shipped
   * templates (`npm run deploy`, AWS SAM, AWS CDK) set gzip; the library itself does not compress by default.
   */
  compressionType: kafka({
    name: 'compression.type',
    kind: 'choice',
    choices: ['none', 'gzip', 'snappy', 'lz4', 'zstd'],
    default: 'none',
  }),
  /**
   * What chooses partitions: unset (the key’s hash, as in Java; records without a key go to one partition for a while,
   * then to another), `round-robin`, its Java class name, or the path of a module whose default export is a
   * Partitioner.
   */
  partitionerClass: kafka({ name: 'partitioner.class', kind: 'partitioner' }),
  /**
   * Whether the built-in partitioner treats records as if they had no key.
   */
  partitionerIgnoreKeys: kafka({ name: 'partitioner.ignore.keys', kind: 'boolean', default: false }),
  /**
   * Whether records without a key go to partitions whose leader is in `client.rack`, or to all partitions while no
   * leader is in it. Records with a key keep the partition of their key’s hash (KIP-1123; docs/connections.md).
   */
  partitionerRackAware: kafka({ name: 'partitioner.rack.aware', kind: 'boolean', default: false }),
  /**
   * The rack in which this client runs, in the form of the brokers’ `broker.rack`: on MSK the id of an availability
   * zone, such as `use1-az1`. `lambda:az-id` asks Lambda for it. Only `partitioner.rack.aware` uses it.
   */
  clientRack: kafka({ name: 'client.rack', kind: 'text', default: '' }),
  /**
   * Records without a key avoid a leader that has accepted no batch for this long, until it accepts one or no record
   * waits for it. 0: they don’t.
   */
  partitionerAvailabilityTimeoutMs: kafka({
    name: 'partitioner.availability.timeout.ms',
    kind: 'integer',
    unit: 'ms',
    min: 0,
    max: 900_000,
    default: 0,
  }),
  /**
   * The most Produce requests to one leader that have no response yet. A partition has at most one batch in flight, so
   * every number keeps the order.
   *
   * Java: 5. A broker handles the requests of a connection one after the other: with two that wait for followers, each
   * takes twice as long.
   */
  maxInFlightRequestsPerConnection: kafka({
    name: 'max.in.flight.requests.per.connection',
    kind: 'integer',
    min: 1,
    max: 100,
    default: 1,
  }),
  /**
   * How long a send may wait in total for the topic’s metadata, for a partition that was just added, and for
   * `buffer.memory`; never beyond the deadline.
   *
   * Java: 60000, longer than most invocations.
   */
  maxBlockMs: kafka({ name: 'max.block.ms', kind: 'integer', unit: 'ms', min: 0, max: 900_000, default: 5000 }),
  /**
   * The largest Produce request. A larger record is refused; a larger request is split.
   */
  maxRequestSize: kafka({
    name: 'max.request.size',
    kind: 'integer',
    unit: 'bytes',
    min: 2048,
    max: 100_000_000,
    default: 1_048_576,
  }),
  /**
   * How long to wait for a broker’s response. After that the connection is replaced and the request repeated.
   *
   * Java: 30000. A dead connection must not cost a whole invocation.
   */
  requestTimeoutMs: kafka({
    name: 'request.timeout.ms',
    kind: 'integer',
    unit: 'ms',
    min: 1,
    max: 900_000,
    default: 3000,
  }),
  /**
   * The longest time from the send of a record to its outcome. It is shorter when the invocation ends earlier.
   *
   * Java: 120000.
   */
  deliveryTimeoutMs: kafka({
    name: 'delivery.timeout.ms',
    kind: 'integer',
    unit: 'ms',
    min: 1,
    max: 900_000,
    default: 30_000,
  }),
  /**
   * How long the leader waits for its followers: the field `timeout.ms` of a Produce request.
   *
   * Java has no such setting and sends request.timeout.ms. It must be less than request.timeout.ms, or the leader’s own
   * response arrives too late.
   */
  ackTimeoutMs: kafka({ name: 'timeout.ms', kind: 'integer', unit: 'ms', min: 1, max: 900_000, default: 2500 }),
  /**
   * The age after which partitions and leaders are requested again.
   */
  metadataMaxAgeMs: kafka({
    name: 'metadata.max.age.ms',
    kind: 'integer',
    unit: 'ms',
    min: 1,
    max: 86_400_000,
    default: 300_000,
  }),
  /**
   * A connection that was idle for longer is replaced before it is used.
   *
   * Java: 540000. NAT gateways and load balancers drop an idle connection after 350 s.
   */
  connectionsMaxIdleMs: kafka({
    name: 'connections.max.idle.ms',
    kind: 'integer',
    unit: 'ms',
    min: 1,
    max: 86_400_000,
    default: 120_000,
  }),
  /**
   * How long setting up a connection may take, TLS and authentication included.
   *
   * Java: 10000.
   */
  socketConnectionSetupTimeoutMs: kafka({
    name: 'socket.connection.setup.timeout.ms',
    kind: 'integer',
    unit: 'ms',
    min: 1,
    max: 900_000,
    default: 3000,
  }),
  /**
   * How to connect to brokers: with or without TLS and SASL. With TLS, the certificate and its host name are always
   * checked.
   */
  securityProtocol: kafka({
    name: 'security.protocol',
    kind: 'choice',
    choices: ['PLAINTEXT', 'SSL', 'SASL_PLAINTEXT', 'SASL_SSL'],
    default: 'PLAINTEXT',
  }),
  /**
   * How to authenticate, with SASL_PLAINTEXT or SASL_SSL. AWS_MSK_IAM uses the function’s role, and needs SASL_SSL.
   *
   * Java: GSSAPI. AWS_MSK_IAM stands for OAUTHBEARER with AWS’s signer.
   */
  saslMechanism: kafka({
    name: 'sasl.mechanism',
    kind: 'choice',
    choices: ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512', 'OAUTHBEARER', 'AWS_MSK_IAM'],
  }),
  /**
   * The user name for PLAIN and SCRAM, if KAFKA_SECRET_ARN is unset.
   *
   * Java has it inside sasl.jaas.config.
   */
  saslUsername: kafka({ name: 'sasl.username', kind: 'text', security: 'password', needed: 'without-secret' }),
  /**
   * The password for PLAIN and SCRAM, if KAFKA_SECRET_ARN is unset. KAFKA_SECRET_ARN keeps it out of the function’s
   * settings.
   *
   * Java has it inside sasl.jaas.config.
   */
  saslPassword: kafka({
    name: 'sasl.password',
    kind: 'text',
    secret: true,
    security: 'password',
    needed: 'without-secret',
  }),
  /**
   * User and password in Java’s form: the text of a PlainLoginModule, ScramLoginModule, IAMLoginModule or
   * OAuthBearerLoginModule. It replaces the separate settings of SASL; those that are set take precedence.
   *
   * Java has no other setting for user and password.
   */
  saslJaasConfig: kafka({ name: 'sasl.jaas.config', kind: 'text', secret: true }),
  /**
   * For OAUTHBEARER: the `https:` endpoint that returns tokens, or a `file:` URL of a file that contains a token.
   */
  saslOauthbearerTokenEndpointUrl: kafka({
    name: 'sasl.oauthbearer.token.endpoint.url',
    kind: 'text',
    security: 'oauthbearer',
  }),
  /**
   * For OAUTHBEARER: how the token endpoint is asked, as a Java class with or without its package. The default is
   * client credentials with a client secret or, if there is one, an assertion (KIP-1258). JwtBearerJwtRetriever is the
   * grant jwt-bearer with an assertion (KIP-1139).
   */
  saslOauthbearerJwtRetrieverClass: kafka({
    name: 'sasl.oauthbearer.jwt.retriever.class',
    kind: 'choice',
    choices: ['DefaultJwtRetriever', 'ClientCredentialsJwtRetriever', 'JwtBearerJwtRetriever'],
    default: 'DefaultJwtRetriever',
    security: 'oauthbearer',
  }),
  /**
   * For OAUTHBEARER: the client id, if neither KAFKA_SECRET_ARN nor an assertion is used.
   */
  saslOauthbearerClientCredentialsClientId: kafka({
    name: 'sasl.oauthbearer.client.credentials.client.id',
    kind: 'text',
    security: 'oauthbearer',
  }),
  /**
   * For OAUTHBEARER: the client secret, if neither KAFKA_SECRET_ARN nor an assertion is used.
   */
  saslOauthbearerClientCredentialsClientSecret: kafka({
    name: 'sasl.oauthbearer.client.credentials.client.secret',
    kind: 'text',
    secret: true,
    security: 'oauthbearer',
  }),
  /**
   * For OAUTHBEARER: the scope to request.
   */
  saslOauthbearerScope: kafka({ name: 'sasl.oauthbearer.scope', kind: 'text', security: 'oauthbearer' }),
  /**
   * For OAUTHBEARER: SASL extensions (RFC 7628) as `name=value,…`. Confluent Cloud needs
   * `logicalCluster=lkc-…,identityPoolId=pool-…`.
   *
   * Java has them inside sasl.jaas.config, as extension_….
   */
  saslOauthbearerExtensions: kafka({ name: 'sasl.oauthbearer.extensions', kind: 'text', security: 'oauthbearer' }),
  /**
   * For OAUTHBEARER: a file with a signed assertion, read again for each token. The other settings of assertions are
   * then ignored.
   */
  saslOauthbearerAssertionFile: kafka({
    name: 'sasl.oauthbearer.assertion.file',
    kind: 'text',
    security: 'oauthbearer',
  }),
  /**
   * For OAUTHBEARER: a PEM file with the private key that signs assertions, read again for each token. A secret
   * (KAFKA_SECRET_ARN) may hold the key as `assertionKey`.
   */
  saslOauthbearerAssertionPrivateKeyFile: kafka({
    name: 'sasl.oauthbearer.assertion.private.key.file',
    kind: 'text',
    security: 'oauthbearer',
  }),
  /**
   * The passphrase of the private key that signs assertions.
   */
  saslOauthbearerAssertionPrivateKeyPassphrase: kafka({
    name: 'sasl.oauthbearer.assertion.private.key.passphrase',
    kind: 'text',
    secret: true,
    security: 'oauthbearer',
  }),
  /**
   * How assertions are signed: RS256 with an RSA key, ES256 with a key of the curve P-256.
   */
  saslOauthbearerAssertionAlgorithm: kafka({
    name: 'sasl.oauthbearer.assertion.algorithm',
    kind: 'choice',
    choices: ['RS256', 'ES256'],
    default: 'RS256',
    security: 'oauthbearer',
  }),
  /**
   * The issuer of assertions (`iss`). Default: the issuer of the template file, else the client id.
   */
  saslOauthbearerAssertionClaimIss: kafka({
    name: 'sasl.oauthbearer.assertion.claim.iss',
    kind: 'text',
    security: 'oauthbearer',
  }),
  /**
   * The subject of assertions (`sub`). Default: the subject of the template file, else the client id.
   */
  saslOauthbearerAssertionClaimSub: kafka({
    name: 'sasl.oauthbearer.assertion.claim.sub',
    kind: 'text',
    security: 'oauthbearer',
  }),
  /**
   * The audience of assertions (`aud`). Default: the audience of the template file, else the token endpoint.
   */
  saslOauthbearerAssertionClaimAud: kafka({
    name: 'sasl.oauthbearer.assertion.claim.aud',
    kind: 'text',
    security: 'oauthbearer',
  }),
  /**
   * How long assertions are valid, in seconds.
   */
  saslOauthbearerAssertionClaimExpSeconds: kafka({
    name: 'sasl.oauthbearer.assertion.claim.exp.seconds',
    kind: 'integer',
    min: 1,
    max: 86_400,
    default: 300,
    security: 'oauthbearer',
  }),
  /**
   * How many seconds before their creation assertions become valid, to allow for clocks that differ.
   */
  saslOauthbearerAssertionClaimNbfSeconds: kafka({
    name: 'sasl.oauthbearer.assertion.claim.nbf.seconds',
    kind: 'integer',
    min: 0,
    max: 86_400,
    default: 60,
    security: 'oauthbearer',
  }),
  /**
   * Whether assertions have an id (`jti`).
   */
  saslOauthbearerAssertionClaimJtiInclude: kafka({
    name: 'sasl.oauthbearer.assertion.claim.jti.include',
    kind: 'boolean',
    default: false,
    security: 'oauthbearer',
  }),
  /**
   * A JSON file with `header` and `payload`: further fields of assertions, such as `kid`.
   */
  saslOauthbearerAssertionTemplateFile: kafka({
    name: 'sasl.oauthbearer.assertion.template.file',
    kind: 'text',
    security: 'oauthbearer',
  }),
  /**
   * For OAUTHBEARER: the audience of a JWT that AWS issues for the function’s role (IAM outbound identity federation,
   * sts:GetWebIdentityToken). The JWT is the token or, with a token endpoint, the assertion.
   */
  saslOauthbearerAwsAudience: kafka({ name: 'sasl.oauthbearer.aws.audience', kind: 'text', security: 'oauthbearer' }),
  /**
   * The region of the STS that issues the JWT of the function’s role. Default: AWS_REGION.
   */
  saslOauthbearerAwsRegion: kafka({ name: 'sasl.oauthbearer.aws.region', kind: 'text', security: 'oauthbearer' }),
  /**
   * How long the JWT of the function’s role is valid, in seconds.
   */
  saslOauthbearerAwsDurationSeconds: kafka({
    name: 'sasl.oauthbearer.aws.duration.seconds',
    kind: 'integer',
    min: 60,
    max: 3600,
    default: 300,
    security: 'oauthbearer',
  }),
  /**
   * How AWS signs the JWT of the function’s role.
   */
  saslOauthbearerAwsSigningAlgorithm: kafka({
    name: 'sasl.oauthbearer.aws.signing.algorithm',
    kind: 'choice',
    choices: ['ES384', 'RS256'],
    default: 'ES384',
    security: 'oauthbearer',
  }),
  /**
   * For OAUTHBEARER: a function that returns tokens (`OAuthBearerTokenProvider`) and replaces the other sources; or the
   * path of a module whose default export is such a function.
   *
   * Java has sasl.login.callback.handler.class for it.
   */
  oauthBearerTokenProvider: librarySetting({
    env: 'KAFKA_OAUTH_BEARER_TOKEN_PROVIDER',
    kind: 'tokenProvider',
    security: 'oauthbearer',
  }),
  /**
   * Accepts a token endpoint with `http:`. The client secret and the token are then readable on the network: only for a
   * local identity provider.
   */
  oauthAllowHttp: librarySetting({ env: 'KAFKA_OAUTH_ALLOW_HTTP', kind: 'boolean', default: false }),
  /**
   * The CA of the brokers as PEM text. Default: the public CAs that Node trusts.
   */
  sslTruststoreCertificates: kafka({ name: 'ssl.truststore.certificates', kind: 'text', security: 'tls' }),
  /**
   * A PEM file with the CA of the brokers.
   */
  sslTruststoreLocation: kafka({ name: 'ssl.truststore.location', kind: 'text', security: 'tls' }),
  /**
   * The client certificate as PEM text, if brokers require one.
   */
  sslKeystoreCertificateChain: kafka({ name: 'ssl.keystore.certificate.chain', kind: 'text', security: 'tls' }),
  /**
   * The private key of the client certificate as PEM text.
   */
  sslKeystoreKey: kafka({ name: 'ssl.keystore.key', kind: 'text', secret: true, security: 'tls' }),
  /**
   * A PEM file with the client certificate and its private key.
   */
  sslKeystoreLocation: kafka({ name: 'ssl.keystore.location', kind: 'text', security: 'tls' }),
  /**
   * The password of the client certificate’s private key.
   */
  sslKeyPassword: kafka({ name: 'ssl.key.password', kind: 'text', secret: true, security: 'tls' }),
  /**
   * A Secrets Manager secret or an SSM parameter that holds JSON with `username`, `password`, and if needed `ca`,
   * `certificate`, `key`, `keyPassword`, `clientId`, `clientSecret`, `assertionKey`; for a schema registry
   * `schemaRegistryUserInfo`, `schemaRegistryToken`, `schemaRegistryClientId`, `schemaRegistryClientSecret`,
   * `schemaRegistryKey`, `schemaRegistryKeyPassword`. It is read when first needed, and again after a refused
   * authentication.
   */
  secretArn: librarySetting({ env: 'KAFKA_SECRET_ARN', kind: 'text' }),
  /**
   * The ARN of an MSK cluster. The producer asks MSK for the brokers (kafka:GetBootstrapBrokers); bootstrap.servers is
   * then only the fallback, and may be left out.
   */
  mskClusterArn: librarySetting({ env: 'KAFKA_MSK_CLUSTER_ARN', kind: 'text' }),
  /**
   * Which of the MSK cluster’s addresses to use.
   */
  mskNetwork: librarySetting({
    env: 'KAFKA_MSK_NETWORK',
    kind: 'choice',
    choices: ['private', 'public', 'vpc-connectivity'],
    default: 'private',
  }),
  /**
   * Addresses of a schema registry with Confluent’s API, `https://…`, separated by commas and tried in turn. Contracts
   * with `registry: confluent` and the serializers of `./schema-registry` use them. A user and password in an address
   * are removed from it and used as the user info.
   */
  schemaRegistryUrl: kafka({ name: 'schema.registry.url', kind: 'urls' }),
  /**
   * Where user and password of the schema registry come from: the user info, the address, or the SASL settings of the
   * brokers. Unset: whichever of the first two is set.
   *
   * Java: URL, and a user info alone has no effect.
   */
  schemaRegistryBasicAuthCredentialsSource: kafka({
    name: 'schema.registry.basic.auth.credentials.source',
    kind: 'choice',
    choices: ['USER_INFO', 'URL', 'SASL_INHERIT'],
  }),
  /**
   * The API key and secret, or user and password, for the schema registry, as `user:password`. A secret
   * (KAFKA_SECRET_ARN) may hold it as `schemaRegistryUserInfo`.
   */
  schemaRegistryBasicAuthUserInfo: kafka({
    name: 'schema.registry.basic.auth.user.info',
    kind: 'text',
    secret: true,
  }),
  /**
   * Where the bearer token for the schema registry comes from: `schema.registry.bearer.auth.token`, an OAuth endpoint,
   * or the OAUTHBEARER settings of the brokers. Unset: whichever of the first two is set.
   */
  schemaRegistryBearerAuthCredentialsSource: kafka({
    name: 'schema.registry.bearer.auth.credentials.source',
    kind: 'choice',
    choices: ['STATIC_TOKEN', 'OAUTHBEARER', 'SASL_OAUTHBEARER_INHERIT'],
  }),
  /**
   * A bearer token for the schema registry. A secret (KAFKA_SECRET_ARN) may hold it as `schemaRegistryToken`.
   */
  schemaRegistryBearerAuthToken: kafka({ name: 'schema.registry.bearer.auth.token', kind: 'text', secret: true }),
  /**
   * The `https:` endpoint that returns tokens for the schema registry (client credentials grant).
   */
  schemaRegistryBearerAuthIssuerEndpointUrl: kafka({
    name: 'schema.registry.bearer.auth.issuer.endpoint.url',
    kind: 'text',
  }),
  /**
   * The client id at the token endpoint of the schema registry. A secret (KAFKA_SECRET_ARN) may hold it as
   * `schemaRegistryClientId`.
   */
  schemaRegistryBearerAuthClientId: kafka({ name: 'schema.registry.bearer.auth.client.id', kind: 'text' }),
  /**
   * The client secret at the token endpoint of the schema registry. A secret (KAFKA_SECRET_ARN) may hold it as
   * `schemaRegistryClientSecret`.
   */
  schemaRegistryBearerAuthClientSecret: kafka({
    name: 'schema.registry.bearer.auth.client.secret',
    kind: 'text',
    secret: true,
  }),
  /**
   * The scope to request at the token endpoint of the schema registry.
   */
  schemaRegistryBearerAuthScope: kafka({ name: 'schema.registry.bearer.auth.scope', kind: 'text' }),
  /**
   * Confluent Cloud with a bearer token: the id of the schema registry, `lsrc-…` (the header target-sr-cluster).
   */
  schemaRegistryBearerAuthLogicalCluster: kafka({
    name: 'schema.registry.bearer.auth.logical.cluster',
    kind: 'text',
  }),
  /**
   * Confluent Cloud with a bearer token: the identity pool, `pool-…` (the header Confluent-Identity-Pool-Id).
   */
  schemaRegistryBearerAuthIdentityPoolId: kafka({
    name: 'schema.registry.bearer.auth.identity.pool.id',
    kind: 'text',
  }),
  /**
   * The CA of the schema registry as PEM text. Default: the public CAs that Node trusts.
   */
  schemaRegistrySslTruststoreCertificates: kafka({
    name: 'schema.registry.ssl.truststore.certificates',
    kind: 'text',
  }),
  /**
   * A PEM file with the CA of the schema registry.
   */
  schemaRegistrySslTruststoreLocation: kafka({ name: 'schema.registry.ssl.truststore.location', kind: 'text' }),
  /**
   * The client certificate as PEM text, if the schema registry requires one.
   */
  schemaRegistrySslKeystoreCertificateChain: kafka({
    name: 'schema.registry.ssl.keystore.certificate.chain',
    kind: 'text',
  }),
  /**
   * The private key of the client certificate for the schema registry as PEM text.
   */
  schemaRegistrySslKeystoreKey: kafka({ name: 'schema.registry.ssl.keystore.key', kind: 'text', secret: true }),
  /**
   * A PEM file with the client certificate for the schema registry and its private key.
   */
  schemaRegistrySslKeystoreLocation: kafka({ name: 'schema.registry.ssl.keystore.location', kind: 'text' }),
  /**
   * The password of the private key for the schema registry.
   */
  schemaRegistrySslKeyPassword: kafka({ name: 'schema.registry.ssl.key.password', kind: 'text', secret: true }),
  /**
   * How long to wait for a response of a schema registry (Confluent’s API or Glue). After that the request is repeated,
   * until the record’s deadline.
   *
   * Java: http.read.timeout.ms, 60000. A response that does not arrive must not cost a whole invocation.
   */
  schemaRegistryRequestTimeoutMs: kafka({
    name: 'schema.registry.request.timeout.ms',
    kind: 'integer',
    unit: 'ms',
    min: 1,
    max: 900_000,
    default: 5000,
  }),
  /**
   * Whether a serializer registers its schema if the subject does not have it yet. Default: Confluent’s serializers do,
   * Glue’s does not. A contract has its own `autoRegister`.
   */
  autoRegisterSchemas: kafka({ name: 'auto.register.schemas', kind: 'boolean' }),
  /**
   * Whether a serializer writes with the latest version of the subject instead of its own schema. A serializer without
   * a schema always does.
   */
  useLatestVersion: kafka({ name: 'use.latest.version', kind: 'boolean', default: false }),
  /**
   * Whether the registry normalizes schemas before it compares and registers them, so that differences in the order of
   * fields that have no meaning are ignored. Confluent’s API only.
   */
  normalizeSchemas: kafka({ name: 'normalize.schemas', kind: 'boolean', default: false }),
  /**
   * The subject of a key’s schema: `<topic>-key`, the record’s full name, or `<topic>-<full name>`; Java’s class names
   * are understood. Confluent’s API only.
   */
  keySubjectNameStrategy: kafka({
    name: 'key.subject.name.strategy',
    kind: 'choice',
    choices: ['TopicName', 'RecordName', 'TopicRecordName'],
    classes: 'Strategy',
    default: 'TopicName',
  }),
  /**
   * The subject of a value’s schema: `<topic>-value`, the record’s full name, or `<topic>-<full name>`; Java’s class
   * names are understood. Confluent’s API only.
   */
  valueSubjectNameStrategy: kafka({
    name: 'value.subject.name.strategy',
    kind: 'choice',
    choices: ['TopicName', 'RecordName', 'TopicRecordName'],
    classes: 'Strategy',
    default: 'TopicName',
  }),
  /**
   * Where the id of a key’s schema is written: before its bytes, or as a GUID in the header `__key_schema_id`; Java’s
   * class names are understood. Confluent’s API only.
   */
  keySchemaIdSerializer: kafka({
    name: 'key.schema.id.serializer',
    kind: 'choice',
    choices: ['prefix', 'header'],
    classes: 'SchemaIdSerializer',
    default: 'prefix',
  }),
  /**
   * Where the id of a value’s schema is written: before its bytes, or as a GUID in the header `__value_schema_id`;
   * Java’s class names are understood. Confluent’s API only.
   */
  valueSchemaIdSerializer: kafka({
    name: 'value.schema.id.serializer',
    kind: 'choice',
    choices: ['prefix', 'header'],
    classes: 'SchemaIdSerializer',
    default: 'prefix',
  }),
  /**
   * The region of the AWS Glue Schema Registry. Default: AWS_REGION.
   */
  glueRegion: librarySetting({ env: 'KAFKA_GLUE_REGION', kind: 'text' }),
  /**
   * The name of the registry in the AWS Glue Schema Registry.
   */
  glueRegistryName: librarySetting({ env: 'KAFKA_GLUE_REGISTRY_NAME', kind: 'text', default: 'default-registry' }),
  /**
   * The address of the AWS Glue service, `https://…`, such as an interface VPC endpoint. Default: AWS’s address in the
   * region.
   */
  glueEndpoint: librarySetting({ env: 'KAFKA_GLUE_ENDPOINT', kind: 'text' }),
  /**
   * How values and keys in Glue’s wire format are compressed, each one separately and independently of
   * `compression.type`.
   */
  glueCompression: librarySetting({
    env: 'KAFKA_GLUE_COMPRESSION',
    kind: 'choice',
    choices: ['none', 'zlib'],
    default: 'none',
  }),
  /**
   * The format of schemas in AWS Glue. A serializer without a schema uses the format of the registered schema; if this
   * setting is set, both must be the same.
   */
  glueDataFormat: librarySetting({
    env: 'KAFKA_GLUE_DATA_FORMAT',
    kind: 'choice',
    choices: ['AVRO', 'JSON', 'PROTOBUF'],
  }),
  /**
   * Which later versions AWS Glue accepts of a schema whose first version a serializer registers.
   */
  glueCompatibility: librarySetting({
    env: 'KAFKA_GLUE_COMPATIBILITY',
    kind: 'choice',
    choices: ['NONE', 'DISABLED', 'BACKWARD', 'BACKWARD_ALL', 'FORWARD', 'FORWARD_ALL', 'FULL', 'FULL_ALL'],
    default: 'BACKWARD',
  }),
  /**
   * The name of the schema in the AWS Glue registry. Default: the topic.
   */
  glueSchemaName: librarySetting({ env: 'KAFKA_GLUE_SCHEMA_NAME', kind: 'text' }),
  /**
   * Where dead letters are stored: `sqs:<queue URL>`, `s3:<bucket>/<prefix>`, `dynamodb:<table>` (partition key
   * `deadLetterId`, S), `kafka:{topic}-dlt@<host:port>;<host:port>` (without `@` on the same cluster, and then never as
   * the only target), `disk:<folder>`, `sqlite:<file>`; several are separated by commas and tried from left to right.
   * `none`: the caller keeps records that could not be delivered. Default: `disk:./.dead-letters`; inside Lambda there
   * is no default, and it must be set.
   */
  deadLetter: librarySetting({ env: 'KAFKA_DEAD_LETTER', kind: 'text' }),
  /**
   * Whom to notify after a dead letter is stored: `sns:<topic ARN>`, `eventbridge:<bus>`, several separated by commas.
   * The notification contains no key, value or header. A failed notification is logged and does not change where the
   * record ends.
   */
  deadLetterNotify: librarySetting({ env: 'KAFKA_DEAD_LETTER_NOTIFY', kind: 'text' }),
  /**
   * For `disk:` targets: whether a dead letter counts as stored only after fsync of file and folder. `false` is faster;
   * a dead letter then survives a crash of the process but not of the machine.
   */
  deadLetterDiskFsync: librarySetting({ env: 'KAFKA_DEAD_LETTER_DISK_FSYNC', kind: 'boolean', default: true }),
  /**
   * For `disk:` targets: the most bytes of dead letters that are not completed. When they are exceeded, nothing more is
   * stored in the folder. Default: no limit.
   */
  deadLetterDiskMaxBytes: librarySetting({
    env: 'KAFKA_DEAD_LETTER_DISK_MAX_BYTES',
    kind: 'integer',
    unit: 'bytes',
    min: 1,
    max: Number.MAX_SAFE_INTEGER,
  }),
  /**
   * The part of an invocation’s time that is reserved for storing dead letters and for the response.
   */
  deadlineReserveMs: librarySetting({
    env: 'KAFKA_DEADLINE_RESERVE_MS',
    kind: 'integer',
    unit: 'ms',
    min: 0,
    max: 600_000,
    default: 3000,
  }),
  /**
   * When the HTTP response is sent at the latest, counted from receipt of the request. Sending records ends earlier by
   * KAFKA_DEADLINE_RESERVE_MS. Default: 1 s before the gateway or load balancer stops waiting (docs/http.md lists how
   * long each waits).
   */
  httpDeadlineMs: librarySetting({
    env: 'KAFKA_HTTP_DEADLINE_MS',
    kind: 'integer',
    unit: 'ms',
    min: 1000,
    max: 900_000,
  }),
  /**
   * The idle timeout of the load balancer or VPC Lattice service in front of the http function. Set it if you changed
   * theirs. It must be more than KAFKA_DEADLINE_RESERVE_MS plus 1 s.
   */
  httpIdleTimeoutMs: librarySetting({
    env: 'KAFKA_HTTP_IDLE_TIMEOUT_MS',
    kind: 'integer',
    unit: 'ms',
    min: 1000,
    max: 4_000_000,
    default: 60_000,
  }),
  /**
   * Whether each record of an HTTP caller that the gateway authenticated gets the header `kp-principal`: the ARN of the
   * caller’s IAM role (without the session) or user, issuer and subject of its token, or a Lambda authorizer’s
   * `principalId`.
   */
  principalHeader: librarySetting({ env: 'KAFKA_PRINCIPAL_HEADER', kind: 'boolean', default: false }),
  /**
   * The base path of a custom domain or load balancer, such as `/events`. It is removed before the path is compared
   * with the function’s routes. Needed only if the gateway’s events do not name one of these routes (`$default`,
   * `{proxy+}`, an ALB).
   */
  httpBasePath: librarySetting({ env: 'KAFKA_HTTP_BASE_PATH', kind: 'text', default: '' }),
  /**
   * The origins whose pages may call the http function from a browser, such as `https://app.example.com`, or `*`. Leave
   * it unset if the gateway does CORS. The template sets it on the HTTP API.
   */
  httpCorsOrigins: librarySetting({ env: 'KAFKA_HTTP_CORS_ORIGINS', kind: 'origins' }),
  /**
   * How many requests one process of the http function handles at once, if it gets several (a server of your own,
   * Lambda with several invocations per environment). A further request gets 429 with Retry-After before its body is
   * read.
   */
  httpMaxConcurrency: librarySetting({
    env: 'KAFKA_HTTP_MAX_CONCURRENCY',
    kind: 'integer',
    min: 1,
    max: 10_000,
    default: 64,
  }),
  /**
   * A prefix of the names of all queues that contracts claim, such as `staging-`, so that several stages fit into one
   * account. The template names its queues with it.
   */
  queuePrefix: librarySetting({ env: 'KAFKA_QUEUE_PREFIX', kind: 'text', default: '' }),
  /**
   * In code: the topic of `sendDefault`. In the functions: the topic, which must have a contract, of SQS messages and
   * EventBridge events that no contract claims; without this setting they become dead letters.
   */
  defaultTopic: librarySetting({ env: 'KAFKA_DEFAULT_TOPIC', kind: 'text' }),
  /**
   * What the HTTP function does with a record that could not be delivered: store a dead letter and respond with 202, or
   * respond with 503.
   */
  onFailureHttp: librarySetting({
    env: 'KAFKA_ON_FAILURE_HTTP',
    kind: 'choice',
    choices: ['dead-letter', 'return'],
    default: 'dead-letter',
  }),
  /**
   * What the SQS functions do with a record that could not be delivered: return its message to the queue, or store a
   * dead letter. An invalid record always becomes a dead letter.
   */
  onFailureSqs: librarySetting({
    env: 'KAFKA_ON_FAILURE_SQS',
    kind: 'choice',
    choices: ['return', 'dead-letter'],
    default: 'return',
  }),
  /**
   * What the EventBridge function does with a record that could not be delivered: store a dead letter, or fail, after
   * which Lambda tries twice more. An invalid record always becomes a dead letter.
   */
  onFailureEventbridge: librarySetting({
    env: 'KAFKA_ON_FAILURE_EVENTBRIDGE',
    kind: 'choice',
    choices: ['dead-letter', 'return'],
    default: 'dead-letter',
  }),
  /**
   * What the function of FIFO queues does with an invalid record. `continue`: store a dead letter and continue with its
   * group. `stop`: return it to the queue with the rest of its group, until the redrive policy moves it.
   */
  fifoOnInvalid: librarySetting({
    env: 'KAFKA_FIFO_ON_INVALID',
    kind: 'choice',
    choices: ['continue', 'stop'],
    default: 'continue',
  }),
  /**
   * The longest time that the SQS function hides a message that it returns to its queue; the delay is about 10 s × 2^n
   * after n earlier receives. 0: the visibility timeout of the queue applies. The delays shorten the outage that a
   * queue can bridge until `maxReceiveCount` is reached, so the template sets both. Fractions of a second are ignored:
   * less than 1000 is 0.
   */
  sqsReturnDelayMaxMs: librarySetting({
    env: 'KAFKA_SQS_RETURN_DELAY_MAX_MS',
    kind: 'integer',
    unit: 'ms',
    min: 0,
    max: 43_200_000,
    default: 0,
  }),
  /**
   * How long after its last attempt a record of unknown outcome may still reach the log. Until then redrive keeps its
   * dead letter, unless the log proves that the record can no longer arrive.
   */
  redriveInDoubtWaitMs: librarySetting({
    env: 'KAFKA_REDRIVE_IN_DOUBT_WAIT_MS',
    kind: 'integer',
    min: 0,
    max: 86_400_000,
    unit: 'ms',
    default: 300_000,
  }),
  /**
   * What redrive reads besides the targets of KAFKA_DEAD_LETTER: `source-dlq:<queue URL>?source=<queue>` (`{queue}` in
   * the URL stands for each queue of the contracts), `failure-destination:<queue URL>`,
   * `failure-bucket:<bucket>?function=<name or ARN>`, or further targets, several separated by commas. Only the redrive
   * function and the command read it; the template sets it.
   */
  redriveFrom: librarySetting({ env: 'KAFKA_REDRIVE_FROM', kind: 'text' }),
  /**
   * Further targets and queues that `from` in an event of the redrive function may name, in the form of
   * KAFKA_REDRIVE_FROM. Any other value is refused before a connection is opened.
   */
  redriveAllow: librarySetting({ env: 'KAFKA_REDRIVE_ALLOW', kind: 'text' }),
  /**
   * The URL of a FIFO queue that only redrive uses. It prevents two redrives of SQS queues from running at the same
   * time. Default: the lease of the first `s3:` or `dynamodb:` target of KAFKA_DEAD_LETTER, if there is one.
   */
  redriveLeaseQueue: librarySetting({ env: 'KAFKA_REDRIVE_LEASE_QUEUE', kind: 'text' }),
  /**
   * A settings file that `loadConfig` reads: Spring’s form (`spring.kafka.producer.bootstrap-servers` …) as YAML or
   * properties, or a Java client’s properties.
   */
  configFile: librarySetting({ env: 'KAFKA_CONFIG_FILE', kind: 'text' }),
  /**
   * Refuses every KAFKA_ variable that is not a known setting.
   */
  strictEnv: librarySetting({ env: 'KAFKA_STRICT_ENV', kind: 'boolean', default: false }),
} as const satisfies Record<string, Row>

export type OptionName = keyof typeof SETTINGS
export type SettingRow = Row

/** The table as a list, every row with all of its columns. */
export const SETTING_ROWS = Object.entries(SETTINGS) as unknown as readonly (readonly [OptionName, SettingRow])[]

/** Returns the name of a setting for messages, e.g. `client.id (KAFKA_CLIENT_ID)`. */
export function labelOf({ name, env }: Pick<SettingRow, 'name' | 'env'>): string {
  return name === env ? env : `${name} (${env})`
}

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
