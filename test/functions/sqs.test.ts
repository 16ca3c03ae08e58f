// The SQS functions: the answer for each outcome, FIFO groups, wrapped bodies, samples of real events.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { handleSqs } from '../../functions/sqs/handle-sqs.ts'
import { murmur2 } from '../../lib/partition/murmur2.ts'
import { contractsOf } from '../support/contracts.ts'
import { functionHarness, type Harness, type HarnessOptions, recordsOf } from '../support/function-harness.ts'

const STANDARD = 'arn:aws:sqs:eu-west-1:123456789012:work'
const FIFO = 'arn:aws:sqs:eu-west-1:123456789012:orders.fifo'
const numbers = {
  format: 'json',
  schema: { type: 'object', required: ['n'], properties: { n: { type: 'integer' } } },
}
const contracts = contractsOf([
  {
    topic: 'work',
    json: { key: { from: ['value:/id'] }, value: numbers, from: { http: false, sqs: [{ queue: 'work' }] } },
  },
  // The key differs from the group, so the records of a group go to several partitions.
  {
    topic: 'orders',
    json: {
      key: { from: ['value:/id'] },
      value: numbers,
      from: { sqs: [{ queue: 'orders.fifo', key: ['value:/id'] }] },
    },
  },
  {
    topic: 'notes',
    json: {
      key: { from: ['value:/username', 'sqs:attribute:who'], required: false },
      from: { sqs: [{ queue: 'notes', unwrap: 'sns' }] },
    },
  },
  {
    topic: 'objects',
    json: { key: { from: ['value:/s3/object/key'] }, from: { sqs: [{ queue: 'objects', unwrap: 's3' }] } },
  },
  {
    topic: 'bus',
    json: { key: { from: ['event:/id'] }, from: { sqs: [{ queue: 'bus', unwrap: 'eventbridge' }] } },
  },
  {
    topic: 'whole-events',
    json: {
      key: { from: ['value:/id'] },
      from: { sqs: [{ queue: 'whole-events', unwrap: 'eventbridge', value: 'event' }] },
    },
  },
  { topic: 'text', json: { key: { required: false }, value: { format: 'text' }, from: { sqs: [{ queue: 'text' }] } } },
  { topic: 'other', json: { key: { required: false, from: ['record'] } } },
])

interface MessageFields {
  readonly id?: string
  readonly body?: string
  readonly arn?: string
  readonly group?: string
  readonly receives?: number
  readonly attributes?: Record<string, unknown>
}

function message({
  id = 'm-1',
  body = '{"id":"a","n":1}',
  arn = STANDARD,
  group,
  receives = 1,
  attributes = {},
}: MessageFields = {}) {
  const fifo = group === undefined ? {} : { MessageGroupId: group }
  return {
    messageId: id,
    receiptHandle: 'h',
    body,
    attributes: { ApproximateReceiveCount: String(receives), ...fifo },
    messageAttributes: attributes,
    eventSource: 'aws:sqs',
    eventSourceARN: arn,
  }
}

const event = (...messages: MessageFields[]) => ({ Records: messages.map(message) })
const harnessOf = (options: HarnessOptions = {}) => functionHarness(handleSqs, { contracts, ...options })
const valuesOf = (harness: Harness) => recordsOf(harness).map(({ value }) => value)
const returnedBy = async (harness: Harness, batch: unknown) =>
  ((await harness.invoke(batch)) as { batchItemFailures: { itemIdentifier: string }[] }).batchItemFailures.map(
    ({ itemIdentifier }) => itemIdentifier,
  )
const REFUSED = ['refuse', 'refuse', 'refuse'] as const
const LOST = ['lose-answer', 'lose-request', 'lose-request'] as const

test('a batch is delivered with its bodies unchanged; no message goes back', async () => {
  const harness = harnessOf()
  const body = '{ "id":"a",  "n":1e0, "m":1.0 }'

  assert.deepEqual(await returnedBy(harness, event({ body })), [])
  assert.deepEqual(valuesOf(harness), [body])
  assert.equal(recordsOf(harness)[0]?.key, 'a')
})

test('an empty batch is answered without failures', async () => {
  assert.deepEqual(await returnedBy(harnessOf(), { Records: [] }), [])
})

test('an event that is not a batch fails as a whole; nothing of it is sent', async () => {
  const harness = harnessOf()
  for (const wrong of [{}, null, { Records: [{ messageId: 'm', body: 'x' }] }, { Records: [message(), 5] }])
    await assert.rejects(async () => harness.invoke(wrong), { code: 'bad-value' })
  assert.deepEqual(valuesOf(harness), [])
})

test('an invalid record becomes a dead letter with the raw body and the receive count', async () => {
  const harness = harnessOf()
  const bodies = ['not json', '{"id":"a","n":"x"}', '{"n":1}', '']
  const returned = await returnedBy(
    harness,
    event({ id: 'good' }, ...bodies.map((body, index) => ({ id: `bad-${index}`, body, receives: 3 }))),
  )

  assert.deepEqual(returned, [])
  assert.equal(valuesOf(harness).length, 1)
  const { deadLetters } = harness.deadLetters
  assert.deepEqual(
    deadLetters.map(({ failure }) => failure.code),
    ['bad-json', 'schema', 'key-missing', 'bad-json'],
  )
  assert.deepEqual(
    deadLetters.map(({ record }) => Buffer.from(record.value as string, 'base64').toString()),
    bodies,
  )
  assert.deepEqual(deadLetters[1]?.source, {
    trigger: 'sqs',
    id: 'bad-1',
    index: 0,
    function: 'test-function',
    arn: STANDARD,
    receiveCount: 3,
  })
  assert.equal(deadLetters[1]?.record.topic, 'work')
  assert.equal(
    deadLetters[1]?.record.key,
    Buffer.from('a').toString('base64'),
    'the key of an invalid record, because it can be read',
  )
})

test('messages of a queue that no contract claims become dead letters, or go to the default topic', async () => {
  const unclaimed = { arn: 'arn:aws:sqs:eu-west-1:123456789012:nobody', body: 'text' }
  const harness = harnessOf()
  assert.deepEqual(await returnedBy(harness, event(unclaimed)), [])
  assert.equal(harness.deadLetters.deadLetters[0]?.record.topic, null)
  assert.equal(harness.deadLetters.deadLetters[0]?.failure.code, 'unknown-topic')

  const withDefault = harnessOf({ options: { defaultTopic: 'other' } })
  assert.deepEqual(await returnedBy(withDefault, event({ ...unclaimed, body: '"text"' })), [])
  assert.deepEqual(valuesOf(withDefault), ['"text"'])
})

test('a message whose record was rejected goes back to the queue, without a dead letter', async () => {
  const harness = harnessOf({ script: REFUSED })
  assert.deepEqual(await returnedBy(harness, event({})), ['m-1'])
  assert.equal(harness.deadLetters.deadLetters.length, 0)
  assert.deepEqual(valuesOf(harness), [])
})

test('a message with an unknown outcome goes back to the queue', async () => {
  const harness = harnessOf({ script: LOST })
  assert.deepEqual(await returnedBy(harness, event({})), ['m-1'])
  assert.equal(harness.deadLetters.deadLetters.length, 0)
})

test('KAFKA_ON_FAILURE_SQS=dead-letter: a dead letter is stored instead', async () => {
  const harness = harnessOf({ script: LOST, options: { onFailureSqs: 'dead-letter' } })
  assert.deepEqual(await returnedBy(harness, event({})), [])
  assert.equal(harness.deadLetters.deadLetters[0]?.failure.outcome, 'unknown')
})

test('when a dead letter can’t be stored, its message goes back, and no other', async () => {
  const harness = harnessOf()
  harness.deadLetters.refused.add('bad-1')
  const bad = (id: string) => ({ id, body: 'no json' })
  assert.deepEqual(await returnedBy(harness, event(bad('bad-1'), { id: 'good' }, bad('bad-2'))), ['bad-1'])
  assert.deepEqual(
    harness.deadLetters.deadLetters.map(({ recordId }) => recordId),
    ['bad-2'],
  )
})

test('a message that is in a batch twice is sent once; the same id with another body is sent too', async () => {
  const harness = harnessOf()
  assert.deepEqual(await returnedBy(harness, event({}, {}, { body: '{"id":"a","n":2}' })), [])
  assert.deepEqual(valuesOf(harness), ['{"id":"a","n":1}', '{"id":"a","n":2}'])
})

test('attributes become headers after the standard ones, the trace continues, kp- names are refused', async () => {
  const attributes = {
    who: { dataType: 'String', stringValue: 'ada' },
    photo: { dataType: 'Binary.png', binaryValue: 'AAEC' },
    count: { dataType: 'Number', stringValue: '5' },
  }
  const harness = harnessOf()
  const traced = message({ attributes })
  Object.assign(traced.attributes, {
    AWSTraceHeader: 'Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1',
  })
  assert.deepEqual(await returnedBy(harness, { Records: [traced] }), [])
  const headers = recordsOf(harness)[0]?.headers ?? []
  assert.deepEqual(
    headers.map(([name]) => name),
    ['kp-id', 'kp-source', 'traceparent', 'who', 'photo', 'count'],
  )
  const valueAt = (index: number) => headers[index]?.[1]
  assert.equal(String(valueAt(0)), 'm-1')
  assert.equal(String(valueAt(2)), '00-5759e988bd862e3fe1be46a994272793-53995c3f42cd8ad8-01')

  assert.deepEqual(
    await returnedBy(harness, event({ attributes: { 'kp-id': { dataType: 'String', stringValue: 'mine' } } })),
    [],
  )
  assert.equal(harness.deadLetters.deadLetters[0]?.failure.code, 'reserved-header')
})

test('10,000 messages are sent in one Produce request per leader', async () => {
  const harness = harnessOf({ options: { batchSize: 10_000_000, maxRequestSize: 10_000_000 } })
  const many = Array.from({ length: 10_000 }, (_, n) => ({ id: `m-${n}`, body: JSON.stringify({ id: `k${n}`, n }) }))
  assert.deepEqual(await returnedBy(harness, event(...many)), [])
  assert.equal(recordsOf(harness).length, 10_000)
  assert.equal(harness.client.produces, 1, 'one leader')
})

test('a batch larger than max.request.size is sent in several requests', async () => {
  const harness = harnessOf({ options: { batchSize: 20_000, maxRequestSize: 20_000 } })
  const many = Array.from({ length: 300 }, (_, n) => ({
    id: `m-${n}`,
    body: JSON.stringify({ id: `k${n}`, n, fill: 'x'.repeat(500) }),
  }))
  assert.deepEqual(await returnedBy(harness, event(...many)), [])
  assert.equal(new Set(valuesOf(harness)).size, 300)
  assert.ok(harness.client.produces >= 8)
})

const order = (n: number, group: string, body = JSON.stringify({ id: `k${n}`, n })) => ({
  id: `${group}${n}`,
  group,
  arn: FIFO,
  body,
})

test('FIFO: after a delivery failure only the rest of its group goes back', async () => {
  const partitionOf = (n: number) => (murmur2(Buffer.from(`k${n}`)) & 0x7fffffff) % 3
  const sick = partitionOf(1)
  const [before = 0, after = 0, other = 0] = [2, 3, 4, 5, 6, 7, 8].filter(n => partitionOf(n) !== sick)
  const harness = harnessOf({ sick })
  const returned = await returnedBy(
    harness,
    event(order(before, 'a'), order(1, 'a'), order(after, 'a'), order(other, 'b')),
  )
  assert.deepEqual(returned, ['a1', `a${after}`])
  assert.deepEqual(
    valuesOf(harness)
      .map(value => JSON.parse(value as string).n)
      .sort(),
    [before, other].sort(),
  )
  assert.equal(harness.deadLetters.deadLetters.length, 0)
})

test('FIFO: the dead letter of an invalid record is stored before the next message of its group is sent', async () => {
  const harness = harnessOf()
  const returned = await returnedBy(
    harness,
    event(order(1, 'a'), order(2, 'a', 'no json'), order(3, 'a'), order(4, 'b')),
  )
  assert.deepEqual(returned, [])
  assert.equal(harness.deadLetters.deadLetters[0]?.recordId, 'a2')
  assert.equal(valuesOf(harness).length, 3)
})

test('FIFO: when a dead letter can’t be stored, its message and the rest of the group go back', async () => {
  const harness = harnessOf()
  harness.deadLetters.refused.add('a2')
  assert.deepEqual(
    await returnedBy(harness, event(order(1, 'a'), order(2, 'a', 'no json'), order(3, 'a'), order(4, 'b'))),
    ['a2', 'a3'],
  )
})

test('FIFO: a record that the broker rejects as invalid becomes a dead letter, and the group continues', async () => {
  const poison = '{"id":"k2","n":2}'
  const harness = harnessOf({ poison })
  assert.deepEqual(await returnedBy(harness, event(order(1, 'a'), order(2, 'a', poison), order(3, 'a'))), [])
  assert.equal(harness.deadLetters.deadLetters[0]?.failure.code, 'record-too-large')
  assert.equal(valuesOf(harness).length, 2)
})

test('KAFKA_FIFO_ON_INVALID=stop: an invalid message goes back with the rest of its group', async () => {
  const harness = harnessOf({ options: { fifoOnInvalid: 'stop' } })
  assert.deepEqual(
    await returnedBy(harness, event(order(1, 'a'), order(2, 'a', 'no json'), order(3, 'a'), order(4, 'b'))),
    ['a2', 'a3'],
  )
  assert.equal(harness.deadLetters.deadLetters.length, 0)
})

test('FIFO: without a key rule of the feed the key is the message group', async () => {
  const chat = functionHarness(handleSqs)
  const arn = 'arn:aws:sqs:eu-west-1:123456789012:chat.fifo'
  assert.deepEqual(
    await returnedBy(chat, event({ arn, group: 'lobby', body: '{"room":"other","user":"a","text":"t"}' })),
    [],
  )
  assert.equal(recordsOf(chat)[0]?.key, 'lobby')
})

const sample = (name: string, queue: string) => {
  const batch = JSON.parse(readFileSync(`test/events/${name}.json`, 'utf8')) as {
    Records: { eventSourceARN: string }[]
  }
  for (const record of batch.Records) record.eventSourceARN = `arn:aws:sqs:eu-west-1:123456789012:${queue}`
  return batch
}

test('SNS: the value is the message in the envelope, or with raw delivery the body', async () => {
  const harness = harnessOf()
  assert.deepEqual(await returnedBy(harness, sample('sqs-sns-wrapped', 'notes')), [])
  assert.deepEqual(valuesOf(harness), ['{"message": "hello world", "username": "lessa"}'])
  assert.equal(recordsOf(harness)[0]?.key, 'lessa')

  const raw = harnessOf()
  assert.deepEqual(
    await returnedBy(raw, event({ arn: STANDARD.replace('work', 'notes'), body: '{"username":"ada"}' })),
    [],
  )
  assert.deepEqual(valuesOf(raw), ['{"username":"ada"}'])

  const attributes = { who: { Type: 'String', Value: 'ada' } }
  const envelope = {
    Type: 'Notification',
    TopicArn: 'arn:aws:sns:x',
    Message: '{"x":1}',
    MessageAttributes: attributes,
  }
  const keyed = harnessOf()
  assert.deepEqual(
    await returnedBy(keyed, event({ arn: STANDARD.replace('work', 'notes'), body: JSON.stringify(envelope) })),
    [],
  )
  assert.equal(recordsOf(keyed)[0]?.key, 'ada')
})

test('S3: each notification is a record with an index in its id; the test event is none', async () => {
  const harness = harnessOf()
  assert.deepEqual(await returnedBy(harness, sample('sqs-s3-notification', 'objects')), [])
  assert.equal(JSON.parse(valuesOf(harness)[0] as string).eventSource, 'aws:s3')

  const arn = STANDARD.replace('work', 'objects')
  const two = { Records: ['a', 'b'].map(key => ({ s3: { object: { key } } })) }
  const several = harnessOf()
  assert.deepEqual(
    await returnedBy(
      several,
      event(
        { arn, body: JSON.stringify(two) },
        { id: 'm-2', arn, body: '{"Service":"Amazon S3","Event":"s3:TestEvent","Bucket":"b"}' },
      ),
    ),
    [],
  )
  assert.deepEqual(
    recordsOf(several)
      .map(({ headers }) => String(headers[0]?.[1]))
      .sort(),
    ['m-1:0', 'm-1:1'],
  )

  const notS3 = harnessOf()
  assert.deepEqual(await returnedBy(notS3, event({ arn, body: '{"x":1}' })), [])
  assert.equal(notS3.deadLetters.deadLetters[0]?.failure.code, 'bad-value')
})

test('S3: when one of two records is delivered, the invalid one becomes a dead letter', async () => {
  const arn = STANDARD.replace('work', 'objects')
  const two = { Records: [{ s3: { object: { key: 'a' } } }, { s3: {} }] }
  const harness = harnessOf({ options: { onFailureSqs: 'return' } })
  assert.deepEqual(await returnedBy(harness, event({ arn, body: JSON.stringify(two) })), [])
  assert.equal(harness.deadLetters.deadLetters[0]?.recordId, 'm-1:1')
  assert.equal(valuesOf(harness).length, 1)
})

test('S3: when one record is delivered, the others that fail become dead letters too', async () => {
  const arn = STANDARD.replace('work', 'objects')
  // Keys of different partitions: of the batches only the first is written.
  const two = { Records: ['a', 'b', 'c'].map(key => ({ s3: { object: { key } } })) }
  const harness = harnessOf({ script: ['ok', ...Array(8).fill('refuse')] })
  assert.deepEqual(await returnedBy(harness, event({ arn, body: JSON.stringify(two) })), [])
  const delivered = valuesOf(harness).length
  assert.ok(delivered >= 1 && delivered < 3)
  assert.equal(harness.deadLetters.deadLetters.length, 3 - delivered)
  assert.ok(harness.deadLetters.deadLetters.every(({ failure }) => failure.kind === 'delivery-failure'))
})

test('EventBridge in SQS: the value is the detail as it is written', async () => {
  const arn = STANDARD.replace('work', 'bus')
  const busEvent = { id: 'e-1', source: 's', 'detail-type': 't', detail: { a: [1] } }
  const harness = harnessOf()
  assert.deepEqual(
    await returnedBy(
      harness,
      event(
        { arn, body: JSON.stringify(busEvent) },
        { id: 'm-2', arn, body: '{"id":"e","source":"s","detail-type":"t","detail": {"n": 9007199254740993.0 } }' },
      ),
    ),
    [],
  )
  assert.deepEqual(valuesOf(harness), ['{"a":[1]}', '{"n": 9007199254740993.0 }'])
  assert.equal(recordsOf(harness)[0]?.key, 'e-1')
})

test('the text of a body is parsed once, whatever it wraps', async ({ mock }) => {
  const value = '{"id":"a","n":1}'
  const busEvent = { id: 'e-1', source: 's', 'detail-type': 't', detail: { a: [1] } }
  const notification = { Records: [{ s3: { object: { key: 'a' } } }, { s3: { object: { key: 'b' } } }] }
  // The envelope of SNS holds the value as text: that is another text to parse.
  const envelope = { Type: 'Notification', TopicArn: 'arn:aws:sns:x', Message: '{"username":"ada"}' }
  for (const [queue, body, parses] of [
    ['work', value, 1],
    ['bus', JSON.stringify(busEvent), 1],
    ['whole-events', JSON.stringify(busEvent), 1],
    ['objects', JSON.stringify(notification), 1],
    ['notes', JSON.stringify(envelope), 2],
    ['text', 'no JSON', 0],
  ] as const) {
    const harness = harnessOf()
    const parse = mock.method(JSON, 'parse')
    assert.deepEqual(await returnedBy(harness, event({ arn: STANDARD.replace('work', queue), body })), [])
    assert.equal(parse.mock.callCount(), parses, queue)
    parse.mock.restore()
    assert.equal(valuesOf(harness).length, queue === 'objects' ? 2 : 1, queue)
  }
})

test('a body with a byte order mark, or that is not JSON, becomes a dead letter as it is', async () => {
  const bodies = ['\uFEFF{"id":"a","n":1}', '{"id":"é"']
  const harness = harnessOf()
  assert.deepEqual(await returnedBy(harness, event(...bodies.map((body, at) => ({ id: `m-${at}`, body })))), [])
  const { deadLetters } = harness.deadLetters
  assert.deepEqual(
    deadLetters.map(({ failure, record }) => [failure.code, Buffer.from(record.value ?? '', 'base64').toString()]),
    bodies.map(body => ['bad-json', body]),
  )
})

test('AWS’s samples of SQS events are processed', async () => {
  for (const name of [
    'sqs-standard',
    'sqs-standard-go',
    'sqs-fifo-groups-own',
    'sqs-fifo-sns-wrapped',
    'sqs-sns-body-ts',
  ]) {
    const harness = harnessOf({ options: { defaultTopic: 'other' } })
    const batch = JSON.parse(readFileSync(`test/events/${name}.json`, 'utf8')) as { Records: unknown[] }
    assert.deepEqual(await returnedBy(harness, batch), [], name)
    assert.equal(valuesOf(harness).length + harness.deadLetters.deadLetters.length, batch.Records.length, name)
  }
})

test('the dead letter of a message with a bad attribute has its key, its other attributes and its bytes', async () => {
  const own = contractsOf([
    {
      topic: 'keyed',
      json: {
        key: { from: ['value:/id'] },
        from: { sqs: [{ queue: 'keyed', key: ['sqs:attribute:k', 'value:/id'] }] },
      },
    },
    {
      topic: 'bytes',
      json: { key: { required: false }, value: { format: 'base64' }, from: { sqs: [{ queue: 'bytes' }] } },
    },
  ])
  for (const bad of [{ 'kp-x': { dataType: 'String', stringValue: 'x' } }, { odd: { stringValue: 'x' } }])
    for (const [queue, body, key, value] of [
      ['keyed', '{"id":"v"}', 'a', '{"id":"v"}'],
      ['bytes', 'AAECAw==', null, '\u0000\u0001\u0002\u0003'],
    ] as const) {
      const harness = functionHarness(handleSqs, { contracts: own })
      const attributes = { k: { dataType: 'String', stringValue: 'a' }, ...bad }
      await harness.invoke(event({ arn: STANDARD.replace('work', queue), body, attributes }))
      const [deadLetter] = harness.deadLetters.deadLetters
      assert.match(deadLetter?.failure.code ?? '', /reserved-header|bad-value/)
      const text = (base64: string | null | undefined) =>
        base64 == null ? null : Buffer.from(base64, 'base64').toString()
      assert.deepEqual([text(deadLetter?.record.key), text(deadLetter?.record.value)], [key, value])
      assert.equal(text(deadLetter?.record.headers.find(({ name }) => name === 'k')?.value), 'a')
    }
})
