// What differs between gateways, load balancers and domains: paths, methods, encodings, clocks.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import { type HttpHarness, httpHarness, recordsOf, v2Event } from '../support/function-harness.ts'

const BODY = JSON.stringify({ value: { room: 'lobby', user: 'ada', text: 'hi' } })
const JSON_TYPE = { 'content-type': 'application/json' }

interface Result {
  readonly statusCode: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}
const invoke = async (harness: HttpHarness, event: unknown) => (await harness.invoke(event)) as unknown as Result

const v1 = (path: string, resource: string) => ({
  httpMethod: 'POST',
  path,
  resource,
  headers: JSON_TYPE,
  body: BODY,
  isBase64Encoded: false,
  requestContext: { requestId: 'r-1' },
})
const alb = (path: string) => ({
  httpMethod: 'POST',
  path,
  headers: JSON_TYPE,
  body: BODY,
  isBase64Encoded: false,
  requestContext: { elb: {} },
})
function v2(rawPath: string, { stage = '$default', routeKey = '$default', method = 'POST' } = {}) {
  const event = v2Event(method, rawPath, Buffer.from(BODY), JSON_TYPE)
  return { ...event, routeKey, requestContext: { ...(event.requestContext as object), stage } }
}

const REACHED: [name: string, event: unknown, httpBasePath?: string][] = [
  ['an HTTP API', v2('/topics/chat')],
  ['a stage in the path', v2('/prod/topics/chat', { stage: 'prod' })],
  ['a stage behind a custom domain', v2('/topics/chat', { stage: 'prod' })],
  ['a stage named as the route', v2('/topics/chat', { stage: 'topics' })],
  ['a custom domain, by the route', v2('/events/topics/chat', { routeKey: 'POST /topics/{topic}' })],
  ['a custom domain of a REST API, by the resource', v1('/events/v2/topics/chat', '/topics/{topic}')],
  ['a REST API with a base path in its resource', v1('/v1/topics/chat', '/v1/topics/{topic}')],
  ['a base path that the request does not have', v2('/topics/chat'), '/topics'],
  ['a custom domain, by the setting', v2('/events/topics/chat'), '/events'],
  ['a setting with other slashes', v2('/events/topics/chat'), 'events/'],
  ['a load balancer with a base path', alb('/events/topics/chat'), '/events'],
  ['a slash at the end', alb('/topics/chat/')],
  ['a REST API with a slash at the end', v1('/topics/chat/', '/topics/{topic}')],
]
for (const [name, event, httpBasePath] of REACHED)
  test(`${name}: the topic is found`, async () => {
    const harness = httpHarness({ options: httpBasePath === undefined ? {} : { httpBasePath } })
    assert.equal((await invoke(harness, event)).statusCode, 200)
    assert.equal(recordsOf(harness)[0]?.key, 'lobby')
  })

const NOT_REACHED = [
  '/events/topics/chat',
  '/topics',
  '/topics/',
  '/topics/a/b',
  '/topics/%63hat',
  '/topics/../topics/chat',
  '//topics/chat',
]
for (const path of NOT_REACHED)
  test(`${path}: 404`, async () => {
    const harness = httpHarness()
    const result = await invoke(harness, alb(path))
    assert.equal(result.statusCode, 404)
    assert.equal(JSON.parse(result.body).code, 'unknown-topic')
    assert.equal(recordsOf(harness).length, 0)
  })

test('a parameter with slashes or escapes names no topic, whatever the path ends in', async () => {
  for (const [rawPath, topic] of [
    ['/topics/earthquakes/topics/chat', 'earthquakes/topics/chat'],
    ['/topics/%63hat', 'chat'],
  ] as const) {
    const harness = httpHarness()
    const event = { ...v2(rawPath, { routeKey: 'POST /topics/{topic}' }), pathParameters: { topic } }
    assert.equal((await invoke(harness, event)).statusCode, 404, rawPath)
    assert.equal(recordsOf(harness).length, 0)
  }
})

test('HEAD and OPTIONS are answered without a body', async () => {
  const harness = httpHarness()
  const head = await invoke(harness, v2('/health', { method: 'HEAD' }))
  assert.deepEqual([head.statusCode, head.body], [200, ''])
  const options = await invoke(harness, v2('/topics/chat', { method: 'OPTIONS' }))
  assert.deepEqual([options.statusCode, options.headers.allow, options.body], [204, 'POST', ''])
  assert.equal((await invoke(harness, v2('/health', { method: 'OPTIONS' }))).headers.allow, 'GET, HEAD')
  assert.equal((await invoke(harness, v2('/nothing', { method: 'OPTIONS' }))).statusCode, 404)
})

function encoded(body: Buffer, encoding: string) {
  return v2Event('POST', '/topics/chat', body, { ...JSON_TYPE, 'content-encoding': encoding })
}

test('a gzip body is inflated, also if its gateway did so before and left the header', async () => {
  for (const body of [gzipSync(BODY), Buffer.from(BODY)]) {
    const harness = httpHarness()
    assert.equal((await invoke(harness, encoded(body, 'GZIP'))).statusCode, 200)
    assert.equal(recordsOf(harness).length, 1)
  }
})

test('a gzip body that is broken or too large, and another encoding, are refused', async () => {
  for (const [body, encoding, status, code] of [
    [gzipSync(BODY).subarray(0, 30), 'gzip', 400, 'bad-json'],
    [gzipSync(Buffer.alloc(50_000_000)), 'gzip', 413, 'body-too-large'],
    [brotliCompressSync(BODY), 'br', 415, 'media-type'],
  ] as const) {
    const result = await invoke(httpHarness(), encoded(body, encoding))
    assert.deepEqual([result.statusCode, JSON.parse(result.body).code], [status, code])
    if (status === 415) assert.equal(result.headers['accept-encoding'], 'gzip')
  }
})

test('bytes of gzip are not inflated without the header that says so', async () => {
  const result = await invoke(httpHarness(), v2Event('POST', '/topics/chat', gzipSync(BODY), JSON_TYPE))
  assert.deepEqual([result.statusCode, JSON.parse(result.body).code], [400, 'not-utf8'])
})

test('a gateway’s clock that can’t be true is ignored', async () => {
  const now = Date.now()
  for (const timeEpoch of [Math.floor(now / 1000), 0, 1_428_582_896_000, now + 3_600_000, -1, now - 200_000]) {
    const harness = httpHarness()
    const event = v2('/topics/chat')
    Object.assign(event.requestContext, { timeEpoch })
    assert.equal((await invoke(harness, event)).statusCode, 200, String(timeEpoch))
  }
})
