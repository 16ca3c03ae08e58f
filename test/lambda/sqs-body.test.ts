// What is taken out of the body of a message: by SNS, EventBridge and S3, each alone and through SNS.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Contract, Wrapping } from '../../lib/contracts/contract.ts'
import { InvalidRecordError } from '../../lib/errors.ts'
import { parseBody } from '../../lib/lambda/parse-body.ts'
import { unwrap } from '../../lib/lambda/sqs-body.ts'
import { contractsOf } from '../support/contracts.ts'

const [contract] = contractsOf([{ topic: 't', json: {} }]).values() as Iterable<Contract>
assert.ok(contract)
const partsOf = (body: unknown, wrappings: readonly Wrapping[], value: 'detail' | 'event' = 'detail') =>
  unwrap(typeof body === 'string' ? body : JSON.stringify(body), {
    contract: contract as Contract,
    feed: { queue: 'q', unwrap: wrappings, value, key: undefined },
  })
const textsOf = (body: unknown, wrappings: readonly Wrapping[], value?: 'detail' | 'event') => {
  const parts = partsOf(body, wrappings, value)
  return typeof parts === 'string' ? parts : parts.map(part => part.value.text)
}
const attributesOf = (body: unknown) => {
  const parts = partsOf(body, ['sns'])
  return typeof parts === 'string' ? parts : parts[0]?.attributes
}
const refusalOf = (body: unknown, wrappings: readonly Wrapping[]) => {
  try {
    partsOf(body, wrappings)
  } catch (error) {
    assert.ok(error instanceof InvalidRecordError)
    return `${error.code} · ${error.message}`
  }
  return 'accepted'
}

const sns = (fields: object = {}) => ({ Type: 'Notification', TopicArn: 'arn', Message: '{ "a": 1 }', ...fields })
const event = { source: 's', 'detail-type': 'T', detail: { a: 1 } }
const S3_TEST = { Service: 'Amazon S3', Event: 's3:TestEvent', Time: 't', Bucket: 'b', RequestId: 'r', HostId: 'h' }

test('without a wrapping the body is the value, also without a feed', () => {
  assert.deepEqual(textsOf(' {"a": 1} ', []), [' {"a": 1} '])
  const parts = unwrap('text', { contract: contract as Contract, feed: undefined })
  assert.deepEqual(typeof parts !== 'string' && parts.map(({ value }) => value.text), ['text'])
})

test('of a notification of SNS its message is the value; any other body is the value itself', () => {
  assert.deepEqual(textsOf(sns(), ['sns']), ['{ "a": 1 }'])
  for (const body of [
    'no JSON',
    sns({ TopicArn: undefined }),
    sns({ Message: { a: 1 } }),
    sns({ Type: 'Other' }),
    sns({ Type: 'SubscriptionConfirmation' }),
    sns({ Type: 'SubscriptionConfirmation', Token: 't' }),
    sns({ Type: 'SubscriptionConfirmation', SubscribeURL: 'u' }),
  ]) {
    const text = typeof body === 'string' ? body : JSON.stringify(body)
    assert.deepEqual(textsOf(text, ['sns']), [text])
    assert.deepEqual(attributesOf(text), [])
  }
})

test('a confirmation of SNS and a test event of S3 have no record', () => {
  for (const Type of ['SubscriptionConfirmation', 'UnsubscribeConfirmation'])
    assert.equal(textsOf(sns({ Type, Token: 't', SubscribeURL: 'u' }), ['sns']), 'sns-confirmation')
  assert.equal(textsOf(sns({ Message: JSON.stringify(S3_TEST) }), ['sns']), 's3-test-event')
  assert.equal(textsOf(S3_TEST, ['sns']), 's3-test-event')
  assert.equal(textsOf(S3_TEST, ['s3']), 's3-test-event')
  assert.equal(textsOf(sns({ Message: JSON.stringify(S3_TEST) }), ['sns', 's3']), 's3-test-event')
})

test('what only looks like a test event of S3 is a value', () => {
  for (const other of [
    { ...S3_TEST, Service: 'Mine' },
    { ...S3_TEST, Event: 's3:TestEvents' },
    { ...S3_TEST, Bucket: 5 },
    { ...S3_TEST, More: 1 },
  ])
    assert.deepEqual(textsOf(other, ['sns']), [JSON.stringify(other)])
  assert.deepEqual(textsOf('"s3:TestEvent"', ['sns']), ['"s3:TestEvent"'])
})

test('attributes of SNS are text, or bytes where their type begins with Binary', () => {
  const MessageAttributes = {
    text: { Type: 'String', Value: 'AP8=' },
    bytes: { Type: 'Binary.png', Value: 'AP8=' },
    untyped: { Value: 'v' },
    number: { Type: 'Number', Value: 5 },
    nothing: null,
  }
  assert.deepEqual(attributesOf(sns({ MessageAttributes })), [
    ['text', 'AP8='],
    ['bytes', Buffer.from([0, 255])],
    ['untyped', 'v'],
  ])
  for (const none of [undefined, null, 'text', []]) assert.deepEqual(attributesOf(sns({ MessageAttributes: none })), [])
})

test('of an EventBridge event the detail is the value as it is written, or all of it', () => {
  const body = '{"source":"s","detail-type":"T","detail": { "a": 1.0 } }'
  assert.deepEqual(textsOf(body, ['eventbridge']), ['{ "a": 1.0 }'])
  assert.deepEqual(textsOf(body, ['eventbridge'], 'event'), [body])
  assert.deepEqual(textsOf(sns({ Message: body }), ['sns', 'eventbridge']), ['{ "a": 1.0 }'])
  const parts = partsOf(sns({ Message: body }), ['sns', 'eventbridge'])
  assert.ok(typeof parts !== 'string')
  assert.deepEqual([parts[0]?.event?.text, parts[0]?.value.parsed, parts[0]?.attributes], [body, { a: 1 }, []])
})

test('a body that has not the form of its feed is refused', () => {
  const expected = 'bad-value · body: expected an EventBridge event with source, detail-type and detail.'
  const { detail, ...without } = event
  assert.ok(detail)
  for (const body of [5, [], without, { ...event, source: 5 }, { ...event, 'detail-type': null }])
    assert.equal(refusalOf(body, ['eventbridge']), expected)
  for (const body of [5, [], {}, { Records: {} }, { Records: [] }, { ...S3_TEST, More: 1 }])
    assert.equal(refusalOf(body, ['s3']), 'bad-value · body: expected an S3 notification with Records.')
  for (const wrapping of ['s3', 'eventbridge'] as const) {
    assert.equal(refusalOf('{', [wrapping]), 'bad-json · body: expected JSON, got something else.')
    assert.equal(refusalOf('"\ud800"', [wrapping]), 'not-utf8 · body: expected UTF-8, got something else.')
  }
})

test('each notification of S3 is a value as it is written, keyed by the object’s name without its escapes', () => {
  const notification = (key: unknown) => ({ s3: { object: { key } } })
  const body = '{"Records":[ {"s3":{"object":{"key":"a+b%2Fc"}}} ,{"s3": 5}]}'
  assert.deepEqual(textsOf(body, ['s3']), ['{"s3":{"object":{"key":"a+b%2Fc"}}}', '{"s3": 5}'])
  const keysOf = (...records: unknown[]) => {
    const parts = partsOf({ Records: records }, ['s3'])
    return typeof parts !== 'string' && parts.map(({ keys }) => keys)
  }
  assert.deepEqual(keysOf(notification('a+b%2Fc%C3%A9'), notification('plain')), [
    [['value:/s3/object/key', 'a b/cé']],
    [['value:/s3/object/key', 'plain']],
  ])
  assert.deepEqual(keysOf(notification('100%'), notification(5), { s3: { object: 5 } }, { s3: 5 }, 5), [
    [],
    [],
    [],
    [],
    [],
  ])
})

test('a body that is no text is not UTF-8', () => {
  assert.throws(() => parseBody(undefined, {}, InvalidRecordError), {
    code: 'not-utf8',
    message: 'body: expected UTF-8, got something else.',
  })
  const { text, parsed } = parseBody('{"a":1}', {}, InvalidRecordError)
  assert.deepEqual([text, parsed], ['{"a":1}', { a: 1 }])
})
