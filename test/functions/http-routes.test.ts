// Which route a request is for, the event that Node's server makes of it, and how large an answer may be.
import assert from 'node:assert/strict'
import type { IncomingMessage } from 'node:http'
import { test } from 'node:test'
import { ReasonBudget } from '../../functions/http/dialects/native/answer-size.ts'
import { toErrorResponse, toFailureResponse, toResponse } from '../../functions/http/dialects/native/to-response.ts'
import { httpApiAnswer, httpApiEvent } from '../../functions/http/http-api-event.ts'
import { RequestError } from '../../functions/http/request-error.ts'
import { RequestLimit } from '../../functions/http/request-limit.ts'
import { allowedMethods, matchRoute, ROUTES } from '../../functions/http/routes.ts'
import type { RecordFate } from '../../lib/delivery/record-fate.ts'
import type { HttpRequest } from '../../lib/lambda/http-event.ts'

const request = (fields: Partial<HttpRequest> = {}): HttpRequest => ({
  kind: 'apigw-v2',
  method: 'POST',
  path: '/topics/chat',
  routePath: undefined,
  pathParameters: {},
  stage: undefined,
  headers: {},
  body: '',
  requestId: 'r-1',
  principal: undefined,
  ...fields,
})

test('the routes are those of the dialect and the health check', () => {
  assert.deepEqual(ROUTES, [
    { method: 'POST', path: '/topics/{topic}' },
    { method: 'GET', path: '/health' },
  ])
})

test('a path without a route, and a method without one, say what is expected', () => {
  assert.throws(() => matchRoute(request({ path: '/nothing' }), ''), {
    code: 'unknown-topic',
    status: 404,
    message: 'path: expected /topics/{topic} or /health.',
  })
  assert.throws(() => matchRoute(request({ method: 'PUT' }), ''), {
    code: 'method',
    status: 405,
    message: 'method: expected POST.',
    headers: { allow: 'POST' },
  })
  assert.equal(allowedMethods(request({ path: '/health/' }), ''), 'GET, HEAD')
  assert.equal(allowedMethods(request({ path: '/v1/topics/a' }), '/v1/'), 'POST')
  const { dialect, parameters } = matchRoute(request({ path: '/health', method: 'HEAD' }), '')
  assert.deepEqual([dialect, { ...parameters }], [undefined, {}])
})

test('the base path and the stage are before the route, in either order of their removal', () => {
  const parameterOf = (fields: Partial<HttpRequest>, basePath = '') =>
    matchRoute(request(fields), basePath).parameters.topic
  assert.equal(parameterOf({ path: '/prod/events/topics/chat', stage: 'prod' }, '/events'), 'chat')
  assert.equal(parameterOf({ path: '/events/topics/chat', stage: '$default' }, 'events'), 'chat')
  assert.equal(parameterOf({ path: '/v2/v1/topics/a', routePath: '/v1/topics/{topic}' }), 'a')
  assert.equal(parameterOf({ path: '/x/topics/a/', routePath: '/topics/{topic}', pathParameters: { topic: 'a' } }), 'a')
  assert.throws(() => parameterOf({ path: '/eventsx/topics/chat' }, '/events'), { code: 'unknown-topic' })
  assert.throws(() => parameterOf({ path: '/other', routePath: '/topics/{topic}', pathParameters: { topic: 'a' } }))
})

/** The topic of the path, or the code of its refusal. */
function topicOf(path: string, fields: Partial<HttpRequest> = {}, basePath = ''): unknown {
  try {
    return matchRoute(request({ path, ...fields }), basePath).parameters.topic
  } catch (error) {
    return (error as RequestError).code
  }
}

test('a path has exactly the segments of its route; one slash at its end does not count', () => {
  assert.equal(topicOf('/topics/chat/'), 'chat')
  for (const path of [
    '/topics',
    '/topics/',
    '/topics//',
    '/topics/chat//',
    '//topics/chat',
    'topics/chat',
    '/topics/a/b',
    '/topic/chat',
    '/',
    '',
  ])
    assert.equal(topicOf(path), 'unknown-topic', path)
  assert.equal(topicOf('/topics/__proto__'), '__proto__')
})

test('HEAD is the GET of a path, and no POST', () => {
  assert.throws(() => matchRoute(request({ method: 'HEAD' }), ''), { code: 'method', headers: { allow: 'POST' } })
  assert.throws(() => matchRoute(request({ method: 'POST', path: '/health' }), ''), {
    code: 'method',
    message: 'method: expected GET, HEAD.',
    headers: { allow: 'GET, HEAD' },
  })
  assert.deepEqual(matchRoute(request({ method: 'HEAD', path: '/health' }), '').route, {
    method: 'GET',
    path: '/health',
  })
  assert.throws(() => allowedMethods(request({ path: '/nothing' }), ''), { code: 'unknown-topic' })
})

test('the base path may have slashes around it; a path without it has a route too', () => {
  for (const basePath of ['events', '/events', '//events//', 'events/']) {
    assert.equal(topicOf('/events/topics/chat', {}, basePath), 'chat', basePath)
    assert.equal(topicOf('/topics/chat', {}, basePath), 'chat', basePath)
  }
  assert.equal(topicOf('/a/b/topics/chat', {}, '/a/b/'), 'chat')
  for (const basePath of ['', '/'])
    for (const path of ['/events/topics/chat', '/undefined/topics/chat'])
      assert.equal(topicOf(path, {}, basePath), 'unknown-topic')
  assert.equal(topicOf('/topics/topics/chat', {}, 'topics'), 'chat')
  assert.equal(topicOf('/a/events/topics/chat', {}, 'events'), 'unknown-topic')
})

test('the stage of an HTTP API may be before the path, except the default one', () => {
  assert.equal(topicOf('/prod/topics/chat', { stage: 'prod' }), 'chat')
  assert.equal(topicOf('/topics/chat', { stage: 'prod' }), 'chat')
  assert.equal(topicOf('/prod/events/topics/chat', { stage: 'prod' }, 'events'), 'chat')
  assert.equal(topicOf('/events/topics/chat', { stage: 'prod' }, 'events'), 'chat')
  assert.equal(topicOf('/prod/topics/chat', { stage: 'test' }), 'unknown-topic')
  assert.equal(topicOf('/$default/topics/chat', { stage: '$default' }), 'unknown-topic')
})

test('the route that the gateway names decides, wherever its path begins', () => {
  const routePath = '/v1/topics/{topic}'
  assert.equal(topicOf('/stage/v1/topics/chat/', { routePath, pathParameters: { topic: 'chat' } }), 'chat')
  // A gateway that gives no parameters names the route all the same.
  assert.equal(topicOf('/stage/v1/topics/chat/', { routePath }), 'chat')
  for (const topic of ['a/b', 'a%20b', 'other'])
    assert.equal(topicOf('/v1/topics/chat', { routePath, pathParameters: { topic } }), 'unknown-topic', topic)
  const health = matchRoute(request({ method: 'GET', path: '/v1/health', routePath: '/v1/health' }), '')
  assert.equal(health.dialect, undefined)
  assert.equal(topicOf('/topics/chat', { routePath: '/{proxy+}' }), 'chat')
  assert.equal(topicOf('/v1/topics/chat', { routePath: '/{proxy+}' }), 'unknown-topic')
})

const incoming = (fields: object): IncomingMessage =>
  ({ method: 'POST', url: '/a?b=1?c', headers: {}, socket: {}, ...fields }) as IncomingMessage
const eventOf = (fields: object, body = Buffer.from('')) =>
  httpApiEvent(incoming(fields), body, { requestId: 'r', timeEpoch: 0 })

test('a request of Node’s server is the event of an HTTP API', () => {
  const headers = { host: 'h', 'user-agent': 'u', 'set-cookie': ['a', 'b'], none: undefined }
  const socket = { remoteAddress: '10.0.0.1' }
  assert.deepEqual(eventOf({ headers, socket }, Buffer.from('{}')), {
    version: '2.0',
    routeKey: '$default',
    rawPath: '/a',
    rawQueryString: 'b=1?c',
    headers: { host: 'h', 'user-agent': 'u', 'set-cookie': 'a,b', none: '' },
    requestContext: {
      accountId: '000000000000',
      apiId: 'local',
      domainName: 'h',
      domainPrefix: 'local',
      http: { method: 'POST', path: '/a', protocol: 'HTTP/1.1', sourceIp: '10.0.0.1', userAgent: 'u' },
      requestId: 'r',
      routeKey: '$default',
      stage: '$default',
      time: 'Thu, 01 Jan 1970 00:00:00 GMT',
      timeEpoch: 0,
    },
    body: 'e30=',
    isBase64Encoded: true,
  })
  const bare = eventOf({ method: undefined, url: undefined })
  assert.deepEqual(
    [bare?.rawPath, bare?.rawQueryString, bare?.isBase64Encoded, 'body' in (bare ?? {})],
    ['/', '', false, false],
  )
  assert.ok(bare)
  const { domainName, http } = bare.requestContext as { domainName: string; http: object }
  assert.deepEqual(
    [domainName, http],
    ['localhost', { method: 'GET', path: '/', protocol: 'HTTP/1.1', sourceIp: '127.0.0.1', userAgent: '' }],
  )
  assert.equal(eventOf({ url: '*' }), undefined)
  assert.equal(eventOf({ url: 'http://h/a' }), undefined)
})

test('a body of a text type is text, if it is UTF-8; any other is base64', () => {
  const bodyOf = (type: string, body = Buffer.from('é')) => {
    const event = eventOf({ headers: { 'content-type': type } }, body)
    return [event?.body, event?.isBase64Encoded]
  }
  for (const type of ['text/plain', 'application/json', 'application/javascript', 'application/xml; charset=utf-8'])
    assert.deepEqual(bodyOf(type), ['é', false], type)
  for (const type of ['application/problem+json', 'application/atom+xml']) assert.deepEqual(bodyOf(type), ['é', false])
  for (const type of ['application/octet-stream', 'image/png', 'x-text/plain', ''])
    assert.deepEqual(bodyOf(type), ['w6k=', true], type)
  assert.deepEqual(bodyOf('text/plain', Buffer.from([0xff])), ['/w==', true])
})

test('what the function leaves out of its result is an empty answer with 200', () => {
  assert.deepEqual(httpApiAnswer({}), { status: 200, headers: {}, body: '' })
  const result = { statusCode: 204, headers: { a: 'b' }, body: 'c' }
  assert.deepEqual(httpApiAnswer(result), { status: 204, headers: { a: 'b' }, body: 'c' })
})

test('the limit counts requests until their work ends, also when it fails', async () => {
  const limit = new RequestLimit()
  const refused = {
    code: 'too-many-requests',
    status: 429,
    message: 'expected no more requests at once than 1 (KAFKA_HTTP_MAX_CONCURRENCY); nothing was stored.',
    headers: { 'retry-after': '1' },
  }
  let end: (value: string) => void = () => {}
  const first = limit.run(1, () => new Promise<string>(resolve => (end = resolve)))
  assert.throws(() => limit.check(1), refused)
  await assert.rejects(
    limit.run(1, async () => 'second'),
    refused,
  )
  limit.check(2)
  end('first')
  assert.equal(await first, 'first')
  await assert.rejects(
    limit.run(1, () => Promise.reject(new Error('broken'))),
    { message: 'broken' },
  )
  assert.equal(await limit.run(1, async () => 'third'), 'third')
})

const delivered: RecordFate = {
  fate: 'delivered',
  metadata: { topic: 't', partition: 1, offset: 7n, timestamp: 5 },
} as unknown as RecordFate
const refusal = (code: string): RecordFate =>
  ({ fate: 'refused', code, detail: 'd', violations: [], truncated: false }) as unknown as RecordFate
const deadLettered = {
  fate: 'dead-lettered',
  outcome: 'not-sent',
  code: 'unreachable',
  location: 'disk:secret',
  deadLetterId: 'd',
} as unknown as RecordFate
const returned = { fate: 'returned', outcome: 'unknown', code: 'timeout' } as unknown as RecordFate

const answerTo = (...fates: readonly RecordFate[]) => {
  const { status, headers, body } = toResponse(
    fates.map((fate, index) => ({ id: `i-${index}`, fate })),
    request(),
    'r-1',
  )
  return { status, headers, body: JSON.parse(body) }
}

test('the status says what became of the records', () => {
  for (const [fates, status] of [
    [[delivered, delivered], 200],
    [[deadLettered], 202],
    [[delivered, deadLettered], 202],
    [[delivered, refusal('schema')], 207],
    [[deadLettered, refusal('schema')], 207],
    [[refusal('schema'), refusal('schema')], 422],
    [[refusal('bad-json'), refusal('not-utf8')], 400],
    [[refusal('bad-json'), refusal('schema')], 422],
    [[refusal('record-too-large')], 413],
    [[refusal('unknown-topic')], 404],
    [[delivered, refusal('schema'), returned], 503],
  ] as const)
    assert.equal(answerTo(...fates).status, status)
})

test('each record of an answer has what its caller needs, and no place of a dead letter', () => {
  const { body } = answerTo(delivered, deadLettered, refusal('schema'))
  assert.deepEqual(body, {
    requestId: 'r-1',
    records: [
      { index: 0, id: 'i-0', fate: 'delivered', topic: 't', partition: 1, offset: 7, timestamp: 5 },
      { index: 1, id: 'i-1', fate: 'dead-lettered', outcome: 'not-sent', code: 'unreachable', deadLetterId: 'd' },
      { index: 2, id: 'i-2', fate: 'refused', status: 422, code: 'schema', detail: 'd' },
    ],
  })
})

test('an answer of records that were not acknowledged says how many to send again, and when', () => {
  const inDoubt = 'Records with outcome unknown may have been stored.'
  const one = answerTo(delivered, returned)
  assert.equal(one.headers['retry-after'], '5')
  assert.deepEqual(
    [one.body.code, one.body.title, one.body.detail],
    ['unavailable', 'Not acknowledged', `1 of 2 records was not acknowledged; retry it. ${inDoubt}`],
  )
  assert.deepEqual(one.body.records[1], { index: 1, id: 'i-1', fate: 'returned', outcome: 'unknown', code: 'timeout' })
  assert.equal(answerTo(returned, returned).body.detail, `2 of 2 records were not acknowledged; retry them. ${inDoubt}`)
  const notSent = { ...returned, outcome: 'not-sent' } as RecordFate
  assert.equal(answerTo(notSent).body.detail, '1 of 1 records was not acknowledged; retry it.')
})

test('an answer of refused records has their common code, or one for several', () => {
  const { headers, body } = answerTo(refusal('schema'), refusal('schema'))
  assert.deepEqual(headers, { 'content-type': 'application/problem+json' })
  assert.deepEqual(
    [body.type, body.title, body.status, body.code, body.detail, body.requestId, body.records.length],
    [
      'urn:serverless-kafka-producer:problem:schema',
      'Refused',
      422,
      'schema',
      '2 of 2 records refused; nothing was stored.',
      'r-1',
      2,
    ],
  )
  assert.equal(answerTo(refusal('schema'), refusal('tombstone')).body.code, 'records-refused')
})

test('the reasons of refused records are cut to what the answer has room for, as long as one is refused', () => {
  const long = { ...refusal('schema'), detail: 'x'.repeat(201) } as RecordFate
  for (const fates of [[long], [long, long], [delivered, long], [returned, long]])
    assert.equal(answerTo(...fates).body.records.at(-1).detail, `${'x'.repeat(199)}…`)
})

test('a refused record has its violations if there are any; a delivered one may have no offset', () => {
  const violations = [{ pointer: '/value', rule: 'type', expected: 'string' }]
  const { body } = answerTo({ ...refusal('schema'), violations, truncated: true } as RecordFate)
  assert.deepEqual(body.records, [
    { index: 0, id: 'i-0', fate: 'refused', status: 422, code: 'schema', detail: 'd', violations, truncated: true },
  ])
  const withoutOffset = { fate: 'delivered', metadata: { topic: 't', partition: 1, offset: null, timestamp: 5 } }
  assert.equal(answerTo(withoutOffset as unknown as RecordFate).body.records[0].offset, null)
})

test('a request that an error has ended is answered with what is known of its records', () => {
  const failureOf = (...fates: readonly RecordFate[]) => {
    const answered = fates.map((fate, index) => ({ id: `i-${index}`, fate }))
    const { status, headers, body } = toFailureResponse(answered, request(), 'r-1')
    assert.deepEqual([status, headers], [500, { 'content-type': 'application/problem+json' }])
    return JSON.parse(body)
  }
  const problem = {
    type: 'urn:serverless-kafka-producer:problem:unavailable',
    title: 'Internal error',
    status: 500,
    code: 'unavailable',
    requestId: 'r-1',
  }
  assert.deepEqual(failureOf(), {
    ...problem,
    detail: 'An unexpected error ended the request before a record was sent; the log has its reason.',
  })
  const { detail, records } = failureOf(delivered, refusal('schema'), returned)
  assert.equal(
    detail,
    'An unexpected error ended the request; the log has its reason. Records with outcome unknown may have been stored.',
  )
  assert.deepEqual(records, answerTo(delivered, refusal('schema'), returned).body.records)
})

test('a refused request has its code, its message and its headers in the answer', () => {
  const error = new RequestError('method', 'method: expected POST.', { headers: { allow: 'POST' } })
  const { status, headers, body } = toErrorResponse(error, 'r-1')
  assert.deepEqual([status, headers], [405, { 'content-type': 'application/problem+json', allow: 'POST' }])
  const { code, title, detail, requestId } = JSON.parse(body)
  assert.deepEqual([code, title, detail, requestId], ['method', 'Refused', 'method: expected POST.', 'r-1'])
})

test('what is wrong with a record is cut to its share of the answer, and says so', () => {
  const budget = new ReasonBudget([{ id: 'i', topic: 't' }], 1, request(), 'r-1')
  const violation = { pointer: '/value', rule: 'type', expected: 'string' }
  const reasons = { detail: 'd', violations: [violation], truncated: false }
  assert.deepEqual(budget.take(reasons), reasons)
  const long = budget.take({
    detail: 'x'.repeat(201),
    violations: Array(21).fill({ ...violation, expected: 'y'.repeat(65) }),
    truncated: false,
  })
  assert.equal(long.detail, `${'x'.repeat(199)}…`)
  assert.deepEqual([long.violations.length, long.truncated], [20, true])
  assert.equal(long.violations[0]?.expected, `${'y'.repeat(63)}…`)
  assert.equal(budget.take({ ...reasons, truncated: true }).truncated, true)
  // Half of a surrogate pair is no text.
  assert.ok(budget.take({ ...reasons, detail: `${'x'.repeat(198)}😀${'x'.repeat(10)}` }).detail.isWellFormed())
})
