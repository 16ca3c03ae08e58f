// Messages that a source stopped retrying become dead letters of the records that the function would have sent. The
// reader of such messages is injected: a redrive without it leaves them untouched.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { SQSRecord } from 'aws-lambda'
import { recordOf } from '../../lib/dead-letter/dead-letter.ts'
import { parseSqsEvent, toRawMessage, toSqsRecord } from '../../lib/lambda/sqs-event.ts'
import { EventDeadLetterStore } from '../../lib/redrive/event-dead-letters.ts'
import { createSourceMessageReader } from '../../lib/redrive/source-messages.ts'
import { contractsOf } from '../fakes/contracts.ts'

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
const read = createSourceMessageReader(contracts, { defaultTopic: undefined, maxRequestSize: 1_000_000 })
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
const summary = (deadLetters: ReturnType<typeof read>) =>
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

test('a message without the name of its queue needs a request with it; otherwise there is no dead letter', () => {
  assert.deepEqual(read(message({ id: 7 })), [])
  const fifo = summary(read(message({ id: 7 }, { MessageGroupId: 'g' }), 'orders.fifo'))
  assert.deepEqual(fifo, [
    ['orders', 'g', '{"id":7}', 'sqs', 'arn:aws:sqs:::orders.fifo', 'delivery-failure', 'unavailable'],
  ])
})

test('a failed event of Lambda or a rule is read as an event, or as a batch', () => {
  const event = { id: 'e-1', source: 'shop', 'detail-type': 'Order', detail: { id: 8 } }
  const gaveUp = (requestPayload: unknown) => ({ requestContext: { requestId: 'r-1' }, requestPayload })
  const ofEvent = ['orders', null, '{"id":8}', 'eventbridge', null, 'delivery-failure', 'unavailable']
  assert.deepEqual(summary(read(message(event))), [ofEvent])
  assert.deepEqual(summary(read(message(gaveUp(event)))), [ofEvent])
  const batch = { Records: [toSqsRecord(message({ id: 9 }), ARN)] }
  assert.deepEqual(summary(read(message(gaveUp(batch)))), [
    ['orders', 'ada', '{"id":9}', 'sqs', ARN, 'delivery-failure', 'unavailable'],
  ])
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

test('a message goes back to the queue until its dead letters are completed, or if it has none', async () => {
  const notification = { Records: [{ key: 'a' }, { key: 'b' }] }
  const records: SQSRecord[] = [
    toSqsRecord(message(notification, {}, 'two'), 'uploads'),
    toSqsRecord(message({ id: 7 }, { DeadLetterQueueSourceArn: ARN }, 'one'), 'uploads'),
    toSqsRecord(message('no contract claims it', {}, 'none'), 'uploads'),
  ]
  const store = new EventDeadLetterStore(records.map(toRawMessage), raw =>
    raw.messageId === 'none' ? [] : read(raw, 'uploads'),
  )
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
