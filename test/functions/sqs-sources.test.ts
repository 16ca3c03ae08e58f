// Messages that AWS services put into queues: nested envelopes, messages without a record, lists of EventBridge Pipes,
// keys.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { handleSqs } from '../../functions/sqs/handle-sqs.ts'
import { contractsOf } from '../support/contracts.ts'
import { functionHarness, type Harness, recordsOf, sqsMessage } from '../support/function-harness.ts'

const NO_KEY = { key: { required: false } }
const contracts = contractsOf([
  { topic: 'plain', json: { ...NO_KEY, from: { sqs: [{ queue: 'plain' }] } } },
  { topic: 'tenants', json: { key: {}, from: { sqs: [{ queue: 'tenants', key: 'sqs:MessageGroupId' }] } } },
  { topic: 'notes', json: { ...NO_KEY, from: { sqs: [{ queue: 'notes', unwrap: 'sns' }] } } },
  {
    topic: 'uploads',
    json: {
      key: { from: ['value:/s3/object/key'] },
      from: {
        sqs: [
          { queue: 'uploads', unwrap: 's3' },
          { queue: 'fan-out', unwrap: ['sns', 's3'] },
        ],
      },
    },
  },
  {
    topic: 'orders',
    json: {
      key: { from: ['event:/detail/id', 'sqs:attribute:shop'] },
      from: { sqs: [{ queue: 'orders', unwrap: ['sns', 'eventbridge'] }] },
    },
  },
])

const notification = (text: string, more: object = {}) =>
  JSON.stringify({ Type: 'Notification', TopicArn: 'arn:aws:sns:eu-west-1:1:t', Message: text, ...more })
const s3Text = (...keys: string[]) => `{"Records":[${keys.map(key => `{ "s3":{"object":{"key":"${key}"}} }`).join()}]}`
const TEST_EVENT = '{"Service":"Amazon S3","Event":"s3:TestEvent","Time":"t","Bucket":"b"}'
const confirmation = (type: string) =>
  JSON.stringify({
    Type: type,
    TopicArn: 'arn:aws:sns:eu-west-1:1:t',
    Token: 'T',
    Message: 'You have chosen …',
    SubscribeURL: 'https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription',
  })

async function received(...messages: object[]): Promise<Harness & { readonly answer: unknown }> {
  const harness = functionHarness(handleSqs, { contracts })
  const answer = await harness.invoke({ Records: messages })
  return { ...harness, answer }
}
const valuesOf = (harness: Harness) => recordsOf(harness).map(({ value }) => value)
const keysOf = (harness: Harness) => recordsOf(harness).map(({ key }) => key)
const codesOf = ({ deadLetters }: Harness) => deadLetters.deadLetters.map(({ failure }) => failure.code)
const ignoredBy = ({ logged }: Harness) => {
  const line = logged.find(text => text.includes('"message":"invocation"'))
  return JSON.parse(line as string).ignored
}
const NOTHING_RETURNED = { batchItemFailures: [] }

test('S3 through SNS: each notification is a record with the very text of S3', async () => {
  const harness = await received(sqsMessage('fan-out', notification(s3Text('a', 'b'))))
  assert.deepEqual(valuesOf(harness).sort(), ['{ "s3":{"object":{"key":"a"}} }', '{ "s3":{"object":{"key":"b"}} }'])
  assert.deepEqual(keysOf(harness).sort(), ['a', 'b'])
})

test('EventBridge through SNS: the detail keeps its text, the attributes of SNS become headers and keys', async () => {
  const event = (detail: string) => `{"source":"shop","detail-type":"Order","detail":${detail}}`
  const MessageAttributes = { shop: { Type: 'String', Value: 'north' } }
  const harness = await received(
    sqsMessage('orders', notification(event('{ "id":1.50, "n":12345678901234567890 }'), { MessageAttributes })),
  )
  assert.deepEqual(valuesOf(harness), [], '1.50 is no key')
  assert.deepEqual(codesOf(harness), ['key-type'])

  const other = await received(sqsMessage('orders', notification(event('{ "n":1.50 }'), { MessageAttributes })))
  assert.deepEqual(valuesOf(other), ['{ "n":1.50 }'])
  assert.deepEqual(keysOf(other), ['north'])
  assert.equal(String(recordsOf(other)[0]?.headers.find(([name]) => name === 'shop')?.[1]), 'north')
})

test('with raw message delivery the list of wrappings is read from the second on', async () => {
  assert.deepEqual(keysOf(await received(sqsMessage('fan-out', s3Text('raw')))), ['raw'])
})

test('a wrapping that is not there is a dead letter', async () => {
  for (const [queue, body] of [
    ['fan-out', notification('{"x":1}')],
    ['orders', notification('text')],
    ['orders', notification(`{"source":"s","detail-type":"t","detail":${'['.repeat(200)}${']'.repeat(200)}}`)],
    ['uploads', notification(s3Text('a'))],
    // The original bug: a message without a record was neither counted nor stored.
    ['uploads', '{"Records":[]}'],
    ['fan-out', notification('{"Records":[]}')],
  ] as const) {
    const harness = await received(sqsMessage(queue, body))
    assert.deepEqual(harness.answer, NOTHING_RETURNED)
    assert.equal(codesOf(harness).length, 1, body)
    assert.deepEqual(valuesOf(harness), [])
  }
})

test('test events of S3 and confirmations of SNS are counted, and neither sent nor stored', async () => {
  const cases: [queue: string, body: string, reason: string][] = [
    ['uploads', TEST_EVENT, 's3-test-event'],
    ['fan-out', notification(TEST_EVENT), 's3-test-event'],
    ['fan-out', TEST_EVENT, 's3-test-event'],
    ['notes', notification(TEST_EVENT), 's3-test-event'],
    ['notes', confirmation('SubscriptionConfirmation'), 'sns-confirmation'],
    ['orders', confirmation('UnsubscribeConfirmation'), 'sns-confirmation'],
  ]
  for (const [queue, body, reason] of cases) {
    const harness = await received(sqsMessage(queue, body), sqsMessage('plain', '1', { messageId: 'm-2' }))
    assert.deepEqual(harness.answer, NOTHING_RETURNED)
    assert.deepEqual(valuesOf(harness), ['1'], body)
    assert.deepEqual(codesOf(harness), [])
    assert.deepEqual(ignoredBy(harness), { [reason]: 1 })
  }
})

test('records beside the word of a test event are records', async () => {
  const harness = await received(sqsMessage('uploads', `{"Event":"s3:TestEvent",${s3Text('a').slice(1)}`))
  assert.deepEqual(keysOf(harness), ['a'])
})

test('a message that only looks like one without a record is sent', async () => {
  for (const body of [
    '{"note":"s3:TestEvent"}',
    '{"Event":"s3:TestEvent"}',
    '{"Service":"Amazon S3","Event":"s3:TestEvent","Bucket":"b","data":"of mine"}',
    '{"Type":"SubscriptionConfirmation","Message":"mine"}',
    '{"Type":"SubscriptionConfirmation","TopicArn":"t","Message":"mine","Token":"x"}',
  ]) {
    assert.deepEqual(valuesOf(await received(sqsMessage('notes', notification(body)))), [body])
    assert.deepEqual(valuesOf(await received(sqsMessage('plain', body))), [body])
  }
  for (const body of [TEST_EVENT, confirmation('SubscriptionConfirmation')])
    assert.deepEqual(valuesOf(await received(sqsMessage('plain', body))), [body], 'a feed without unwrap')
})

test('a warm-up ping is answered and counted', async () => {
  for (const ping of [{ source: 'serverless-plugin-warmup' }, { warmer: true, concurrency: 3 }]) {
    const harness = functionHarness(handleSqs, { contracts })
    assert.deepEqual(await harness.invoke(ping), NOTHING_RETURNED)
    assert.deepEqual(ignoredBy(harness), { 'warm-up': 1 })
    assert.deepEqual(codesOf(harness), [])
  }
})

test('EventBridge Pipes: a bare list of messages is a batch, also of one', async () => {
  const harness = functionHarness(handleSqs, { contracts, script: Array(9).fill('refuse') })
  assert.deepEqual(await harness.invoke([sqsMessage('plain', '1')]), { batchItemFailures: [{ itemIdentifier: 'm-1' }] })

  const delivered = functionHarness(handleSqs, { contracts })
  const list = ['1', '2'].map(body => sqsMessage('plain', body, { messageId: body }))
  assert.deepEqual(await delivered.invoke(list), NOTHING_RETURNED)
  assert.deepEqual(valuesOf(delivered).sort(), ['1', '2'])
  await assert.rejects(async () => delivered.invoke([1]), { code: 'bad-value' })
})

test('the group of a message in a standard queue is a key, and orders nothing', async () => {
  const group = { MessageGroupId: 'tenant-7', ApproximateReceiveCount: '1' }
  const messages = ['1', 'no json', '3'].map((body, index) =>
    sqsMessage('tenants', body, { messageId: `m-${index}`, attributes: group }),
  )
  const harness = functionHarness(handleSqs, { contracts, options: { fifoOnInvalid: 'stop' } })
  assert.deepEqual(await harness.invoke({ Records: messages }), NOTHING_RETURNED)
  assert.deepEqual(valuesOf(harness), ['1', '3'])
  assert.deepEqual(keysOf(harness), ['tenant-7', 'tenant-7'])
  assert.deepEqual(codesOf(harness), ['bad-json'])

  const ungrouped = await received(sqsMessage('plain', '1', { attributes: group }))
  assert.deepEqual(keysOf(ungrouped), [null], 'without a key rule the group is no key')
})

test('the object key of S3 is decoded where it becomes a record key; the value stays', async () => {
  const harness = await received(sqsMessage('uploads', s3Text('my+photo+%C3%A9.txt')))
  assert.deepEqual(keysOf(harness), ['my photo é.txt'])
  assert.deepEqual(valuesOf(harness), ['{ "s3":{"object":{"key":"my+photo+%C3%A9.txt"}} }'])
  assert.deepEqual(keysOf(await received(sqsMessage('uploads', s3Text('100%')))), ['100%'], 'not in the form of S3')
})

test('an attribute without a type makes its own message a dead letter, and no other', async () => {
  for (const attribute of [{ stringValue: 'v' }, null, 5]) {
    const odd = sqsMessage('plain', '1', { messageAttributes: { x: attribute } })
    const harness = await received(odd, sqsMessage('plain', '2', { messageId: 'm-2' }))
    assert.deepEqual(harness.answer, NOTHING_RETURNED)
    assert.deepEqual(valuesOf(harness), ['2'])
    assert.deepEqual(codesOf(harness), ['bad-value'])
  }
})
