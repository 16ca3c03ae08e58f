// What becomes of an EventBridge event: its id, its value, its headers, and why it is refused.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseEventBridgeEvents } from '../../lib/lambda/eventbridge-event.ts'
import { contractsOf } from '../support/contracts.ts'

const contracts = contractsOf([
  { topic: 'detail', json: { key: { required: false }, from: { eventbridge: [{ source: ['d'] }] } } },
  {
    topic: 'whole',
    json: {
      key: { required: false },
      headers: { allow: ['source', 'id'] },
      from: { eventbridge: [{ source: ['w'], value: 'event', key: 'event:/detail/k' }] },
    },
  },
  ...['a', 'b'].map(topic => ({
    topic,
    json: { from: { eventbridge: [{ pattern: { source: ['m'], detail: { names: [topic] } } }] } },
  })),
  { topic: 'text', json: { key: { required: false }, value: { format: 'text' } } },
])
const event = (source: string, fields: object = {}) => ({ source, 'detail-type': 'T', detail: { k: 1 }, ...fields })
const parse = (events: unknown, options: { defaultTopic?: string; awsTrace?: string } = {}) =>
  parseEventBridgeEvents(events, 'aws-1', { contracts, ...options })
const one = (events: unknown, options?: { defaultTopic?: string; awsTrace?: string }) => {
  const [first] = parse(events, options)
  assert.ok(first)
  return first
}
const errorOf = (of: unknown) => {
  const { error } = one(of)
  return error && `${error.code} · ${error.message}`
}
const namesOf = (of: unknown) => (one(of).record.headers as unknown as readonly [string][]).map(([name]) => name)

test('an event has its own id; without one it has that of the invocation, with its place in a list of several', () => {
  assert.equal(one(event('d', { id: 'e-1' })).id, 'e-1')
  for (const id of [undefined, '', 5]) assert.equal(one(event('d', { id })).id, 'aws-1')
  assert.deepEqual(
    parse([event('d')]).map(({ id }) => id),
    ['aws-1'],
  )
  assert.deepEqual(
    parse([event('d'), event('d', { id: 'e-2' }), event('d')]).map(({ id }) => id),
    ['aws-1:0', 'e-2', 'aws-1:2'],
  )
  assert.deepEqual(parse([]), [])
})

test('the detail is the value, or the whole event where the feed says so', () => {
  const { record } = one(event('d'))
  assert.deepEqual(
    [record.topic, record.value, record.sourceId, record.origin?.keyFrom],
    ['detail', { k: 1 }, 'aws-1', undefined],
  )
  const whole = one(event('w')).record
  assert.deepEqual([whole.topic, whole.value, whole.origin?.keyFrom], ['whole', event('w'), ['event:/detail/k']])
  assert.deepEqual(whole.origin?.lookup?.get('event'), event('w'))
})

test('the fields that are text become headers, if the contract allows them', () => {
  const fields = { time: '2026-11-27T00:00:00Z', id: 'e-1', 'replay-name': 'r', account: '1', region: 5 }
  assert.deepEqual(namesOf(event('d', fields)), [
    'kp-id',
    'kp-source',
    'traceparent',
    'source',
    'detail-type',
    'time',
    'id',
    'replay-name',
  ])
  assert.deepEqual(namesOf(event('w', fields)), ['kp-id', 'kp-source', 'traceparent', 'source', 'id'])
  assert.deepEqual(namesOf(event('d', { time: 5 })), ['kp-id', 'kp-source', 'traceparent', 'source', 'detail-type'])
  const [id, source] = one(event('d', fields)).record.headers as unknown as readonly [string, string][]
  assert.deepEqual(
    [id, source],
    [
      ['kp-id', 'e-1'],
      ['kp-source', 'eventbridge'],
    ],
  )
})

test('the trace of the invocation goes on', () => {
  const awsTrace = `Root=1-${'1'.repeat(8)}-${'2'.repeat(24)};Parent=${'3'.repeat(16)};Sampled=1`
  const headers = one(event('d'), { awsTrace }).record.headers as unknown as readonly [string, string][]
  assert.equal(headers[2]?.[1], `00-${'1'.repeat(8)}${'2'.repeat(24)}-${'3'.repeat(16)}-01`)
})

test('an event without source, detail-type or detail is refused, and kept as JSON', () => {
  const expected = 'bad-value · event: expected an EventBridge event with source, detail-type and detail.'
  const { detail, ...without } = event('d')
  assert.ok(detail)
  for (const wrong of [
    undefined,
    null,
    'text',
    [5],
    without,
    event('d', { source: 5 }),
    event('d', { 'detail-type': 5 }),
  ])
    assert.equal(errorOf(wrong), expected)
  const { record, id } = one({ id: 'e-1', a: 1 })
  assert.deepEqual([id, record], ['e-1', { topic: '', value: Buffer.from('{"id":"e-1","a":1}'), sourceId: 'e-1' }])
  assert.equal(errorOf(event('d', { detail: undefined })), undefined)
})

test('an event that no contract claims, or that two claim, is refused; the first may have a default topic', () => {
  assert.equal(
    errorOf(event('other')),
    'unknown-topic · event: expected an event that a contract claims (from.eventbridge), got another one.',
  )
  const { record, error } = one(event('other'), { defaultTopic: 'detail' })
  assert.deepEqual([record.topic, record.value, error], ['detail', { k: 1 }, undefined])
  assert.equal(
    errorOf(event('m', { detail: { names: ['b', 'a'] } })),
    'unknown-topic · event: expected one that a single contract claims, got one that a and b claim.',
  )
})

test('a text contract has a text as it is, and another detail as JSON', () => {
  const valueFor = (detail: unknown) => one(event('other', { detail }), { defaultTopic: 'text' }).record.value
  assert.deepEqual([valueFor('text'), valueFor({ a: 1 }), valueFor(5)], ['text', '{"a":1}', '5'])
})

const deep = (levels: number): unknown => (levels === 0 ? 1 : [deep(levels - 1)])

test('levels of nesting count from the value on; another field may be as deep', () => {
  const tooDeep = 'bad-json · event: expected at most 100 levels of nesting.'
  assert.equal(errorOf(event('d', { detail: deep(100) })), undefined)
  assert.equal(errorOf(event('d', { detail: deep(101) })), tooDeep)
  assert.equal(errorOf(event('d', { other: deep(99) })), undefined)
  assert.equal(errorOf(event('d', { other: deep(100) })), tooDeep)
  assert.equal(errorOf(event('w', { detail: deep(99) })), undefined)
  assert.equal(errorOf(event('w', { detail: deep(100) })), tooDeep)
})

test('a field __proto__ is refused wherever it is', () => {
  const expected = 'unknown-field · event: expected no field named __proto__.'
  for (const detail of ['{"__proto__":1}', '{"a":[{"__proto__":1}]}'])
    assert.equal(errorOf(event('d', { detail: JSON.parse(detail) })), expected)
  assert.equal(errorOf(JSON.parse('{"source":"d","detail-type":"T","detail":1,"__proto__":1}')), expected)
})

test('a number that Lambda may have changed is refused with the record as it came', () => {
  for (const n of [2 ** 53, -(2 ** 53), 1e300, Number.POSITIVE_INFINITY, -0]) {
    const { error, record } = one(event('d', { detail: { n: [n] } }))
    assert.equal(error?.code, 'number-out-of-range', String(n))
    assert.match(error.message, /^event: expected integers up to 2\^53; Lambda parsed the event/)
    assert.deepEqual(record.value, { n: [n] })
  }
  for (const n of [2 ** 53 - 1, -(2 ** 53 - 1), 0, 0.1, 1.5e-300, 12345678901.25])
    assert.equal(errorOf(event('d', { detail: n })), undefined, String(n))
})
