// Messages that a source stopped retrying become dead letters of the records that the function would have sent. The
// reader of such messages is injected: a redrive without it leaves them untouched.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type DeadLetter, recordOf } from '../../lib/dead-letter/dead-letter.ts'
import { parseLambdaFunction } from '../../lib/dead-letter/lambda-function.ts'
import type { RawMessage } from '../../lib/dead-letter/raw-message.ts'
import { readMessage } from '../../lib/dead-letter/sqs/read-message.ts'
import { parseSqsEvent, toRawMessage, toSqsRecord } from '../../lib/lambda/sqs-event.ts'
import { EventDeadLetterStore } from '../../lib/redrive/event-dead-letters.ts'
import { parseRedriveSources } from '../../lib/redrive/redrive-sources.ts'
import { createSourceMessageReader } from '../../lib/redrive/source-messages.ts'
import { contractsOf } from '../support/contracts.ts'
import { deadLetterOf } from '../support/dead-letter.ts'

const contracts = contractsOf([
  {
    topic: 'orders',
    json: {
      key: { from: ['sqs:attribute:who'], required: false },
      value: { schema: { type: 'object', required: ['id'] } },
      from: { sqs: [{ queue: 'orders' }, { queue: 'orders.fifo' }], eventbridge: [{ source: ['shop'] }] },
    } as never,
  },
  {
    topic: 'uploads',
    json: { key: { required: false }, from: { sqs: [{ queue: 'uploads', unwrap: 's3' }] } } as never,
  },
])
const reader = createSourceMessageReader(contracts, { defaultTopic: undefined, maxRequestSize: 1_000_000 })
const read = (raw: RawMessage, sourceQueue?: string) => reader.read(raw, { kind: 'source-dlq', sourceQueue })
const readEvent = (raw: RawMessage) => reader.read(raw, { kind: 'failure-destination' })
const ARN = 'arn:aws:sqs:eu-west-1:123456789012:orders'
const message = (body: unknown, attributes: Record<string, string> = {}, messageId = 'm-1') => ({
  messageId,
  body: JSON.stringify(body),
  attributes: { SentTimestamp: '1700000000000', ...attributes },
  messageAttributes: {
    who: { DataType: 'String', StringValue: 'ada' },
    image: { DataType: 'Binary.png', BinaryValue: new Uint8Array([0, 255]) },
  },
})
const summary = (deadLetters: readonly DeadLetter[]) =>
  deadLetters.map(deadLetter => {
    const { topic, key, value } = recordOf(deadLetter)
    const { source, failure } = deadLetter
    return [topic, key && String(key), value && String(value), source.trigger, source.arn, failure.kind, failure.code]
  })

test('a message past maxReceiveCount has its key, its headers, and its queue as the source', () => {
  const deadLetters = read(message({ id: 7 }, { DeadLetterQueueSourceArn: ARN, ApproximateReceiveCount: '9' }))
  assert.deepEqual(summary(deadLetters), [['orders', 'ada', '{"id":7}', 'sqs', ARN, 'delivery-failure', 'unavailable']])
  const [deadLetter] = deadLetters
  assert.deepEqual([deadLetter?.recordId, deadLetter?.source.receiveCount], ['m-1', 9])
  const { headers } = recordOf(deadLetter as (typeof deadLetters)[number])
  assert.deepEqual(new Map(headers).get('image'), Buffer.from([0, 255]))
  assert.equal(String(new Map(headers).get('kp-id')), 'm-1')
})

test('a message without the name of its queue needs a request with it; otherwise it can’t be read', () => {
  assert.throws(() => read(message({ id: 7 })), /names its source queue/)
  const fifo = summary(read(message({ id: 7 }, { MessageGroupId: 'g' }), 'orders.fifo'))
  assert.deepEqual(fifo, [
    ['orders', 'g', '{"id":7}', 'sqs', 'arn:aws:sqs:::orders.fifo', 'delivery-failure', 'unavailable'],
  ])
})

test('a failed event of Lambda or a rule is read as an event; anything else can’t be read', () => {
  const event = { id: 'e-1', source: 'shop', 'detail-type': 'Order', detail: { id: 8 } }
  const gaveUp = (requestPayload: unknown) => ({ requestContext: { requestId: 'r-1' }, requestPayload })
  const ofEvent = ['orders', null, '{"id":8}', 'eventbridge', null, 'delivery-failure', 'unavailable']
  assert.deepEqual(summary(readEvent(message(event))), [ofEvent])
  assert.deepEqual(summary(readEvent(message(gaveUp(event)))), [ofEvent])
  const other = { ...event, id: 'e-2', detail: { id: 9 } }
  const ofOther = ofEvent.with(2, '{"id":9}')
  assert.deepEqual(summary(readEvent(message(gaveUp([event, other])))), [ofEvent, ofOther], 'a list of Pipes')
  // Lambda sends no SQS batch there; the queue that one names would be anybody's word.
  const batch = { Records: [toSqsRecord(message({ id: 9 }), ARN)] }
  for (const body of [
    gaveUp(batch),
    batch,
    gaveUp([]),
    gaveUp([{ id: 9 }]),
    [event],
    { id: 9 },
    'text',
    gaveUp({ Records: [{ eventSource: 'aws:sqs' }] }),
  ])
    assert.throws(() => readEvent(message(body)), /neither an event nor/)
})

test('where the function is known, only its records are taken, of any version or alias', () => {
  const arn = 'arn:aws:lambda:eu-west-1:123456789012:function:app-eventbridge'
  const event = { id: 'e-1', source: 'shop', 'detail-type': 'Order', detail: { id: 8 } }
  const record = (functionArn: unknown) => message({ requestContext: { functionArn }, requestPayload: event })
  const readOf = (raw: RawMessage, text: string) => {
    const lambda = parseLambdaFunction(text)
    assert.ok(lambda)
    return reader.read(raw, { kind: 'failure-destination', lambda })
  }
  for (const functionArn of [arn, `${arn}:$LATEST`, `${arn}:live`, `${arn}:42`])
    for (const text of ['app-eventbridge', arn]) assert.equal(readOf(record(functionArn), text).length, 1, functionArn)
  assert.equal(readOf(record(arn.replace('aws', 'aws-cn')), 'app-eventbridge').length, 1)
  for (const other of [`${arn}-two`, `x${arn}`, `${arn}:`, arn.replace('eu-west-1', 'eu-west-2'), 7, null, undefined])
    assert.throws(() => readOf(record(other), arn), /not Lambda’s record of a failed invocation of app-eventbridge/)
  assert.throws(() => readOf(message(event), arn), /not Lambda’s record/)
  for (const text of [
    '',
    'a:b',
    `${arn}:$LATEST`,
    'x'.repeat(65),
    'arn:aws:sqs:eu-west-1:123456789012:app-eventbridge',
  ])
    assert.equal(parseLambdaFunction(text), undefined, text)
})

// The original bug: a body that is a valid message of its queue and also looks like a dead letter, or like Lambda's
// record of a failed event, was sent to any topic, without its contract's checks and with the id of another record.
test('in a source DLQ a dead letter and a record of Lambda are messages of the source queue', () => {
  const forged = { id: 1, ...deadLetterOf('victim', '{"forged":true}', 'uploads') }
  const posing = {
    id: 2,
    requestContext: { requestId: 'victim' },
    requestPayload: { Records: [toSqsRecord(message({ id: 9 }), ARN.replace('orders', 'uploads'))] },
  }
  for (const body of [forged, posing]) {
    const raw = message(body, { DeadLetterQueueSourceArn: ARN })
    const reading = readMessage(raw, { kind: 'source-dlq' }, reader)
    assert.ok(reading.kind === 'dead-letters')
    assert.deepEqual(summary(reading.deadLetters), [
      ['orders', 'ada', JSON.stringify(body), 'sqs', ARN, 'delivery-failure', 'unavailable'],
    ])
    assert.equal(reading.deadLetters[0]?.recordId, 'm-1')
    // Also in a queue that is a target at the same time.
    assert.deepEqual(readMessage(raw, { kind: 'sqs' }, reader), {
      kind: 'unreadable',
      reason: 'it came from a source queue; read this queue as source-dlq:',
    })
  }
})

test('in a target only dead letters are read', () => {
  const envelope = deadLetterOf('mine')
  const reading = readMessage(message(envelope), { kind: 'sqs' }, reader)
  assert.deepEqual(reading, { kind: 'dead-letters', deadLetters: [envelope] })
  const event = { id: 'e-1', source: 'shop', 'detail-type': 'Order', detail: { id: 8 } }
  for (const body of [event, { requestContext: {}, requestPayload: event }, { id: 7 }, 'text', null])
    assert.deepEqual(readMessage(message(body), { kind: 'sqs' }, reader), {
      kind: 'unreadable',
      reason: 'no dead letter',
    })
})

// JSON.stringify overflows the stack at some thousand levels: one such event kept all behind it from being read.
test('an event of any depth is an invalid record with its whole text', () => {
  const text = `{"id":"e-1","source":"shop","detail-type":"Order","detail":${'['.repeat(6000)}1${']'.repeat(6000)}}`
  const deep = { messageId: 'm-1', body: text, attributes: {}, messageAttributes: {} }
  const [deadLetter] = readEvent(deep)
  assert.ok(deadLetter)
  assert.deepEqual([deadLetter.failure.kind, deadLetter.failure.code], ['invalid-record', 'bad-json'])
  assert.equal(String(recordOf(deadLetter).value), text)
  const reading = readMessage(deep, { kind: 'source-dlq', sourceQueue: 'orders' }, reader)
  assert.equal(reading.kind, 'dead-letters')
})

test('a message whose record is invalid becomes the dead letter of an invalid record', () => {
  assert.deepEqual(summary(read(message({ no: 1 }), ARN)), [
    ['orders', 'ada', '{"no":1}', 'sqs', ARN, 'invalid-record', 'schema'],
  ])
})

test('a message is parsed the same whether Lambda or a reader of the queue received it', () => {
  const received = toSqsRecord(message({ id: 7 }, { MessageGroupId: 'g' }), ARN)
  const again = toSqsRecord(toRawMessage(received), ARN)
  assert.deepEqual(again, received)
  const [first, second] = [received, again].map(record => parseSqsEvent({ Records: [record] }, contracts)[0])
  assert.deepEqual(second?.records[0]?.record.origin, first?.records[0]?.record.origin)
})

const SOURCES = parseRedriveSources(
  [
    'sqs:https://sqs.eu-west-1.amazonaws.com/123456789012/dead-letters',
    'source-dlq:https://sqs.eu-west-1.amazonaws.com/123456789012/uploads-failures?source=uploads',
    'failure-destination:https://sqs.eu-west-1.amazonaws.com/123456789012/event-failures',
  ].join(),
  'test',
  problem => assert.fail(problem),
)
const inQueue = (queue: string, body: unknown, messageId: string, attributes = {}) =>
  toSqsRecord(message(body, attributes, messageId), ARN.replace('orders', queue))

test('a message goes back to the queue until its dead letters are completed, or if it has none', async () => {
  const notification = { Records: [{ key: 'a' }, { key: 'b' }] }
  const records = [
    inQueue('uploads-failures', notification, 'two'),
    inQueue('uploads-failures', { id: 7 }, 'one', { DeadLetterQueueSourceArn: ARN }),
    inQueue('dead-letters', 'no dead letter', 'none'),
  ]
  const store = new EventDeadLetterStore(records, SOURCES, reader)
  const open = await Array.fromAsync(store.deadLetters())
  assert.deepEqual(
    open.map(({ location }) => location),
    ['sqs:two', 'sqs:two', 'sqs:one'],
  )
  const completed = open.map(one => ({ open: one, location: 'kafka:t-0@1' }))
  await store.complete(completed.slice(1))
  assert.deepEqual(store.returned, ['two', 'none'])
  await store.complete(completed.slice(0, 1))
  assert.deepEqual(store.returned, ['none'])
})

// Both messages were sent, one of them for nothing.
test('two messages with one dead letter give it once, and are deleted together', async () => {
  const records = ['one', 'other'].map(id => inQueue('dead-letters', deadLetterOf('copied'), id))
  const store = new EventDeadLetterStore(records, SOURCES, reader)
  const open = await Array.fromAsync(store.deadLetters())
  assert.equal(open.length, 1)
  assert.deepEqual(store.returned, ['one', 'other'])
  await store.complete(open.map(each => ({ open: each, location: 'kafka:t-0@1' })))
  assert.deepEqual(store.returned, [])
})

test('two messages with the same id are returned separately', async () => {
  const records = ['a', 'b'].map(id => inQueue('dead-letters', deadLetterOf(id), 'same'))
  const store = new EventDeadLetterStore(records, SOURCES, reader)
  const open = await Array.fromAsync(store.deadLetters())
  await store.complete(open.slice(1).map(each => ({ open: each, location: 'kafka:t-0@1' })))
  assert.deepEqual(store.returned, ['same'])
})

test('the queue of a message says what it is; of an unknown queue only what SQS moved there is read', async () => {
  const event = { id: 'e-1', source: 'shop', 'detail-type': 'Order', detail: { id: 8 } }
  const envelope = deadLetterOf('mine')
  const records = [
    inQueue('dead-letters', envelope, 'envelope'),
    inQueue('dead-letters', event, 'event-in-target'),
    inQueue('event-failures', event, 'event'),
    inQueue('event-failures', envelope, 'envelope-in-destination'),
    inQueue('other', envelope, 'unknown-queue'),
    inQueue('other', { id: 7 }, 'moved', { DeadLetterQueueSourceArn: ARN }),
  ]
  const unreadable: string[] = []
  const store = new EventDeadLetterStore(records, SOURCES, reader)
  const open = await Array.fromAsync(
    store.deadLetters({ onUnreadable: ({ location, reason }) => unreadable.push(`${location} ${reason}`) }),
  )
  assert.deepEqual(
    open.map(({ deadLetter, location }) => [location, deadLetter.source.trigger]),
    [
      ['sqs:envelope', 'http'],
      ['sqs:event', 'eventbridge'],
      ['sqs:moved', 'sqs'],
    ],
  )
  assert.deepEqual(unreadable, [
    'sqs:event-in-target no dead letter',
    'sqs:envelope-in-destination it is neither an event nor Lambda’s record of a failed invocation',
    'sqs:unknown-queue KAFKA_REDRIVE_FROM does not say what the queue other holds',
  ])
})

test('a malformed message of an event is counted, and harms no other', async () => {
  const good = inQueue('dead-letters', deadLetterOf('good'), 'good')
  const records = [
    null,
    {},
    { messageId: 'body-is-no-text', body: 5, attributes: {}, eventSourceARN: good.eventSourceARN },
    { ...good, messageId: 'attribute-is-null', messageAttributes: { a: null } },
    { ...good, messageId: 'no-data-type', messageAttributes: { a: { stringValue: 'x' } } },
    good,
  ]
  const counts: number[] = []
  const store = new EventDeadLetterStore(records, SOURCES, reader)
  const open = await Array.fromAsync(store.deadLetters({ onUnreadable: ({ count }) => counts.push(count) }))
  assert.deepEqual(
    open.map(({ location }) => location),
    ['sqs:good'],
  )
  assert.equal(counts.length, 5)
  await store.complete(open.map(each => ({ open: each, location: 'kafka:t-0@1' })))
  assert.deepEqual(store.returned, ['body-is-no-text', 'attribute-is-null', 'no-data-type'])
})

test('an attribute without a type makes its message invalid, and no other', () => {
  const [good, bad] = [inQueue('orders', { id: 1 }, 'good'), inQueue('orders', { id: 2 }, 'bad')]
  for (const attribute of [null, {}, { stringValue: 'x' }, { dataType: 'String', stringValue: 5 }]) {
    const messages = parseSqsEvent({ Records: [{ ...bad, messageAttributes: { a: attribute } }, good] }, contracts)
    assert.deepEqual(
      messages.map(({ records }) => records[0]?.error?.code),
      ['bad-value', undefined],
    )
  }
})

test('before a batch is read all its messages go back, apart from those without an id', () => {
  const records = [null, {}, { messageId: 7 }, inQueue('orders', {}, 'a'), inQueue('orders', {}, 'b')]
  assert.deepEqual(new EventDeadLetterStore(records, SOURCES, reader).returned, ['a', 'b'])
})

test('a configured queue is that of a message if account, name and region are the same', async () => {
  const record = toSqsRecord(message(deadLetterOf('mine'), {}, 'm'), ARN.replace('orders', 'dead-letters'))
  const isRead = async (url: string) => {
    const sources = parseRedriveSources(`sqs:${url}`, 'test', assert.fail)
    return (await Array.fromAsync(new EventDeadLetterStore([record], sources, reader).deadLetters())).length === 1
  }
  const rows: [url: string, expected: boolean][] = [
    ['https://sqs.eu-west-1.amazonaws.com/123456789012/dead-letters', true],
    ['https://sqs.eu-west-1.amazonaws.com.cn/123456789012/dead-letters', true],
    ['https://sqs.eu-west-2.amazonaws.com/123456789012/dead-letters', false],
    ['https://sqs.eu-west-1.amazonaws.com/123456789013/dead-letters', false],
    ['https://sqs.eu-west-1.amazonaws.com/123456789012/dead-letters-2', false],
    ['https://vpce-1.sqs.eu-west-1.vpce.amazonaws.com/123456789012/dead-letters', true],
    ['http://127.0.0.1:9324/123456789012/dead-letters', true],
  ]
  for (const [url, expected] of rows) assert.equal(await isRead(url), expected, url)
})

test('copies of a dead letter in two messages are one, with what both know', async () => {
  const plain = deadLetterOf('copied')
  const { firstAt: from, lastAt: to } = plain.failure
  const numbers = { partition: 4, producerId: 1, producerEpoch: 0, baseSequence: 0, indexInBatch: 0, from, to }
  const doubted = { ...plain, failure: { ...plain.failure, outcome: 'unknown' as const }, inDoubt: numbers }
  for (const bodies of [
    [plain, doubted],
    [doubted, plain],
  ]) {
    const records = bodies.map((body, index) => inQueue('dead-letters', body, `${index}`))
    const open = await Array.fromAsync(new EventDeadLetterStore(records, SOURCES, reader).deadLetters())
    assert.deepEqual(
      open.map(({ deadLetter, location, verified }) => [deadLetter.inDoubt?.partition, location, verified]),
      [[4, 'sqs:0', true]],
    )
  }
})

test('the dead letter of a claim check in a batch is not verified before the claim is read', async () => {
  const plain = deadLetterOf('claimed')
  const claimCheck = { target: `disk:x/claims/${plain.deadLetterId}`, sha256: 'a'.repeat(64), bytes: 5 }
  const body = { ...plain, record: { ...plain.record, value: null }, claimCheck }
  const store = new EventDeadLetterStore([inQueue('dead-letters', body, 'c')], SOURCES, reader)
  const open = await Array.fromAsync(store.deadLetters())
  assert.deepEqual(
    open.map(({ verified }) => verified),
    [false],
  )
})

test('a message counts as failed when it was sent to its queue, or now if that is not known', () => {
  const attributes = { DeadLetterQueueSourceArn: ARN }
  const failedAt = (sentTimestamp: string) => {
    const [deadLetter] = read(message({ id: 7 }, { ...attributes, SentTimestamp: sentTimestamp }))
    return Date.parse(deadLetter?.failure.firstAt ?? '')
  }
  assert.equal(failedAt('1700000000000'), 1_700_000_000_000)
  const before = Date.now()
  assert.ok(failedAt('soon') >= before && failedAt('soon') <= Date.now())
})

test('the records of one message are numbered; each says what its source knows', () => {
  const raw = message({ Records: [{ key: 'a' }, { key: 'b' }] }, { ApproximateReceiveCount: '3' })
  const deadLetters = read(raw, 'uploads')
  assert.deepEqual(
    deadLetters.map(({ source }) => source),
    [0, 1].map(index => ({
      trigger: 'sqs',
      id: 'm-1',
      index,
      function: null,
      arn: 'arn:aws:sqs:::uploads',
      receiveCount: 3,
    })),
  )
  const testEvent = message({ Service: 'Amazon S3', Event: 's3:TestEvent', Time: 't', Bucket: 'b' })
  assert.throws(() => read(testEvent, 'uploads'), { code: 'bad-value', message: 'it contains no record' })
  assert.deepEqual(reader.queues, ['orders', 'orders.fifo', 'uploads'])
})

test('the id of an event in Lambda’s record is its own, or that of the invocation, or of the message', () => {
  const event = { source: 'shop', 'detail-type': 'Order', detail: { id: 8 } }
  const idOf = (body: unknown) => readEvent(message(body))[0]?.recordId
  assert.equal(idOf({ ...event, id: 'e-1' }), 'e-1')
  const gaveUp = (requestContext: unknown) => ({ requestContext, requestPayload: [event] })
  for (const [body, start] of [
    [gaveUp({ requestId: 'r-1' }), 'r-1'],
    [gaveUp({ requestId: '' }), 'm-1'],
    [gaveUp({ requestId: 7 }), 'm-1'],
    [gaveUp('r-1'), 'm-1'],
    [gaveUp(null), 'm-1'],
  ] as const)
    assert.ok(idOf(body)?.startsWith(start), `${idOf(body)} does not start with ${start}`)
})

test('what is no event of EventBridge can’t be read as one', () => {
  const event = { source: 'shop', 'detail-type': 'Order', detail: null }
  assert.equal(readEvent(message(event)).length, 1)
  const { detail: _detail, ...withoutDetail } = event
  for (const body of [withoutDetail, { ...event, source: 7 }, { ...event, 'detail-type': null }, null, 7])
    assert.throws(() => readEvent(message(body)), {
      code: 'bad-value',
      message: 'it is neither an event nor Lambda’s record of a failed invocation',
    })
})
