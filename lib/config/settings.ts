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
   * or the path of a module whose default export is a Serializer. Unset: text as UTF-8, bytes unchanged. A topic with a
   * contract has its own rule.
   *
   * Java has no default.
   */
  keySerializer: kafka({ name: 'key.serializer', kind: 'serializer' }),
  /**
   * The same for values. A contract’s `value.format` takes precedence.
   *
   * Java has no default.
   */
  valueSerializer: kafka({ name: 'value.serializer', kind: 'serializer' }),
  /**
   * Which brokers must have a record before it counts as written: all in-sync replicas, the leader, or nobody (no
   * answer, no offset). 1 and 0 lose acknowledged records when a leader fails; the shipped functions refuse them.
   */
  acks: kafka({ name: 'acks', kind: 'choice', choices: ['all', 1, 0], default: 'all' }),
  /**
   * Brokers write a retried batch only once. Off with acks 1 or 0. While it is off, a record whose response was lost
   * may be in Kafka twice.
   */
  enableIdempotence: kafka({ name: 'enable.idempotence', kind: 'boolean', default: true }),
  /**
   * How often a batch that was sent is sent again; the deadline usually ends the retries earlier.
   *
   * Java: 2147483647. 100 retries with half a second of back-off last longer than the default deadline.
   */
  retries: kafka({ name: 'retries', kind: 'integer', min: 0, max: MAX_INT, default: 100 }),
  /**
   * The shortest pause before a retry. Pauses grow, with full jitter.
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
   * The largest batch (one partition) as sent: with compression, by the ratio of the topic’s last batches (at most 8
   * MiB of records). A larger record is still sent, alone in its batch. After a broker refused a batch as too large,
   * those of its topic are smaller for `metadata.max.age.ms`.
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
   * leader is in flight. `sendAll`, `flush` and the end of an invocation do not wait for it.
   *
   * Java: 5 since 4.0. An invocation mostly knows all of its records at once.
   */
  lingerMs: kafka({ name: 'linger.ms', kind: 'integer', unit: 'ms', min: 0, max: 60_000, default: 0 }),
  /**
   * The most memory that all records may take between their send and their outcome. A record counts twice, as itself
   * and as its part of the encoded batch. A full buffer makes send wait, at most max.block.ms.
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
   * How a batch is compressed. A batch that compression would not shrink is sent uncompressed. Recommended for
   * JSON and other text: gzip sends, and stores, an eighth of 1,500 earthquakes (docs/benchmarks.md). The shipped
   * templates (`npm run deploy`, AWS SAM, AWS CDK) set gzip; the library and a bundle without them don't compress.
   */
  compressionType: kafka({
    name: 'compression.type',
    kind: 'choice',
    choices: ['none', 'gzip', 'snappy', 'lz4', 'zstd'],
    default: 'none',
  }),
  /**
   * The partitioner. Unset: the key’s hash, as in Java; records without a key stay with one partition for a while. Or
   * `round-robin`, its Java class name, or the path of a module whose default export is a Partitioner.
   */
  partitionerClass: kafka({ name: 'partitioner.class', kind: 'partitioner' }),
  /**
   * The built-in partitioner treats records as if they had no key.
   */
  partitionerIgnoreKeys: kafka({ name: 'partitioner.ignore.keys', kind: 'boolean', default: false }),
  /**
   * Records without a key go to partitions whose leader is in `client.rack`; to all where no leader is. Records with a
   * key stay where their key’s hash puts them (KIP-1123; docs/connections.md).
   */
  partitionerRackAware: kafka({ name: 'partitioner.rack.aware', kind: 'boolean', default: false }),
  /**
   * Where this client runs, as brokers name it in `broker.rack`: on MSK an availability zone’s id, such as `use1-az1`.
   * `lambda:az-id` asks Lambda for it. Only `partitioner.rack.aware` uses it.
   */
  clientRack: kafka({ name: 'client.rack', kind: 'text', default: '' }),
  /**
   * Records without a key avoid a leader that has taken no batch for this long, until it takes one or nothing waits for
   * it. 0: they don’t.
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
   * The most Produce requests to one leader that await an answer. There is always one batch per partition, so any
   * number keeps the order.
   *
   * Java: 5. A broker answers one request of a connection after the other: two that wait for followers take twice as
   * long.
   */
  maxInFlightRequestsPerConnection: kafka({
    name: 'max.in.flight.requests.per.connection',
    kind: 'integer',
    min: 1,
    max: 100,
    default: 1,
  }),
  /**
   * How long a send may wait for the topic’s metadata, for a partition that was just added, and for buffer.memory, all
   * together; never beyond the deadline.
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
   * How long to wait for a broker’s answer; then the connection is replaced and the request repeated.
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
   * The longest time of a record from send to outcome; less when the invocation ends earlier.
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
   * How long the leader waits for its followers: the field `timeout_ms` of a Produce request.
   *
   * Java has no such setting and sends request.timeout.ms. It must be less, or the client gives up before the leader’s
   * error response arrives.
   */
  ackTimeoutMs: kafka({ name: 'timeout.ms', kind: 'integer', unit: 'ms', min: 1, max: 900_000, default: 2500 }),
  /**
   * Age after which partitions and leaders are requested again.
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
   * A connection idle for longer is replaced before it is used.
   *
   * Java: 540000. NAT gateways and load balancers forget a silent connection after 350 s.
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
   * How long setting up a connection may take.
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
   * Whether connections to brokers use TLS and SASL authentication. With SSL, the certificate and its host name are
   * always checked.
   */
  securityProtocol: kafka({
    name: 'security.protocol',
    kind: 'choice',
    choices: ['PLAINTEXT', 'SSL', 'SASL_PLAINTEXT', 'SASL_SSL'],
    default: 'PLAINTEXT',
  }),
  /**
   * The SASL mechanism, with SASL_PLAINTEXT or SASL_SSL. AWS_MSK_IAM authenticates with the function’s role and needs
   * SASL_SSL.
   *
   * Java: GSSAPI. AWS_MSK_IAM stands for OAUTHBEARER with AWS’s signer.
   */
  saslMechanism: kafka({
    name: 'sasl.mechanism',
    kind: 'choice',
    choices: ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512', 'OAUTHBEARER', 'AWS_MSK_IAM'],
  }),
  /**
   * For PLAIN and SCRAM, where KAFKA_SECRET_ARN is unset.
   *
   * Java has it inside sasl.jaas.config.
   */
  saslUsername: kafka({ name: 'sasl.username', kind: 'text', security: 'password', needed: 'without-secret' }),
  /**
   * For PLAIN and SCRAM, where KAFKA_SECRET_ARN is unset. KAFKA_SECRET_ARN keeps it out of the function’s settings.
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
   * User and password as in Java: the text of a PlainLoginModule, ScramLoginModule, IAMLoginModule or
   * OAuthBearerLoginModule. It stands for the settings above and below, which have precedence.
   *
   * Java has no other setting for user and password.
   */
  saslJaasConfig: kafka({ name: 'sasl.jaas.config', kind: 'text', secret: true }),
  /**
   * For OAUTHBEARER: the `https:` endpoint that returns tokens, or `file:` and a file that holds one.
   */
  saslOauthbearerTokenEndpointUrl: kafka({
    name: 'sasl.oauthbearer.token.endpoint.url',
    kind: 'text',
    security: 'oauthbearer',
  }),
  /**
   * For OAUTHBEARER: how the endpoint is asked, as a Java class with or without its package. The default is client
   * credentials with a client secret or, where there is one, an assertion (KIP-1258); JwtBearerJwtRetriever is the
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
   * For OAUTHBEARER, where neither KAFKA_SECRET_ARN nor an assertion is used.
   */
  saslOauthbearerClientCredentialsClientId: kafka({
    name: 'sasl.oauthbearer.client.credentials.client.id',
    kind: 'text',
    security: 'oauthbearer',
  }),
  /**
   * For OAUTHBEARER, where neither KAFKA_SECRET_ARN nor an assertion is used.
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
   * For OAUTHBEARER: a file with a signed assertion, read again for each token. Other settings of assertions are then
   * ignored.
   */
  saslOauthbearerAssertionFile: kafka({
    name: 'sasl.oauthbearer.assertion.file',
    kind: 'text',
    security: 'oauthbearer',
  }),
  /**
   * For OAUTHBEARER: the private key, PEM, that signs assertions; read again for each token. A secret
   * (KAFKA_SECRET_ARN) may hold it as `assertionKey`.
   */
  saslOauthbearerAssertionPrivateKeyFile: kafka({
    name: 'sasl.oauthbearer.assertion.private.key.file',
    kind: 'text',
    security: 'oauthbearer',
  }),
  /**
   * The passphrase of that key.
   */
  saslOauthbearerAssertionPrivateKeyPassphrase: kafka({
    name: 'sasl.oauthbearer.assertion.private.key.passphrase',
    kind: 'text',
    secret: true,
    security: 'oauthbearer',
  }),
  /**
   * How assertions are signed: with an RSA key, or with one of the curve P-256.
   */
  saslOauthbearerAssertionAlgorithm: kafka({
    name: 'sasl.oauthbearer.assertion.algorithm',
    kind: 'choice',
    choices: ['RS256', 'ES256'],
    default: 'RS256',
    security: 'oauthbearer',
  }),
  /**
   * The issuer of assertions. Default: that of the template, else the client id.
   */
  saslOauthbearerAssertionClaimIss: kafka({
    name: 'sasl.oauthbearer.assertion.claim.iss',
    kind: 'text',
    security: 'oauthbearer',
  }),
  /**
   * Their subject. Default: that of the template, else the client id.
   */
  saslOauthbearerAssertionClaimSub: kafka({
    name: 'sasl.oauthbearer.assertion.claim.sub',
    kind: 'text',
    security: 'oauthbearer',
  }),
  /**
   * Their audience. Default: that of the template, else the token endpoint.
   */
  saslOauthbearerAssertionClaimAud: kafka({
    name: 'sasl.oauthbearer.assertion.claim.aud',
    kind: 'text',
    security: 'oauthbearer',
  }),
  /**
   * How long they are valid, seconds.
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
   * How long they are valid already, seconds, for clocks that differ.
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
   * Whether they have an id.
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
   * For OAUTHBEARER: a JWT of AWS for the function’s role and this audience (IAM outbound identity federation,
   * sts:GetWebIdentityToken). It is the token or, with a token endpoint, the assertion.
   */
  saslOauthbearerAwsAudience: kafka({ name: 'sasl.oauthbearer.aws.audience', kind: 'text', security: 'oauthbearer' }),
  /**
   * The region whose STS is asked. Default: AWS_REGION.
   */
  saslOauthbearerAwsRegion: kafka({ name: 'sasl.oauthbearer.aws.region', kind: 'text', security: 'oauthbearer' }),
  /**
   * How long such a token is valid, seconds.
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
   * How AWS signs it.
   */
  saslOauthbearerAwsSigningAlgorithm: kafka({
    name: 'sasl.oauthbearer.aws.signing.algorithm',
    kind: 'choice',
    choices: ['ES384', 'RS256'],
    default: 'ES384',
    security: 'oauthbearer',
  }),
  /**
   * For OAUTHBEARER: a function that gets tokens (`OAuthBearerTokenProvider`), in place of the other sources; or the
   * path of a module whose default export it is.
   *
   * Java has sasl.login.callback.handler.class for it.
   */
  oauthBearerTokenProvider: librarySetting({
    env: 'KAFKA_OAUTH_BEARER_TOKEN_PROVIDER',
    kind: 'tokenProvider',
    security: 'oauthbearer',
  }),
  /**
   * Accepts a token endpoint with `http:`. Client secret and token are then readable on the way: only for a local
   * identity provider.
   */
  oauthAllowHttp: librarySetting({ env: 'KAFKA_OAUTH_ALLOW_HTTP', kind: 'boolean', default: false }),
  /**
   * The brokers’ CA, PEM. Default: the public CAs that Node trusts.
   */
  sslTruststoreCertificates: kafka({ name: 'ssl.truststore.certificates', kind: 'text', security: 'tls' }),
  /**
   * The same as a file.
   */
  sslTruststoreLocation: kafka({ name: 'ssl.truststore.location', kind: 'text', security: 'tls' }),
  /**
   * The client certificate, PEM, where brokers require one.
   */
  sslKeystoreCertificateChain: kafka({ name: 'ssl.keystore.certificate.chain', kind: 'text', security: 'tls' }),
  /**
   * Its private key, PEM.
   */
  sslKeystoreKey: kafka({ name: 'ssl.keystore.key', kind: 'text', secret: true, security: 'tls' }),
  /**
   * Both in one PEM file.
   */
  sslKeystoreLocation: kafka({ name: 'ssl.keystore.location', kind: 'text', security: 'tls' }),
  /**
   * The password of that key.
   */
  sslKeyPassword: kafka({ name: 'ssl.key.password', kind: 'text', secret: true, security: 'tls' }),
  /**
   * A Secrets Manager secret (or an SSM parameter) that holds JSON with `username`, `password`, and where needed `ca`,
   * `certificate`, `key`, `keyPassword`, `clientId`, `clientSecret`; of a schema registry `schemaRegistryUserInfo`,
   * `schemaRegistryToken`, `schemaRegistryClientId`, `schemaRegistryClientSecret`, `schemaRegistryKey`,
   * `schemaRegistryKeyPassword`. Read when first needed, and once more after a refused authentication.
   */
  secretArn: librarySetting({ env: 'KAFKA_SECRET_ARN', kind: 'text' }),
  /**
   * Asks MSK for the brokers (kafka:GetBootstrapBrokers). bootstrap.servers is then the fallback, and may be left out.
   */
  mskClusterArn: librarySetting({ env: 'KAFKA_MSK_CLUSTER_ARN', kind: 'text' }),
  /**
   * Which of the cluster’s addresses to use.
   */
  mskNetwork: librarySetting({
    env: 'KAFKA_MSK_NETWORK',
    kind: 'choice',
    choices: ['private', 'public', 'vpc-connectivity'],
    default: 'private',
  }),
  /**
   * Addresses of a schema registry with Confluent’s API, `https://…`, several separated by commas and tried in turn:
   * for contracts with `registry: confluent` and for the serializers of `./schema-registry`. A user and password in an
   * address are taken out of it and used as the user info.
   */
  schemaRegistryUrl: kafka({ name: 'schema.registry.url', kind: 'urls' }),
  /**
   * Where user and password of the registry come from: the user info, its address, or the SASL settings of the brokers.
   * Unset: whichever of the first two is there.
   *
   * Java: URL, and a user info alone has no effect.
   */
  schemaRegistryBasicAuthCredentialsSource: kafka({
    name: 'schema.registry.basic.auth.credentials.source',
    kind: 'choice',
    choices: ['USER_INFO', 'URL', 'SASL_INHERIT'],
  }),
  /**
   * Its API key and secret, or user and password, as `user:password`. A secret (KAFKA_SECRET_ARN) may hold it as
   * `schemaRegistryUserInfo`.
   */
  schemaRegistryBasicAuthUserInfo: kafka({
    name: 'schema.registry.basic.auth.user.info',
    kind: 'text',
    secret: true,
  }),
  /**
   * Where its bearer token comes from: the setting below, an OAuth endpoint, or the OAUTHBEARER settings of the
   * brokers. Unset: whichever of the first two is there.
   */
  schemaRegistryBearerAuthCredentialsSource: kafka({
    name: 'schema.registry.bearer.auth.credentials.source',
    kind: 'choice',
    choices: ['STATIC_TOKEN', 'OAUTHBEARER', 'SASL_OAUTHBEARER_INHERIT'],
  }),
  /**
   * A token. A secret (KAFKA_SECRET_ARN) may hold it as `schemaRegistryToken`.
   */
  schemaRegistryBearerAuthToken: kafka({ name: 'schema.registry.bearer.auth.token', kind: 'text', secret: true }),
  /**
   * The `https:` endpoint that returns tokens for client credentials.
   */
  schemaRegistryBearerAuthIssuerEndpointUrl: kafka({
    name: 'schema.registry.bearer.auth.issuer.endpoint.url',
    kind: 'text',
  }),
  /**
   * The client’s id there. A secret (KAFKA_SECRET_ARN) may hold it as `schemaRegistryClientId`.
   */
  schemaRegistryBearerAuthClientId: kafka({ name: 'schema.registry.bearer.auth.client.id', kind: 'text' }),
  /**
   * The client’s secret there. A secret (KAFKA_SECRET_ARN) may hold it as `schemaRegistryClientSecret`.
   */
  schemaRegistryBearerAuthClientSecret: kafka({
    name: 'schema.registry.bearer.auth.client.secret',
    kind: 'text',
    secret: true,
  }),
  /**
   * The scope to request there.
   */
  schemaRegistryBearerAuthScope: kafka({ name: 'schema.registry.bearer.auth.scope', kind: 'text' }),
  /**
   * Confluent Cloud with a token: the registry’s id, `lsrc-…` (the header target-sr-cluster).
   */
  schemaRegistryBearerAuthLogicalCluster: kafka({
    name: 'schema.registry.bearer.auth.logical.cluster',
    kind: 'text',
  }),
  /**
   * Confluent Cloud with a token: the identity pool, `pool-…` (the header Confluent-Identity-Pool-Id).
   */
  schemaRegistryBearerAuthIdentityPoolId: kafka({
    name: 'schema.registry.bearer.auth.identity.pool.id',
    kind: 'text',
  }),
  /**
   * The registry’s CA, PEM. Default: the public CAs that Node trusts.
   */
  schemaRegistrySslTruststoreCertificates: kafka({
    name: 'schema.registry.ssl.truststore.certificates',
    kind: 'text',
  }),
  /**
   * The same as a file.
   */
  schemaRegistrySslTruststoreLocation: kafka({ name: 'schema.registry.ssl.truststore.location', kind: 'text' }),
  /**
   * The client certificate, PEM, where the registry requires one.
   */
  schemaRegistrySslKeystoreCertificateChain: kafka({
    name: 'schema.registry.ssl.keystore.certificate.chain',
    kind: 'text',
  }),
  /**
   * Its private key, PEM.
   */
  schemaRegistrySslKeystoreKey: kafka({ name: 'schema.registry.ssl.keystore.key', kind: 'text', secret: true }),
  /**
   * Both in one PEM file.
   */
  schemaRegistrySslKeystoreLocation: kafka({ name: 'schema.registry.ssl.keystore.location', kind: 'text' }),
  /**
   * The password of that key.
   */
  schemaRegistrySslKeyPassword: kafka({ name: 'schema.registry.ssl.key.password', kind: 'text', secret: true }),
  /**
   * How long to wait for one answer of a schema registry (Confluent’s or Glue); then the request is repeated, until the
   * record’s deadline.
   *
   * Java: http.read.timeout.ms, 60000. An answer that does not come must not cost a whole invocation.
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
   * Whether a serializer registers its schema where the subject does not have it yet. Default: Confluent’s serializers
   * do, Glue’s does not. A contract has its own `autoRegister`.
   */
  autoRegisterSchemas: kafka({ name: 'auto.register.schemas', kind: 'boolean' }),
  /**
   * Whether a serializer writes by the latest version of the subject instead of its own schema. A serializer without a
   * schema always does.
   */
  useLatestVersion: kafka({ name: 'use.latest.version', kind: 'boolean', default: false }),
  /**
   * Whether the registry compares and registers schemas in a normal form, in which orders that mean nothing don’t
   * count. Confluent’s API only.
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
   * Where the id of a key’s schema stands: before its bytes, or as a GUID in the header `__key_schema_id`; Java’s class
   * names are understood. Confluent’s API only.
   */
  keySchemaIdSerializer: kafka({
    name: 'key.schema.id.serializer',
    kind: 'choice',
    choices: ['prefix', 'header'],
    classes: 'SchemaIdSerializer',
    default: 'prefix',
  }),
  /**
   * Where the id of a value’s schema stands: before its bytes, or as a GUID in the header `__value_schema_id`; Java’s
   * class names are understood. Confluent’s API only.
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
   * The name of the registry there.
   */
  glueRegistryName: librarySetting({ env: 'KAFKA_GLUE_REGISTRY_NAME', kind: 'text', default: 'default-registry' }),
  /**
   * The address of the service, `https://…`, such as an interface VPC endpoint. Default: AWS’s of the region.
   */
  glueEndpoint: librarySetting({ env: 'KAFKA_GLUE_ENDPOINT', kind: 'text' }),
  /**
   * How values and keys in Glue’s wire format are compressed, each by itself. It is apart from `compression.type`.
   */
  glueCompression: librarySetting({
    env: 'KAFKA_GLUE_COMPRESSION',
    kind: 'choice',
    choices: ['none', 'zlib'],
    default: 'none',
  }),
  /**
   * The language of Glue’s schemas. A serializer without a schema takes that of the registered one, which must be this
   * one if it is set.
   */
  glueDataFormat: librarySetting({
    env: 'KAFKA_GLUE_DATA_FORMAT',
    kind: 'choice',
    choices: ['AVRO', 'JSON', 'PROTOBUF'],
  }),
  /**
   * Which later versions Glue accepts of a schema that is registered as its first one.
   */
  glueCompatibility: librarySetting({
    env: 'KAFKA_GLUE_COMPATIBILITY',
    kind: 'choice',
    choices: ['NONE', 'DISABLED', 'BACKWARD', 'BACKWARD_ALL', 'FORWARD', 'FORWARD_ALL', 'FULL', 'FULL_ALL'],
    default: 'BACKWARD',
  }),
  /**
   * The name of the schema in Glue’s registry. Default: the topic.
   */
  glueSchemaName: librarySetting({ env: 'KAFKA_GLUE_SCHEMA_NAME', kind: 'text' }),
  /**
   * Where records go that could not be delivered: `sqs:<queue URL>`, `s3:<bucket>/<prefix>`, `dynamodb:<table>`
   * (partition key `deadLetterId`, S), `kafka:{topic}-dlt@<host:port>;<host:port>` (without `@` on the same cluster,
   * never alone), `disk:<folder>`, `sqlite:<file>`, several separated by commas and tried left to right, or `none` (the
   * caller keeps them). Default: `disk:./.dead-letters`; none inside Lambda, where it must be set.
   */
  deadLetter: librarySetting({ env: 'KAFKA_DEAD_LETTER', kind: 'text' }),
  /**
   * Whom to notify after a dead letter is stored: `sns:<topic ARN>`, `eventbridge:<bus>`, several separated by commas.
   * The notification holds no key, value or header. If it fails, that is logged and changes no fate.
   */
  deadLetterNotify: librarySetting({ env: 'KAFKA_DEAD_LETTER_NOTIFY', kind: 'text' }),
  /**
   * Of `disk:`: a dead letter counts as stored after fsync of file and folder. `false` is faster; a dead letter then
   * survives the process but not the machine.
   */
  deadLetterDiskFsync: librarySetting({ env: 'KAFKA_DEAD_LETTER_DISK_FSYNC', kind: 'boolean', default: true }),
  /**
   * Of `disk:`: the most that open dead letters may take in the folder’s segments; beyond it nothing is stored there.
   * What a redrive has noted as completed does not count. Default: no bound.
   */
  deadLetterDiskMaxBytes: librarySetting({
    env: 'KAFKA_DEAD_LETTER_DISK_MAX_BYTES',
    kind: 'integer',
    unit: 'bytes',
    min: 1,
    max: Number.MAX_SAFE_INTEGER,
  }),
  /**
   * The part of an invocation’s time that is kept for dead letters and the answer.
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
   * When the HTTP answer leaves at the latest, counted from receipt of the request. Sending ends earlier by
   * KAFKA_DEADLINE_RESERVE_MS. Default: 1 s before the front door gives up (docs/http.md has how long each waits).
   */
  httpDeadlineMs: librarySetting({
    env: 'KAFKA_HTTP_DEADLINE_MS',
    kind: 'integer',
    unit: 'ms',
    min: 1000,
    max: 900_000,
  }),
  /**
   * The idle timeout of the load balancer or VPC Lattice service in front of the http function. Set it where you
   * changed theirs. More than KAFKA_DEADLINE_RESERVE_MS and 1 s.
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
   * Whether each record of an HTTP caller that the gateway authenticated gets the header `kp-principal`: the ARN of its
   * role (without the session) or IAM user, or issuer and subject of its token.
   */
  principalHeader: librarySetting({ env: 'KAFKA_PRINCIPAL_HEADER', kind: 'boolean', default: false }),
  /**
   * The base path of a custom domain or load balancer, such as `/events`, where the gateway’s events name no route of
   * ours (`$default`, `{proxy+}`, an ALB). It is left out before the path is compared with the routes.
   */
  httpBasePath: librarySetting({ env: 'KAFKA_HTTP_BASE_PATH', kind: 'text', default: '' }),
  /**
   * The origins whose pages may call the http function from a browser, such as `https://app.example.com`, or `*`. Leave
   * it unset where the gateway does CORS. The template gives it to the HTTP API.
   */
  httpCorsOrigins: librarySetting({ env: 'KAFKA_HTTP_CORS_ORIGINS', kind: 'origins' }),
  /**
   * Requests that one process of the http function handles at once, where it gets more than one (a server of your own,
   * Lambda with several invocations per environment). Any further request is answered 429 with Retry-After before its
   * body is read.
   */
  httpMaxConcurrency: librarySetting({
    env: 'KAFKA_HTTP_MAX_CONCURRENCY',
    kind: 'integer',
    min: 1,
    max: 10_000,
    default: 64,
  }),
  /**
   * Put before the name of every queue that contracts claim, such as `staging-`, for several stages in one account. The
   * template names its queues with it.
   */
  queuePrefix: librarySetting({ env: 'KAFKA_QUEUE_PREFIX', kind: 'text', default: '' }),
  /**
   * In code: the topic of `sendDefault`. In the functions: the topic of SQS messages and EventBridge events that no
   * contract claims, which must have a contract; without it they become dead letters.
   */
  defaultTopic: librarySetting({ env: 'KAFKA_DEFAULT_TOPIC', kind: 'text' }),
  /**
   * What the HTTP function does with a record that could not be delivered: a dead letter and 202, or 503.
   */
  onFailureHttp: librarySetting({
    env: 'KAFKA_ON_FAILURE_HTTP',
    kind: 'choice',
    choices: ['dead-letter', 'return'],
    default: 'dead-letter',
  }),
  /**
   * What the SQS functions do with it: back to the queue, or a dead letter. An invalid record always becomes a dead
   * letter.
   */
  onFailureSqs: librarySetting({
    env: 'KAFKA_ON_FAILURE_SQS',
    kind: 'choice',
    choices: ['return', 'dead-letter'],
    default: 'return',
  }),
  /**
   * What the EventBridge function does with it: a dead letter, or an error, after which Lambda tries twice more. An
   * invalid record always becomes a dead letter.
   */
  onFailureEventbridge: librarySetting({
    env: 'KAFKA_ON_FAILURE_EVENTBRIDGE',
    kind: 'choice',
    choices: ['dead-letter', 'return'],
    default: 'dead-letter',
  }),
  /**
   * FIFO queues, after an invalid record: a dead letter, and its group goes on; or back to the queue with the rest of
   * its group, until the redrive policy moves it.
   */
  fifoOnInvalid: librarySetting({
    env: 'KAFKA_FIFO_ON_INVALID',
    kind: 'choice',
    choices: ['continue', 'stop'],
    default: 'continue',
  }),
  /**
   * The longest time that the SQS function hides a message that goes back to its queue: about 10 s × 2^n after n
   * earlier receives. 0: the visibility timeout of the queue applies. It shortens how long an outage may be until
   * `maxReceiveCount` is reached, so the template sets both. Whole seconds count: less than 1000 is 0.
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
   * KAFKA_REDRIVE_FROM. Any other is refused, and no connection to it is opened.
   */
  redriveAllow: librarySetting({ env: 'KAFKA_REDRIVE_ALLOW', kind: 'text' }),
  /**
   * The URL of a FIFO queue that only redrive uses: while one redrive of SQS queues runs, another can’t. Default: the
   * lease of the first `s3:` or `dynamodb:` target of KAFKA_DEAD_LETTER, if there is one.
   */
  redriveLeaseQueue: librarySetting({ env: 'KAFKA_REDRIVE_LEASE_QUEUE', kind: 'text' }),
  /**
   * A settings file, read by `loadConfig`: Spring’s form (`spring.kafka.producer.bootstrap-servers` …) as YAML or
   * properties, or a Java client’s properties.
   */
  configFile: librarySetting({ env: 'KAFKA_CONFIG_FILE', kind: 'text' }),
  /**
   * Refuse every KAFKA_ variable that is not a known setting.
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
