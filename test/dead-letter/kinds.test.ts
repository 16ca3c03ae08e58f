// The texts by which targets and sources are named, and what each kind says about itself.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { dynamodb } from '../../lib/dead-letter/dynamodb/target.ts'
import { kafka } from '../../lib/dead-letter/kafka/target.ts'
import { queueName } from '../../lib/dead-letter/raw-message.ts'
import { s3 } from '../../lib/dead-letter/s3/target.ts'
import { MESSAGE_QUEUE_KINDS, queueUrlIn, roleOf } from '../../lib/dead-letter/sqs/message-queues.ts'
import { sqs } from '../../lib/dead-letter/sqs/target.ts'
import { type RedriveSource, storeKindOf, stsOf } from '../../lib/dead-letter/store-kinds.ts'

const QUEUE = 'https://sqs.eu-west-1.amazonaws.com/123456789012/orders'
const context = { use: 'write', isInsideLambda: false, problem: (text: string) => assert.fail(text) } as const

test('a queue is named by its URL, with a path and without user or fragment', () => {
  for (const url of [QUEUE, 'http://localhost:9324/000000000000/q', `${QUEUE}?source=x`])
    assert.ok(queueUrlIn(url), url)
  for (const other of ['', 'orders', 'ftp://host/q', 'https://host', 'https://host/', 'https://u@host/q', `${QUEUE}#x`])
    assert.equal(queueUrlIn(other), undefined, other)
  assert.equal(queueName(QUEUE), 'orders')
  assert.equal(queueName('arn:aws:sqs:eu-west-1:123456789012:orders.fifo'), 'orders.fifo')
  assert.equal(queueName('orders'), 'orders')
})

test('a source DLQ may name its source queue, and nothing else; a failure destination names nothing', () => {
  const { 'source-dlq': dlq, 'failure-destination': destination } = MESSAGE_QUEUE_KINDS
  assert.deepEqual(dlq.parse(QUEUE), { kind: 'source-dlq', queueUrl: QUEUE })
  assert.deepEqual(dlq.parse(`${QUEUE}?source=payments`), {
    kind: 'source-dlq',
    queueUrl: QUEUE,
    sourceQueue: 'payments',
  })
  for (const text of [`${QUEUE}?source=`, `${QUEUE}?source=a&other=b`, `${QUEUE}?other=b`, 'orders'])
    assert.equal(dlq.parse(text), undefined, text)
  assert.deepEqual(destination.parse(QUEUE), { kind: 'failure-destination', queueUrl: QUEUE })
  for (const text of [`${QUEUE}?source=a`, 'orders']) assert.equal(destination.parse(text), undefined, text)
  assert.deepEqual(roleOf({ kind: 'source-dlq', queueUrl: QUEUE, sourceQueue: 'a' }), {
    kind: 'source-dlq',
    sourceQueue: 'a',
  })
  assert.deepEqual(roleOf({ kind: 'failure-destination', queueUrl: QUEUE }), { kind: 'failure-destination' })
  assert.deepEqual(
    [dlq.syntax, destination.syntax],
    ['source-dlq:<queue URL>?source=<queue>', 'failure-destination:<queue URL>'],
  )
})

test('an SQS target is a URL without a query; a FIFO queue is a problem that says what to use', () => {
  assert.deepEqual(sqs.parse(QUEUE, context), { kind: 'sqs', queueUrl: QUEUE })
  assert.equal(sqs.parse(`${QUEUE}?a=b`, context), undefined)
  assert.equal(sqs.parse('orders', context), undefined)
  for (const [use, words] of [
    ['write', /dead letters have no order/],
    ['read', /read the DLQ of a FIFO queue as source-dlq:/],
  ] as const) {
    const problems: string[] = []
    const problem = (text: string) => void problems.push(text)
    assert.ok(sqs.parse(`${QUEUE}.fifo`, { ...context, use, problem }))
    assert.equal(problems.length, 1)
    assert.match(problems[0] ?? '', words)
  }
})

test('an S3 target is a bucket and a prefix without slashes at its ends', () => {
  for (const [text, bucket, prefix] of [
    ['letters', 'letters', ''],
    ['letters/', 'letters', ''],
    ['letters/a', 'letters', 'a'],
    ['letters//a/b//', 'letters', 'a/b'],
    ['a.b-1/x', 'a.b-1', 'x'],
    ['abc', 'abc', ''],
    ['x'.repeat(63), 'x'.repeat(63), ''],
  ])
    assert.deepEqual(s3.parse(String(text), context), { kind: 's3', bucket, prefix })
  for (const text of ['', '/a', 'ab', 'x'.repeat(64), 'Letters', 'let_ters', '-letters', 'letters-', '.ab', 'a b c'])
    assert.equal(s3.parse(text, context), undefined, text)
})

test('a DynamoDB table has a name of 3 to 255 characters', () => {
  for (const table of ['abc', 'A_b.C-9', 'x'.repeat(255)])
    assert.deepEqual(dynamodb.parse(table, context), { kind: 'dynamodb', table })
  for (const table of ['', 'ab', 'x'.repeat(256), 'a/b', 'a b', ' abc', 'abc\n'])
    assert.equal(dynamodb.parse(table, context), undefined, table)
})

test('a Kafka target is a pattern of topics, and the servers of another cluster', () => {
  for (const [text, pattern, servers] of [
    ['', '{topic}-dlt', undefined],
    ['{topic}.DLT', '{topic}.DLT', undefined],
    ['dead-letters', 'dead-letters', undefined],
    ['@other:9092', '{topic}-dlt', ['other:9092']],
    ['x@a:1;b-c.d_e:65535;[2001:db8::1]:9092', 'x', ['a:1', 'b-c.d_e:65535', '[2001:db8::1]:9092']],
    ['x'.repeat(249), 'x'.repeat(249), undefined],
  ] as const)
    assert.deepEqual(kafka.parse(text, context), { kind: 'kafka', pattern, servers })
  for (const text of [
    '{topic}',
    '{other}',
    'a/b',
    'a b',
    'x'.repeat(250),
    'x@',
    'x@host',
    'x@host:',
    'x@host:123456',
    'x@host:90a',
    'x@:9092',
    'x@a:1;',
    'x@a:1@b:2',
    'x@a b:1',
    'x@[2001:db8::1',
    'x@[xyz]:1',
  ])
    assert.equal(kafka.parse(text, context), undefined, text)
  const servers = ['other:9092']
  assert.equal(kafka.isOnSameCluster?.({ kind: 'kafka', pattern: 'x', servers: undefined }), true)
  assert.equal(kafka.isOnSameCluster?.({ kind: 'kafka', pattern: 'x', servers }), false)
  assert.ok(Object.isFrozen(kafka.parse('x@a:1', context)?.servers))
})

const LAMBDA = { name: 'app-eventbridge', arn: 'arn:aws:lambda:eu-west-1:123456789012:function:app-eventbridge' }
const SOURCES: readonly RedriveSource[] = [
  { kind: 'sqs', queueUrl: QUEUE },
  { kind: 'source-dlq', queueUrl: QUEUE },
  { kind: 'failure-destination', queueUrl: QUEUE },
  { kind: 'failure-bucket', bucket: 'failures', lambda: LAMBDA },
  { kind: 's3', bucket: 'letters', prefix: 'prod' },
  { kind: 's3', bucket: 'letters', prefix: '' },
  { kind: 'dynamodb', table: 'letters' },
  { kind: 'kafka', pattern: '{topic}-dlt', servers: ['other:9092'] },
  { kind: 'disk', folder: '/mnt/letters' },
  { kind: 'sqlite', file: '/mnt/letters.db' },
]
const of = <T>(read: (kind: ReturnType<typeof storeKindOf>, source: RedriveSource) => T): T[] =>
  SOURCES.map(source => read(storeKindOf(source), source))

test('each place is described for people, without the address of a queue or cluster', () => {
  assert.deepEqual(
    of((kind, source) => kind.describe(source)),
    [
      'sqs:…/orders',
      'source-dlq:…/orders',
      'failure-destination:…/orders',
      'failure-bucket:failures?function=app-eventbridge',
      's3:letters/prod',
      's3:letters',
      'dynamodb:letters',
      'kafka:{topic}-dlt',
      'disk:/mnt/letters',
      'sqlite:/mnt/letters.db',
    ],
  )
})

test('each place says what it can’t do, and where its time and its files are', () => {
  const table = of((kind, source) => [
    source.kind,
    kind.showsSample ?? false,
    kind.holdsMessages ?? false,
    kind.isCreatedByStoring ?? false,
    kind.leasesForOthers ?? false,
    kind.signingService?.(source, 'eu-west-1'),
    kind.pathOf?.(source),
  ])
  const [origin, sts] = ['https://sqs.eu-west-1.amazonaws.com', 'https://sts.eu-west-1.amazonaws.com']
  assert.deepEqual(table, [
    ['sqs', true, false, false, false, origin, undefined],
    ['source-dlq', true, true, false, false, origin, undefined],
    ['failure-destination', true, true, false, false, origin, undefined],
    ['failure-bucket', false, true, false, false, sts, undefined],
    ['s3', false, false, false, true, sts, undefined],
    ['s3', false, false, false, true, sts, undefined],
    ['dynamodb', false, false, false, true, sts, undefined],
    ['kafka', false, false, true, false, undefined, undefined],
    ['disk', false, false, true, false, undefined, '/mnt/letters'],
    ['sqlite', false, false, true, false, undefined, '/mnt/letters.db'],
  ])
  assert.equal(stsOf('cn-north-1'), 'https://sts.cn-north-1.amazonaws.com.cn')
  assert.equal(stsOf(undefined), undefined)
})

test('each place is read by a store of its own, and those that keep values for others can read them', async () => {
  const services = {
    createProducer: () => ({ sendAll: () => assert.fail('nothing to send'), close: async () => {} }),
    createLogReader: () => ({ reader: {} as never, closeReader: async () => {} }),
  }
  const names = await Promise.all(
    of(async (kind, source) => {
      const store = (await kind.load()).openStore(source, services as never)
      const claims = await kind.loadClaims?.()
      return [store.constructor.name, claims === undefined ? 'none' : typeof claims.readClaim]
    }),
  )
  const sqsStore = 'SqsDeadLetterStore'
  assert.deepEqual(names, [
    [sqsStore, 'none'],
    [sqsStore, 'none'],
    [sqsStore, 'none'],
    ['FailureBucketStore', 'none'],
    ['S3DeadLetterStore', 'function'],
    ['S3DeadLetterStore', 'function'],
    ['DynamoDbDeadLetterStore', 'none'],
    ['KafkaDeadLetterStore', 'none'],
    ['DiskDeadLetterStore', 'function'],
    ['SqliteDeadLetterStore', 'function'],
  ])
})

test('a Kafka target says which topics hold dead letters, each once, and which one those without a topic', () => {
  const config = { kind: 'kafka', pattern: '{topic}-dlt', servers: ['other:9092'] } as const
  const { topicsOf, holdsTopic } = storeKindOf(config)
  assert.deepEqual(topicsOf?.(config, ['a', 'b', 'a']), {
    servers: ['other:9092'],
    topics: ['a-dlt', 'b-dlt'],
    withoutTopic: 'unrouted-dlt',
  })
  const one = { ...config, pattern: 'dead-letters', servers: undefined }
  assert.deepEqual(topicsOf?.(one, ['a', 'b']), {
    servers: undefined,
    topics: ['dead-letters'],
    withoutTopic: 'dead-letters',
  })
  const held = (pattern: string, topic: string) => holdsTopic?.({ ...config, pattern }, topic)
  assert.deepEqual(
    ['a-dlt', '-dlt', 'a-dlts', 'a', 'dlt'].map(topic => held('{topic}-dlt', topic)),
    [true, false, false, false, false],
  )
  assert.deepEqual(
    ['dlt.a', 'dlt.', 'dlt', 'x.dlt.a'].map(topic => held('dlt.{topic}', topic)),
    [true, false, false, false],
  )
  assert.deepEqual(
    ['dead-letters', 'dead-letters2', 'a'].map(topic => held('dead-letters', topic)),
    [true, false, false],
  )
  assert.deepEqual(
    ['ab', 'aXb', 'b'].map(topic => held('a{topic}b', topic)),
    [false, true, false],
  )
})
