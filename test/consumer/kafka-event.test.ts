// Reading the event of a Kafka trigger: from Amazon MSK and from self-managed brokers, valid, odd and forged.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { readKafkaEvent } from '../../lib/consumer/kafka-event.ts'
import { InvalidRecordError } from '../../lib/errors.ts'

const sample = (name: string) => JSON.parse(readFileSync(`test/events/kafka-${name}.json`, 'utf8'))
const record = { topic: 't', partition: 0, offset: 7, timestamp: 1, timestampType: 'CREATE_TIME', value: 'dg==' }
const event = (fields: object = {}, headers: unknown = []) => ({
  eventSource: 'aws:kafka',
  records: { 't-0': [{ ...record, headers, ...fields }] },
})

test('the event of Amazon MSK: key and value are base64, header values are lists of bytes', () => {
  const [[first] = []] = readKafkaEvent(sample('msk'))
  assert.deepEqual(first, {
    topic: 'mytopic',
    partition: 0,
    offset: 15,
    timestamp: 1545084650987,
    key: Buffer.from('recordKey'),
    value: Buffer.from('{"key":"value"}'),
    headers: [['headerKey', Buffer.from('headerValue')]],
    id: undefined,
  })
})

test('the event of self-managed brokers: several partitions, an id, a record without a key, a tombstone', () => {
  const partitions = readKafkaEvent(sample('self-managed'))
  assert.deepEqual(
    partitions.map(list => list.map(({ topic, partition, offset, id }) => [topic, partition, offset, id])),
    [
      [
        ['chat', 0, 41, 'r-1'],
        ['chat', 0, 42, 'r-2'],
      ],
      [['orders', 3, 9, undefined]],
    ],
  )
  const [[, second] = [], [tombstone] = []] = partitions
  assert.deepEqual([second?.key, String(second?.value), tombstone?.value], [null, 'hello', null])
})

test('header values: Java writes bytes from −128 on, names may repeat, null and an empty id are no id', () => {
  const headersOf = (headers: unknown) => readKafkaEvent(event({}, headers))[0]?.[0]
  const signed = headersOf([{ 'kp-id': [-61, -87] }, { a: [1] }, { a: null }])
  assert.equal(signed?.id, 'é')
  assert.deepEqual(signed?.headers.slice(1), [
    ['a', Buffer.from([1])],
    ['a', null],
  ])
  assert.equal(headersOf([{ 'kp-id': [] }])?.id, undefined)
  assert.equal(headersOf([{ 'kp-id': null }])?.id, undefined)
  assert.equal(headersOf(null)?.id, undefined)
})

test('any other event is refused, with the place of the fault and never its value', () => {
  const cases: [unknown, RegExp][] = [
    [undefined, /^event: expected an object; got undefined/],
    [{ Records: [] }, /^eventSource: expected aws:kafka or SelfManagedKafka, of a Kafka trigger; got undefined/],
    [{ eventSource: 'aws:sqs', records: {} }, /^eventSource/],
    [{ eventSource: 'aws:kafka' }, /^records: expected an object; got undefined/],
    [{ eventSource: 'aws:kafka', records: { 't-0': {} } }, /^records\.t-0: expected a list; got object/],
    [{ eventSource: 'aws:kafka', records: { 't-0': [null] } }, /^records\.t-0\[0\]: expected an object; got null/],
    [event({ topic: 5 }), /topic: expected text; got number/],
    [event({ partition: -1 }), /partition: expected an integer/],
    [event({ partition: 2 ** 31 }), /partition: expected an integer/],
    [event({ offset: '7' }), /offset: expected an integer from 0 to 9007199254740991; got string/],
    [event({ offset: 2 ** 53 }), /offset/],
    [event({ timestamp: 'now' }), /timestamp/],
    [event({ key: 'no base64!' }), /key: expected base64; got string/],
    [event({ value: 5 }), /value: expected base64; got number/],
    [event({}, 'secret'), /headers: expected a list; got string/],
    [event({}, [['a', 'secret']]), /headers\[0\]: expected an object; got a list/],
    [event({}, [{ a: 'secret' }]), /headers\[0\]: expected a list of bytes; got string/],
    [event({}, [{ a: [256] }]), /list of bytes/],
    [event({}, [{ a: [-129] }]), /list of bytes/],
    [event({}, [{ a: [1.5] }]), /list of bytes/],
  ]
  for (const [input, message] of cases)
    assert.throws(
      () => readKafkaEvent(input),
      error =>
        error instanceof InvalidRecordError && message.test(error.message) && !/secret|no base64/.test(error.message),
      String(message),
    )
})

test('names in an event change no prototype', () => {
  const headers = '[{"__proto__":[49]},{"kp-id":[50]}]'
  const entry = `{"topic":"__proto__","partition":0,"offset":0,"headers":${headers}}`
  const hostile = JSON.parse(`{"eventSource":"aws:kafka","records":{"__proto__":[${entry}]}}`)
  const [[read] = []] = readKafkaEvent(hostile)
  assert.deepEqual([read?.topic, read?.id, read?.headers[0]?.[0]], ['__proto__', '2', '__proto__'])
  assert.equal(({} as { topic?: unknown }).topic, undefined)
})

// The original bug: ids that are not UTF-8, such as binary UUIDs, all became the same text, so the second record was
// dropped.
test('different ids have different texts, even if their bytes are not UTF-8', () => {
  const idOf = (...bytes: number[]) => readKafkaEvent(event({}, [{ 'kp-id': bytes }]))[0]?.[0]?.id
  assert.deepEqual([idOf(255), idOf(-2), idOf(0x80, 0x81)], ['base64:/w==', 'base64:/g==', 'base64:gIE='])
  assert.notEqual(idOf(0xef, 0xbb, 0xbf, 65), idOf(65), 'a byte order mark is part of the id')
})

// The original bug: one record without a timestamp stopped every partition of its trigger.
test('a record without a timestamp, or from before 1970, is read', () => {
  const timestampOf = (timestamp: unknown) => readKafkaEvent(event({ timestamp }))[0]?.[0]?.timestamp
  assert.deepEqual([-1, null, undefined, -5, 0].map(timestampOf), [null, null, null, -5, 0])
})
