// parseConfig: options, environment and defaults, every problem at once, and no secret in a message or a log.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inspect } from 'node:util'
import fc from 'fast-check'
import { parseConfig } from '../../lib/config/parse-config.ts'
import { SETTINGS, type SettingRow } from '../../lib/config/settings.ts'
import type { ConfigError } from '../../lib/errors.ts'
import { ProducerFactory } from '../../lib/producer-factory.ts'
import { ScriptedKafkaClient } from '../../lib/testing/scripted-kafka-client.ts'
import { systemClock } from '../../lib/time/clock.ts'
import { problemsOf } from '../support/problems-of.ts'

const problems = (options: object, env: NodeJS.ProcessEnv = {}) => problemsOf(() => parseConfig(options, env))

const servers = { KAFKA_BOOTSTRAP_SERVERS: 'a:9092,b:9092' }

test('options in code and in the environment give the same frozen object', () => {
  const value = (row: SettingRow): fc.Arbitrary<unknown> =>
    row.kind === 'integer'
      ? fc.integer({ min: row.min ?? 0, max: Math.min(row.max ?? 0, 100_000) })
      : row.kind === 'choice'
        ? fc.constantFrom(...(row.choices ?? []))
        : fc.constantFrom('x')
  const rows = Object.entries(SETTINGS as Record<string, SettingRow>).filter(
    ([, row]) => row.kind === 'integer' || row.kind === 'choice' || row.name === 'client.id',
  )
  const options = fc.record(Object.fromEntries(rows.map(([name, row]) => [name, value(row)])), { requiredKeys: [] })
  fc.assert(
    fc.property(options, chosen => {
      const env = Object.fromEntries(
        Object.entries(chosen).map(([name, setting]) => [
          (SETTINGS as Record<string, SettingRow>)[name]?.env ?? '',
          String(setting),
        ]),
      )
      const read = (from: () => unknown) => {
        try {
          return from()
        } catch (error) {
          return (error as ConfigError).problems
        }
      }
      const fromCode = read(() => parseConfig({ bootstrapServers: ['a:9092', 'b:9092'], ...chosen }, {}))
      assert.deepEqual(
        fromCode,
        read(() => parseConfig({}, { ...servers, ...env })),
      )
      assert.ok(Array.isArray(fromCode) || Object.isFrozen(fromCode))
    }),
  )
})

test('a Node that lacks what the library needs is refused with its version', t => {
  const { withResolvers } = Promise
  t.after(() => {
    Promise.withResolvers = withResolvers
  })
  Reflect.deleteProperty(Promise, 'withResolvers')
  assert.throws(() => parseConfig({}, {}), /Node\.js: expected 22\.19 or newer, got \d+\.\d+\.\d+\./)
})

test('one error lists every problem', () => {
  const listed = problems(
    {},
    { KAFKA_ACKS: '2', KAFKA_RETRIES: 'many', KAFKA_TIMEOUT_MS: '9000', KAFKA_BOOTSTRAP_SERVERS: 'a b' },
  )
  for (const name of ['acks', 'retries', 'timeout.ms', 'bootstrap.servers'])
    assert.ok(
      listed.some(problem => problem.startsWith(name)),
      `${name} in ${listed.join('\n')}`,
    )
})

test('KAFKA_DEAD_LETTER_NOTIFY takes SNS topics and event buses, nothing else', () => {
  const arn = 'arn:aws:sns:eu-west-1:123456789012:dead-letters'
  assert.deepEqual(
    parseConfig({}, { ...servers, KAFKA_DEAD_LETTER_NOTIFY: `sns:${arn}, eventbridge:default` }).deadLetterNotify,
    [
      { kind: 'sns', topicArn: arn },
      { kind: 'eventbridge', bus: 'default' },
    ],
  )
  for (const wrong of ['sns:a', 'sqs:https://sqs.local/1/q', 'eventbridge:', 'x'])
    assert.match(
      problems({}, { ...servers, KAFKA_DEAD_LETTER_NOTIFY: wrong }).join(),
      /KAFKA_DEAD_LETTER_NOTIFY: expected sns:/,
    )
})

test('dead letters in the same Kafka cluster need another target beside it; in another cluster they don’t', () => {
  const chain = (text: string) => parseConfig({}, { ...servers, KAFKA_DEAD_LETTER: text }).deadLetter
  assert.deepEqual(chain('kafka:@h1:9092;h2:9092'), [
    { kind: 'kafka', pattern: '{topic}-dlt', servers: ['h1:9092', 'h2:9092'] },
  ])
  assert.deepEqual(chain('kafka:dead.{topic},disk:/a')[0], {
    kind: 'kafka',
    pattern: 'dead.{topic}',
    servers: undefined,
  })
  for (const alone of ['kafka:', 'kafka:letters,kafka:{topic}-dlt'])
    assert.match(problems({}, { ...servers, KAFKA_DEAD_LETTER: alone }).join(), /beside kafka: on the same cluster/)
})

test('a printed or logged configuration shows no secret; two that differ in a secret have two producers', () => {
  const secrets = { saslPassword: 'hunter2', sslKeyPassword: 'hunter3' }
  const options = {
    bootstrapServers: 'a:1',
    securityProtocol: 'SASL_SSL',
    saslMechanism: 'PLAIN',
    saslUsername: 'u',
  } as const
  const config = parseConfig(
    { ...options, ...secrets, sslKeystoreCertificateChain: 'c', sslKeystoreKey: 'hunter4' } as never,
    {},
  )
  for (const text of [inspect(config), JSON.stringify({ config }), inspect({ deep: { config } })]) {
    assert.doesNotMatch(text, /hunter/)
    assert.match(text, /\[redacted\]/)
  }
  assert.equal(config.saslPassword, 'hunter2')
  const factory = new ProducerFactory({
    createClient: () => new ScriptedKafkaClient({ partitions: 1, brokers: 1, clock: systemClock }),
  })
  const of = (saslPassword: string) => factory.getProducer(parseConfig({ ...options, saslPassword }, {}))
  assert.notEqual(of('a'), of('b'))
  assert.equal(of('a'), of('a'))
})

test('the disk settings are part of the disk target', () => {
  const { deadLetter } = parseConfig(
    {},
    {
      ...servers,
      KAFKA_DEAD_LETTER: 'disk:/a',
      KAFKA_DEAD_LETTER_DISK_FSYNC: 'false',
      KAFKA_DEAD_LETTER_DISK_MAX_BYTES: '1000',
    },
  )
  assert.deepEqual(deadLetter, [{ kind: 'disk', folder: '/a', fsync: false, maxBytes: 1000 }])
})

test('a misspelled KAFKA_ name is refused, an unknown one is a warning, or refused with KAFKA_STRICT_ENV', () => {
  const warnings: string[] = []
  parseConfig({}, { ...servers, KAFKA_SOMETHING_ELSE: '1', KAFKA_OPTS: '-x' }, text => warnings.push(text))
  assert.deepEqual(warnings, ['KAFKA_SOMETHING_ELSE is not a known setting and is ignored.'])
  assert.match(problems({}, { ...servers, KAFKA_RETRYS: '1' }).join(), /did you mean KAFKA_RETRIES/)
  assert.match(
    problems({}, { ...servers, KAFKA_SOMETHING_ELSE: '1', KAFKA_STRICT_ENV: 'true' }).join(),
    /KAFKA_STRICT_ENV/,
  )
})

test('an empty value is unset, also in code', () => {
  assert.equal(parseConfig({}, { ...servers, KAFKA_RETRIES: '' }).retries, 100)
  assert.equal(parseConfig({ clientId: '' }, { ...servers }).clientId, 'serverless-kafka-producer')
  assert.equal(parseConfig({ clientId: '' }, { ...servers, KAFKA_CLIENT_ID: 'mine' }).clientId, 'mine')
})

test('a function timeout that is too short for one attempt is refused', () => {
  assert.match(
    problems({}, { ...servers, KAFKA_FUNCTION_TIMEOUT_MS: '6000' }).join(),
    /KAFKA_FUNCTION_TIMEOUT_MS \(6000\)/,
  )
  assert.deepEqual(problems({}, { ...servers, KAFKA_FUNCTION_TIMEOUT_MS: '6001' }), [])
})

test('an idle timeout that leaves no time to send is refused; the default is not checked', () => {
  const idle = (ms: number, reserveMs = 3000) =>
    problems({ httpIdleTimeoutMs: ms, deadlineReserveMs: reserveMs }, servers).join()
  assert.match(idle(4000), /^KAFKA_HTTP_IDLE_TIMEOUT_MS \(4000\): expected more than .* \(4000\)/)
  assert.equal(idle(4001), '')
  assert.equal(idle(1001, 0), '')
  assert.deepEqual(problems({ deadlineReserveMs: 100_000 }, servers), [])
})

test('inside Lambda a dead-letter target is required, and on disk one below /mnt', () => {
  const lambda = { ...servers, AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x' }
  assert.match(problems({}, lambda).join(), /KAFKA_DEAD_LETTER: expected a target inside Lambda/)
  assert.match(problems({}, { ...lambda, KAFKA_DEAD_LETTER: 'disk:/tmp/dead-letters' }).join(), /outlives the sandbox/)
  assert.match(
    problems({}, { ...lambda, KAFKA_DEAD_LETTER: 'disk:/mnt/../tmp/dead-letters' }).join(),
    /outlives the sandbox/,
  )
  assert.deepEqual(parseConfig({}, { ...lambda, KAFKA_DEAD_LETTER: 'disk:/mnt/a%2Cb' }).deadLetter, [
    { kind: 'disk', folder: '/mnt/a,b' },
  ])
})

test('an error does not show a wrong value that may be a secret', () => {
  assert.ok(
    !problems({}, { ...servers, KAFKA_RETRIES: 'hunter2 hunter2 hunter2' })
      .join()
      .includes('hunter2'),
  )
})

test('settings of TLS and authentication that do not fit together are refused, each by name', () => {
  const sasl = { securityProtocol: 'SASL_SSL', saslMechanism: 'SCRAM-SHA-512' }
  const cases: [object, RegExp][] = [
    [
      { saslMechanism: 'PLAIN' },
      /sasl\.mechanism \(KAFKA_SASL_MECHANISM\): takes effect only with security\.protocol SASL_PLAINTEXT or SASL_SSL/,
    ],
    [
      { securityProtocol: 'SASL_SSL' },
      /sasl\.mechanism \(KAFKA_SASL_MECHANISM\): expected with security\.protocol SASL_SSL; got nothing/,
    ],
    [sasl, /sasl\.username .*expected with sasl\.mechanism SCRAM-SHA-512.*sasl\.password/s],
    [
      { ...sasl, securityProtocol: 'SASL_PLAINTEXT', saslMechanism: 'AWS_MSK_IAM' },
      /expected SASL_SSL with sasl\.mechanism AWS_MSK_IAM/,
    ],
    [
      { securityProtocol: 'SASL_SSL', saslMechanism: 'AWS_MSK_IAM', saslPassword: 'p' },
      /sasl\.password .*takes effect only with sasl\.mechanism PLAIN or SCRAM/,
    ],
    [
      { sslTruststoreLocation: 'ca.pem' },
      /ssl\.truststore\.location .*takes effect only with security\.protocol SSL or SASL_SSL/,
    ],
    [
      { securityProtocol: 'SSL', sslTruststoreLocation: 'ca.pem', sslTruststoreCertificates: 'x' },
      /expected one of them, got both/,
    ],
    [
      { secretArn: 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:a' },
      /KAFKA_SECRET_ARN: takes effect only with TLS or authentication/,
    ],
    [{ ...sasl, secretArn: 'AmazonMSK_a' }, /KAFKA_SECRET_ARN: expected the ARN/],
    [{ mskClusterArn: 'demo' }, /KAFKA_MSK_CLUSTER_ARN: expected arn/],
    [
      { securityProtocol: 'SASL_SSL', saslMechanism: 'OAUTHBEARER' },
      /sasl\.oauthbearer\.token\.endpoint\.url.*client\.id.*client\.secret/s,
    ],
  ]
  for (const [options, says] of cases) assert.match(problems(options, { ...servers }).join('\n'), says)
  assert.deepEqual(
    problems(
      { ...sasl, secretArn: 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:AmazonMSK_a-1' },
      { ...servers },
    ),
    [],
  )
})

test('KAFKA_DEAD_LETTER lists targets in order, percent-decoded, each once', () => {
  const parsed = parseConfig(
    { bootstrapServers: ['a:1'], deadLetter: 'sqs:https://sqs.eu-west-1.amazonaws.com/1/q , disk:/a%2Cb' },
    {},
  ).deadLetter
  assert.deepEqual(parsed, [
    { kind: 'sqs', queueUrl: 'https://sqs.eu-west-1.amazonaws.com/1/q' },
    { kind: 'disk', folder: '/a,b' },
  ])
  for (const wrong of [
    'sqs:',
    'sqs:queue',
    'sqs:https://sqs.local/1/q.fifo',
    'disk:/a,disk:/a',
    's3:B',
    'dynamodb:a b',
    'kafka:{topic}',
    'kafka:a@b',
    'disk:/%zz',
  ])
    assert.match(problems({ deadLetter: wrong }, { ...servers }).join(), /KAFKA_DEAD_LETTER/, wrong)
})

// The original bug: JSON.stringify threw for a client that refers to itself, and inspect showed its API key.
test('a printed or logged configuration has the class of a serializer or partitioner, not what it holds', () => {
  class Registry {
    readonly apiKey = 'hunter2'
    readonly size = 5n
    readonly self = this
    serialize = () => null
    partition = () => 0
  }
  const options = { keySerializer: new Registry(), valueSerializer: new Registry(), partitionerClass: new Registry() }
  const config = parseConfig({ bootstrapServers: ['a:1', 'b:2'], ...options }, {})
  for (const text of [inspect(config), JSON.stringify(config), inspect({ deep: { config } })]) {
    assert.doesNotMatch(text, /hunter/)
    assert.equal(text.match(/\[Registry\]/g)?.length, 3)
  }
})
