// The messages of a batch: what is read of each, and its forms as a Lambda event and as a reader of the queue gets it.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseSqsEvent, toRawMessage, toSqsRecord, toSqsResponse } from '../../lib/lambda/sqs-event.ts'
import { JsonText } from '../../lib/record/json-text.ts'
import { contractsOf } from '../support/contracts.ts'

const ARN = 'arn:aws:sqs:eu-west-1:1:work'
const contracts = contractsOf([
  {
    topic: 't',
    json: {
      key: { required: false, from: ['sqs:attribute:k', 'sqs:MessageGroupId', 'event:/id'] },
      from: {
        sqs: [
          { queue: 'work' },
          { queue: 'work.fifo' },
          { queue: 'keyed.fifo', key: 'sqs:attribute:k' },
          { queue: 'events', unwrap: 'eventbridge', value: 'event' },
          { queue: 'topic', unwrap: 'sns' },
        ],
      },
    },
  },
])
const message = (fields: object = {}) => ({ messageId: 'm', body: '1', eventSourceARN: ARN, ...fields })
const parse = (...messages: object[]) => parseSqsEvent({ Records: messages }, contracts)
const first = (...messages: object[]) => parse(...messages)[0]
const attribute = (stringValue: string, dataType = 'String') => ({ dataType, stringValue })

test('an event that is no batch of messages is refused as a whole', () => {
  const error = {
    code: 'bad-value',
    message: 'event: expected an SQS batch, Records with messageId, body and eventSourceARN each.',
  }
  for (const event of [
    undefined,
    {},
    { Records: {} },
    { Records: [null] },
    { Records: [message({ messageId: '' })] },
    { Records: [message({ body: 5 })] },
    { Records: [message(), message({ eventSourceARN: undefined })] },
    [message({ messageId: 5 })],
  ])
    assert.throws(() => parseSqsEvent(event, contracts), error)
  assert.deepEqual(parseSqsEvent([], contracts), [])
})

test('a repeated message counts once; another body or other attributes make another message', () => {
  const idsOf = (...messages: object[]) => parse(...messages).map(({ id }) => id)
  assert.deepEqual(idsOf(message(), message({ messageId: 'n' }), message()), ['m', 'n'])
  assert.deepEqual(idsOf(message(), message({ body: '2' })), ['m', 'm'])
  assert.deepEqual(idsOf(message(), message({ messageAttributes: { k: attribute('a') } })), ['m', 'm'])
})

test('receive count, receipt handle and group are those of the message, where they are text', () => {
  const factsOf = (fields: object) => {
    const { receiveCount, receiptHandle, orderGroup, arn } = first(message(fields)) ?? {}
    return [receiveCount, receiptHandle, orderGroup, arn]
  }
  const attributes = { ApproximateReceiveCount: '3', MessageGroupId: 'g' }
  assert.deepEqual(factsOf({}), [null, undefined, undefined, ARN])
  assert.deepEqual(factsOf({ attributes, receiptHandle: 'h' }), [3, 'h', undefined, ARN])
  assert.deepEqual(factsOf({ attributes: { ApproximateReceiveCount: 3, MessageGroupId: 5 }, receiptHandle: 5 }), [
    null,
    undefined,
    undefined,
    ARN,
  ])
  const fifo = `${ARN}.fifo`
  assert.deepEqual(factsOf({ attributes, eventSourceARN: fifo }), [3, undefined, `${fifo} g`, fifo])
})

test('a message of a FIFO queue has its group as key source, unless the feed names another', () => {
  const attributes = { MessageGroupId: 'g' }
  const originOf = (queue: string) =>
    first(message({ attributes, eventSourceARN: `arn:aws:sqs:eu-west-1:1:${queue}` }))?.records[0]?.record.origin
  assert.deepEqual(originOf('work')?.keyFrom, undefined)
  assert.deepEqual(originOf('work.fifo')?.keyFrom, ['sqs:MessageGroupId'])
  assert.deepEqual(originOf('keyed.fifo')?.keyFrom, ['sqs:attribute:k'])
  assert.equal(originOf('work')?.lookup?.get('sqs:MessageGroupId'), 'g')
})

test('attributes are headers and key sources, binary ones as bytes; the trace is not repeated', () => {
  const traceparent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`
  const { record } =
    first(
      message({
        messageAttributes: {
          k: attribute('key'),
          bytes: { dataType: 'Binary.png', binaryValue: 'AP8=' },
          empty: { dataType: 'String' },
          nothing: { dataType: 'Binary' },
          traceparent: attribute(traceparent),
        },
      }),
    )?.records[0] ?? assert.fail()
  assert.deepEqual(record.headers, [
    ['kp-id', 'm'],
    ['kp-source', 'sqs'],
    ['traceparent', traceparent],
    ['k', 'key'],
    ['bytes', Buffer.from([0, 255])],
    ['empty', ''],
    ['nothing', Buffer.alloc(0)],
  ])
  assert.equal(record.origin?.lookup?.get('sqs:attribute:k'), 'key')
  assert.equal(record.sourceId, 'm')
})

test('an attribute that is none, or has a reserved name, makes its message invalid; the others stay', () => {
  const of = (messageAttributes: object) => {
    const { error, record } = first(message({ messageAttributes }))?.records[0] ?? assert.fail()
    return [
      error?.code,
      error?.message,
      (record.headers as unknown as readonly [string][]).slice(3).map(([name]) => name),
    ]
  }
  const untyped = 'attributes: expected a dataType with a stringValue or binaryValue each.'
  const reserved = 'attributes: expected no name that begins with kp-.'
  assert.deepEqual(of({ a: attribute('1'), b: {} }), ['bad-value', untyped, ['a']])
  assert.deepEqual(of({ a: attribute('1'), b: { dataType: 'String', stringValue: 5 } }), ['bad-value', untyped, ['a']])
  assert.deepEqual(of({ a: { dataType: 'String', stringValue: null, binaryValue: null } }), [
    undefined,
    undefined,
    ['a'],
  ])
  assert.deepEqual(of({ a: attribute('1'), 'KP-Id': attribute('x') }), ['reserved-header', reserved, ['a']])
})

test('a message of a queue without a contract is invalid, with its body as value', () => {
  const { error, record, id } =
    first(message({ eventSourceARN: 'arn:aws:sqs:eu-west-1:1:other', body: 'text' }))?.records[0] ?? assert.fail()
  assert.deepEqual(
    [id, error?.code, error?.message, record],
    [
      'm',
      'unknown-topic',
      'queue: expected a queue that a contract claims (from.sqs), got another one.',
      { topic: '', value: 'text', sourceId: 'm' },
    ],
  )
})

test('a wrapped event is looked up as a whole', () => {
  const body = '{"id":"e-1","source":"s","detail-type":"d","detail":{"a":1}}'
  const { record } =
    first(message({ body, eventSourceARN: 'arn:aws:sqs:eu-west-1:1:events' }))?.records[0] ?? assert.fail()
  assert.equal((record.value as { text: string }).text, body)
  const event = record.origin?.lookup?.get('event')
  assert.ok(event instanceof JsonText)
  assert.equal(event.text, body)
})

test('attributes of SNS count beside those of the message, and reserved ones are refused', () => {
  const eventSourceARN = 'arn:aws:sqs:eu-west-1:1:topic'
  const body = (MessageAttributes: object) =>
    JSON.stringify({ Type: 'Notification', TopicArn: 'arn', Message: '1', MessageAttributes })
  const { record, error } =
    first(message({ eventSourceARN, body: body({ k: { Type: 'String', Value: 'v' } }) }))?.records[0] ?? assert.fail()
  assert.deepEqual([error, record.origin?.lookup?.get('sqs:attribute:k')], [undefined, 'v'])
  const refused = first(message({ eventSourceARN, body: body({ 'kp-id': { Type: 'String', Value: 'v' } }) }))
  assert.equal(refused?.records[0]?.error?.code, 'reserved-header')
})

test('each message that goes back is named once', () => {
  assert.deepEqual(toSqsResponse(['a', 'b', 'a']), {
    batchItemFailures: [{ itemIdentifier: 'a' }, { itemIdentifier: 'b' }],
  })
})

test('a message of a Lambda event and one that was received are the same', () => {
  const messageAttributes = {
    text: attribute('t'),
    bytes: { dataType: 'Binary', binaryValue: 'AP8=' },
  }
  const attributes = { MessageGroupId: 'g' }
  const raw = toRawMessage(message({ attributes, messageAttributes, receiptHandle: 'h' }))
  assert.deepEqual(raw, {
    messageId: 'm',
    body: '1',
    attributes,
    messageAttributes: {
      text: { DataType: 'String', StringValue: 't' },
      bytes: { DataType: 'Binary', StringValue: undefined, BinaryValue: Buffer.from([0, 255]) },
    },
  })
  assert.deepEqual(toSqsRecord(raw, 'work'), {
    messageId: 'm',
    body: '1',
    attributes,
    messageAttributes,
    eventSourceARN: 'arn:aws:sqs:::work',
    eventSource: 'aws:sqs',
    receiptHandle: '',
    md5OfBody: '',
    awsRegion: '',
  })
  assert.equal(toSqsRecord(raw, ARN).eventSourceARN, ARN)
  assert.deepEqual(
    toSqsRecord({ ...raw, messageAttributes: { a: { DataType: undefined, StringValue: 'b' } } }, ARN).messageAttributes,
    {
      a: attribute('b'),
    },
  )
})

test('what is no message has no raw form', () => {
  assert.throws(() => toRawMessage({}), {
    code: 'bad-value',
    message: 'expected a message of SQS, got something else.',
  })
  assert.throws(() => toRawMessage(message({ messageAttributes: { a: {} } })), {
    code: 'bad-value',
    message: 'attributes: expected a dataType each.',
  })
  const { attributes, messageAttributes } = toRawMessage(message({ attributes: 'text' }))
  assert.deepEqual([attributes, messageAttributes], [{}, {}])
})
