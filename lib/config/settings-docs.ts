// What each setting does, and why its default differs from the Java client's. In a separate file from the table, so
// that no bundle has the texts. The table has the units.
import type { OptionName } from './settings.ts'

export const SETTINGS_DOCS: Readonly<Record<OptionName, { readonly doc: string; readonly deviation?: string }>> = {
  bootstrapServers: { doc: 'Brokers for the first connection, host:port, separated by commas. Three are recommended.' },
  clientId: {
    doc: 'The name by which brokers log this producer and apply quotas.',
    deviation: 'Java leaves it empty; a name makes broker logs readable.',
  },
  keySerializer: {
    doc:
      'How keys become bytes: `string`, `json`, `bytes`, `integer`, `long`, `double`, `uuid`, `void`, their Java ' +
      'class names, or the path of a module whose default export is a Serializer. Unset: text as UTF-8, bytes ' +
      'unchanged. A topic with a contract has its own rule.',
    deviation: 'Java has no default.',
  },
  valueSerializer: {
    doc: 'The same for values. A contract’s `value.format` takes precedence.',
    deviation: 'Java has no default.',
  },
  acks: {
    doc:
      'Who must have a record before it counts as written: all in-sync replicas, the leader, or nobody (no answer, ' +
      'no offset). 1 and 0 lose acknowledged records when a leader fails; the shipped functions refuse them.',
  },
  enableIdempotence: {
    doc:
      'A retry is not written twice. With acks 1 or 0 it is off. While it is off, a record whose answer was lost ' +
      'may be in Kafka twice.',
  },
  retries: {
    doc: 'Attempts after the first that left the machine; the deadline usually ends them earlier.',
    deviation: 'Java: 2147483647. 100 outlives the default deadline at half a second of back-off, and is bounded.',
  },
  retryBackoffMs: {
    doc: 'The shortest pause before a retry. Pauses grow, with full jitter.',
    deviation: 'Java: 100. A Lambda invocation is billed while it waits.',
  },
  retryBackoffMaxMs: { doc: 'The longest pause before a retry.' },
  reconnectBackoffMs: { doc: 'The shortest pause before the next connection attempt to a broker.' },
  reconnectBackoffMaxMs: { doc: 'The longest pause before the next connection attempt to a broker.' },
  batchSize: {
    doc:
      'The largest batch (one partition) as sent: with compression, by the ratio of the topic’s last batches ' +
      '(at most 8 MiB of records). A larger record is still sent, alone in its batch. After a broker refused a batch ' +
      'as too large, those of its topic are smaller for `metadata.max.age.ms`.',
    deviation:
      'Java: 16384. With one batch in flight per partition, small batches cost round trips: 305 ms against 98 for ' +
      '10,000 records.',
  },
  lingerMs: {
    doc:
      'How long a batch that is not full waits for more records. With 0, records still gather while a request to ' +
      'their leader is in flight. `sendAll`, `flush` and the end of an invocation do not wait for it.',
    deviation: 'Java: 5 since 4.0. An invocation mostly knows all of its records at once.',
  },
  bufferMemory: {
    doc:
      'The most memory that all records may take between their send and their outcome. A record counts twice, as ' +
      'itself and as its part of the encoded batch. A full buffer makes send wait, at most max.block.ms.',
  },
  compressionType: {
    doc:
      'How a batch is compressed. A batch that compression does not make smaller is sent uncompressed. The shipped ' +
      'template sets gzip.',
  },
  partitionerClass: {
    doc:
      'Who chooses partitions: unset (the key’s hash, as in Java; without a key one partition for a while), ' +
      '`round-robin`, its Java class name, or the path of a module whose default export is a Partitioner.',
  },
  partitionerIgnoreKeys: { doc: 'The built-in partitioner treats records as if they had no key.' },
  maxInFlightRequestsPerConnection: {
    doc:
      'The most Produce requests to one leader that await an answer. There is always one batch per partition, so ' +
      'any number keeps the order.',
    deviation:
      'Java: 5. A broker answers one request of a connection after the other: two that wait for followers take ' +
      'twice as long.',
  },
  maxBlockMs: {
    doc:
      'How long a send may wait for the topic’s metadata, for a partition that was just added, and for ' +
      'buffer.memory, all together; never beyond the deadline.',
    deviation: 'Java: 60000, longer than most invocations.',
  },
  maxRequestSize: { doc: 'The largest Produce request. A larger record is refused; a larger request is split.' },
  requestTimeoutMs: {
    doc: 'How long to wait for a broker’s answer; then the connection is replaced and the request repeated.',
    deviation: 'Java: 30000. A dead connection must not cost a whole invocation.',
  },
  deliveryTimeoutMs: {
    doc: 'The longest time of a record from send to outcome; less when the invocation ends earlier.',
    deviation: 'Java: 120000.',
  },
  ackTimeoutMs: {
    doc: 'How long the leader waits for its followers: the Produce request’s own field.',
    deviation:
      'Java has no such setting and sends request.timeout.ms; it must be less, or the leader’s own answer never ' +
      'arrives.',
  },
  metadataMaxAgeMs: { doc: 'Age after which partitions and leaders are requested again.' },
  connectionsMaxIdleMs: {
    doc: 'A connection idle for longer is replaced before it is used.',
    deviation: 'Java: 540000. NAT gateways and load balancers forget a silent connection after 350 s.',
  },
  socketConnectionSetupTimeoutMs: {
    doc: 'How long setting up a connection may take.',
    deviation: 'Java: 10000.',
  },
  securityProtocol: { doc: 'How to talk to brokers. With SSL, the certificate and its host name are always checked.' },
  saslMechanism: {
    doc:
      'The authentication, with SASL_PLAINTEXT or SASL_SSL. AWS_MSK_IAM signs with the function’s role, and needs ' +
      'SASL_SSL.',
    deviation: 'Java: GSSAPI. AWS_MSK_IAM stands for OAUTHBEARER with AWS’s signer.',
  },
  saslUsername: {
    doc: 'For PLAIN and SCRAM, where KAFKA_SECRET_ARN is unset.',
    deviation: 'Java has it inside sasl.jaas.config.',
  },
  saslPassword: {
    doc:
      'For PLAIN and SCRAM, where KAFKA_SECRET_ARN is unset. KAFKA_SECRET_ARN keeps it out of the function’s ' +
      'settings.',
    deviation: 'Java has it inside sasl.jaas.config.',
  },
  saslOauthbearerTokenEndpointUrl: {
    doc: 'For OAUTHBEARER: the endpoint that returns a token for client credentials.',
  },
  saslOauthbearerClientCredentialsClientId: { doc: 'For OAUTHBEARER, where KAFKA_SECRET_ARN is unset.' },
  saslOauthbearerClientCredentialsClientSecret: { doc: 'For OAUTHBEARER, where KAFKA_SECRET_ARN is unset.' },
  saslOauthbearerScope: { doc: 'For OAUTHBEARER: the scope to request.' },
  sslTruststoreCertificates: { doc: 'The brokers’ CA, PEM. Default: the public CAs that Node trusts.' },
  sslTruststoreLocation: { doc: 'The same as a file.' },
  sslKeystoreCertificateChain: { doc: 'The client certificate, PEM, where brokers require one.' },
  sslKeystoreKey: { doc: 'Its private key, PEM.' },
  sslKeystoreLocation: { doc: 'Both in one PEM file.' },
  sslKeyPassword: { doc: 'The password of that key.' },
  secretArn: {
    doc:
      'A Secrets Manager secret (or an SSM parameter) that holds JSON with `username`, `password`, and where needed ' +
      '`ca`, `certificate`, `key`, `keyPassword`, `clientId`, `clientSecret`. Read when first needed, and once more ' +
      'after a refused authentication.',
  },
  mskClusterArn: {
    doc:
      'Asks MSK for the brokers (kafka:GetBootstrapBrokers). bootstrap.servers is then the fallback, and may be ' +
      'left out.',
  },
  mskNetwork: { doc: 'Which of the cluster’s addresses to use.' },
  deadLetter: {
    doc:
      'Where records go that could not be delivered: `sqs:<queue URL>`, `s3:<bucket>/<prefix>`, `dynamodb:<table>` ' +
      '(partition key `deadLetterId`, S), `kafka:{topic}-dlt@<host:port>;<host:port>` (without `@` on the same ' +
      'cluster, never alone), `disk:<folder>`, `sqlite:<file>`, several separated by commas and tried left to ' +
      'right, or `none` (the caller keeps them). Default: `disk:./.dead-letters`; none inside Lambda, where it must ' +
      'be set.',
  },
  deadLetterNotify: {
    doc:
      'Whom to notify after a dead letter is stored: `sns:<topic ARN>`, `eventbridge:<bus>`, several separated by ' +
      'commas. The notification holds no key, value or header. If it fails, that is logged and changes no fate.',
  },
  deadLetterDiskFsync: {
    doc:
      'Of `disk:`: a dead letter counts as stored after fsync of file and folder. `false` is faster; a dead letter ' +
      'then survives the process but not the machine.',
  },
  deadLetterDiskMaxBytes: {
    doc:
      'Of `disk:`: the most that open dead letters may take in the folder’s segments; beyond it nothing is stored ' +
      'there. What a redrive has noted as completed does not count. Default: no bound.',
  },
  deadlineReserveMs: { doc: 'The part of an invocation’s time that is kept for dead letters and the answer.' },
  httpDeadlineMs: {
    doc:
      'When the HTTP answer leaves, counted from API Gateway’s receipt of the request (it gives up after 29 s). ' +
      'Sending ends earlier by KAFKA_DEADLINE_RESERVE_MS.',
  },
  principalHeader: {
    doc:
      'Whether each record of an HTTP caller that the gateway authenticated gets the header `kp-principal`: the ARN ' +
      'of its role (without the session) or IAM user, or issuer and subject of its token.',
  },
  httpBasePath: {
    doc:
      'The base path of a custom domain or load balancer, such as `/events`, where the gateway’s events name no ' +
      'route of ours (`$default`, `{proxy+}`, an ALB). It is left out before the path is compared with the routes.',
  },
  httpCorsOrigins: {
    doc:
      'The origins whose pages may call the http function from a browser, such as `https://app.example.com`, or `*`. ' +
      'Leave it unset where the gateway does CORS. The template gives it to the HTTP API.',
  },
  httpMaxConcurrency: {
    doc:
      'Requests that one process of the http function handles at once, where it gets more than one (a server of ' +
      'your own, Lambda with several invocations per environment). Any further request is answered 429 with ' +
      'Retry-After before its body is read.',
  },
  queuePrefix: {
    doc:
      'Put before the name of every queue that contracts claim, such as `staging-`, for several stages in one ' +
      'account. The template names its queues with it.',
  },
  defaultTopic: {
    doc:
      'The topic of SQS messages and EventBridge events that no contract claims; itself a topic with a contract. ' +
      'Without it they become dead letters.',
  },
  onFailureHttp: {
    doc: 'What the HTTP function does with a record that could not be delivered: a dead letter and 202, or 503.',
  },
  onFailureSqs: {
    doc:
      'What the SQS functions do with it: back to the queue, or a dead letter. An invalid record always becomes a ' +
      'dead letter.',
  },
  onFailureEventbridge: {
    doc:
      'What the EventBridge function does with it: a dead letter, or an error, after which Lambda tries twice more. ' +
      'An invalid record always becomes a dead letter.',
  },
  fifoOnInvalid: {
    doc:
      'FIFO queues, after an invalid record: a dead letter, and its group goes on; or back to the queue with the ' +
      'rest of its group, until the redrive policy moves it.',
  },
  sqsReturnDelayMaxMs: {
    doc:
      'The longest time that the SQS function hides a message that goes back to its queue: about 10 s × 2^n after n ' +
      'earlier receives. 0: the visibility timeout of the queue applies. It shortens how long an outage may be until ' +
      '`maxReceiveCount` is reached, so the template sets both.',
  },
  redriveInDoubtWaitMs: {
    doc:
      'How long after its last attempt a record of unknown outcome may still reach the log. Until then redrive keeps ' +
      'its dead letter, unless the log proves that the record can no longer arrive.',
  },
  redriveFrom: {
    doc:
      'What redrive reads besides the targets of KAFKA_DEAD_LETTER: `source-dlq:<queue URL>?source=<queue>` ' +
      '(`{queue}` in the URL stands for each queue of the contracts), `failure-destination:<queue URL>`, or further ' +
      'targets, several separated by commas. Only the redrive function and the command read it; the template sets it.',
  },
  redriveAllow: {
    doc:
      'Further targets and queues that `from` in an event of the redrive function may name, in the form of ' +
      'KAFKA_REDRIVE_FROM. Any other is refused, and no connection to it is opened.',
  },
  redriveLeaseQueue: {
    doc:
      'The URL of a FIFO queue that only redrive uses: while one redrive of SQS queues runs, another can’t. Default: ' +
      'the lease of the first `s3:` or `dynamodb:` target of KAFKA_DEAD_LETTER, if there is one.',
  },
  configFile: {
    doc:
      'A settings file, read by `loadConfig`: Spring’s form (`spring.kafka.producer.bootstrap-servers` …) as YAML ' +
      'or properties, or a Java client’s properties.',
  },
  strictEnv: { doc: 'Refuse every KAFKA_ variable that is not a known setting.' },
}
