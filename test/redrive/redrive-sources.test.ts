// What a redrive may read. A caller of the function must not be able to send the cluster's password, or a signed
// request, to a host of their choice.
import assert from 'node:assert/strict'
import { createServer } from 'node:net'
import { test } from 'node:test'
import type { Context } from 'aws-lambda'
import { handleRedrive } from '../../functions/redrive/handle-redrive.ts'
import { parseConfig } from '../../lib/config/parse-config.ts'
import { fitName, MAX_QUEUE_NAME } from '../../lib/contracts/fit-name.ts'
import { ConfigError } from '../../lib/errors.ts'
import { parseRedriveRequest } from '../../lib/redrive/redrive-request.ts'
import {
  allowedSources,
  configuredSources,
  eachSource,
  parseRedriveSources,
  type RedriveSource,
} from '../../lib/redrive/redrive-sources.ts'
import { sourcesOf } from '../../lib/redrive/run-redrive.ts'
import { createSourceMessageReader } from '../../lib/redrive/source-messages.ts'
import { contractsOf } from '../support/contracts.ts'

const AWS = 'https://sqs.eu-west-1.amazonaws.com/123456789012'
const FUNCTION = 'arn:aws:lambda:eu-west-1:123456789012:function:app-eventbridge'
const contracts = contractsOf([
  {
    topic: 'orders',
    json: { key: { required: false }, from: { sqs: [{ queue: 'orders' }, { queue: 'orders.fifo' }] } },
  },
])
const config = parseConfig(
  {
    bootstrapServers: ['127.0.0.1:9'],
    deadLetter: `sqs:${AWS}/dead-letters,disk:/mnt/letters`,
    deadLetterDiskMaxBytes: 1000,
    redriveFrom: [
      `source-dlq:${AWS}/app-{queue}-failures`,
      `failure-destination:${AWS}/event-failures`,
      `failure-bucket:failures?function=${FUNCTION}`,
    ].join(),
    redriveAllow: 'kafka:{topic}-dlt@other:9092',
  },
  {},
)
const reader = createSourceMessageReader(contracts, config)
const CONFIGURED: readonly RedriveSource[] = [
  { kind: 'sqs', queueUrl: `${AWS}/dead-letters` },
  { kind: 'disk', folder: '/mnt/letters', maxBytes: 1000 },
  { kind: 'source-dlq', queueUrl: `${AWS}/app-orders-failures`, sourceQueue: 'orders' },
  { kind: 'source-dlq', queueUrl: `${AWS}/app-orders-failures.fifo`, sourceQueue: 'orders.fifo' },
  { kind: 'failure-destination', queueUrl: `${AWS}/event-failures` },
  { kind: 'failure-bucket', bucket: 'failures', lambda: { name: 'app-eventbridge', arn: FUNCTION } },
]

test('a request that names nothing reads the targets, then the queues of KAFKA_REDRIVE_FROM', () => {
  assert.deepEqual(configuredSources(config, reader), CONFIGURED)
  assert.deepEqual(sourcesOf({}, { config, readSourceMessage: reader }), CONFIGURED)
  const alone = parseConfig({ bootstrapServers: ['127.0.0.1:9'], deadLetter: `sqs:${AWS}/dead-letters` }, {})
  assert.deepEqual(configuredSources(alone, reader), CONFIGURED.slice(0, 1))
})

test('an event may name what is configured or allowed, in the same role', () => {
  const allowed = allowedSources(config, reader)
  const from = (text: string) => parseRedriveRequest({ from: text }, allowed).from
  assert.deepEqual(from(`sqs:${AWS}/dead-letters,disk:/mnt/letters`), CONFIGURED.slice(0, 2))
  assert.deepEqual(from(`source-dlq:${AWS}/app-orders-failures.fifo`), CONFIGURED.slice(3, 4))
  assert.deepEqual(from('kafka:{topic}-dlt@other:9092'), [
    { kind: 'kafka', pattern: '{topic}-dlt', servers: ['other:9092'] },
  ])
  // The source queue is that of the configuration, whatever the event says.
  assert.deepEqual(from(`source-dlq:${AWS}/app-orders-failures?source=payments`), CONFIGURED.slice(2, 3))
  // The function's account too.
  assert.deepEqual(from('failure-bucket:failures?function=app-eventbridge'), CONFIGURED.slice(5))
  for (const other of [
    'failure-bucket:failures?function=another',
    'failure-bucket:others?function=app-eventbridge',
    's3:failures/aws/lambda/async',
    'kafka:{topic}-dlt@attacker:9092',
    'kafka:{topic}-dlt',
    `sqs:${AWS}/app-orders-failures`,
    `source-dlq:${AWS}/dead-letters`,
    'sqs:http://attacker/1/q',
    'disk:/etc',
    'sqlite:/mnt/letters',
    's3:anybodys-bucket',
  ])
    assert.throws(
      () => from(other),
      (error: unknown) =>
        error instanceof ConfigError &&
        error.problems.length === 1 &&
        error.problems[0]?.startsWith('from: expected one of KAFKA_DEAD_LETTER') === true,
      other,
    )
})

test('the command may name anything, with the source queue of messages that do not name it', () => {
  const { from, sourceQueue } = parseRedriveRequest({ from: `source-dlq:${AWS}/any`, sourceQueue: 'orders' })
  assert.deepEqual(sourcesOf({ ...(from ? { from } : {}), ...(sourceQueue ? { sourceQueue } : {}) }, { config }), [
    { kind: 'source-dlq', queueUrl: `${AWS}/any`, sourceQueue: 'orders' },
  ])
})

test('a wrong source is a problem that names its setting and the expected form', () => {
  const problemsOf = (text: string) => {
    const problems: string[] = []
    parseRedriveSources(text, 'KAFKA_REDRIVE_FROM', problem => problems.push(problem))
    return problems
  }
  for (const text of [`${AWS}/q?source=`, `${AWS}/q?other=1`, 'ftp://host/q', 'https://user@host/q', `${AWS}/q#x`, ''])
    assert.deepEqual(problemsOf(`source-dlq:${text}`), [
      'KAFKA_REDRIVE_FROM: expected source-dlq:<queue URL>?source=<queue>; got something else.',
    ])
  assert.match(problemsOf(`failure-destination:${AWS}/q?source=x`).join(), /expected failure-destination:<queue URL>/)
  for (const text of [
    'b?function=f',
    'bucket',
    'bucket?function=',
    `bucket?function=${FUNCTION}:1`,
    'bucket/a?function=f',
  ])
    assert.deepEqual(problemsOf(`failure-bucket:${text}`), [
      'KAFKA_REDRIVE_FROM: expected failure-bucket:<bucket>?function=<name or ARN>; got something else.',
    ])
  assert.match(problemsOf('nothing').join(), /source-dlq:<queue URL>\?source=<queue>, .* or failure-bucket:/)
  const wrong = parseConfig({ bootstrapServers: ['127.0.0.1:9'], redriveFrom: 'nothing' }, {})
  assert.throws(() => configuredSources(wrong, reader), ConfigError)
})

// The original bug: {"from":"kafka:{topic}-dlt@attacker:port"} made the function authenticate there with the configured
// password.
test('the function opens no connection to what an event may not name', async t => {
  let connections = 0
  const server = createServer(socket => {
    connections++
    socket.destroy()
  })
  await new Promise<void>(done => server.listen(0, '127.0.0.1', done))
  t.after(() => server.close())
  const { port } = server.address() as { port: number }
  const secured = parseConfig(
    {
      bootstrapServers: ['127.0.0.1:9'],
      securityProtocol: 'SASL_PLAINTEXT',
      saslMechanism: 'PLAIN',
      saslUsername: 'user',
      saslPassword: 'the password',
      deadLetter: 'disk:/nowhere/letters',
    },
    {},
  )
  const services = { config: secured, contracts, log: { redrive: () => {}, warn: () => {} } }
  const context = { getRemainingTimeInMillis: () => 30_000 } as Context
  for (const from of [`kafka:{topic}-dlt@127.0.0.1:${port}`, `sqs:http://127.0.0.1:${port}/1/q`])
    for (const dryRun of [true, false])
      await assert.rejects(handleRedrive({ from, dryRun }, context, services), ConfigError)
  assert.equal(connections, 0)
})

test('each queue of the contracts has its DLQ by the pattern, of a length that SQS allows', () => {
  const long = 'q'.repeat(80)
  const queues = ['orders', 'orders.fifo', long, `${long.slice(5)}.fifo`]
  const all = { queues, read: () => [] }
  const [pattern] = parseRedriveSources(`source-dlq:${AWS}/app-{queue}-failures`, 'from', assert.fail)
  assert.ok(pattern)
  const urls = eachSource([pattern], all).map(source => ('queueUrl' in source ? source.queueUrl : ''))
  assert.deepEqual(urls.slice(0, 2), [`${AWS}/app-orders-failures`, `${AWS}/app-orders-failures.fifo`])
  for (const [index, url] of urls.slice(2).entries()) {
    const name = url.slice(AWS.length + 1)
    assert.equal(
      name,
      fitName(`app-${'q'.repeat(80 - 5 * index)}-failures${index === 0 ? '' : '.fifo'}`, MAX_QUEUE_NAME),
    )
    assert.ok(url.startsWith(`${AWS}/`) && name.length <= 80, url)
  }
  assert.deepEqual(eachSource([pattern], undefined), [])
})

test('the source queue of a DLQ is that of its own setting, else that of the request', () => {
  const sources = parseRedriveSources(
    `source-dlq:${AWS}/a?source=own,source-dlq:${AWS}/b,disk:/mnt/x`,
    'from',
    assert.fail,
  )
  const of = (sourceQueue?: string) =>
    eachSource(sources, undefined, sourceQueue).map(source => ('sourceQueue' in source ? source.sourceQueue : 'none'))
  assert.deepEqual(of('asked'), ['own', 'asked', 'none'])
  assert.deepEqual(of(), ['own', 'none', 'none'])
})

test('a place that is named twice is read once, as it is named last; each setting has its own problems', () => {
  const places = (text: string) => parseRedriveSources(text, 'from', assert.fail).length
  assert.equal(places('disk:/mnt/a, disk:/mnt/a,disk:/mnt/b'), 2)
  assert.equal(places(`source-dlq:${AWS}/a,source-dlq:${AWS}/a?source=x,failure-destination:${AWS}/a,sqs:${AWS}/a`), 3)
  assert.equal(
    places(`failure-bucket:failures?function=app-eventbridge,failure-bucket:failures?function=${FUNCTION}`),
    1,
  )
  assert.equal(places('failure-bucket:failures?function=one,failure-bucket:failures?function=two'), 2)
  const wrong = (changes: object) => parseConfig({ bootstrapServers: ['127.0.0.1:9'], ...changes }, {})
  const problemsOf = (read: () => unknown) => {
    try {
      return read()
    } catch (error) {
      return error instanceof ConfigError && error.problems.map(problem => problem.split(':')[0])
    }
  }
  assert.deepEqual(
    problemsOf(() => configuredSources(wrong({ redriveFrom: 'x,y' }), reader)),
    ['KAFKA_REDRIVE_FROM', 'KAFKA_REDRIVE_FROM'],
  )
  assert.deepEqual(
    problemsOf(() => allowedSources(wrong({ redriveAllow: 'x' }), reader)),
    ['KAFKA_REDRIVE_ALLOW'],
  )
  assert.deepEqual(configuredSources(wrong({ redriveAllow: 'x' }), reader), configuredSources(wrong({}), reader))
})
