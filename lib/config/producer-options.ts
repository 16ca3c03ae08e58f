// `npm run docs` writes this file from the settings table, lib/config/settings.ts.

import type { DeadLetterTargetConfig } from '../dead-letter/target-kinds.ts'
import type { Partitioner } from '../partition/partitioner.ts'
import type { OAuthBearerTokenProvider } from '../security/token-provider.ts'
import type { Serializer } from '../serialize/serializer.ts'
import type { ModulePath, PartitionerSetting } from './class-names.ts'
import type { SerializerOption } from './serialized-types.ts'
import type { NotifyTargets } from './settings.ts'

/** The options whose types do not depend on others. One that is undefined counts as left out. */
export interface CommonOptions {
  /**
   * Brokers for the first connection, host:port, separated by commas. Three are recommended.
   *
   * `bootstrap.servers`, `KAFKA_BOOTSTRAP_SERVERS`: list.
   */
  readonly bootstrapServers?: readonly string[] | string | undefined
  /**
   * The name by which brokers log this producer and apply quotas.
   *
   * Java leaves it empty; a name makes broker logs readable.
   *
   * `client.id`, `KAFKA_CLIENT_ID`: text, default serverless-kafka-producer.
   */
  readonly clientId?: string | undefined
  /**
   * Who must have a record before it counts as written: all in-sync replicas, the leader, or nobody (no
   * acknowledgement, no offset). With 1 and 0 an acknowledged record is lost when a leader fails; the shipped functions
   * refuse both.
   *
   * `acks`, `KAFKA_ACKS`: all, 1, 0, default all.
   */
  readonly acks?: 'all' | 1 | 0 | undefined
  /**
   * Whether brokers recognise a retry, so that it is not written twice. It is off with acks 1 or 0. While it is off, a
   * record whose response was lost may be in Kafka twice.
   *
   * `enable.idempotence`, `KAFKA_ENABLE_IDEMPOTENCE`: boolean, default true.
   */
  readonly enableIdempotence?: boolean | undefined
  /**
   * The most attempts after the first; only those count that left the machine. The deadline usually ends them earlier.
   *
   * Java: 2147483647. 100 attempts with half a second of back-off last longer than the default deadline, but end at
   * some time.
   *
   * `retries`, `KAFKA_RETRIES`: 0 – 2147483647, default 100.
   */
  readonly retries?: number | undefined
  /**
   * The shortest pause before a retry. Pauses are random; their limit doubles with each failure, up to
   * `retry.backoff.max.ms`.
   *
   * Java: 100. A Lambda invocation is billed while it waits.
   *
   * `retry.backoff.ms`, `KAFKA_RETRY_BACKOFF_MS`: 1 – 60000 ms, default 50.
   */
  readonly retryBackoffMs?: number | undefined
  /**
   * The longest pause before a retry.
   *
   * `retry.backoff.max.ms`, `KAFKA_RETRY_BACKOFF_MAX_MS`: 1 – 60000 ms, default 1000.
   */
  readonly retryBackoffMaxMs?: number | undefined
  /**
   * The shortest pause before the next connection attempt to a broker.
   *
   * `reconnect.backoff.ms`, `KAFKA_RECONNECT_BACKOFF_MS`: 1 – 60000 ms, default 50.
   */
  readonly reconnectBackoffMs?: number | undefined
  /**
   * The longest pause before the next connection attempt to a broker.
   *
   * `reconnect.backoff.max.ms`, `KAFKA_RECONNECT_BACKOFF_MAX_MS`: 1 – 60000 ms, default 1000.
   */
  readonly reconnectBackoffMaxMs?: number | undefined
  /**
   * The largest batch of a partition, as it is sent. With compression, the size is estimated by the ratio of the
   * topic’s last batches, with at most 8 MiB of records. A larger record is still sent, alone in its batch. After a
   * broker refused a batch as too large, later batches of the topic are smaller for `metadata.max.age.ms`.
   *
   * Java: 16384. With one batch in flight per partition, each further batch costs a round trip.
   *
   * `batch.size`, `KAFKA_BATCH_SIZE`: 1 – 100000000 bytes, default 1000000.
   */
  readonly batchSize?: number | undefined
  /**
   * How long a batch that is not full waits for more records. With 0, records still gather while a request to their
   * leader is in flight. `sendAll`, `flush` and the end of an invocation do not wait.
   *
   * Java: 5 since 4.0. An invocation usually knows all of its records at once.
   *
   * `linger.ms`, `KAFKA_LINGER_MS`: 0 – 60000 ms, default 0.
   */
  readonly lingerMs?: number | undefined
  /**
   * The most memory for records between their send and their outcome. A record counts twice: itself, and its part of
   * the encoded batch. When the buffer is full, a send waits for `max.block.ms` at most.
   *
   * `buffer.memory`, `KAFKA_BUFFER_MEMORY`: 1024 – 8589934592 bytes, default 33554432.
   */
  readonly bufferMemory?: number | undefined
  /**
   * How a batch is compressed. A batch that compression does not make smaller is sent uncompressed. gzip is recommended
   * for JSON and other text: it compressed 1,500 earthquake events to an eighth (docs/benchmarks.md). The shipped
   * templates (`npm run deploy`, AWS SAM, AWS CDK) set gzip; the library itself does not compress by default.
   *
   * `compression.type`, `KAFKA_COMPRESSION_TYPE`: none, gzip, snappy, lz4, zstd, default none.
   */
  readonly compressionType?: 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd' | undefined
  /**
   * What chooses partitions: unset (the key’s hash, as in Java; records without a key go to one partition for a while,
   * then to another), `round-robin`, its Java class name, or the path of a module whose default export is a
   * Partitioner.
   *
   * `partitioner.class`, `KAFKA_PARTITIONER_CLASS`: partitioner.
   */
  readonly partitionerClass?: Partitioner | (new () => Partitioner) | PartitionerSetting | ModulePath | undefined
  /**
   * Whether the built-in partitioner treats records as if they had no key.
   *
   * `partitioner.ignore.keys`, `KAFKA_PARTITIONER_IGNORE_KEYS`: boolean, default false.
   */
  readonly partitionerIgnoreKeys?: boolean | undefined
  /**
   * Whether records without a key go to partitions whose leader is in `client.rack`, or to all partitions while no
   * leader is in it. Records with a key keep the partition of their key’s hash (KIP-1123; docs/connections.md).
   *
   * `partitioner.rack.aware`, `KAFKA_PARTITIONER_RACK_AWARE`: boolean, default false.
   */
  readonly partitionerRackAware?: boolean | undefined
  /**
   * The rack in which this client runs, in the form of the brokers’ `broker.rack`: on MSK the id of an availability
   * zone, such as `use1-az1`. `lambda:az-id` asks Lambda for it. Only `partitioner.rack.aware` uses it.
   *
   * `client.rack`, `KAFKA_CLIENT_RACK`: text.
   */
  readonly clientRack?: string | undefined
  /**
   * Records without a key avoid a leader that has accepted no batch for this long, until it accepts one or no record
   * waits for it. 0: they don’t.
   *
   * `partitioner.availability.timeout.ms`, `KAFKA_PARTITIONER_AVAILABILITY_TIMEOUT_MS`: 0 – 900000 ms, default 0.
   */
  readonly partitionerAvailabilityTimeoutMs?: number | undefined
  /**
   * The most Produce requests to one leader that have no response yet. A partition has at most one batch in flight, so
   * every number keeps the order.
   *
   * Java: 5. A broker handles the requests of a connection one after the other: with two that wait for followers, each
   * takes twice as long.
   *
   * `max.in.flight.requests.per.connection`, `KAFKA_MAX_IN_FLIGHT_REQUESTS_PER_CONNECTION`: 1 – 100, default 1.
   */
  readonly maxInFlightRequestsPerConnection?: number | undefined
  /**
   * How long a send may wait in total for the topic’s metadata, for a partition that was just added, and for
   * `buffer.memory`; never beyond the deadline.
   *
   * Java: 60000, longer than most invocations.
   *
   * `max.block.ms`, `KAFKA_MAX_BLOCK_MS`: 0 – 900000 ms, default 5000.
   */
  readonly maxBlockMs?: number | undefined
  /**
   * The largest Produce request. A larger record is refused; a larger request is split.
   *
   * `max.request.size`, `KAFKA_MAX_REQUEST_SIZE`: 2048 – 100000000 bytes, default 1048576.
   */
  readonly maxRequestSize?: number | undefined
  /**
   * How long to wait for a broker’s response. After that the connection is replaced and the request repeated.
   *
   * Java: 30000. A dead connection must not cost a whole invocation.
   *
   * `request.timeout.ms`, `KAFKA_REQUEST_TIMEOUT_MS`: 1 – 900000 ms, default 3000.
   */
  readonly requestTimeoutMs?: number | undefined
  /**
   * The longest time from the send of a record to its outcome. It is shorter when the invocation ends earlier.
   *
   * Java: 120000.
   *
   * `delivery.timeout.ms`, `KAFKA_DELIVERY_TIMEOUT_MS`: 1 – 900000 ms, default 30000.
   */
  readonly deliveryTimeoutMs?: number | undefined
  /**
   * How long the leader waits for its followers: the field `timeout.ms` of a Produce request.
   *
   * Java has no such setting and sends request.timeout.ms. It must be less than request.timeout.ms, or the leader’s own
   * response arrives too late.
   *
   * `timeout.ms`, `KAFKA_TIMEOUT_MS`: 1 – 900000 ms, default 2500.
   */
  readonly ackTimeoutMs?: number | undefined
  /**
   * The age after which partitions and leaders are requested again.
   *
   * `metadata.max.age.ms`, `KAFKA_METADATA_MAX_AGE_MS`: 1 – 86400000 ms, default 300000.
   */
  readonly metadataMaxAgeMs?: number | undefined
  /**
   * A connection that was idle for longer is replaced before it is used.
   *
   * Java: 540000. NAT gateways and load balancers drop an idle connection after 350 s.
   *
   * `connections.max.idle.ms`, `KAFKA_CONNECTIONS_MAX_IDLE_MS`: 1 – 86400000 ms, default 120000.
   */
  readonly connectionsMaxIdleMs?: number | undefined
  /**
   * How long setting up a connection may take, TLS and authentication included.
   *
   * Java: 10000.
   *
   * `socket.connection.setup.timeout.ms`, `KAFKA_SOCKET_CONNECTION_SETUP_TIMEOUT_MS`: 1 – 900000 ms, default 3000.
   */
  readonly socketConnectionSetupTimeoutMs?: number | undefined
  /**
   * How to connect to brokers: with or without TLS and SASL. With TLS, the certificate and its host name are always
   * checked.
   *
   * `security.protocol`, `KAFKA_SECURITY_PROTOCOL`: PLAINTEXT, SSL, SASL_PLAINTEXT, SASL_SSL, default PLAINTEXT.
   */
  readonly securityProtocol?: 'PLAINTEXT' | 'SSL' | 'SASL_PLAINTEXT' | 'SASL_SSL' | undefined
  /**
   * How to authenticate, with SASL_PLAINTEXT or SASL_SSL. AWS_MSK_IAM uses the function’s role, and needs SASL_SSL.
   *
   * Java: GSSAPI. AWS_MSK_IAM stands for OAUTHBEARER with AWS’s signer.
   *
   * `sasl.mechanism`, `KAFKA_SASL_MECHANISM`: PLAIN, SCRAM-SHA-256, SCRAM-SHA-512, OAUTHBEARER, AWS_MSK_IAM.
   */
  readonly saslMechanism?: 'PLAIN' | 'SCRAM-SHA-256' | 'SCRAM-SHA-512' | 'OAUTHBEARER' | 'AWS_MSK_IAM' | undefined
  /**
   * The user name for PLAIN and SCRAM, if KAFKA_SECRET_ARN is unset.
   *
   * Java has it inside sasl.jaas.config.
   *
   * `sasl.username`, `KAFKA_SASL_USERNAME`: text.
   */
  readonly saslUsername?: string | undefined
  /**
   * The password for PLAIN and SCRAM, if KAFKA_SECRET_ARN is unset. KAFKA_SECRET_ARN keeps it out of the function’s
   * settings.
   *
   * Java has it inside sasl.jaas.config.
   *
   * `sasl.password`, `KAFKA_SASL_PASSWORD`: text, secret.
   */
  readonly saslPassword?: string | undefined
  /**
   * User and password in Java’s form: the text of a PlainLoginModule, ScramLoginModule, IAMLoginModule or
   * OAuthBearerLoginModule. It replaces the separate settings of SASL; those that are set take precedence.
   *
   * Java has no other setting for user and password.
   *
   * `sasl.jaas.config`, `KAFKA_SASL_JAAS_CONFIG`: text, secret.
   */
  readonly saslJaasConfig?: string | undefined
  /**
   * For OAUTHBEARER: the `https:` endpoint that returns tokens, or a `file:` URL of a file that contains a token.
   *
   * `sasl.oauthbearer.token.endpoint.url`, `KAFKA_SASL_OAUTHBEARER_TOKEN_ENDPOINT_URL`: text.
   */
  readonly saslOauthbearerTokenEndpointUrl?: string | undefined
  /**
   * For OAUTHBEARER: how the token endpoint is asked, as a Java class with or without its package. The default is
   * client credentials with a client secret or, if there is one, an assertion (KIP-1258). JwtBearerJwtRetriever is the
   * grant jwt-bearer with an assertion (KIP-1139).
   *
   * `sasl.oauthbearer.jwt.retriever.class`, `KAFKA_SASL_OAUTHBEARER_JWT_RETRIEVER_CLASS`: DefaultJwtRetriever,
   * ClientCredentialsJwtRetriever, JwtBearerJwtRetriever, default DefaultJwtRetriever.
   */
  readonly saslOauthbearerJwtRetrieverClass?:
    | 'DefaultJwtRetriever'
    | 'ClientCredentialsJwtRetriever'
    | 'JwtBearerJwtRetriever'
    | undefined
  /**
   * For OAUTHBEARER: the client id, if neither KAFKA_SECRET_ARN nor an assertion is used.
   *
   * `sasl.oauthbearer.client.credentials.client.id`, `KAFKA_SASL_OAUTHBEARER_CLIENT_CREDENTIALS_CLIENT_ID`: text.
   */
  readonly saslOauthbearerClientCredentialsClientId?: string | undefined
  /**
   * For OAUTHBEARER: the client secret, if neither KAFKA_SECRET_ARN nor an assertion is used.
   *
   * `sasl.oauthbearer.client.credentials.client.secret`, `KAFKA_SASL_OAUTHBEARER_CLIENT_CREDENTIALS_CLIENT_SECRET`:
   * text, secret.
   */
  readonly saslOauthbearerClientCredentialsClientSecret?: string | undefined
  /**
   * For OAUTHBEARER: the scope to request.
   *
   * `sasl.oauthbearer.scope`, `KAFKA_SASL_OAUTHBEARER_SCOPE`: text.
   */
  readonly saslOauthbearerScope?: string | undefined
  /**
   * For OAUTHBEARER: SASL extensions (RFC 7628) as `name=value,…`. Confluent Cloud needs
   * `logicalCluster=lkc-…,identityPoolId=pool-…`.
   *
   * Java has them inside sasl.jaas.config, as extension_….
   *
   * `sasl.oauthbearer.extensions`, `KAFKA_SASL_OAUTHBEARER_EXTENSIONS`: text.
   */
  readonly saslOauthbearerExtensions?: string | undefined
  /**
   * For OAUTHBEARER: a file with a signed assertion, read again for each token. The other settings of assertions are
   * then ignored.
   *
   * `sasl.oauthbearer.assertion.file`, `KAFKA_SASL_OAUTHBEARER_ASSERTION_FILE`: text.
   */
  readonly saslOauthbearerAssertionFile?: string | undefined
  /**
   * For OAUTHBEARER: a PEM file with the private key that signs assertions, read again for each token. A secret
   * (KAFKA_SECRET_ARN) may hold the key as `assertionKey`.
   *
   * `sasl.oauthbearer.assertion.private.key.file`, `KAFKA_SASL_OAUTHBEARER_ASSERTION_PRIVATE_KEY_FILE`: text.
   */
  readonly saslOauthbearerAssertionPrivateKeyFile?: string | undefined
  /**
   * The passphrase of the private key that signs assertions.
   *
   * `sasl.oauthbearer.assertion.private.key.passphrase`, `KAFKA_SASL_OAUTHBEARER_ASSERTION_PRIVATE_KEY_PASSPHRASE`:
   * text, secret.
   */
  readonly saslOauthbearerAssertionPrivateKeyPassphrase?: string | undefined
  /**
   * How assertions are signed: RS256 with an RSA key, ES256 with a key of the curve P-256.
   *
   * `sasl.oauthbearer.assertion.algorithm`, `KAFKA_SASL_OAUTHBEARER_ASSERTION_ALGORITHM`: RS256, ES256, default RS256.
   */
  readonly saslOauthbearerAssertionAlgorithm?: 'RS256' | 'ES256' | undefined
  /**
   * The issuer of assertions (`iss`). Default: the issuer of the template file, else the client id.
   *
   * `sasl.oauthbearer.assertion.claim.iss`, `KAFKA_SASL_OAUTHBEARER_ASSERTION_CLAIM_ISS`: text.
   */
  readonly saslOauthbearerAssertionClaimIss?: string | undefined
  /**
   * The subject of assertions (`sub`). Default: the subject of the template file, else the client id.
   *
   * `sasl.oauthbearer.assertion.claim.sub`, `KAFKA_SASL_OAUTHBEARER_ASSERTION_CLAIM_SUB`: text.
   */
  readonly saslOauthbearerAssertionClaimSub?: string | undefined
  /**
   * The audience of assertions (`aud`). Default: the audience of the template file, else the token endpoint.
   *
   * `sasl.oauthbearer.assertion.claim.aud`, `KAFKA_SASL_OAUTHBEARER_ASSERTION_CLAIM_AUD`: text.
   */
  readonly saslOauthbearerAssertionClaimAud?: string | undefined
  /**
   * How long assertions are valid, in seconds.
   *
   * `sasl.oauthbearer.assertion.claim.exp.seconds`, `KAFKA_SASL_OAUTHBEARER_ASSERTION_CLAIM_EXP_SECONDS`: 1 – 86400,
   * default 300.
   */
  readonly saslOauthbearerAssertionClaimExpSeconds?: number | undefined
  /**
   * How many seconds before their creation assertions become valid, to allow for clocks that differ.
   *
   * `sasl.oauthbearer.assertion.claim.nbf.seconds`, `KAFKA_SASL_OAUTHBEARER_ASSERTION_CLAIM_NBF_SECONDS`: 0 – 86400,
   * default 60.
   */
  readonly saslOauthbearerAssertionClaimNbfSeconds?: number | undefined
  /**
   * Whether assertions have an id (`jti`).
   *
   * `sasl.oauthbearer.assertion.claim.jti.include`, `KAFKA_SASL_OAUTHBEARER_ASSERTION_CLAIM_JTI_INCLUDE`: boolean,
   * default false.
   */
  readonly saslOauthbearerAssertionClaimJtiInclude?: boolean | undefined
  /**
   * A JSON file with `header` and `payload`: further fields of assertions, such as `kid`.
   *
   * `sasl.oauthbearer.assertion.template.file`, `KAFKA_SASL_OAUTHBEARER_ASSERTION_TEMPLATE_FILE`: text.
   */
  readonly saslOauthbearerAssertionTemplateFile?: string | undefined
  /**
   * For OAUTHBEARER: the audience of a JWT that AWS issues for the function’s role (IAM outbound identity federation,
   * sts:GetWebIdentityToken). The JWT is the token or, with a token endpoint, the assertion.
   *
   * `sasl.oauthbearer.aws.audience`, `KAFKA_SASL_OAUTHBEARER_AWS_AUDIENCE`: text.
   */
  readonly saslOauthbearerAwsAudience?: string | undefined
  /**
   * The region of the STS that issues the JWT of the function’s role. Default: AWS_REGION.
   *
   * `sasl.oauthbearer.aws.region`, `KAFKA_SASL_OAUTHBEARER_AWS_REGION`: text.
   */
  readonly saslOauthbearerAwsRegion?: string | undefined
  /**
   * How long the JWT of the function’s role is valid, in seconds.
   *
   * `sasl.oauthbearer.aws.duration.seconds`, `KAFKA_SASL_OAUTHBEARER_AWS_DURATION_SECONDS`: 60 – 3600, default 300.
   */
  readonly saslOauthbearerAwsDurationSeconds?: number | undefined
  /**
   * How AWS signs the JWT of the function’s role.
   *
   * `sasl.oauthbearer.aws.signing.algorithm`, `KAFKA_SASL_OAUTHBEARER_AWS_SIGNING_ALGORITHM`: ES384, RS256, default
   * ES384.
   */
  readonly saslOauthbearerAwsSigningAlgorithm?: 'ES384' | 'RS256' | undefined
  /**
   * For OAUTHBEARER: a function that returns tokens (`OAuthBearerTokenProvider`) and replaces the other sources; or the
   * path of a module whose default export is such a function.
   *
   * Java has sasl.login.callback.handler.class for it.
   *
   * `KAFKA_OAUTH_BEARER_TOKEN_PROVIDER`: tokenProvider.
   */
  readonly oauthBearerTokenProvider?: OAuthBearerTokenProvider | ModulePath | undefined
  /**
   * Accepts a token endpoint with `http:`. The client secret and the token are then readable on the network: only for a
   * local identity provider.
   *
   * `KAFKA_OAUTH_ALLOW_HTTP`: boolean, default false.
   */
  readonly oauthAllowHttp?: boolean | undefined
  /**
   * The CA of the brokers as PEM text. Default: the public CAs that Node trusts.
   *
   * `ssl.truststore.certificates`, `KAFKA_SSL_TRUSTSTORE_CERTIFICATES`: text.
   */
  readonly sslTruststoreCertificates?: string | undefined
  /**
   * A PEM file with the CA of the brokers.
   *
   * `ssl.truststore.location`, `KAFKA_SSL_TRUSTSTORE_LOCATION`: text.
   */
  readonly sslTruststoreLocation?: string | undefined
  /**
   * The client certificate as PEM text, if brokers require one.
   *
   * `ssl.keystore.certificate.chain`, `KAFKA_SSL_KEYSTORE_CERTIFICATE_CHAIN`: text.
   */
  readonly sslKeystoreCertificateChain?: string | undefined
  /**
   * The private key of the client certificate as PEM text.
   *
   * `ssl.keystore.key`, `KAFKA_SSL_KEYSTORE_KEY`: text, secret.
   */
  readonly sslKeystoreKey?: string | undefined
  /**
   * A PEM file with the client certificate and its private key.
   *
   * `ssl.keystore.location`, `KAFKA_SSL_KEYSTORE_LOCATION`: text.
   */
  readonly sslKeystoreLocation?: string | undefined
  /**
   * The password of the client certificate’s private key.
   *
   * `ssl.key.password`, `KAFKA_SSL_KEY_PASSWORD`: text, secret.
   */
  readonly sslKeyPassword?: string | undefined
  /**
   * A Secrets Manager secret or an SSM parameter that holds JSON with `username`, `password`, and if needed `ca`,
   * `certificate`, `key`, `keyPassword`, `clientId`, `clientSecret`, `assertionKey`; for a schema registry
   * `schemaRegistryUserInfo`, `schemaRegistryToken`, `schemaRegistryClientId`, `schemaRegistryClientSecret`,
   * `schemaRegistryKey`, `schemaRegistryKeyPassword`. It is read when first needed, and again after a refused
   * authentication.
   *
   * `KAFKA_SECRET_ARN`: text.
   */
  readonly secretArn?: string | undefined
  /**
   * The ARN of an MSK cluster. The producer asks MSK for the brokers (kafka:GetBootstrapBrokers); bootstrap.servers is
   * then only the fallback, and may be left out.
   *
   * `KAFKA_MSK_CLUSTER_ARN`: text.
   */
  readonly mskClusterArn?: string | undefined
  /**
   * Which of the MSK cluster’s addresses to use.
   *
   * `KAFKA_MSK_NETWORK`: private, public, vpc-connectivity, default private.
   */
  readonly mskNetwork?: 'private' | 'public' | 'vpc-connectivity' | undefined
  /**
   * Addresses of a schema registry with Confluent’s API, `https://…`, separated by commas and tried in turn. Contracts
   * with `registry: confluent` and the serializers of `./schema-registry` use them. A user and password in an address
   * are removed from it and used as the user info.
   *
   * `schema.registry.url`, `KAFKA_SCHEMA_REGISTRY_URL`: urls.
   */
  readonly schemaRegistryUrl?: readonly string[] | string | undefined
  /**
   * Where user and password of the schema registry come from: the user info, the address, or the SASL settings of the
   * brokers. Unset: whichever of the first two is set.
   *
   * Java: URL, and a user info alone has no effect.
   *
   * `schema.registry.basic.auth.credentials.source`, `KAFKA_SCHEMA_REGISTRY_BASIC_AUTH_CREDENTIALS_SOURCE`: USER_INFO,
   * URL, SASL_INHERIT.
   */
  readonly schemaRegistryBasicAuthCredentialsSource?: 'USER_INFO' | 'URL' | 'SASL_INHERIT' | undefined
  /**
   * The API key and secret, or user and password, for the schema registry, as `user:password`. A secret
   * (KAFKA_SECRET_ARN) may hold it as `schemaRegistryUserInfo`.
   *
   * `schema.registry.basic.auth.user.info`, `KAFKA_SCHEMA_REGISTRY_BASIC_AUTH_USER_INFO`: text, secret.
   */
  readonly schemaRegistryBasicAuthUserInfo?: string | undefined
  /**
   * Where the bearer token for the schema registry comes from: `schema.registry.bearer.auth.token`, an OAuth endpoint,
   * or the OAUTHBEARER settings of the brokers. Unset: whichever of the first two is set.
   *
   * `schema.registry.bearer.auth.credentials.source`, `KAFKA_SCHEMA_REGISTRY_BEARER_AUTH_CREDENTIALS_SOURCE`:
   * STATIC_TOKEN, OAUTHBEARER, SASL_OAUTHBEARER_INHERIT.
   */
  readonly schemaRegistryBearerAuthCredentialsSource?:
    | 'STATIC_TOKEN'
    | 'OAUTHBEARER'
    | 'SASL_OAUTHBEARER_INHERIT'
    | undefined
  /**
   * A bearer token for the schema registry. A secret (KAFKA_SECRET_ARN) may hold it as `schemaRegistryToken`.
   *
   * `schema.registry.bearer.auth.token`, `KAFKA_SCHEMA_REGISTRY_BEARER_AUTH_TOKEN`: text, secret.
   */
  readonly schemaRegistryBearerAuthToken?: string | undefined
  /**
   * The `https:` endpoint that returns tokens for the schema registry (client credentials grant).
   *
   * `schema.registry.bearer.auth.issuer.endpoint.url`, `KAFKA_SCHEMA_REGISTRY_BEARER_AUTH_ISSUER_ENDPOINT_URL`: text.
   */
  readonly schemaRegistryBearerAuthIssuerEndpointUrl?: string | undefined
  /**
   * The client id at the token endpoint of the schema registry. A secret (KAFKA_SECRET_ARN) may hold it as
   * `schemaRegistryClientId`.
   *
   * `schema.registry.bearer.auth.client.id`, `KAFKA_SCHEMA_REGISTRY_BEARER_AUTH_CLIENT_ID`: text.
   */
  readonly schemaRegistryBearerAuthClientId?: string | undefined
  /**
   * The client secret at the token endpoint of the schema registry. A secret (KAFKA_SECRET_ARN) may hold it as
   * `schemaRegistryClientSecret`.
   *
   * `schema.registry.bearer.auth.client.secret`, `KAFKA_SCHEMA_REGISTRY_BEARER_AUTH_CLIENT_SECRET`: text, secret.
   */
  readonly schemaRegistryBearerAuthClientSecret?: string | undefined
  /**
   * The scope to request at the token endpoint of the schema registry.
   *
   * `schema.registry.bearer.auth.scope`, `KAFKA_SCHEMA_REGISTRY_BEARER_AUTH_SCOPE`: text.
   */
  readonly schemaRegistryBearerAuthScope?: string | undefined
  /**
   * Confluent Cloud with a bearer token: the id of the schema registry, `lsrc-…` (the header target-sr-cluster).
   *
   * `schema.registry.bearer.auth.logical.cluster`, `KAFKA_SCHEMA_REGISTRY_BEARER_AUTH_LOGICAL_CLUSTER`: text.
   */
  readonly schemaRegistryBearerAuthLogicalCluster?: string | undefined
  /**
   * Confluent Cloud with a bearer token: the identity pool, `pool-…` (the header Confluent-Identity-Pool-Id).
   *
   * `schema.registry.bearer.auth.identity.pool.id`, `KAFKA_SCHEMA_REGISTRY_BEARER_AUTH_IDENTITY_POOL_ID`: text.
   */
  readonly schemaRegistryBearerAuthIdentityPoolId?: string | undefined
  /**
   * The CA of the schema registry as PEM text. Default: the public CAs that Node trusts.
   *
   * `schema.registry.ssl.truststore.certificates`, `KAFKA_SCHEMA_REGISTRY_SSL_TRUSTSTORE_CERTIFICATES`: text.
   */
  readonly schemaRegistrySslTruststoreCertificates?: string | undefined
  /**
   * A PEM file with the CA of the schema registry.
   *
   * `schema.registry.ssl.truststore.location`, `KAFKA_SCHEMA_REGISTRY_SSL_TRUSTSTORE_LOCATION`: text.
   */
  readonly schemaRegistrySslTruststoreLocation?: string | undefined
  /**
   * The client certificate as PEM text, if the schema registry requires one.
   *
   * `schema.registry.ssl.keystore.certificate.chain`, `KAFKA_SCHEMA_REGISTRY_SSL_KEYSTORE_CERTIFICATE_CHAIN`: text.
   */
  readonly schemaRegistrySslKeystoreCertificateChain?: string | undefined
  /**
   * The private key of the client certificate for the schema registry as PEM text.
   *
   * `schema.registry.ssl.keystore.key`, `KAFKA_SCHEMA_REGISTRY_SSL_KEYSTORE_KEY`: text, secret.
   */
  readonly schemaRegistrySslKeystoreKey?: string | undefined
  /**
   * A PEM file with the client certificate for the schema registry and its private key.
   *
   * `schema.registry.ssl.keystore.location`, `KAFKA_SCHEMA_REGISTRY_SSL_KEYSTORE_LOCATION`: text.
   */
  readonly schemaRegistrySslKeystoreLocation?: string | undefined
  /**
   * The password of the private key for the schema registry.
   *
   * `schema.registry.ssl.key.password`, `KAFKA_SCHEMA_REGISTRY_SSL_KEY_PASSWORD`: text, secret.
   */
  readonly schemaRegistrySslKeyPassword?: string | undefined
  /**
   * How long to wait for a response of a schema registry (Confluent’s API or Glue). After that the request is repeated,
   * until the record’s deadline.
   *
   * Java: http.read.timeout.ms, 60000. A response that does not arrive must not cost a whole invocation.
   *
   * `schema.registry.request.timeout.ms`, `KAFKA_SCHEMA_REGISTRY_REQUEST_TIMEOUT_MS`: 1 – 900000 ms, default 5000.
   */
  readonly schemaRegistryRequestTimeoutMs?: number | undefined
  /**
   * Whether a serializer registers its schema if the subject does not have it yet. Default: Confluent’s serializers do,
   * Glue’s does not. A contract has its own `autoRegister`.
   *
   * `auto.register.schemas`, `KAFKA_AUTO_REGISTER_SCHEMAS`: boolean.
   */
  readonly autoRegisterSchemas?: boolean | undefined
  /**
   * Whether a serializer writes with the latest version of the subject instead of its own schema. A serializer without
   * a schema always does.
   *
   * `use.latest.version`, `KAFKA_USE_LATEST_VERSION`: boolean, default false.
   */
  readonly useLatestVersion?: boolean | undefined
  /**
   * Whether the registry normalizes schemas before it compares and registers them, so that differences in the order of
   * fields that have no meaning are ignored. Confluent’s API only.
   *
   * `normalize.schemas`, `KAFKA_NORMALIZE_SCHEMAS`: boolean, default false.
   */
  readonly normalizeSchemas?: boolean | undefined
  /**
   * The subject of a key’s schema: `<topic>-key`, the record’s full name, or `<topic>-<full name>`; Java’s class names
   * are understood. Confluent’s API only.
   *
   * `key.subject.name.strategy`, `KAFKA_KEY_SUBJECT_NAME_STRATEGY`: TopicName, RecordName, TopicRecordName, default
   * TopicName.
   */
  readonly keySubjectNameStrategy?: 'TopicName' | 'RecordName' | 'TopicRecordName' | undefined
  /**
   * The subject of a value’s schema: `<topic>-value`, the record’s full name, or `<topic>-<full name>`; Java’s class
   * names are understood. Confluent’s API only.
   *
   * `value.subject.name.strategy`, `KAFKA_VALUE_SUBJECT_NAME_STRATEGY`: TopicName, RecordName, TopicRecordName, default
   * TopicName.
   */
  readonly valueSubjectNameStrategy?: 'TopicName' | 'RecordName' | 'TopicRecordName' | undefined
  /**
   * Where the id of a key’s schema is written: before its bytes, or as a GUID in the header `__key_schema_id`; Java’s
   * class names are understood. Confluent’s API only.
   *
   * `key.schema.id.serializer`, `KAFKA_KEY_SCHEMA_ID_SERIALIZER`: prefix, header, default prefix.
   */
  readonly keySchemaIdSerializer?: 'prefix' | 'header' | undefined
  /**
   * Where the id of a value’s schema is written: before its bytes, or as a GUID in the header `__value_schema_id`;
   * Java’s class names are understood. Confluent’s API only.
   *
   * `value.schema.id.serializer`, `KAFKA_VALUE_SCHEMA_ID_SERIALIZER`: prefix, header, default prefix.
   */
  readonly valueSchemaIdSerializer?: 'prefix' | 'header' | undefined
  /**
   * The region of the AWS Glue Schema Registry. Default: AWS_REGION.
   *
   * `KAFKA_GLUE_REGION`: text.
   */
  readonly glueRegion?: string | undefined
  /**
   * The name of the registry in the AWS Glue Schema Registry.
   *
   * `KAFKA_GLUE_REGISTRY_NAME`: text, default default-registry.
   */
  readonly glueRegistryName?: string | undefined
  /**
   * The address of the AWS Glue service, `https://…`, such as an interface VPC endpoint. Default: AWS’s address in the
   * region.
   *
   * `KAFKA_GLUE_ENDPOINT`: text.
   */
  readonly glueEndpoint?: string | undefined
  /**
   * How values and keys in Glue’s wire format are compressed, each one separately and independently of
   * `compression.type`.
   *
   * `KAFKA_GLUE_COMPRESSION`: none, zlib, default none.
   */
  readonly glueCompression?: 'none' | 'zlib' | undefined
  /**
   * The format of schemas in AWS Glue. A serializer without a schema uses the format of the registered schema; if this
   * setting is set, both must be the same.
   *
   * `KAFKA_GLUE_DATA_FORMAT`: AVRO, JSON, PROTOBUF.
   */
  readonly glueDataFormat?: 'AVRO' | 'JSON' | 'PROTOBUF' | undefined
  /**
   * Which later versions AWS Glue accepts of a schema whose first version a serializer registers.
   *
   * `KAFKA_GLUE_COMPATIBILITY`: NONE, DISABLED, BACKWARD, BACKWARD_ALL, FORWARD, FORWARD_ALL, FULL, FULL_ALL, default
   * BACKWARD.
   */
  readonly glueCompatibility?:
    | 'NONE'
    | 'DISABLED'
    | 'BACKWARD'
    | 'BACKWARD_ALL'
    | 'FORWARD'
    | 'FORWARD_ALL'
    | 'FULL'
    | 'FULL_ALL'
    | undefined
  /**
   * The name of the schema in the AWS Glue registry. Default: the topic.
   *
   * `KAFKA_GLUE_SCHEMA_NAME`: text.
   */
  readonly glueSchemaName?: string | undefined
  /**
   * Where dead letters are stored: `sqs:<queue URL>`, `s3:<bucket>/<prefix>`, `dynamodb:<table>` (partition key
   * `deadLetterId`, S), `kafka:{topic}-dlt@<host:port>;<host:port>` (without `@` on the same cluster, and then never as
   * the only target), `disk:<folder>`, `sqlite:<file>`; several are separated by commas and tried from left to right.
   * `none`: the caller keeps records that could not be delivered. Default: `disk:./.dead-letters`; inside Lambda there
   * is no default, and it must be set.
   *
   * `KAFKA_DEAD_LETTER`: text.
   */
  readonly deadLetter?: string | undefined
  /**
   * Whom to notify after a dead letter is stored: `sns:<topic ARN>`, `eventbridge:<bus>`, several separated by commas.
   * The notification contains no key, value or header. A failed notification is logged and does not change where the
   * record ends.
   *
   * `KAFKA_DEAD_LETTER_NOTIFY`: text.
   */
  readonly deadLetterNotify?: string | undefined
  /**
   * For `disk:` targets: whether a dead letter counts as stored only after fsync of file and folder. `false` is faster;
   * a dead letter then survives a crash of the process but not of the machine.
   *
   * `KAFKA_DEAD_LETTER_DISK_FSYNC`: boolean, default true.
   */
  readonly deadLetterDiskFsync?: boolean | undefined
  /**
   * For `disk:` targets: the most bytes of dead letters that are not completed. When they are exceeded, nothing more is
   * stored in the folder. Default: no limit.
   *
   * `KAFKA_DEAD_LETTER_DISK_MAX_BYTES`: 1 – 9007199254740991 bytes.
   */
  readonly deadLetterDiskMaxBytes?: number | undefined
  /**
   * The part of an invocation’s time that is reserved for storing dead letters and for the response.
   *
   * `KAFKA_DEADLINE_RESERVE_MS`: 0 – 600000 ms, default 3000.
   */
  readonly deadlineReserveMs?: number | undefined
  /**
   * When the HTTP response is sent at the latest, counted from receipt of the request. Sending records ends earlier by
   * KAFKA_DEADLINE_RESERVE_MS. Default: 1 s before the gateway or load balancer stops waiting (docs/http.md lists how
   * long each waits).
   *
   * `KAFKA_HTTP_DEADLINE_MS`: 1000 – 900000 ms.
   */
  readonly httpDeadlineMs?: number | undefined
  /**
   * The idle timeout of the load balancer or VPC Lattice service in front of the http function. Set it if you changed
   * theirs. It must be more than KAFKA_DEADLINE_RESERVE_MS plus 1 s.
   *
   * `KAFKA_HTTP_IDLE_TIMEOUT_MS`: 1000 – 4000000 ms, default 60000.
   */
  readonly httpIdleTimeoutMs?: number | undefined
  /**
   * Whether each record of an HTTP caller that the gateway authenticated gets the header `kp-principal`: the ARN of the
   * caller’s IAM role (without the session) or user, issuer and subject of its token, or a Lambda authorizer’s
   * `principalId`.
   *
   * `KAFKA_PRINCIPAL_HEADER`: boolean, default false.
   */
  readonly principalHeader?: boolean | undefined
  /**
   * The base path of a custom domain or load balancer, such as `/events`. It is removed before the path is compared
   * with the function’s routes. Needed only if the gateway’s events do not name one of these routes (`$default`,
   * `{proxy+}`, an ALB).
   *
   * `KAFKA_HTTP_BASE_PATH`: text.
   */
  readonly httpBasePath?: string | undefined
  /**
   * The origins whose pages may call the http function from a browser, such as `https://app.example.com`, or `*`. Leave
   * it unset if the gateway does CORS. The template sets it on the HTTP API.
   *
   * `KAFKA_HTTP_CORS_ORIGINS`: origins.
   */
  readonly httpCorsOrigins?: readonly string[] | string | undefined
  /**
   * How many requests one process of the http function handles at once, if it gets several (a server of your own,
   * Lambda with several invocations per environment). A further request gets 429 with Retry-After before its body is
   * read.
   *
   * `KAFKA_HTTP_MAX_CONCURRENCY`: 1 – 10000, default 64.
   */
  readonly httpMaxConcurrency?: number | undefined
  /**
   * A prefix of the names of all queues that contracts claim, such as `staging-`, so that several stages fit into one
   * account. The template names its queues with it.
   *
   * `KAFKA_QUEUE_PREFIX`: text.
   */
  readonly queuePrefix?: string | undefined
  /**
   * In code: the topic of `sendDefault`. In the functions: the topic, which must have a contract, of SQS messages and
   * EventBridge events that no contract claims; without this setting they become dead letters.
   *
   * `KAFKA_DEFAULT_TOPIC`: text.
   */
  readonly defaultTopic?: string | undefined
  /**
   * What the HTTP function does with a record that could not be delivered: store a dead letter and respond with 202, or
   * respond with 503.
   *
   * `KAFKA_ON_FAILURE_HTTP`: dead-letter, return, default dead-letter.
   */
  readonly onFailureHttp?: 'dead-letter' | 'return' | undefined
  /**
   * What the SQS functions do with a record that could not be delivered: return its message to the queue, or store a
   * dead letter. An invalid record always becomes a dead letter.
   *
   * `KAFKA_ON_FAILURE_SQS`: return, dead-letter, default return.
   */
  readonly onFailureSqs?: 'return' | 'dead-letter' | undefined
  /**
   * What the EventBridge function does with a record that could not be delivered: store a dead letter, or fail, after
   * which Lambda tries twice more. An invalid record always becomes a dead letter.
   *
   * `KAFKA_ON_FAILURE_EVENTBRIDGE`: dead-letter, return, default dead-letter.
   */
  readonly onFailureEventbridge?: 'dead-letter' | 'return' | undefined
  /**
   * What the function of FIFO queues does with an invalid record. `continue`: store a dead letter and continue with its
   * group. `stop`: return it to the queue with the rest of its group, until the redrive policy moves it.
   *
   * `KAFKA_FIFO_ON_INVALID`: continue, stop, default continue.
   */
  readonly fifoOnInvalid?: 'continue' | 'stop' | undefined
  /**
   * The longest time that the SQS function hides a message that it returns to its queue; the delay is about 10 s × 2^n
   * after n earlier receives. 0: the visibility timeout of the queue applies. The delays shorten the outage that a
   * queue can bridge until `maxReceiveCount` is reached, so the template sets both. Fractions of a second are ignored:
   * less than 1000 is 0.
   *
   * `KAFKA_SQS_RETURN_DELAY_MAX_MS`: 0 – 43200000 ms, default 0.
   */
  readonly sqsReturnDelayMaxMs?: number | undefined
  /**
   * How long after its last attempt a record of unknown outcome may still reach the log. Until then redrive keeps its
   * dead letter, unless the log proves that the record can no longer arrive.
   *
   * `KAFKA_REDRIVE_IN_DOUBT_WAIT_MS`: 0 – 86400000 ms, default 300000.
   */
  readonly redriveInDoubtWaitMs?: number | undefined
  /**
   * What redrive reads besides the targets of KAFKA_DEAD_LETTER: `source-dlq:<queue URL>?source=<queue>` (`{queue}` in
   * the URL stands for each queue of the contracts), `failure-destination:<queue URL>`,
   * `failure-bucket:<bucket>?function=<name or ARN>`, or further targets, several separated by commas. Only the redrive
   * function and the command read it; the template sets it.
   *
   * `KAFKA_REDRIVE_FROM`: text.
   */
  readonly redriveFrom?: string | undefined
  /**
   * Further targets and queues that `from` in an event of the redrive function may name, in the form of
   * KAFKA_REDRIVE_FROM. Any other value is refused before a connection is opened.
   *
   * `KAFKA_REDRIVE_ALLOW`: text.
   */
  readonly redriveAllow?: string | undefined
  /**
   * The URL of a FIFO queue that only redrive uses. It prevents two redrives of SQS queues from running at the same
   * time. Default: the lease of the first `s3:` or `dynamodb:` target of KAFKA_DEAD_LETTER, if there is one.
   *
   * `KAFKA_REDRIVE_LEASE_QUEUE`: text.
   */
  readonly redriveLeaseQueue?: string | undefined
  /**
   * A settings file that `loadConfig` reads: Spring’s form (`spring.kafka.producer.bootstrap-servers` …) as YAML or
   * properties, or a Java client’s properties.
   *
   * `KAFKA_CONFIG_FILE`: text.
   */
  readonly configFile?: string | undefined
  /**
   * Refuses every KAFKA_ variable that is not a known setting.
   *
   * `KAFKA_STRICT_ENV`: boolean, default false.
   */
  readonly strictEnv?: boolean | undefined
}

/** The serializers; `K` and `V` are their own types. */
export interface SerializerOptions<K extends SerializerOption | undefined, V extends SerializerOption | undefined> {
  /**
   * How keys become bytes: `string`, `json`, `bytes`, `integer`, `long`, `double`, `uuid`, `void`; by the latest schema
   * of a registry `confluent-avro`, `confluent-protobuf`, `confluent-json-schema`, `glue`; Java’s class names of these;
   * or the path of a module whose default export is a Serializer. Unset: text is sent as UTF-8, bytes unchanged. A
   * contract has its own rule for its topic.
   *
   * Java has no default.
   *
   * `key.serializer`, `KAFKA_KEY_SERIALIZER`: serializer.
   */
  readonly keySerializer?: K | undefined
  /**
   * How values become bytes: the same choices as for `key.serializer`. A contract’s `value.format` takes precedence.
   *
   * Java has no default.
   *
   * `value.serializer`, `KAFKA_VALUE_SERIALIZER`: serializer.
   */
  readonly valueSerializer?: V | undefined
}

/** Options in code. */
export interface ProducerOptions
  extends CommonOptions,
    SerializerOptions<SerializerOption | undefined, SerializerOption | undefined> {}

declare const TYPES: unique symbol

/** Every setting with its value, frozen. `parseConfig` and `loadConfig` create it. */
export interface ProducerConfig<K = unknown, V = unknown> {
  /** Only a type: what the serializers take that were given in code. */
  readonly [TYPES]?: readonly [key: K, value: V]
  /**
   * Brokers for the first connection, host:port, separated by commas. Three are recommended.
   *
   * `bootstrap.servers`, `KAFKA_BOOTSTRAP_SERVERS`: list.
   */
  readonly bootstrapServers: readonly string[]
  /**
   * The name by which brokers log this producer and apply quotas.
   *
   * `client.id`, `KAFKA_CLIENT_ID`: text, default serverless-kafka-producer.
   */
  readonly clientId: string
  /**
   * How keys become bytes: `string`, `json`, `bytes`, `integer`, `long`, `double`, `uuid`, `void`; by the latest schema
   * of a registry `confluent-avro`, `confluent-protobuf`, `confluent-json-schema`, `glue`; Java’s class names of these;
   * or the path of a module whose default export is a Serializer. Unset: text is sent as UTF-8, bytes unchanged. A
   * contract has its own rule for its topic.
   *
   * `key.serializer`, `KAFKA_KEY_SERIALIZER`: serializer.
   */
  readonly keySerializer: Serializer<never> | string | undefined
  /**
   * How values become bytes: the same choices as for `key.serializer`. A contract’s `value.format` takes precedence.
   *
   * `value.serializer`, `KAFKA_VALUE_SERIALIZER`: serializer.
   */
  readonly valueSerializer: Serializer<never> | string | undefined
  /**
   * Who must have a record before it counts as written: all in-sync replicas, the leader, or nobody (no
   * acknowledgement, no offset). With 1 and 0 an acknowledged record is lost when a leader fails; the shipped functions
   * refuse both.
   *
   * `acks`, `KAFKA_ACKS`: all, 1, 0, default all.
   */
  readonly acks: 'all' | 1 | 0
  /**
   * Whether brokers recognise a retry, so that it is not written twice. It is off with acks 1 or 0. While it is off, a
   * record whose response was lost may be in Kafka twice.
   *
   * `enable.idempotence`, `KAFKA_ENABLE_IDEMPOTENCE`: boolean, default true.
   */
  readonly enableIdempotence: boolean
  /**
   * The most attempts after the first; only those count that left the machine. The deadline usually ends them earlier.
   *
   * `retries`, `KAFKA_RETRIES`: 0 – 2147483647, default 100.
   */
  readonly retries: number
  /**
   * The shortest pause before a retry. Pauses are random; their limit doubles with each failure, up to
   * `retry.backoff.max.ms`.
   *
   * `retry.backoff.ms`, `KAFKA_RETRY_BACKOFF_MS`: 1 – 60000 ms, default 50.
   */
  readonly retryBackoffMs: number
  /**
   * The longest pause before a retry.
   *
   * `retry.backoff.max.ms`, `KAFKA_RETRY_BACKOFF_MAX_MS`: 1 – 60000 ms, default 1000.
   */
  readonly retryBackoffMaxMs: number
  /**
   * The shortest pause before the next connection attempt to a broker.
   *
   * `reconnect.backoff.ms`, `KAFKA_RECONNECT_BACKOFF_MS`: 1 – 60000 ms, default 50.
   */
  readonly reconnectBackoffMs: number
  /**
   * The longest pause before the next connection attempt to a broker.
   *
   * `reconnect.backoff.max.ms`, `KAFKA_RECONNECT_BACKOFF_MAX_MS`: 1 – 60000 ms, default 1000.
   */
  readonly reconnectBackoffMaxMs: number
  /**
   * The largest batch of a partition, as it is sent. With compression, the size is estimated by the ratio of the
   * topic’s last batches, with at most 8 MiB of records. A larger record is still sent, alone in its batch. After a
   * broker refused a batch as too large, later batches of the topic are smaller for `metadata.max.age.ms`.
   *
   * `batch.size`, `KAFKA_BATCH_SIZE`: 1 – 100000000 bytes, default 1000000.
   */
  readonly batchSize: number
  /**
   * How long a batch that is not full waits for more records. With 0, records still gather while a request to their
   * leader is in flight. `sendAll`, `flush` and the end of an invocation do not wait.
   *
   * `linger.ms`, `KAFKA_LINGER_MS`: 0 – 60000 ms, default 0.
   */
  readonly lingerMs: number
  /**
   * The most memory for records between their send and their outcome. A record counts twice: itself, and its part of
   * the encoded batch. When the buffer is full, a send waits for `max.block.ms` at most.
   *
   * `buffer.memory`, `KAFKA_BUFFER_MEMORY`: 1024 – 8589934592 bytes, default 33554432.
   */
  readonly bufferMemory: number
  /**
   * How a batch is compressed. A batch that compression does not make smaller is sent uncompressed. gzip is recommended
   * for JSON and other text: it compressed 1,500 earthquake events to an eighth (docs/benchmarks.md). The shipped
   * templates (`npm run deploy`, AWS SAM, AWS CDK) set gzip; the library itself does not compress by default.
   *
   * `compression.type`, `KAFKA_COMPRESSION_TYPE`: none, gzip, snappy, lz4, zstd, default none.
   */
  readonly compressionType: 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd'
  /**
   * What chooses partitions: unset (the key’s hash, as in Java; records without a key go to one partition for a while,
   * then to another), `round-robin`, its Java class name, or the path of a module whose default export is a
   * Partitioner.
   *
   * `partitioner.class`, `KAFKA_PARTITIONER_CLASS`: partitioner.
   */
  readonly partitionerClass: Partitioner | (new () => Partitioner) | string | undefined
  /**
   * Whether the built-in partitioner treats records as if they had no key.
   *
   * `partitioner.ignore.keys`, `KAFKA_PARTITIONER_IGNORE_KEYS`: boolean, default false.
   */
  readonly partitionerIgnoreKeys: boolean
  /**
   * Whether records without a key go to partitions whose leader is in `client.rack`, or to all partitions while no
   * leader is in it. Records with a key keep the partition of their key’s hash (KIP-1123; docs/connections.md).
   *
   * `partitioner.rack.aware`, `KAFKA_PARTITIONER_RACK_AWARE`: boolean, default false.
   */
  readonly partitionerRackAware: boolean
  /**
   * The rack in which this client runs, in the form of the brokers’ `broker.rack`: on MSK the id of an availability
   * zone, such as `use1-az1`. `lambda:az-id` asks Lambda for it. Only `partitioner.rack.aware` uses it.
   *
   * `client.rack`, `KAFKA_CLIENT_RACK`: text.
   */
  readonly clientRack: string
  /**
   * Records without a key avoid a leader that has accepted no batch for this long, until it accepts one or no record
   * waits for it. 0: they don’t.
   *
   * `partitioner.availability.timeout.ms`, `KAFKA_PARTITIONER_AVAILABILITY_TIMEOUT_MS`: 0 – 900000 ms, default 0.
   */
  readonly partitionerAvailabilityTimeoutMs: number
  /**
   * The most Produce requests to one leader that have no response yet. A partition has at most one batch in flight, so
   * every number keeps the order.
   *
   * `max.in.flight.requests.per.connection`, `KAFKA_MAX_IN_FLIGHT_REQUESTS_PER_CONNECTION`: 1 – 100, default 1.
   */
  readonly maxInFlightRequestsPerConnection: number
  /**
   * How long a send may wait in total for the topic’s metadata, for a partition that was just added, and for
   * `buffer.memory`; never beyond the deadline.
   *
   * `max.block.ms`, `KAFKA_MAX_BLOCK_MS`: 0 – 900000 ms, default 5000.
   */
  readonly maxBlockMs: number
  /**
   * The largest Produce request. A larger record is refused; a larger request is split.
   *
   * `max.request.size`, `KAFKA_MAX_REQUEST_SIZE`: 2048 – 100000000 bytes, default 1048576.
   */
  readonly maxRequestSize: number
  /**
   * How long to wait for a broker’s response. After that the connection is replaced and the request repeated.
   *
   * `request.timeout.ms`, `KAFKA_REQUEST_TIMEOUT_MS`: 1 – 900000 ms, default 3000.
   */
  readonly requestTimeoutMs: number
  /**
   * The longest time from the send of a record to its outcome. It is shorter when the invocation ends earlier.
   *
   * `delivery.timeout.ms`, `KAFKA_DELIVERY_TIMEOUT_MS`: 1 – 900000 ms, default 30000.
   */
  readonly deliveryTimeoutMs: number
  /**
   * How long the leader waits for its followers: the field `timeout.ms` of a Produce request.
   *
   * `timeout.ms`, `KAFKA_TIMEOUT_MS`: 1 – 900000 ms, default 2500.
   */
  readonly ackTimeoutMs: number
  /**
   * The age after which partitions and leaders are requested again.
   *
   * `metadata.max.age.ms`, `KAFKA_METADATA_MAX_AGE_MS`: 1 – 86400000 ms, default 300000.
   */
  readonly metadataMaxAgeMs: number
  /**
   * A connection that was idle for longer is replaced before it is used.
   *
   * `connections.max.idle.ms`, `KAFKA_CONNECTIONS_MAX_IDLE_MS`: 1 – 86400000 ms, default 120000.
   */
  readonly connectionsMaxIdleMs: number
  /**
   * How long setting up a connection may take, TLS and authentication included.
   *
   * `socket.connection.setup.timeout.ms`, `KAFKA_SOCKET_CONNECTION_SETUP_TIMEOUT_MS`: 1 – 900000 ms, default 3000.
   */
  readonly socketConnectionSetupTimeoutMs: number
  /**
   * How to connect to brokers: with or without TLS and SASL. With TLS, the certificate and its host name are always
   * checked.
   *
   * `security.protocol`, `KAFKA_SECURITY_PROTOCOL`: PLAINTEXT, SSL, SASL_PLAINTEXT, SASL_SSL, default PLAINTEXT.
   */
  readonly securityProtocol: 'PLAINTEXT' | 'SSL' | 'SASL_PLAINTEXT' | 'SASL_SSL'
  /**
   * How to authenticate, with SASL_PLAINTEXT or SASL_SSL. AWS_MSK_IAM uses the function’s role, and needs SASL_SSL.
   *
   * `sasl.mechanism`, `KAFKA_SASL_MECHANISM`: PLAIN, SCRAM-SHA-256, SCRAM-SHA-512, OAUTHBEARER, AWS_MSK_IAM.
   */
  readonly saslMechanism: 'PLAIN' | 'SCRAM-SHA-256' | 'SCRAM-SHA-512' | 'OAUTHBEARER' | 'AWS_MSK_IAM' | undefined
  /**
   * The user name for PLAIN and SCRAM, if KAFKA_SECRET_ARN is unset.
   *
   * `sasl.username`, `KAFKA_SASL_USERNAME`: text.
   */
  readonly saslUsername: string | undefined
  /**
   * The password for PLAIN and SCRAM, if KAFKA_SECRET_ARN is unset. KAFKA_SECRET_ARN keeps it out of the function’s
   * settings.
   *
   * `sasl.password`, `KAFKA_SASL_PASSWORD`: text, secret.
   */
  readonly saslPassword: string | undefined
  /**
   * For OAUTHBEARER: the `https:` endpoint that returns tokens, or a `file:` URL of a file that contains a token.
   *
   * `sasl.oauthbearer.token.endpoint.url`, `KAFKA_SASL_OAUTHBEARER_TOKEN_ENDPOINT_URL`: text.
   */
  readonly saslOauthbearerTokenEndpointUrl: string | undefined
  /**
   * For OAUTHBEARER: how the token endpoint is asked, as a Java class with or without its package. The default is
   * client credentials with a client secret or, if there is one, an assertion (KIP-1258). JwtBearerJwtRetriever is the
   * grant jwt-bearer with an assertion (KIP-1139).
   *
   * `sasl.oauthbearer.jwt.retriever.class`, `KAFKA_SASL_OAUTHBEARER_JWT_RETRIEVER_CLASS`: DefaultJwtRetriever,
   * ClientCredentialsJwtRetriever, JwtBearerJwtRetriever, default DefaultJwtRetriever.
   */
  readonly saslOauthbearerJwtRetrieverClass:
    | 'DefaultJwtRetriever'
    | 'ClientCredentialsJwtRetriever'
    | 'JwtBearerJwtRetriever'
  /**
   * For OAUTHBEARER: the client id, if neither KAFKA_SECRET_ARN nor an assertion is used.
   *
   * `sasl.oauthbearer.client.credentials.client.id`, `KAFKA_SASL_OAUTHBEARER_CLIENT_CREDENTIALS_CLIENT_ID`: text.
   */
  readonly saslOauthbearerClientCredentialsClientId: string | undefined
  /**
   * For OAUTHBEARER: the client secret, if neither KAFKA_SECRET_ARN nor an assertion is used.
   *
   * `sasl.oauthbearer.client.credentials.client.secret`, `KAFKA_SASL_OAUTHBEARER_CLIENT_CREDENTIALS_CLIENT_SECRET`:
   * text, secret.
   */
  readonly saslOauthbearerClientCredentialsClientSecret: string | undefined
  /**
   * For OAUTHBEARER: the scope to request.
   *
   * `sasl.oauthbearer.scope`, `KAFKA_SASL_OAUTHBEARER_SCOPE`: text.
   */
  readonly saslOauthbearerScope: string | undefined
  /**
   * For OAUTHBEARER: SASL extensions (RFC 7628) as `name=value,…`. Confluent Cloud needs
   * `logicalCluster=lkc-…,identityPoolId=pool-…`.
   *
   * `sasl.oauthbearer.extensions`, `KAFKA_SASL_OAUTHBEARER_EXTENSIONS`: text.
   */
  readonly saslOauthbearerExtensions: string | undefined
  /**
   * For OAUTHBEARER: a file with a signed assertion, read again for each token. The other settings of assertions are
   * then ignored.
   *
   * `sasl.oauthbearer.assertion.file`, `KAFKA_SASL_OAUTHBEARER_ASSERTION_FILE`: text.
   */
  readonly saslOauthbearerAssertionFile: string | undefined
  /**
   * For OAUTHBEARER: a PEM file with the private key that signs assertions, read again for each token. A secret
   * (KAFKA_SECRET_ARN) may hold the key as `assertionKey`.
   *
   * `sasl.oauthbearer.assertion.private.key.file`, `KAFKA_SASL_OAUTHBEARER_ASSERTION_PRIVATE_KEY_FILE`: text.
   */
  readonly saslOauthbearerAssertionPrivateKeyFile: string | undefined
  /**
   * The passphrase of the private key that signs assertions.
   *
   * `sasl.oauthbearer.assertion.private.key.passphrase`, `KAFKA_SASL_OAUTHBEARER_ASSERTION_PRIVATE_KEY_PASSPHRASE`:
   * text, secret.
   */
  readonly saslOauthbearerAssertionPrivateKeyPassphrase: string | undefined
  /**
   * How assertions are signed: RS256 with an RSA key, ES256 with a key of the curve P-256.
   *
   * `sasl.oauthbearer.assertion.algorithm`, `KAFKA_SASL_OAUTHBEARER_ASSERTION_ALGORITHM`: RS256, ES256, default RS256.
   */
  readonly saslOauthbearerAssertionAlgorithm: 'RS256' | 'ES256'
  /**
   * The issuer of assertions (`iss`). Default: the issuer of the template file, else the client id.
   *
   * `sasl.oauthbearer.assertion.claim.iss`, `KAFKA_SASL_OAUTHBEARER_ASSERTION_CLAIM_ISS`: text.
   */
  readonly saslOauthbearerAssertionClaimIss: string | undefined
  /**
   * The subject of assertions (`sub`). Default: the subject of the template file, else the client id.
   *
   * `sasl.oauthbearer.assertion.claim.sub`, `KAFKA_SASL_OAUTHBEARER_ASSERTION_CLAIM_SUB`: text.
   */
  readonly saslOauthbearerAssertionClaimSub: string | undefined
  /**
   * The audience of assertions (`aud`). Default: the audience of the template file, else the token endpoint.
   *
   * `sasl.oauthbearer.assertion.claim.aud`, `KAFKA_SASL_OAUTHBEARER_ASSERTION_CLAIM_AUD`: text.
   */
  readonly saslOauthbearerAssertionClaimAud: string | undefined
  /**
   * How long assertions are valid, in seconds.
   *
   * `sasl.oauthbearer.assertion.claim.exp.seconds`, `KAFKA_SASL_OAUTHBEARER_ASSERTION_CLAIM_EXP_SECONDS`: 1 – 86400,
   * default 300.
   */
  readonly saslOauthbearerAssertionClaimExpSeconds: number
  /**
   * How many seconds before their creation assertions become valid, to allow for clocks that differ.
   *
   * `sasl.oauthbearer.assertion.claim.nbf.seconds`, `KAFKA_SASL_OAUTHBEARER_ASSERTION_CLAIM_NBF_SECONDS`: 0 – 86400,
   * default 60.
   */
  readonly saslOauthbearerAssertionClaimNbfSeconds: number
  /**
   * Whether assertions have an id (`jti`).
   *
   * `sasl.oauthbearer.assertion.claim.jti.include`, `KAFKA_SASL_OAUTHBEARER_ASSERTION_CLAIM_JTI_INCLUDE`: boolean,
   * default false.
   */
  readonly saslOauthbearerAssertionClaimJtiInclude: boolean
  /**
   * A JSON file with `header` and `payload`: further fields of assertions, such as `kid`.
   *
   * `sasl.oauthbearer.assertion.template.file`, `KAFKA_SASL_OAUTHBEARER_ASSERTION_TEMPLATE_FILE`: text.
   */
  readonly saslOauthbearerAssertionTemplateFile: string | undefined
  /**
   * For OAUTHBEARER: the audience of a JWT that AWS issues for the function’s role (IAM outbound identity federation,
   * sts:GetWebIdentityToken). The JWT is the token or, with a token endpoint, the assertion.
   *
   * `sasl.oauthbearer.aws.audience`, `KAFKA_SASL_OAUTHBEARER_AWS_AUDIENCE`: text.
   */
  readonly saslOauthbearerAwsAudience: string | undefined
  /**
   * The region of the STS that issues the JWT of the function’s role. Default: AWS_REGION.
   *
   * `sasl.oauthbearer.aws.region`, `KAFKA_SASL_OAUTHBEARER_AWS_REGION`: text.
   */
  readonly saslOauthbearerAwsRegion: string | undefined
  /**
   * How long the JWT of the function’s role is valid, in seconds.
   *
   * `sasl.oauthbearer.aws.duration.seconds`, `KAFKA_SASL_OAUTHBEARER_AWS_DURATION_SECONDS`: 60 – 3600, default 300.
   */
  readonly saslOauthbearerAwsDurationSeconds: number
  /**
   * How AWS signs the JWT of the function’s role.
   *
   * `sasl.oauthbearer.aws.signing.algorithm`, `KAFKA_SASL_OAUTHBEARER_AWS_SIGNING_ALGORITHM`: ES384, RS256, default
   * ES384.
   */
  readonly saslOauthbearerAwsSigningAlgorithm: 'ES384' | 'RS256'
  /**
   * For OAUTHBEARER: a function that returns tokens (`OAuthBearerTokenProvider`) and replaces the other sources; or the
   * path of a module whose default export is such a function.
   *
   * `KAFKA_OAUTH_BEARER_TOKEN_PROVIDER`: tokenProvider.
   */
  readonly oauthBearerTokenProvider: OAuthBearerTokenProvider | string | undefined
  /**
   * Accepts a token endpoint with `http:`. The client secret and the token are then readable on the network: only for a
   * local identity provider.
   *
   * `KAFKA_OAUTH_ALLOW_HTTP`: boolean, default false.
   */
  readonly oauthAllowHttp: boolean
  /**
   * The CA of the brokers as PEM text. Default: the public CAs that Node trusts.
   *
   * `ssl.truststore.certificates`, `KAFKA_SSL_TRUSTSTORE_CERTIFICATES`: text.
   */
  readonly sslTruststoreCertificates: string | undefined
  /**
   * A PEM file with the CA of the brokers.
   *
   * `ssl.truststore.location`, `KAFKA_SSL_TRUSTSTORE_LOCATION`: text.
   */
  readonly sslTruststoreLocation: string | undefined
  /**
   * The client certificate as PEM text, if brokers require one.
   *
   * `ssl.keystore.certificate.chain`, `KAFKA_SSL_KEYSTORE_CERTIFICATE_CHAIN`: text.
   */
  readonly sslKeystoreCertificateChain: string | undefined
  /**
   * The private key of the client certificate as PEM text.
   *
   * `ssl.keystore.key`, `KAFKA_SSL_KEYSTORE_KEY`: text, secret.
   */
  readonly sslKeystoreKey: string | undefined
  /**
   * A PEM file with the client certificate and its private key.
   *
   * `ssl.keystore.location`, `KAFKA_SSL_KEYSTORE_LOCATION`: text.
   */
  readonly sslKeystoreLocation: string | undefined
  /**
   * The password of the client certificate’s private key.
   *
   * `ssl.key.password`, `KAFKA_SSL_KEY_PASSWORD`: text, secret.
   */
  readonly sslKeyPassword: string | undefined
  /**
   * A Secrets Manager secret or an SSM parameter that holds JSON with `username`, `password`, and if needed `ca`,
   * `certificate`, `key`, `keyPassword`, `clientId`, `clientSecret`, `assertionKey`; for a schema registry
   * `schemaRegistryUserInfo`, `schemaRegistryToken`, `schemaRegistryClientId`, `schemaRegistryClientSecret`,
   * `schemaRegistryKey`, `schemaRegistryKeyPassword`. It is read when first needed, and again after a refused
   * authentication.
   *
   * `KAFKA_SECRET_ARN`: text.
   */
  readonly secretArn: string | undefined
  /**
   * The ARN of an MSK cluster. The producer asks MSK for the brokers (kafka:GetBootstrapBrokers); bootstrap.servers is
   * then only the fallback, and may be left out.
   *
   * `KAFKA_MSK_CLUSTER_ARN`: text.
   */
  readonly mskClusterArn: string | undefined
  /**
   * Which of the MSK cluster’s addresses to use.
   *
   * `KAFKA_MSK_NETWORK`: private, public, vpc-connectivity, default private.
   */
  readonly mskNetwork: 'private' | 'public' | 'vpc-connectivity'
  /**
   * Addresses of a schema registry with Confluent’s API, `https://…`, separated by commas and tried in turn. Contracts
   * with `registry: confluent` and the serializers of `./schema-registry` use them. A user and password in an address
   * are removed from it and used as the user info.
   *
   * `schema.registry.url`, `KAFKA_SCHEMA_REGISTRY_URL`: urls.
   */
  readonly schemaRegistryUrl: readonly string[] | undefined
  /**
   * Where user and password of the schema registry come from: the user info, the address, or the SASL settings of the
   * brokers. Unset: whichever of the first two is set.
   *
   * `schema.registry.basic.auth.credentials.source`, `KAFKA_SCHEMA_REGISTRY_BASIC_AUTH_CREDENTIALS_SOURCE`: USER_INFO,
   * URL, SASL_INHERIT.
   */
  readonly schemaRegistryBasicAuthCredentialsSource: 'USER_INFO' | 'URL' | 'SASL_INHERIT' | undefined
  /**
   * The API key and secret, or user and password, for the schema registry, as `user:password`. A secret
   * (KAFKA_SECRET_ARN) may hold it as `schemaRegistryUserInfo`.
   *
   * `schema.registry.basic.auth.user.info`, `KAFKA_SCHEMA_REGISTRY_BASIC_AUTH_USER_INFO`: text, secret.
   */
  readonly schemaRegistryBasicAuthUserInfo: string | undefined
  /**
   * Where the bearer token for the schema registry comes from: `schema.registry.bearer.auth.token`, an OAuth endpoint,
   * or the OAUTHBEARER settings of the brokers. Unset: whichever of the first two is set.
   *
   * `schema.registry.bearer.auth.credentials.source`, `KAFKA_SCHEMA_REGISTRY_BEARER_AUTH_CREDENTIALS_SOURCE`:
   * STATIC_TOKEN, OAUTHBEARER, SASL_OAUTHBEARER_INHERIT.
   */
  readonly schemaRegistryBearerAuthCredentialsSource:
    | 'STATIC_TOKEN'
    | 'OAUTHBEARER'
    | 'SASL_OAUTHBEARER_INHERIT'
    | undefined
  /**
   * A bearer token for the schema registry. A secret (KAFKA_SECRET_ARN) may hold it as `schemaRegistryToken`.
   *
   * `schema.registry.bearer.auth.token`, `KAFKA_SCHEMA_REGISTRY_BEARER_AUTH_TOKEN`: text, secret.
   */
  readonly schemaRegistryBearerAuthToken: string | undefined
  /**
   * The `https:` endpoint that returns tokens for the schema registry (client credentials grant).
   *
   * `schema.registry.bearer.auth.issuer.endpoint.url`, `KAFKA_SCHEMA_REGISTRY_BEARER_AUTH_ISSUER_ENDPOINT_URL`: text.
   */
  readonly schemaRegistryBearerAuthIssuerEndpointUrl: string | undefined
  /**
   * The client id at the token endpoint of the schema registry. A secret (KAFKA_SECRET_ARN) may hold it as
   * `schemaRegistryClientId`.
   *
   * `schema.registry.bearer.auth.client.id`, `KAFKA_SCHEMA_REGISTRY_BEARER_AUTH_CLIENT_ID`: text.
   */
  readonly schemaRegistryBearerAuthClientId: string | undefined
  /**
   * The client secret at the token endpoint of the schema registry. A secret (KAFKA_SECRET_ARN) may hold it as
   * `schemaRegistryClientSecret`.
   *
   * `schema.registry.bearer.auth.client.secret`, `KAFKA_SCHEMA_REGISTRY_BEARER_AUTH_CLIENT_SECRET`: text, secret.
   */
  readonly schemaRegistryBearerAuthClientSecret: string | undefined
  /**
   * The scope to request at the token endpoint of the schema registry.
   *
   * `schema.registry.bearer.auth.scope`, `KAFKA_SCHEMA_REGISTRY_BEARER_AUTH_SCOPE`: text.
   */
  readonly schemaRegistryBearerAuthScope: string | undefined
  /**
   * Confluent Cloud with a bearer token: the id of the schema registry, `lsrc-…` (the header target-sr-cluster).
   *
   * `schema.registry.bearer.auth.logical.cluster`, `KAFKA_SCHEMA_REGISTRY_BEARER_AUTH_LOGICAL_CLUSTER`: text.
   */
  readonly schemaRegistryBearerAuthLogicalCluster: string | undefined
  /**
   * Confluent Cloud with a bearer token: the identity pool, `pool-…` (the header Confluent-Identity-Pool-Id).
   *
   * `schema.registry.bearer.auth.identity.pool.id`, `KAFKA_SCHEMA_REGISTRY_BEARER_AUTH_IDENTITY_POOL_ID`: text.
   */
  readonly schemaRegistryBearerAuthIdentityPoolId: string | undefined
  /**
   * The CA of the schema registry as PEM text. Default: the public CAs that Node trusts.
   *
   * `schema.registry.ssl.truststore.certificates`, `KAFKA_SCHEMA_REGISTRY_SSL_TRUSTSTORE_CERTIFICATES`: text.
   */
  readonly schemaRegistrySslTruststoreCertificates: string | undefined
  /**
   * A PEM file with the CA of the schema registry.
   *
   * `schema.registry.ssl.truststore.location`, `KAFKA_SCHEMA_REGISTRY_SSL_TRUSTSTORE_LOCATION`: text.
   */
  readonly schemaRegistrySslTruststoreLocation: string | undefined
  /**
   * The client certificate as PEM text, if the schema registry requires one.
   *
   * `schema.registry.ssl.keystore.certificate.chain`, `KAFKA_SCHEMA_REGISTRY_SSL_KEYSTORE_CERTIFICATE_CHAIN`: text.
   */
  readonly schemaRegistrySslKeystoreCertificateChain: string | undefined
  /**
   * The private key of the client certificate for the schema registry as PEM text.
   *
   * `schema.registry.ssl.keystore.key`, `KAFKA_SCHEMA_REGISTRY_SSL_KEYSTORE_KEY`: text, secret.
   */
  readonly schemaRegistrySslKeystoreKey: string | undefined
  /**
   * A PEM file with the client certificate for the schema registry and its private key.
   *
   * `schema.registry.ssl.keystore.location`, `KAFKA_SCHEMA_REGISTRY_SSL_KEYSTORE_LOCATION`: text.
   */
  readonly schemaRegistrySslKeystoreLocation: string | undefined
  /**
   * The password of the private key for the schema registry.
   *
   * `schema.registry.ssl.key.password`, `KAFKA_SCHEMA_REGISTRY_SSL_KEY_PASSWORD`: text, secret.
   */
  readonly schemaRegistrySslKeyPassword: string | undefined
  /**
   * How long to wait for a response of a schema registry (Confluent’s API or Glue). After that the request is repeated,
   * until the record’s deadline.
   *
   * `schema.registry.request.timeout.ms`, `KAFKA_SCHEMA_REGISTRY_REQUEST_TIMEOUT_MS`: 1 – 900000 ms, default 5000.
   */
  readonly schemaRegistryRequestTimeoutMs: number
  /**
   * Whether a serializer registers its schema if the subject does not have it yet. Default: Confluent’s serializers do,
   * Glue’s does not. A contract has its own `autoRegister`.
   *
   * `auto.register.schemas`, `KAFKA_AUTO_REGISTER_SCHEMAS`: boolean.
   */
  readonly autoRegisterSchemas: boolean | undefined
  /**
   * Whether a serializer writes with the latest version of the subject instead of its own schema. A serializer without
   * a schema always does.
   *
   * `use.latest.version`, `KAFKA_USE_LATEST_VERSION`: boolean, default false.
   */
  readonly useLatestVersion: boolean
  /**
   * Whether the registry normalizes schemas before it compares and registers them, so that differences in the order of
   * fields that have no meaning are ignored. Confluent’s API only.
   *
   * `normalize.schemas`, `KAFKA_NORMALIZE_SCHEMAS`: boolean, default false.
   */
  readonly normalizeSchemas: boolean
  /**
   * The subject of a key’s schema: `<topic>-key`, the record’s full name, or `<topic>-<full name>`; Java’s class names
   * are understood. Confluent’s API only.
   *
   * `key.subject.name.strategy`, `KAFKA_KEY_SUBJECT_NAME_STRATEGY`: TopicName, RecordName, TopicRecordName, default
   * TopicName.
   */
  readonly keySubjectNameStrategy: 'TopicName' | 'RecordName' | 'TopicRecordName'
  /**
   * The subject of a value’s schema: `<topic>-value`, the record’s full name, or `<topic>-<full name>`; Java’s class
   * names are understood. Confluent’s API only.
   *
   * `value.subject.name.strategy`, `KAFKA_VALUE_SUBJECT_NAME_STRATEGY`: TopicName, RecordName, TopicRecordName, default
   * TopicName.
   */
  readonly valueSubjectNameStrategy: 'TopicName' | 'RecordName' | 'TopicRecordName'
  /**
   * Where the id of a key’s schema is written: before its bytes, or as a GUID in the header `__key_schema_id`; Java’s
   * class names are understood. Confluent’s API only.
   *
   * `key.schema.id.serializer`, `KAFKA_KEY_SCHEMA_ID_SERIALIZER`: prefix, header, default prefix.
   */
  readonly keySchemaIdSerializer: 'prefix' | 'header'
  /**
   * Where the id of a value’s schema is written: before its bytes, or as a GUID in the header `__value_schema_id`;
   * Java’s class names are understood. Confluent’s API only.
   *
   * `value.schema.id.serializer`, `KAFKA_VALUE_SCHEMA_ID_SERIALIZER`: prefix, header, default prefix.
   */
  readonly valueSchemaIdSerializer: 'prefix' | 'header'
  /**
   * The region of the AWS Glue Schema Registry. Default: AWS_REGION.
   *
   * `KAFKA_GLUE_REGION`: text.
   */
  readonly glueRegion: string | undefined
  /**
   * The name of the registry in the AWS Glue Schema Registry.
   *
   * `KAFKA_GLUE_REGISTRY_NAME`: text, default default-registry.
   */
  readonly glueRegistryName: string
  /**
   * The address of the AWS Glue service, `https://…`, such as an interface VPC endpoint. Default: AWS’s address in the
   * region.
   *
   * `KAFKA_GLUE_ENDPOINT`: text.
   */
  readonly glueEndpoint: string | undefined
  /**
   * How values and keys in Glue’s wire format are compressed, each one separately and independently of
   * `compression.type`.
   *
   * `KAFKA_GLUE_COMPRESSION`: none, zlib, default none.
   */
  readonly glueCompression: 'none' | 'zlib'
  /**
   * The format of schemas in AWS Glue. A serializer without a schema uses the format of the registered schema; if this
   * setting is set, both must be the same.
   *
   * `KAFKA_GLUE_DATA_FORMAT`: AVRO, JSON, PROTOBUF.
   */
  readonly glueDataFormat: 'AVRO' | 'JSON' | 'PROTOBUF' | undefined
  /**
   * Which later versions AWS Glue accepts of a schema whose first version a serializer registers.
   *
   * `KAFKA_GLUE_COMPATIBILITY`: NONE, DISABLED, BACKWARD, BACKWARD_ALL, FORWARD, FORWARD_ALL, FULL, FULL_ALL, default
   * BACKWARD.
   */
  readonly glueCompatibility:
    | 'NONE'
    | 'DISABLED'
    | 'BACKWARD'
    | 'BACKWARD_ALL'
    | 'FORWARD'
    | 'FORWARD_ALL'
    | 'FULL'
    | 'FULL_ALL'
  /**
   * The name of the schema in the AWS Glue registry. Default: the topic.
   *
   * `KAFKA_GLUE_SCHEMA_NAME`: text.
   */
  readonly glueSchemaName: string | undefined
  /**
   * Where dead letters are stored: `sqs:<queue URL>`, `s3:<bucket>/<prefix>`, `dynamodb:<table>` (partition key
   * `deadLetterId`, S), `kafka:{topic}-dlt@<host:port>;<host:port>` (without `@` on the same cluster, and then never as
   * the only target), `disk:<folder>`, `sqlite:<file>`; several are separated by commas and tried from left to right.
   * `none`: the caller keeps records that could not be delivered. Default: `disk:./.dead-letters`; inside Lambda there
   * is no default, and it must be set.
   *
   * `KAFKA_DEAD_LETTER`: text.
   */
  readonly deadLetter: readonly DeadLetterTargetConfig[]
  /**
   * Whom to notify after a dead letter is stored: `sns:<topic ARN>`, `eventbridge:<bus>`, several separated by commas.
   * The notification contains no key, value or header. A failed notification is logged and does not change where the
   * record ends.
   *
   * `KAFKA_DEAD_LETTER_NOTIFY`: text.
   */
  readonly deadLetterNotify: NotifyTargets
  /**
   * For `disk:` targets: whether a dead letter counts as stored only after fsync of file and folder. `false` is faster;
   * a dead letter then survives a crash of the process but not of the machine.
   *
   * `KAFKA_DEAD_LETTER_DISK_FSYNC`: boolean, default true.
   */
  readonly deadLetterDiskFsync: boolean
  /**
   * For `disk:` targets: the most bytes of dead letters that are not completed. When they are exceeded, nothing more is
   * stored in the folder. Default: no limit.
   *
   * `KAFKA_DEAD_LETTER_DISK_MAX_BYTES`: 1 – 9007199254740991 bytes.
   */
  readonly deadLetterDiskMaxBytes: number | undefined
  /**
   * The part of an invocation’s time that is reserved for storing dead letters and for the response.
   *
   * `KAFKA_DEADLINE_RESERVE_MS`: 0 – 600000 ms, default 3000.
   */
  readonly deadlineReserveMs: number
  /**
   * When the HTTP response is sent at the latest, counted from receipt of the request. Sending records ends earlier by
   * KAFKA_DEADLINE_RESERVE_MS. Default: 1 s before the gateway or load balancer stops waiting (docs/http.md lists how
   * long each waits).
   *
   * `KAFKA_HTTP_DEADLINE_MS`: 1000 – 900000 ms.
   */
  readonly httpDeadlineMs: number | undefined
  /**
   * The idle timeout of the load balancer or VPC Lattice service in front of the http function. Set it if you changed
   * theirs. It must be more than KAFKA_DEADLINE_RESERVE_MS plus 1 s.
   *
   * `KAFKA_HTTP_IDLE_TIMEOUT_MS`: 1000 – 4000000 ms, default 60000.
   */
  readonly httpIdleTimeoutMs: number
  /**
   * Whether each record of an HTTP caller that the gateway authenticated gets the header `kp-principal`: the ARN of the
   * caller’s IAM role (without the session) or user, issuer and subject of its token, or a Lambda authorizer’s
   * `principalId`.
   *
   * `KAFKA_PRINCIPAL_HEADER`: boolean, default false.
   */
  readonly principalHeader: boolean
  /**
   * The base path of a custom domain or load balancer, such as `/events`. It is removed before the path is compared
   * with the function’s routes. Needed only if the gateway’s events do not name one of these routes (`$default`,
   * `{proxy+}`, an ALB).
   *
   * `KAFKA_HTTP_BASE_PATH`: text.
   */
  readonly httpBasePath: string
  /**
   * The origins whose pages may call the http function from a browser, such as `https://app.example.com`, or `*`. Leave
   * it unset if the gateway does CORS. The template sets it on the HTTP API.
   *
   * `KAFKA_HTTP_CORS_ORIGINS`: origins.
   */
  readonly httpCorsOrigins: readonly string[] | undefined
  /**
   * How many requests one process of the http function handles at once, if it gets several (a server of your own,
   * Lambda with several invocations per environment). A further request gets 429 with Retry-After before its body is
   * read.
   *
   * `KAFKA_HTTP_MAX_CONCURRENCY`: 1 – 10000, default 64.
   */
  readonly httpMaxConcurrency: number
  /**
   * A prefix of the names of all queues that contracts claim, such as `staging-`, so that several stages fit into one
   * account. The template names its queues with it.
   *
   * `KAFKA_QUEUE_PREFIX`: text.
   */
  readonly queuePrefix: string
  /**
   * In code: the topic of `sendDefault`. In the functions: the topic, which must have a contract, of SQS messages and
   * EventBridge events that no contract claims; without this setting they become dead letters.
   *
   * `KAFKA_DEFAULT_TOPIC`: text.
   */
  readonly defaultTopic: string | undefined
  /**
   * What the HTTP function does with a record that could not be delivered: store a dead letter and respond with 202, or
   * respond with 503.
   *
   * `KAFKA_ON_FAILURE_HTTP`: dead-letter, return, default dead-letter.
   */
  readonly onFailureHttp: 'dead-letter' | 'return'
  /**
   * What the SQS functions do with a record that could not be delivered: return its message to the queue, or store a
   * dead letter. An invalid record always becomes a dead letter.
   *
   * `KAFKA_ON_FAILURE_SQS`: return, dead-letter, default return.
   */
  readonly onFailureSqs: 'return' | 'dead-letter'
  /**
   * What the EventBridge function does with a record that could not be delivered: store a dead letter, or fail, after
   * which Lambda tries twice more. An invalid record always becomes a dead letter.
   *
   * `KAFKA_ON_FAILURE_EVENTBRIDGE`: dead-letter, return, default dead-letter.
   */
  readonly onFailureEventbridge: 'dead-letter' | 'return'
  /**
   * What the function of FIFO queues does with an invalid record. `continue`: store a dead letter and continue with its
   * group. `stop`: return it to the queue with the rest of its group, until the redrive policy moves it.
   *
   * `KAFKA_FIFO_ON_INVALID`: continue, stop, default continue.
   */
  readonly fifoOnInvalid: 'continue' | 'stop'
  /**
   * The longest time that the SQS function hides a message that it returns to its queue; the delay is about 10 s × 2^n
   * after n earlier receives. 0: the visibility timeout of the queue applies. The delays shorten the outage that a
   * queue can bridge until `maxReceiveCount` is reached, so the template sets both. Fractions of a second are ignored:
   * less than 1000 is 0.
   *
   * `KAFKA_SQS_RETURN_DELAY_MAX_MS`: 0 – 43200000 ms, default 0.
   */
  readonly sqsReturnDelayMaxMs: number
  /**
   * How long after its last attempt a record of unknown outcome may still reach the log. Until then redrive keeps its
   * dead letter, unless the log proves that the record can no longer arrive.
   *
   * `KAFKA_REDRIVE_IN_DOUBT_WAIT_MS`: 0 – 86400000 ms, default 300000.
   */
  readonly redriveInDoubtWaitMs: number
  /**
   * What redrive reads besides the targets of KAFKA_DEAD_LETTER: `source-dlq:<queue URL>?source=<queue>` (`{queue}` in
   * the URL stands for each queue of the contracts), `failure-destination:<queue URL>`,
   * `failure-bucket:<bucket>?function=<name or ARN>`, or further targets, several separated by commas. Only the redrive
   * function and the command read it; the template sets it.
   *
   * `KAFKA_REDRIVE_FROM`: text.
   */
  readonly redriveFrom: string | undefined
  /**
   * Further targets and queues that `from` in an event of the redrive function may name, in the form of
   * KAFKA_REDRIVE_FROM. Any other value is refused before a connection is opened.
   *
   * `KAFKA_REDRIVE_ALLOW`: text.
   */
  readonly redriveAllow: string | undefined
  /**
   * The URL of a FIFO queue that only redrive uses. It prevents two redrives of SQS queues from running at the same
   * time. Default: the lease of the first `s3:` or `dynamodb:` target of KAFKA_DEAD_LETTER, if there is one.
   *
   * `KAFKA_REDRIVE_LEASE_QUEUE`: text.
   */
  readonly redriveLeaseQueue: string | undefined
  /**
   * Refuses every KAFKA_ variable that is not a known setting.
   *
   * `KAFKA_STRICT_ENV`: boolean, default false.
   */
  readonly strictEnv: boolean
}
