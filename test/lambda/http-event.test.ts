// What is read of the HTTP events of AWS, and the form in which each expects its answer.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseHttpEvent, toHttpResult } from '../../lib/lambda/http-event.ts'

const v1 = (fields: object = {}) => ({
  resource: '/topics/{topic}',
  path: '/prod/topics/chat',
  httpMethod: 'POST',
  pathParameters: { topic: 'chat' },
  requestContext: { requestId: 'r-1', stage: 'prod' },
  body: '{}',
  ...fields,
})
const v2 = ({ context, ...fields }: { readonly context?: object; readonly [name: string]: unknown } = {}) => ({
  version: '2.0',
  rawPath: '/prod/topics/chat',
  routeKey: 'POST /topics/{topic}',
  requestContext: { http: { method: 'POST' }, requestId: 'r-2', stage: 'prod', ...context },
  ...fields,
})
const alb = { httpMethod: 'GET', path: '/health', resource: '/ignored', requestContext: { elb: {} } }
const lattice = (fields: object = {}) => ({ raw_path: '/topics/chat?a=1', method: 'POST', ...fields })

test('method, path, route, stage and request id are read from each kind of event', () => {
  const facts = (event: unknown) => {
    const { kind, method, path, routePath, stage, requestId, pathParameters } = parseHttpEvent(event) ?? {}
    return [kind, method, path, routePath, stage, requestId, pathParameters]
  }
  const path = '/prod/topics/chat'
  assert.deepEqual(facts(v1()), ['apigw-v1', 'POST', path, '/topics/{topic}', undefined, 'r-1', { topic: 'chat' }])
  assert.deepEqual(facts(v2()), ['apigw-v2', 'POST', path, '/topics/{topic}', 'prod', 'r-2', {}])
  assert.deepEqual(facts(v2({ routeKey: '$default' })).slice(3, 4), [undefined])
  assert.deepEqual(facts(v2({ routeKey: 5, context: { stage: '' } })).slice(3, 5), [undefined, undefined])
  assert.deepEqual(facts(alb), ['alb', 'GET', '/health', undefined, undefined, undefined, {}])
  assert.deepEqual(facts(lattice()), ['lattice', 'POST', '/topics/chat', undefined, undefined, undefined, {}])
  const target = { targetGroupArn: 'arn:aws:vpc-lattice:…' }
  const second = { version: '2.0', path: '/topics/chat', method: 'GET', requestContext: target }
  assert.deepEqual(facts(second).slice(0, 3), ['lattice', 'GET', '/topics/chat'])
})

test('what lacks a field of its kind is no HTTP event', () => {
  const target = { targetGroupArn: 'arn:aws:vpc-lattice:…' }
  for (const event of [
    null,
    [v1()],
    {},
    v1({ resource: undefined }),
    v1({ path: undefined }),
    v1({ httpMethod: 5 }),
    { ...v2(), version: '1.0' },
    { ...v2(), rawPath: undefined },
    { ...v2(), requestContext: {} },
    { ...alb, path: 5 },
    lattice({ method: undefined }),
    lattice({ raw_path: 5 }),
    { version: '2.0', path: '/', method: 'GET', requestContext: {} },
    { version: '1.0', path: '/', method: 'GET', requestContext: target },
    { version: '2.0', path: '/', requestContext: target },
  ])
    assert.equal(parseHttpEvent(event), undefined, JSON.stringify(event))
})

test('a body is text, or bytes where its event says base64; a missing one is empty', () => {
  const body = (fields: object) => parseHttpEvent(v1(fields))?.body
  assert.equal(body({ body: 'text' }), 'text')
  assert.equal(body({ body: null }), '')
  assert.equal(body({ body: 'AP8=', isBase64Encoded: 'true' }), 'AP8=')
  assert.deepEqual(body({ body: 'AP8=', isBase64Encoded: true }), Buffer.from([0, 255]))
  assert.deepEqual(parseHttpEvent(lattice({ body: 'AP8=', is_base64_encoded: true }))?.body, Buffer.from([0, 255]))
})

test('names of headers are in lower case, values of several are joined, and others are left out', () => {
  const headers = { 'Content-Type': 'application/json', Number: 5, Nothing: null }
  const multiValueHeaders = { 'X-Several': ['a', 5, 'b'], 'CONTENT-TYPE': ['text/plain'] }
  assert.deepEqual(
    { ...parseHttpEvent(v1({ headers, multiValueHeaders }))?.headers },
    { 'content-type': 'text/plain', 'x-several': 'a,b' },
  )
  for (const none of [null, 'text', ['a']]) assert.deepEqual({ ...parseHttpEvent(v1({ headers: none }))?.headers }, {})
})

test('the principal is the one that the gateway authenticated, a role without its session', () => {
  const role = 'arn:aws:sts::1:assumed-role/shop'
  const session = `${role}/from/a/pipeline`
  const user = 'arn:aws:iam::1:user/ada'
  const token = { iss: 'https://issuer', sub: 'ada' }
  for (const [context, principal] of [
    [{ authorizer: { iam: { userArn: session } } }, role],
    [{ authorizer: { iam: { userArn: user } }, identity: { userArn: 'other' } }, user],
    [{ authorizer: { iam: {} }, identity: { userArn: session } }, role],
    [{ identity: { userArn: user } }, user],
    [{ authorizer: { jwt: { claims: token } } }, 'https://issuer ada'],
    [{ authorizer: { claims: token } }, 'https://issuer ada'],
    [{ authorizer: { jwt: { claims: token }, claims: { sub: 'other' } } }, 'https://issuer ada'],
    [{ authorizer: { jwt: {}, claims: token } }, 'https://issuer ada'],
    [{ authorizer: { claims: { sub: 'ada' } } }, ' ada'],
    [{ authorizer: { claims: { iss: 'https://issuer' } } }, undefined],
    [{ authorizer: { claims: { sub: '' }, lambda: { principalId: 'p' } } }, 'p'],
    [{ authorizer: { lambda: { principalId: 'p' } } }, 'p'],
    [{ authorizer: { lambda: { principalId: 5 } } }, '5'],
    [{ authorizer: { lambda: { principalId: {} } } }, undefined],
    [{ authorizer: { principalId: 'p', tenant: 'x' } }, 'p'],
    [{ authorizer: { principalId: 5 } }, '5'],
    [{ authorizer: { principalId: 'p' }, identity: { userArn: user } }, user],
    [{ authorizer: { principalId: 'other', claims: token } }, 'https://issuer ada'],
    [{ authorizer: { lambda: 'p' } }, undefined],
    [{ authorizer: 'p', identity: 'p' }, undefined],
    [{}, undefined],
  ] as const)
    assert.equal(parseHttpEvent(v2({ context }))?.principal, principal, JSON.stringify(context))
})

test('an answer has the fields that its kind of host expects', () => {
  const answer = { status: 429, headers: { 'retry-after': '1' }, body: 'b' }
  const common = { statusCode: 429, body: 'b', isBase64Encoded: false }
  const headers = { 'retry-after': '1' }
  for (const kind of ['apigw-v1', 'apigw-v2'] as const)
    assert.deepEqual(toHttpResult(kind, { multiValueHeaders: {} }, answer), { ...common, headers })
  const statusDescription = '429 Too Many Requests'
  for (const kind of ['alb', 'lattice'] as const) {
    assert.deepEqual(toHttpResult(kind, {}, answer), { ...common, headers, statusDescription })
    assert.deepEqual(toHttpResult(kind, { multiValueHeaders: {} }, answer), {
      ...common,
      multiValueHeaders: { 'retry-after': ['1'] },
      statusDescription,
    })
  }
})

test('a load balancer gets the reason phrase of each status', () => {
  const reasonOf = (status: number) => toHttpResult('alb', {}, { status, headers: {}, body: '' }).statusDescription
  assert.deepEqual([200, 202, 204, 207, 400, 404, 405, 408, 413, 415, 422, 429, 500, 503, 299].map(reasonOf), [
    '200 OK',
    '202 Accepted',
    '204 No Content',
    '207 Multi-Status',
    '400 Bad Request',
    '404 Not Found',
    '405 Method Not Allowed',
    '408 Request Timeout',
    '413 Content Too Large',
    '415 Unsupported Media Type',
    '422 Unprocessable Content',
    '429 Too Many Requests',
    '500 Internal Server Error',
    '503 Service Unavailable',
    '299 Unknown',
  ])
})
