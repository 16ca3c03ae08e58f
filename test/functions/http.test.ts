// The HTTP function: the answer for each outcome, the native dialect, and bad input refused with a 4xx.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import fc from 'fast-check'
import { INVALID_RECORD_STATUS } from '../../functions/http/dialects/native/invalid-record-status.ts'
import { REQUEST_STATUS } from '../../functions/http/request-error.ts'
import { parseHttpEvent, toHttpResult } from '../../lib/lambda/http-event.ts'
import { httpHarness, recordsOf, v2Event } from '../support/function-harness.ts'

const chat = (text = 'hi') => ({ value: { room: 'lobby', user: 'ada', text } })

test('a delivered record: 200 with partition and offset', async () => {
  const harness = httpHarness()
  const { status, body, headers } = await harness.post('chat', chat())

  assert.equal(status, 200)
  assert.equal(headers['content-type'], 'application/json')
  const { timestamp, partition, ...record } = body.records[0]
  assert.deepEqual(record, { index: 0, id: 'r-1', fate: 'delivered', topic: 'chat', offset: 0 })
  assert.ok(Number.isInteger(timestamp) && partition >= 0)
  assert.equal(recordsOf(harness)[0]?.key, 'lobby')
})

test('an invalid record beside a delivered one: 207, and no dead letter', async () => {
  const harness = httpHarness()
  const { status, body } = await harness.post('chat', {
    records: [chat(), { value: { room: 'lobby', user: 'ada', text: 5 } }],
  })

  assert.equal(status, 207)
  assert.deepEqual(body.records[1], {
    index: 1,
    id: 'r-1:1',
    fate: 'refused',
    status: 422,
    code: 'schema',
    detail: 'value: 1 violation(s) of the schema of chat.',
    violations: [{ pointer: '/value/text', rule: 'type', expected: 'string' }],
    truncated: false,
  })
  assert.equal(body.records[0].id, 'r-1:0')
  assert.equal(harness.deadLetters.deadLetters.length, 0)
})

test('a record that was rejected: a dead letter, and 202 with its id but not its location', async () => {
  const harness = httpHarness({ script: ['refuse', 'refuse', 'refuse'] })
  const { status, body } = await harness.post('chat', chat())

  assert.equal(status, 202)
  const [deadLetter] = harness.deadLetters.deadLetters
  assert.deepEqual(body.records[0], {
    index: 0,
    id: 'r-1',
    fate: 'dead-lettered',
    outcome: 'rejected',
    code: 'no-leader',
    deadLetterId: deadLetter?.deadLetterId,
  })
  assert.equal(recordsOf(harness).length, 0)
  assert.equal(deadLetter?.failure.attempts, 3)
})

test('an unknown outcome: 202 with delivery-unknown, and a dead letter with the sequence to look for', async () => {
  const harness = httpHarness({ script: ['lose-answer', 'lose-request', 'lose-request'] })
  const { status, body } = await harness.post('chat', chat(), { 'idempotency-key': 'order-7' })

  assert.equal(status, 202)
  assert.match(body.records[0].id, /^order-7:/)
  assert.equal(body.records[0].code, 'delivery-unknown')
  const [deadLetter] = harness.deadLetters.deadLetters
  assert.equal(deadLetter?.inDoubt?.producerId, 1)
  assert.equal(deadLetter?.inDoubt?.baseSequence, 0)
  assert.equal(deadLetter?.recordId, body.records[0].id)
})

test('a dead letter that can’t be stored: 503 with Retry-After, and the record is returned', async () => {
  const harness = httpHarness({ script: ['refuse', 'refuse', 'refuse'] })
  harness.deadLetters.fails = true
  const { status, body, headers } = await harness.post('chat', chat())

  assert.equal(status, 503)
  assert.equal(headers['retry-after'], '5')
  assert.equal(headers['content-type'], 'application/problem+json')
  assert.deepEqual(body, {
    type: 'urn:serverless-kafka-producer:problem:unavailable',
    title: 'Not acknowledged',
    status: 503,
    code: 'unavailable',
    detail: '1 of 1 records was not acknowledged; retry it.',
    requestId: 'r-1',
    records: [{ index: 0, id: 'r-1', fate: 'returned', outcome: 'rejected', code: 'no-leader' }],
  })
})

test('without dead letters a delivery failure is 503', async () => {
  const { status } = await httpHarness({ script: ['refuse', 'refuse', 'refuse'], deadLetters: false }).post(
    'chat',
    chat(),
  )
  assert.equal(status, 503)
})

test('a function timeout too short for an attempt: a dead letter, deadline-too-short, nothing sent', async () => {
  const harness = httpHarness()
  const result = await harness.invoke(
    v2Event('POST', '/topics/chat', Buffer.from(JSON.stringify(chat())), { 'content-type': 'application/json' }),
    5000,
  )

  assert.equal(result.statusCode, 202)
  assert.equal(JSON.parse(result.body as string).records[0].code, 'deadline-too-short')
  assert.equal(harness.client.produces, 0)
})

const record = (extra: object) => ({ ...chat(), ...extra })
const REFUSALS: [name: string, body: unknown, status: number, code: string, headers?: Record<string, string>][] = [
  ['a partition of -1', record({ partition: -1 }), 400, 'bad-partition'],
  ['a partition of 2^31', record({ partition: 2 ** 31 }), 400, 'bad-partition'],
  ['a partition of "0"', record({ partition: '0' }), 400, 'bad-partition'],
  ['a partition of 0.5', record({ partition: 0.5 }), 400, 'bad-partition'],
  ['a partition beyond the count', record({ partition: 99 }), 422, 'partition-out-of-range'],
  ['a timestamp of text', record({ timestamp: 'now' }), 400, 'bad-timestamp'],
  ['a negative timestamp', record({ timestamp: -1 }), 400, 'bad-timestamp'],
  ['a tombstone', { key: 'k', value: null }, 422, 'tombstone'],
  ['no value', { key: 'lobby' }, 422, 'schema'],
  ['a header name with CR LF', record({ headers: [{ name: 'a\r\nb', value: 'x' }] }), 400, 'bad-header'],
  ['an empty header name', record({ headers: { '': 'x' } }), 400, 'bad-header'],
  ['a numeric header value', record({ headers: [{ name: 'a', value: 5 }] }), 400, 'bad-header'],
  ['a reserved header', record({ headers: [{ name: 'KP-id', value: 'x' }] }), 422, 'reserved-header'],
  ['a key that differs from the contract’s', record({ key: 'other' }), 422, 'key-mismatch'],
  ['a key that is an object', record({ key: {} }), 422, 'key-type'],
  ['an empty key', { key: '', value: { room: '', user: 'a', text: 'b' } }, 422, 'schema'],
  ['__proto__ in the record', '{"__proto__":{"x":1},"value":{"room":"a","user":"b","text":"c"}}', 400, 'unknown-field'],
  ['__proto__ in the value', '{"value":{"room":"a","user":"b","text":"c","__proto__":{"x":1}}}', 400, 'unknown-field'],
  ['an unknown field', record({ acks: 0 }), 400, 'unknown-field'],
  ['a repeated name in the value', '{"value":{"room":"a","user":"b","text":"c","text":"d"}}', 400, 'repeated-name'],
  ['a field twice', '{"value":{"room":"a","user":"b","text":"c"},"value":{}}', 400, 'repeated-name'],
  ['a header twice in an object', '{"headers":{"a":"1","\\u0061":"2"},"value":{}}', 400, 'repeated-name'],
  ['records twice', '{"records":[{"value":1}],"records":[{"value":2}]}', 400, 'repeated-name'],
  ['truncated JSON', '{"value":{"room":"lo', 400, 'bad-json'],
  ['an empty body', '', 400, 'bad-json'],
  ['a list', '[]', 400, 'bad-json'],
  ['deep nesting', `{"value":${'['.repeat(200)}${']'.repeat(200)}}`, 400, 'bad-json'],
  ['no records', { records: [] }, 422, 'empty'],
  ['too many records', { records: Array.from({ length: 501 }, () => chat()) }, 413, 'too-many-records'],
  ['6 MB', JSON.stringify(chat('x'.repeat(6_000_000))), 413, 'body-too-large'],
  [
    'a value over the limit',
    { value: { room: 'a', user: 'b', text: 'c', sentAt: 'x'.repeat(900_001) } },
    413,
    'record-too-large',
  ],
  ['another media type', chat(), 415, 'media-type', { 'content-type': 'text/plain' }],
  ['another charset', chat(), 415, 'media-type', { 'content-type': 'application/json; charset=latin1' }],
  ['a bad Idempotency-Key', chat(), 400, 'bad-header', { 'idempotency-key': 'with space' }],
]

for (const [name, body, status, code, headers] of REFUSALS) {
  test(`${name} is refused with ${status} ${code}; nothing is sent or stored`, async () => {
    const harness = httpHarness()
    const answer = await harness.post('chat', body, headers)

    assert.equal(answer.status, status)
    assert.equal(answer.body.code, code)
    assert.equal(answer.headers['content-type'], 'application/problem+json')
    assert.deepEqual(recordsOf(harness), [])
    assert.equal(harness.deadLetters.deadLetters.length, 0)
  })
}

const DETAILS: [name: string, body: object, detail: RegExp][] = [
  ['an empty id', { id: '', ...chat() }, /^id: expected 1 to 255 visible ASCII characters\.$/],
  [
    'an unknown field',
    { foo: 1, ...chat() },
    /^record: expected only id, key, value, headers, partition, timestamp\.$/,
  ],
  ['another key', { key: 'x', ...chat() }, /^key: expected the key at value:\/room, got another\.$/],
  ['a key of 1.5', { key: 1.5, ...chat() }, /^key: expected /],
  ['a partition too many', { partition: 99, ...chat() }, /^partition: expected below 3 for topic chat, got 99\.$/],
  ['headers of text', { headers: 'x', ...chat() }, /^headers: expected /],
  ['60 headers', { headers: Array(60).fill({ name: 'a', value: '' }), ...chat() }, /^headers: expected at most 50/],
  ['a tombstone', { key: 'k', value: null }, /does not allow tombstones\.$/],
]
for (const [name, body, detail] of DETAILS)
  test(`the answer says what is wrong with a record: ${name}`, async () => {
    const alone = await httpHarness().post('chat', body)
    assert.match(alone.body.records[0].detail, detail)
    const beside = await httpHarness().post('chat', { records: [chat(), body] })
    assert.equal(beside.status, 207)
    assert.match(beside.body.records[1].detail, detail)
  })

test('the message about an invalid request is understandable', async () => {
  const { body } = await httpHarness().post('chat', { records: [chat()], foo: 1 })
  assert.equal(body.detail, 'body: expected no field beside "records".')
  const latin = await httpHarness().post('chat', chat(), { 'content-type': 'application/json; charset=latin1' })
  assert.equal(latin.body.detail, 'content-type: expected application/json in UTF-8.')
})

test('the same record twice: the answer says to give each an id', async () => {
  const { body } = await httpHarness().post('chat', { records: [chat(), chat()] }, { 'idempotency-key': 'k' })
  assert.deepEqual([body.code, body.records.length], ['duplicate-record', 2])
  for (const { detail } of body.records) assert.match(detail, /give each its own id\.$/)
})

for (const [name, refused, status] of [
  ['of one status', [{ partition: -1 }, { foo: 1 }], 400],
  ['of several statuses', [{ partition: -1 }, { key: 'x' }], 422],
] as const)
  test(`records that are refused for different reasons ${name}: the answer has a code of its own`, async () => {
    const { status: got, body } = await httpHarness().post('chat', {
      records: refused.map(fields => ({ ...fields, ...chat() })),
    })
    assert.deepEqual([got, body.status, body.code], [status, status, 'records-refused'])
    assert.equal(body.type, 'urn:serverless-kafka-producer:problem:records-refused')
  })

test('bytes that are not UTF-8 are refused', async () => {
  const harness = httpHarness()
  const result = await harness.invoke(
    v2Event('POST', '/topics/chat', Buffer.from([0x7b, 0xff, 0x7d]), { 'content-type': 'application/json' }),
  )
  assert.equal(JSON.parse(result.body as string).code, 'not-utf8')
})

test('405 has the method of the route in Allow', async () => {
  const harness = httpHarness()
  for (const [method, path, allow] of [
    ['POST', '/health', 'GET, HEAD'],
    ['GET', '/topics/chat', 'POST'],
  ] as const) {
    const result = await harness.invoke(v2Event(method, path, Buffer.alloc(0), {}))
    assert.deepEqual([result.statusCode, (result.headers as Record<string, string>).allow], [405, allow], path)
    assert.equal(JSON.parse(result.body as string).detail, `method: expected ${allow}.`)
  }
})

test('behind an ALB every status has its reason phrase', () => {
  const statuses = [200, 202, 207, 500, 503, ...Object.values(INVALID_RECORD_STATUS), ...Object.values(REQUEST_STATUS)]
  for (const status of statuses) {
    const { statusDescription } = toHttpResult('alb', {}, { status, headers: {}, body: '' })
    assert.match(String(statusDescription), new RegExp(`^${status} (?!Unknown)[A-Z]`))
  }
  const { statusDescription } = toHttpResult('alb', {}, { status: 429, headers: {}, body: '' })
  assert.equal(statusDescription, '429 Too Many Requests')
})

test('a topic without a contract is 404 without a request to a broker; a wrong method is 405', async () => {
  const harness = httpHarness()
  assert.equal((await harness.post('nope', chat())).body.code, 'unknown-topic')
  assert.equal((await harness.post('%2e%2e', chat())).status, 404)
  const get = await harness.invoke(v2Event('GET', '/topics/chat', Buffer.alloc(0), {}))
  assert.equal(get.statusCode, 405)
  assert.equal(harness.client.produces, 0)
})

test('a refusal and its log line contain no payload, key or address', async () => {
  const harness = httpHarness()
  const { body } = await harness.post('chat', {
    value: { room: 'secret-room', user: 1, text: 'secret-text', 'secret-field': 1 },
  })

  assert.ok(!JSON.stringify(body).includes('secret'))
  assert.ok(!harness.logged.join().includes('secret'))
})

test('an invocation writes one log line with the counts per outcome', async () => {
  const harness = httpHarness()
  await harness.post('chat', { records: [chat(), chat(), { value: 5 }] })
  const lines = harness.logged
    .filter(line => line.startsWith('{'))
    .map(line => JSON.parse(line))
    .filter(({ message }) => message === 'invocation')

  assert.equal(lines.length, 1)
  assert.deepEqual(lines[0].outcomes, { delivered: 2, refused: 1 })
  assert.equal(lines[0].requestId, 'r-1')
})

test('the caller’s headers follow the standard ones in order, and traceparent is kept', async () => {
  const harness = httpHarness()
  const trace = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'
  const { status } = await harness.post(
    'chat',
    {
      ...chat(),
      headers: [
        { name: 'n', value: null },
        { name: 'b', base64: 'AP8=' },
      ],
    },
    { traceparent: trace },
  )
  assert.equal(status, 200)
  const headers = recordsOf(harness)[0]?.headers ?? []
  assert.deepEqual(
    headers.map(([name, value]) => [name, value?.toString('hex') ?? null]),
    [
      ['kp-id', Buffer.from('r-1').toString('hex')],
      ['kp-source', Buffer.from('http').toString('hex')],
      ['traceparent', Buffer.from(trace).toString('hex')],
      ['n', null],
      ['b', '00ff'],
    ],
  )
})

const EVENTS = [
  'apigw-v1-post',
  'apigw-v1-proxy',
  'apigw-v2-post',
  'apigw-v2-iam',
  'alb-base',
  'alb-multivalue-headers',
  'function-url',
  'function-url-base64-body',
] as const

test('samples of the four kinds of event are recognised, and answered in the form of each', async () => {
  const harness = httpHarness()
  for (const name of EVENTS) {
    const event = JSON.parse(readFileSync(new URL(`../events/${name}.json`, import.meta.url), 'utf8'))
    const kind = parseHttpEvent(event)?.kind
    assert.equal(kind, name.startsWith('alb') ? 'alb' : name.startsWith('apigw-v1') ? 'apigw-v1' : 'apigw-v2')
    const result = await harness.invoke(event)
    assert.equal(result.statusCode, 404)
    assert.equal('statusDescription' in result, kind === 'alb')
    assert.equal(
      'multiValueHeaders' in result,
      event.requestContext.elb !== undefined && event.multiValueHeaders !== undefined,
    )
  }
})

test('a record posted by each of the four kinds of event is delivered', async () => {
  for (const name of EVENTS) {
    const harness = httpHarness()
    const event = JSON.parse(readFileSync(new URL(`../events/${name}.json`, import.meta.url), 'utf8'))
    const headers = { 'Content-Type': 'application/json' }
    Object.assign(event, {
      body: JSON.stringify(chat()),
      isBase64Encoded: false,
      path: '/topics/chat',
      rawPath: '/topics/chat',
      httpMethod: 'POST',
    })
    if (event.headers) event.headers = headers
    if (event.multiValueHeaders) event.multiValueHeaders = { 'Content-Type': ['application/json'] }
    if (event.requestContext.http) event.requestContext.http.method = 'POST'
    const result = await harness.invoke(event)

    assert.equal(result.statusCode, 200, `${name}: ${result.body}`)
    assert.equal(recordsOf(harness).length, 1)
  }
})

test('a request whose time passed at the gateway becomes a dead letter at once; nothing is sent', async () => {
  const harness = httpHarness()
  const event = v2Event('POST', '/topics/chat', Buffer.from(JSON.stringify(chat())), {
    'content-type': 'application/json',
  })
  Object.assign(event.requestContext as object, { timeEpoch: Date.now() - 27_000 })
  const result = await harness.invoke(event)

  assert.equal(result.statusCode, 202)
  assert.equal(recordsOf(harness).length, 0)
})

test('any JSON as an event is no HTTP event and throws; any body gets an answer with a known status', async () => {
  const harness = httpHarness()
  await fc.assert(
    fc.asyncProperty(
      fc.json(),
      fc.oneof(
        fc.json(),
        fc.string(),
        fc.json().map(json => `{"value":${json}}`),
      ),
      async (event, body) => {
        await assert.rejects(harness.invoke(JSON.parse(event)), { code: 'bad-value' })
        const { statusCode } = await harness.invoke(
          v2Event('POST', '/topics/chat', Buffer.from(body), { 'content-type': 'application/json' }),
        )
        assert.ok([200, 400, 404, 413, 422].includes(statusCode as number), `status ${statusCode}`)
      },
    ),
    { numRuns: 300 },
  )
})

test('the source of a dead letter is the request, and the place of the record in it', async () => {
  const harness = httpHarness({ script: Array(9).fill('refuse') })
  const { status } = await harness.post('chat', { records: [chat('a'), { value: 5 }, chat('b')] })
  assert.equal(status, 207)
  const source = { trigger: 'http', id: 'r-1', function: 'test-function', arn: null, receiveCount: null }
  assert.deepEqual(
    harness.deadLetters.deadLetters.map(one => [one.recordId, one.source]),
    [0, 2].map(index => [`r-1:${index}`, { ...source, index }]),
  )
})

test('without an id of its gateway a request has that of the invocation, or a new one', async () => {
  const harness = httpHarness()
  const event = {
    httpMethod: 'POST',
    path: '/topics/chat',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(chat()),
    requestContext: { elb: {} },
  }
  const { body } = await harness.invoke(event)
  assert.equal(JSON.parse(body as string).requestId, 'aws-1')
  const { body: other } = (await harness.invokeIn({}, event)) as { body: string }
  assert.match(JSON.parse(other).requestId, /^[\da-f-]{36}$/)
})

test('an event that is no HTTP request is refused with what was expected, and logged with its code', async () => {
  const harness = httpHarness()
  await assert.rejects(harness.invoke({ Records: [] }), {
    name: 'KafkaProducerError',
    code: 'bad-value',
    message: 'event: expected an HTTP event of API Gateway, a function URL, a load balancer or VPC Lattice.',
  })
  const { requestId, outcomes, code } = JSON.parse(harness.logged.at(-1) ?? '{}')
  assert.deepEqual([requestId, outcomes, code], ['aws-1', { refusedRequests: 1 }, 'bad-value'])
})

test('a refused request is logged with its id and code', async () => {
  const harness = httpHarness()
  await harness.post('nope', chat())
  const { requestId, code } = JSON.parse(harness.logged.at(-1) ?? '{}')
  assert.deepEqual([requestId, code], ['r-1', 'unknown-topic'])
})

test('KAFKA_ON_FAILURE_HTTP=return: 503 with Retry-After instead of a dead letter', async () => {
  const harness = httpHarness({ script: ['refuse', 'refuse', 'refuse'], options: { onFailureHttp: 'return' } })
  const { status, body, headers } = await harness.post('chat', chat())
  assert.equal(status, 503)
  assert.equal(headers['retry-after'], '5')
  assert.equal(body.records[0].fate, 'returned')
  assert.equal(harness.deadLetters.deadLetters.length, 0)
})

test('requests beyond KAFKA_HTTP_MAX_CONCURRENCY get 429 with Retry-After; the others are delivered', async () => {
  const harness = httpHarness({ options: { httpMaxConcurrency: 3 } })
  const answers = await Promise.all(
    Array.from({ length: 5 }, (_, n) => harness.post('chat', n < 3 ? chat(`${n}`) : 'not { JSON')),
  )
  assert.deepEqual(
    answers.map(({ status }) => status),
    [200, 200, 200, 429, 429],
  )
  assert.equal(answers[3]?.headers['retry-after'], '1')
  assert.equal(answers[3]?.body.code, 'too-many-requests')
  assert.equal(recordsOf(harness).length, 3)
  assert.equal((await harness.post('chat', chat('after'))).status, 200)
})
