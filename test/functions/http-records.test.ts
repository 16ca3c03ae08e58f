// How a request becomes records: which bodies and media types are accepted, and what the errors say about the others.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { MAX_BODY_BYTES } from '../../functions/http/dialects/native/request-body.ts'
import { toRecords } from '../../functions/http/dialects/native/to-records.ts'
import type { HttpRequest } from '../../lib/lambda/http-event.ts'
import { JsonText } from '../../lib/record/json-text.ts'
import { contractsOf } from '../support/contracts.ts'

const ofFiles = contractsOf([
  { topic: 't', json: { key: { required: false }, limits: { headers: 3, records: 4 } } },
  { topic: 'text', json: { key: { required: false }, value: { format: 'text' } } },
  { topic: 'bytes', json: { key: { required: false }, value: { format: 'base64' } } },
  { topic: 'queue-only', json: { key: { required: false }, from: { http: false, sqs: [{ queue: 'q' }] } } },
])
const [json, bytes] = ['t', 'bytes'].map(topic => ofFiles.get(topic))
assert.ok(json && bytes)
/** Keys that a codec writes: of a format that is JSON, and of one whose keys are texts. */
const contracts = new Map([
  ...ofFiles,
  ['json-key', { ...json, key: { ...json.key, codec: json.value.codec } }],
  ['bytes-key', { ...json, key: { ...json.key, codec: bytes.value.codec } }],
])

const requestOf = (body: string | Buffer, headers: HttpRequest['headers'], topic = 't') =>
  toRecords(
    {
      kind: 'apigw-v2',
      method: 'POST',
      path: `/topics/${topic}`,
      routePath: undefined,
      pathParameters: {},
      stage: undefined,
      headers,
      body,
      requestId: 'r-1',
      principal: undefined,
    },
    topic,
    'r-1',
    contracts,
  )
const JSON_TYPE = { 'content-type': 'application/json' }
const recordsOf = (contentType: string | undefined, body: string | Buffer = '{"value":1}', topic = 't') =>
  requestOf(body, contentType === undefined ? {} : { 'content-type': contentType }, topic)
const parse = (body: string | Buffer, headers: HttpRequest['headers'] = {}, topic = 't') =>
  requestOf(body, { ...JSON_TYPE, ...headers }, topic)

test('a body is application/json in UTF-8, however that is written', () => {
  for (const type of [
    'application/json',
    'Application/JSON',
    'application/json;charset=utf-8',
    'application/json; charset="UTF-8"',
    'application/json; charset=utf8; profile=x',
  ])
    assert.equal(recordsOf(type).length, 1, type)
  for (const type of [
    undefined,
    '',
    'text/json',
    'application/json-seq',
    'application/json; charset=latin1',
    'application/json; charset=utf-16',
    'application/json; charset=utf-8x',
    'application/json; charset=charset=utf-8',
  ])
    assert.throws(
      () => recordsOf(type),
      { code: 'media-type', status: 415, message: 'content-type: expected application/json in UTF-8.' },
      String(type),
    )
})

test('headers that are neither a list nor an object are refused', () => {
  for (const headers of ['"text"', '5', 'true', 'null']) {
    const [record] = recordsOf('application/json', `{"value":1,"headers":${headers}}`)
    assert.equal(record?.error?.code, 'bad-header', headers)
    assert.equal(record.error.message, 'headers: expected a list of {"name","value"} or an object.')
  }
})

test('a topic without a contract, or whose contract refuses HTTP, has no path', () => {
  for (const topic of ['other', 'queue-only'])
    assert.throws(() => parse('{"value":1}', {}, topic), {
      code: 'unknown-topic',
      status: 404,
      message: 'path: expected /topics/{topic} with a topic that has a contract for HTTP.',
    })
})

test('a body with a byte order mark is read without it; a second one is part of the text', () => {
  for (const body of ['\uFEFF{"value":1}', Buffer.from('\uFEFF{"value":1}')]) {
    const [record] = parse(body)
    assert.deepEqual(record?.record.value, new JsonText('1', 1))
  }
  for (const body of ['\uFEFF\uFEFF{"value":1}', '{"value":1}\uFEFF'])
    assert.throws(() => parse(body), {
      code: 'bad-json',
      status: 400,
      message: 'body: expected JSON, got something else.',
    })
})

test('a body may be gzip, as content-encoding says; what a gateway has inflated is taken as it is', () => {
  const zipped = gzipSync('{"value":1}')
  for (const encoding of ['gzip', ' GZIP ']) assert.equal(parse(zipped, { 'content-encoding': encoding }).length, 1)
  for (const body of ['{"value":1}', Buffer.from('{"value":1}')])
    for (const encoding of ['gzip', 'identity', ' Identity '])
      assert.equal(parse(body, { 'content-encoding': encoding }).length, 1)
  for (const headers of [{}, { 'content-encoding': 'identity' }])
    assert.throws(() => parse(zipped, headers), {
      code: 'not-utf8',
      message: 'body: expected UTF-8, got something else.',
    })
  for (const encoding of ['br', '', 'gzip, gzip'])
    assert.throws(() => parse(zipped, { 'content-encoding': encoding }), {
      code: 'media-type',
      status: 415,
      message: 'content-encoding: expected gzip or none.',
      headers: { 'accept-encoding': 'gzip' },
    })
  assert.throws(() => parse(zipped.subarray(0, -9), { 'content-encoding': 'gzip' }), {
    code: 'bad-json',
    message: 'body: expected gzip, as content-encoding says.',
  })
  // Only both of its first bytes make a body gzip.
  for (const body of [Buffer.from([0x1f, 0x20]), Buffer.from([0x20, 0x8b])])
    assert.throws(() => parse(body, { 'content-encoding': 'gzip' }), { message: /^body: expected (JSON|UTF-8), got/ })
})

test('a body has at most 5 MiB, also when it is inflated', () => {
  const ofSize = (size: number) => Buffer.from(`{"value":"${'x'.repeat(size - 12)}"}`)
  const gzip = { 'content-encoding': 'gzip' }
  const [fitting, tooLarge] = [ofSize(MAX_BODY_BYTES), ofSize(MAX_BODY_BYTES + 1)]
  assert.equal(parse(fitting).length, 1)
  assert.equal(parse(gzipSync(fitting), gzip).length, 1)
  const refused = { code: 'body-too-large', status: 413 }
  assert.throws(() => parse(tooLarge), { ...refused, message: 'body: expected at most 5242880 bytes, got 5242881.' })
  assert.throws(() => parse(`"${'é'.repeat(2_621_440)}"`), {
    ...refused,
    message: 'body: expected at most 5242880 bytes, got 5242882.',
  })
  assert.throws(() => parse(gzipSync(tooLarge), gzip), {
    ...refused,
    message: 'body: expected at most 5242880 bytes when inflated.',
  })
  assert.throws(() => parse(`[${'[],'.repeat(1_000_000)}[]]`), {
    ...refused,
    message:
      'body: expected less to parse: above 256 KiB at most about 200,000 different names, 150,000 names with ' +
      'escapes, or 800,000 objects and lists.',
  })
})

for (const [body, code, status, message] of [
  ['[]', 'bad-json', 400, 'body: expected an object.'],
  ['null', 'bad-json', 400, 'body: expected an object.'],
  ['{"records":[{"value":1}],"value":2}', 'unknown-field', 400, 'body: expected no field beside "records".'],
  ['{"records":[{"value":1}],"records":[{"value":2}]}', 'repeated-name', 400, 'body: expected "records" once.'],
  ['{"records":{"value":1}}', 'bad-json', 400, 'records: expected a list.'],
  ['{"records":[]}', 'empty', 422, 'records: expected at least one record.'],
  [`{"records":[${'1,'.repeat(4)}1]}`, 'too-many-records', 413, 'records: expected at most 4, got 5.'],
] as const)
  test(`the body ${body} is refused as a whole`, () => {
    assert.throws(() => parse(body), { name: 'RequestError', code, status, message })
  })

test('as many records as the contract allows are taken, each at its place in the text', () => {
  const records = parse('{"records":[{"value":1.0},{ "value" : "b" },{"value":[ ]},{"value":null}]}')
  assert.deepEqual(
    records.map(({ id, record, error }) => [id, record.value, error]),
    [
      ['r-1:0', new JsonText('1.0', 1), undefined],
      ['r-1:1', new JsonText('"b"', 'b'), undefined],
      ['r-1:2', new JsonText('[ ]', []), undefined],
      ['r-1:3', null, undefined],
    ],
  )
})

const FORM = 'headers: expected {"name", "value": text or null} or {"name", "base64"}.'
const header = (pointer: string) => [{ pointer, rule: 'header', expected: 'name with value or base64' }]
const PARTITION = 'partition: expected an integer from 0 to 2147483647.'
const TIMESTAMP = 'timestamp: expected an integer from 0 to 8640000000000000.'
const FIELDS = 'record: expected only id, key, value, headers, partition, timestamp.'
const RESERVED = 'headers: expected no name that begins with kp-.'
const reserved = (pointer: string) => [{ pointer, rule: 'reserved', expected: 'no kp-' }]
for (const [record, code, message, violations = []] of [
  ['5', 'bad-json', 'record: expected an object.'],
  ['[]', 'bad-json', 'record: expected an object.'],
  ['{"value":1,"topic":"t"}', 'unknown-field', FIELDS],
  [
    '{}',
    'schema',
    'value: expected this field; null is a tombstone.',
    [{ pointer: '/value', rule: 'required', expected: 'value' }],
  ],
  [
    '{"value":1,"value":2}',
    'repeated-name',
    'record: expected each name once in an object, got one repeated.',
    [{ pointer: '/value', rule: 'repeated-name', expected: 'each name once' }],
  ],
  ...['-1', '1.0', '1e0', '"0"', 'null', 'true', '[0]', '2147483648', '0.99999999999999999999'].map(
    partition => [`{"value":1,"partition":${partition}}`, 'bad-partition', PARTITION] as const,
  ),
  ...['-1', '0.5', '"2026"', 'null', '8640000000000001'].map(
    timestamp => [`{"value":1,"timestamp":${timestamp}}`, 'bad-timestamp', TIMESTAMP] as const,
  ),
  ...[
    '5',
    'null',
    '"x"',
    '["a","b"]',
    '{}',
    '{"name":"a"}',
    '{"name":5,"value":"v"}',
    '{"name":"a","text":"v"}',
    '{"name":"a","value":"v","base64":"AP8="}',
    '{"name":"a","value":5}',
    '{"value":"v","base64":"AP8="}',
    '{"name":"a","base64":5}',
    '{"name":"a","base64":"!"}',
  ].map(
    entry =>
      [
        `{"value":1,"headers":[{"name":"ok","value":null},${entry}]}`,
        'bad-header',
        FORM,
        header('/headers/1'),
      ] as const,
  ),
  ['{"value":1,"headers":{"a/b":5}}', 'bad-header', FORM, header('/headers/a~1b')],
  ['{"value":1,"headers":[{"name":"kp-x","value":""}]}', 'reserved-header', RESERVED, reserved('/headers/0/name')],
  ['{"value":1,"headers":{"KP-x":""}}', 'reserved-header', RESERVED, reserved('/headers/KP-x')],
  [
    '{"value":1,"headers":{"a":"","b":"","c":"","d":""}}',
    'record-too-large',
    'headers: expected at most 3 headers, got 4.',
  ],
] as const)
  test(`the record ${record} is refused, and the one beside it is not`, () => {
    const [good, bad] = parse(`{"records":[{"value":1},${record}]}`)
    assert.equal(good?.error, undefined)
    assert.deepEqual([bad?.id, bad?.record], ['r-1:1', { topic: 't', value: null, sourceId: 'r-1:1' }])
    assert.deepEqual([bad?.error?.code, bad?.error?.message, bad?.error?.violations], [code, message, violations])
  })

const TRACE = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'

test('a record has the fields that its caller gave, and no others', () => {
  const body =
    '{"key":"k","value":{"a":1},"headers":[{"name":"n","value":null},{"name":"b","base64":"AP8="},' +
    '{"name":"c","value":"d"}],"partition":2147483647,"timestamp":8640000000000000}'
  const standard = [
    ['kp-id', 'r-1'],
    ['kp-source', 'http'],
    ['traceparent', TRACE],
  ]
  const [full] = parse(body, { traceparent: TRACE })
  assert.deepEqual(full, {
    id: 'r-1',
    record: {
      topic: 't',
      value: new JsonText('{"a":1}', { a: 1 }),
      headers: [...standard, ['n', null], ['b', Buffer.of(0, 255)], ['c', 'd']],
      sourceId: 'r-1',
      key: 'k',
      partition: 2_147_483_647,
      timestamp: 8.64e15,
    },
  })
  const [least] = parse('{"value":1}', { traceparent: TRACE })
  assert.deepEqual(least?.record, { topic: 't', value: new JsonText('1', 1), headers: standard, sourceId: 'r-1' })
  const [zeros] = parse('{"value":1,"partition":0,"timestamp":0,"key":null}', { traceparent: TRACE })
  assert.deepEqual([zeros?.record.partition, zeros?.record.timestamp, zeros?.record.key], [0, 0, null])
})

test('without a traceparent the trace of X-Ray is the record’s; its own replaces both', () => {
  const root = '1-5759e988-bd862e3fe1be46a994272793'
  const traceOf = (body: string, headers: HttpRequest['headers']) =>
    ((parse(body, headers)[0]?.record.headers ?? []) as (readonly [string, string])[])
      .filter(([name]) => name === 'traceparent')
      .map(([, value]) => value)
  const ofAws = { 'x-amzn-trace-id': `Root=${root};Parent=53995c3f42cd8ad8;Sampled=1` }
  assert.deepEqual(traceOf('{"value":1}', ofAws), ['00-5759e988bd862e3fe1be46a994272793-53995c3f42cd8ad8-01'])
  const own = `{"value":1,"headers":{"a":"","traceparent":"${TRACE}"}}`
  assert.deepEqual(traceOf(own, ofAws), [TRACE])
  assert.deepEqual(traceOf(own, { traceparent: TRACE.replace('4b', '00') }), [TRACE])
})

test('headers as an object keep the order of the text, also for names that look like indices', () => {
  const [record] = parse('{"value":1,"headers":{"b":"1","10":"2","2":null}}')
  const headers = (record?.record.headers ?? []) as readonly unknown[]
  assert.deepEqual(headers.slice(3), [
    ['b', '1'],
    ['10', '2'],
    ['2', null],
  ])
})

test('the value of a format that is not JSON is a JSON string; anything else is left to validation', () => {
  const sentValue = (topic: string, value: string) => parse(`{"value":${value}}`, {}, topic)[0]?.record.value
  assert.deepEqual(sentValue('text', '"a\\n"'), 'a\n')
  assert.deepEqual(sentValue('bytes', '"AP8="'), Buffer.of(0, 255))
  assert.deepEqual([sentValue('text', '5'), sentValue('text', 'null')], [5, null])
})

test('a key is text, the digits of a number, or what the codec of its format reads', () => {
  const keyOf = (key: string, topic = 't') => parse(`{"value":1,"key":${key}}`, {}, topic)[0]?.record.key
  assert.deepEqual([keyOf('"k"'), keyOf('12345678901234567890'), keyOf('null')], ['k', '12345678901234567890', null])
  assert.deepEqual(keyOf('{"a":1.0}', 'json-key'), new JsonText('{"a":1.0}', { a: 1 }))
  assert.deepEqual(keyOf('"AP8="', 'bytes-key'), Buffer.of(0, 255))
  assert.deepEqual(keyOf('5', 'bytes-key'), 5)
})
