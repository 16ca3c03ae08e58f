// Text has the same rules for every trigger: text without a UTF-8 form, invisible characters and an invalid
// `traceparent` are refused over HTTP and become dead letters elsewhere, with a pointer to the text.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { handleEventBridge } from '../../functions/eventbridge/handle-eventbridge.ts'
import { toHeaders } from '../../functions/http/dialects/native/to-headers.ts'
import { handleSqs } from '../../functions/sqs/handle-sqs.ts'
import { parseContract } from '../../lib/contracts/parse-contract.ts'
import { stringSerializer } from '../../lib/serialize/text-serializers.ts'
import { validateRecord } from '../../lib/validate/record-validator.ts'
import { contractsOf } from '../support/contracts.ts'
import { functionHarness, httpHarness, recordsOf } from '../support/function-harness.ts'
import { serializerContext } from '../support/serializer-context.ts'

const fed = (topic: string, key?: string) => ({
  sqs: [{ queue: topic, ...(key ? { key } : {}) }],
  ...(topic === 'text' ? {} : { eventbridge: [{ source: [topic] }] }),
})
const contracts = contractsOf([
  { topic: 'json', json: { key: { required: false }, from: fed('json') } },
  { topic: 'room', json: { key: { from: ['record', 'value:/room'] }, from: fed('room') } },
  { topic: 'text', json: { key: { required: false }, value: { format: 'text' }, from: fed('text') } },
  { topic: 'attribute', json: { key: { required: false }, from: fed('attribute', 'sqs:attribute:tenant') } },
])
const TRACE = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'
const NO_TRACES = [
  'garbage',
  TRACE.toUpperCase(),
  TRACE.replace('4bf92f3577b34da6a3ce929d0e0e4736', '0'.repeat(32)),
  TRACE.replace('00f067aa0ba902b7', '0'.repeat(16)),
  TRACE.replace('00-', 'ff-'),
  `${TRACE}-more`,
]

const OVER_HTTP: [what: string, topic: string, body: string, code: string, pointer: string][] = [
  ['a key', 'json', '{"key":"\\ud800","value":1}', 'not-utf8', '/key'],
  ['a key in the value', 'room', '{"value":{"room":"a\\udfff"}}', 'not-utf8', '/value/room'],
  ['a text', 'text', '{"value":"\\udc00\\ud800"}', 'not-utf8', '/value'],
  ['a header’s value', 'json', '{"value":1,"headers":{"a":"1","b":"\\ud800"}}', 'not-utf8', '/headers/b'],
  ...['\\ud800', '\\u202e', '\\u2028', '\\u2066', '\\u200b', '\\ufeff', '\\u00ad', '\\u3164', '\\u0085', '\\ue000'].map(
    (character): [string, string, string, string, string] => [
      `a header’s name with ${character.slice(1)}`,
      'json',
      `{"value":1,"headers":[{"name":"ok","value":""},{"name":"a${character}b","value":"1"}]}`,
      'bad-header',
      '/headers/1/name',
    ],
  ),
  ...[...NO_TRACES, null].map((trace): [string, string, string, string, string] => [
    `the traceparent ${trace?.slice(0, 12)}`,
    'json',
    JSON.stringify({ value: 1, headers: [{ name: 'traceparent', value: trace }] }),
    'bad-header',
    '/headers/0/value',
  ]),
  // The original bug: pointers contained the index of an object's field, which does not exist in the caller's body.
  ['a field of headers', 'json', '{"value":1,"headers":{"ok":"1","x/y~":"\\ud800"}}', 'not-utf8', '/headers/x~1y~0'],
  [
    'the name of such a field',
    'json',
    '{"value":1,"headers":{"ok":"1","a\\u0001":""}}',
    'bad-header',
    '/headers/a\u0001',
  ],
  ['a number as such a field', 'json', '{"value":1,"headers":{"ok":"1","n":5}}', 'bad-header', '/headers/n'],
  [
    'a trace in such a field',
    'json',
    '{"value":1,"headers":{"1":"","traceparent":"x"}}',
    'bad-header',
    '/headers/traceparent',
  ],
  [
    'a reserved name of such a field',
    'json',
    '{"value":1,"headers":{"ok":"1","kp-x":""}}',
    'reserved-header',
    '/headers/kp-x',
  ],
  [
    'a second traceparent',
    'json',
    JSON.stringify({ value: 1, headers: ['a', 'traceparent', 'traceparent'].map(name => ({ name, value: TRACE })) }),
    'bad-header',
    '/headers/2/value',
  ],
]
for (const [what, topic, body, code, pointer] of OVER_HTTP)
  test(`HTTP: ${what} is refused as ${code} at ${pointer}`, async () => {
    const harness = httpHarness({ contracts })
    const answer = await harness.post(topic, body)
    assert.equal(answer.body.code, code, JSON.stringify(answer.body))
    assert.equal(answer.body.records[0].violations[0].pointer, pointer)
    assert.equal(recordsOf(harness).length, 0)
  })

for (const text of ['ключ', 'n e', 'naïve', '名前', 'a\u0301', 'x-y_z.1'])
  test(`HTTP: ${text} is a header’s name`, async () => {
    assert.equal((await httpHarness({ contracts }).post('json', { value: 1, headers: { [text]: '' } })).status, 200)
  })

test('HTTP: escapes in a JSON value stay as they are, lone surrogates too', async () => {
  const harness = httpHarness({ contracts })
  assert.equal((await harness.post('json', '{"value":{"a":"\\ud800\\u202e"}}')).status, 200)
  assert.equal(String(recordsOf(harness)[0]?.value), '{"a":"\\ud800\\u202e"}')
})

test('HTTP: a record’s own traceparent is sent as it is, of a later version too', async () => {
  const harness = httpHarness({ contracts })
  for (const trace of [TRACE, TRACE.replace('00-', 'cc-'), `${TRACE.replace('00-', 'cc-')}-what-the-future-will-be`])
    assert.equal((await harness.post('json', { value: 1, headers: { traceparent: trace } })).status, 200)
  assert.equal(recordsOf(harness).length, 3)
})

const attributes = (name: string, stringValue: string) => ({ [name]: { dataType: 'String', stringValue } })
const OF_SQS: [what: string, queue: string, body: string, messageAttributes: object, code: string][] = [
  ['a byte order mark', 'json', '\uFEFF{"a":1}', {}, 'bad-json'],
  ['a text', 'text', 'a\ud800', {}, 'not-utf8'],
  ['a key in the value', 'room', '{"room":"\\ud800"}', {}, 'not-utf8'],
  ['a key of an attribute', 'attribute', '1', attributes('tenant', '\ud800'), 'not-utf8'],
  ['an attribute', 'json', '1', attributes('a', '\ud800'), 'not-utf8'],
  ['an attribute’s name', 'json', '1', attributes('a\u202eb', '1'), 'bad-header'],
]
for (const [what, queue, body, messageAttributes, code] of OF_SQS)
  test(`SQS: ${what} becomes a dead letter, ${code}; the message beside it is sent`, async () => {
    const harness = functionHarness(handleSqs, { contracts })
    const message = (messageId: string, fields: object) => ({
      messageId,
      eventSourceARN: `arn:aws:sqs:us-east-1:0:${queue}`,
      attributes: {},
      ...fields,
    })
    const good = message('good', { body: '{"room":"r"}', messageAttributes: attributes('tenant', 't') })
    await harness.invoke({ Records: [message('bad', { body, messageAttributes }), good] })
    const [deadLetter, ...others] = harness.deadLetters.deadLetters
    assert.deepEqual([deadLetter?.failure.code, others.length, recordsOf(harness).length], [code, 0, 1])
  })

for (const [what, source, detail, code] of [
  ['a key in the detail', 'room', { room: '\ud800' }, 'not-utf8'],
  ['an event’s detail-type', 'json', {}, 'not-utf8'],
] as const)
  test(`EventBridge: ${what} becomes a dead letter, ${code}`, async () => {
    const harness = functionHarness(handleEventBridge, { contracts })
    await harness.invoke({ id: 'e', source, 'detail-type': source === 'json' ? 't\ud800' : 't', detail })
    assert.deepEqual(
      harness.deadLetters.deadLetters.map(({ failure }) => failure.code),
      [code],
    )
  })

test('a program’s text with a lone surrogate is no text for the string serializer', () => {
  assert.throws(
    () => stringSerializer.serialize('a\ud800', serializerContext()),
    /expected text without lone surrogates/,
  )
})

// The original bug: 400,000 headers were read before they were counted, which took 2 s.
test('headers are counted before they are read', () => {
  const list = Array(400_000).fill({ name: 'a', value: '' })
  Object.defineProperty(list, 0, { get: () => assert.fail('read') })
  const contract = contracts.get('json')
  assert.ok(contract)
  assert.throws(() => toHeaders(list, undefined, contract), {
    code: 'record-too-large',
    message: 'headers: expected at most 50 headers, got 400000.',
  })
})

test('the size of a value is checked before its schema', () => {
  const check = () => assert.fail('checked')
  const rules = { contracts: new Map([['json', parseContract('json', { value: { schema: {} } }, () => check)]]) }
  const value = Buffer.from(`"${'x'.repeat(900_000)}"`)
  assert.throws(() => validateRecord({ topic: 'json', value }, rules), { code: 'record-too-large' })
})
