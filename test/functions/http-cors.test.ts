// CORS: which pages may send records, and which may read the response
// (https://fetch.spec.whatwg.org/#http-cors-protocol).
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CORS, withCors } from '../../functions/http/cors.ts'
import { ROUTES } from '../../functions/http/routes.ts'
import { parseConfig } from '../../lib/config/parse-config.ts'
import { loadContracts } from '../../lib/contracts/load-contracts.ts'
import type { HttpAnswer } from '../../lib/lambda/http-event.ts'
import type { Json } from '../../scripts/template/cloudformation.ts'
import { deploymentOf } from '../../scripts/template/deployment.ts'
import { readOptions } from '../../scripts/template/options.ts'
import { oslsForm } from '../../scripts/template/osls-form.ts'
import { httpHarness, recordsOf, v2Event } from '../support/function-harness.ts'

const PAGE = 'https://app.example.com'
const BODY = Buffer.from(JSON.stringify({ value: { room: 'lobby', user: 'ada', text: 'hi' } }))
const PREFLIGHT = { 'access-control-request-method': 'POST', 'access-control-request-headers': 'content-type' }

interface Result {
  readonly statusCode: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

async function call(
  origins: string | undefined,
  headers: Record<string, string>,
  { method = 'POST', path = '/topics/chat', body = BODY } = {},
): Promise<Result> {
  const harness = httpHarness({ options: origins === undefined ? {} : { httpCorsOrigins: origins } })
  const event = v2Event(method, path, body, { 'content-type': 'application/json', ...headers })
  const result = (await harness.invoke(event)) as unknown as Result
  if (method === 'OPTIONS') assert.equal(recordsOf(harness).length, 0)
  return result
}

function corsOf({ headers }: Result): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => /^(access-control-.*|vary)$/.test(name)))
}

test('a preflight request of a listed origin gets methods, headers and how long they hold', async () => {
  for (const [path, methods] of [
    ['/topics/chat', 'POST'],
    ['/health', 'GET, HEAD'],
  ] as const) {
    const result = await call(
      `https://other.example,${PAGE}`,
      { origin: PAGE, ...PREFLIGHT },
      { method: 'OPTIONS', path },
    )
    assert.deepEqual([result.statusCode, result.body], [204, ''])
    assert.deepEqual(corsOf(result), {
      'access-control-allow-origin': PAGE,
      'access-control-allow-methods': methods,
      'access-control-allow-headers': CORS.requestHeaders.join(', '),
      'access-control-max-age': '3600',
      vary: 'Origin',
    })
  }
})

test('a page of a listed origin may read every answer, also one that refuses its request', async () => {
  const allowed = {
    'access-control-allow-origin': PAGE,
    'access-control-expose-headers': 'accept-encoding, allow, retry-after',
    vary: 'Origin',
  }
  for (const [status, request] of [
    [200, {}],
    [400, { body: Buffer.from('{') }],
    [404, { path: '/topics/nothing' }],
    [405, { method: 'PUT' }],
    [422, { body: Buffer.from('{"value":{}}') }],
  ] as const) {
    const result = await call(PAGE, { origin: PAGE }, request)
    assert.equal(result.statusCode, status)
    assert.deepEqual(corsOf(result), allowed, String(status))
  }
})

test('only OPTIONS with the method of the real request is a preflight; other answers have what a page may read', () => {
  const answer = { status: 204, headers: { allow: 'POST', 'x-a': 'b' }, body: 'c' }
  const headersOf = (method: string | undefined, headers: object, of: HttpAnswer = answer) =>
    withCors(of, { method, headers: { origin: PAGE, ...headers } }, [PAGE]).headers
  const readable = {
    'access-control-allow-origin': PAGE,
    'access-control-expose-headers': 'accept-encoding, allow, retry-after',
    vary: 'Origin',
  }
  for (const [method, headers] of [
    ['OPTIONS', {}],
    ['POST', PREFLIGHT],
    [undefined, PREFLIGHT],
  ] as const)
    assert.deepEqual(headersOf(method, headers), { ...answer.headers, ...readable })
  assert.equal(headersOf('OPTIONS', PREFLIGHT)['access-control-allow-methods'], 'POST')
  const unknown = { status: 404, headers: {}, body: '' }
  assert.equal(headersOf('OPTIONS', PREFLIGHT, unknown)['access-control-allow-methods'], '')
})

test('without origins an answer stays as it is; with them only its headers change', () => {
  const answer = { status: 200, headers: { 'x-a': 'b' }, body: 'c' }
  const request = { method: 'POST', headers: { origin: PAGE.toUpperCase() } }
  assert.equal(withCors(answer, request), answer)
  assert.equal(withCors(answer, request, []), answer)
  assert.deepEqual(withCors(answer, request, [PAGE]), {
    ...answer,
    headers: {
      'x-a': 'b',
      vary: 'Origin',
      'access-control-allow-origin': PAGE.toUpperCase(),
      'access-control-expose-headers': 'accept-encoding, allow, retry-after',
    },
  })
})

test('other origins get no permission, and caches learn that it depends on the origin', async () => {
  for (const headers of [
    { origin: 'https://evil.example' },
    { origin: `${PAGE}.evil.example` },
    { origin: 'null' },
    {},
  ])
    for (const method of ['POST', 'OPTIONS'])
      assert.deepEqual(corsOf(await call(PAGE, { ...headers, ...PREFLIGHT }, { method })), { vary: 'Origin' })
})

test('* allows every origin, never with credentials', async () => {
  for (const method of ['POST', 'OPTIONS']) {
    const cors = corsOf(await call('*', { origin: PAGE, ...PREFLIGHT }, { method }))
    assert.equal(cors['access-control-allow-origin'], '*')
    assert.equal(cors['access-control-allow-credentials'], undefined)
    assert.equal(cors.vary, undefined)
  }
})

test('without the setting no header says anything about origins, so that a gateway’s stand alone', async () => {
  for (const method of ['POST', 'OPTIONS'])
    assert.deepEqual(corsOf(await call(undefined, { origin: PAGE, ...PREFLIGHT }, { method })), {})
})

test('behind a load balancer with several values per header the permission has that form', async () => {
  const harness = httpHarness({ options: { httpCorsOrigins: PAGE } })
  const { multiValueHeaders } = await harness.invoke({
    httpMethod: 'OPTIONS',
    path: '/topics/chat',
    multiValueHeaders: { Origin: [PAGE], 'Access-Control-Request-Method': ['POST'] },
    requestContext: { elb: {} },
  })
  assert.deepEqual((multiValueHeaders as Record<string, unknown>)['access-control-allow-origin'], [PAGE])
})

test('origins are kept as browsers write them; what no browser sends is refused with its place', () => {
  const read = (origins: string) => parseConfig({ bootstrapServers: 'a:1,b:1', httpCorsOrigins: origins }, {})
  const { httpCorsOrigins } = read(`${PAGE}:443,http://a:80,https://bücher.example,chrome-extension://id,${PAGE}`)
  assert.deepEqual(httpCorsOrigins, [PAGE, 'http://a', 'https://xn--bcher-kva.example', 'chrome-extension://id'])
  for (const origin of ['https://user@a', 'https://user:secret@a', 'https://a:99999', 'https://a%b'])
    assert.throws(() => read(`${PAGE},${origin}`), { message: /, got another as entry 2\.$/ }, origin)
})

test('an origin with a path or a slash at the end, or * beside another, is a problem of the configuration', () => {
  for (const origins of [`${PAGE}/`, 'app.example.com', `*,${PAGE}`, 'https://*.example.com', ','])
    assert.throws(
      () => parseConfig({ bootstrapServers: 'a:1,b:1', httpCorsOrigins: origins }, {}),
      /KAFKA_HTTP_CORS_ORIGINS: expected \* alone, or origins/,
      origins,
    )
  const { httpCorsOrigins } = parseConfig(
    { bootstrapServers: 'a:1,b:1', httpCorsOrigins: [PAGE, 'HTTP://localhost:3000'] },
    {},
  )
  assert.deepEqual(httpCorsOrigins, [PAGE, 'http://localhost:3000'])
})

test('the template gives the origins to the HTTP API, and not to the function', async () => {
  const env = { KAFKA_BOOTSTRAP_SERVERS: 'a:1,b:1', KAFKA_HTTP_CORS_ORIGINS: `${PAGE}, http://localhost:3000` }
  const deployment = deploymentOf(await loadContracts(), env, readOptions([]))
  assert.deepEqual((oslsForm(deployment).httpApi as Json).cors, {
    allowedOrigins: [PAGE, 'http://localhost:3000'],
    allowedMethods: [...new Set(ROUTES.map(({ method }) => method))],
    allowedHeaders: CORS.requestHeaders,
    exposedResponseHeaders: CORS.responseHeaders,
    maxAge: CORS.maxAgeS,
  })
  for (const { environment } of deployment.functions) assert.equal(environment.KAFKA_HTTP_CORS_ORIGINS, undefined)
  const { KAFKA_HTTP_CORS_ORIGINS: _, ...without } = env
  assert.equal((oslsForm(deploymentOf(await loadContracts(), without, readOptions([]))).httpApi as Json).cors, false)
})
