// The server that runs the HTTP function in a container.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import { handleHttp } from '../../functions/http/handle-http.ts'
import { HttpServer, type HttpServerOptions } from '../../functions/http/http-server.ts'
import { systemClock } from '../../lib/time/clock.ts'
import { functionHarness, recordsOf } from '../support/function-harness.ts'
import { pause, until } from '../support/time.ts'

const OK = { statusCode: 200, headers: { 'content-type': 'application/json' }, body: '{}' }

async function start(t: TestContext, options: Partial<HttpServerOptions> = {}) {
  const events: Record<string, unknown>[] = []
  const errors: unknown[] = []
  const refused: string[] = []
  const server = new HttpServer({
    handler: async event => {
      events.push(event as Record<string, unknown>)
      return OK
    },
    maxConcurrency: 2,
    deadlineMs: 5000,
    onError: error => void errors.push(error),
    onRefused: (_, code) => void refused.push(code),
    ...options,
  })
  const port = await server.listen(0, '127.0.0.1')
  t.after(() => server.drain(0))
  const url = `http://127.0.0.1:${port}`
  const post = (body: string | Uint8Array<ArrayBuffer>, path = '/topics/chat') =>
    fetch(url + path, { method: 'POST', body, headers: { 'content-type': 'application/json' } })
  return { server, port, url, post, events, errors, refused }
}

/** A handler whose requests wait until the test lets them go. */
function held() {
  const waiting: (() => void)[] = []
  const handler = () => new Promise(resolve => waiting.push(() => resolve(OK)))
  return { waiting, handler, release: () => waiting.splice(0).forEach(go => void go()) }
}

test('a request reaches the function as the event of an HTTP API, with its bytes and a deadline', async t => {
  const left: number[] = []
  const events: Record<string, unknown>[] = []
  const { post } = await start(t, {
    handler: async (event, context) => {
      events.push(event as Record<string, unknown>)
      left.push(context.getRemainingTimeInMillis())
      return { statusCode: 202, headers: { 'x-id': 'a' }, body: 'ü' }
    },
  })
  const answer = await post('{"value":1.0}', '/topics/chat?x=1')
  assert.deepEqual([answer.status, answer.headers.get('x-id'), await answer.text()], [202, 'a', 'ü'])
  const { version, rawPath, rawQueryString, body, isBase64Encoded } = events[0] ?? {}
  assert.deepEqual(
    [version, rawPath, rawQueryString, body, isBase64Encoded],
    ['2.0', '/topics/chat', 'x=1', '{"value":1.0}', false],
  )
  assert.ok((left[0] ?? 0) > 0 && (left[0] ?? 0) <= 5000)
  await post(Uint8Array.of(0xff, 0xfe))
  assert.deepEqual([events[1]?.isBase64Encoded, events[1]?.body], [true, '//4='])
})

/** Writes bytes, and collects what comes back until the connection ends. */
function send(
  t: TestContext,
  port: number,
  ...parts: (string | Buffer)[]
): { socket: Socket; answer: Promise<string> } {
  const socket = connect(port, '127.0.0.1')
  t.after(() => socket.destroy())
  socket.on('error', () => {})
  for (const part of parts) socket.write(part)
  const chunks: Buffer[] = []
  socket.on('data', chunk => chunks.push(chunk))
  return { socket, answer: once(socket, 'close').then(() => Buffer.concat(chunks).toString('latin1')) }
}

const head = (path: string, bytes: number, more = '') =>
  `POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n${more}Content-Length: ${bytes}\r\n\r\n`
async function untilStatus(status: number, ask: () => Promise<Response>): Promise<void> {
  while ((await ask()).status !== status) await pause(10)
}
const statusOf = async ({ answer }: { answer: Promise<string> }) => Number((await answer).split(' ')[1])

test('one request more than the limit gets 429 before its body is read; probes are answered', async t => {
  const { waiting, handler, release } = held()
  const { post, url } = await start(t, { handler })
  const first = [post('1'), post('2')]
  await until(() => waiting.length === 2)
  const third = await post('3')
  assert.deepEqual([third.status, third.headers.get('retry-after')], [429, '1'])
  assert.equal((await fetch(`${url}/livez`)).status, 200)
  const ready = fetch(`${url}/readyz`)
  await until(() => waiting.length === 3)
  release()
  assert.equal((await ready).status, 200)
  assert.deepEqual(
    (await Promise.all(first)).map(({ status }) => status),
    [200, 200],
  )
})

test('a body over 5 MiB gets 413, known by its length or when it comes, and nothing reaches the function', async t => {
  const { port, events, refused } = await start(t)
  const announced = send(t, port, head('/topics/chat', 5 * 1024 * 1024 + 1, 'Expect: 100-continue\r\n'))
  assert.match(await announced.answer, /^HTTP\/1\.1 413 /)
  const chunked = 'POST /topics/chat HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n'
  const sent = send(t, port, chunked, '500001\r\n', Buffer.alloc(0x500001, ' '), '\r\n0\r\n\r\n')
  assert.equal(await statusOf(sent), 413)
  assert.deepEqual([events, refused], [[], ['body-too-large', 'body-too-large']])
})

test('a client that still sends a refused body sees the answer, not a reset', async t => {
  const { post } = await start(t)
  assert.equal((await post(new Uint8Array(11_000_000))).status, 413)
})

test('a probe in progress takes no place of a request, and the body of a probe is not read', async t => {
  const { waiting, handler, release } = held()
  const { post, url, port } = await start(t, { handler, maxConcurrency: 1 })
  const probes = [fetch(`${url}/readyz`), fetch(`${url}/health`)]
  await until(() => waiting.length === 2)
  const sent = post('1')
  await until(() => waiting.length === 3)
  release()
  assert.deepEqual(
    (await Promise.all([...probes, sent])).map(({ status }) => status),
    [200, 200, 200],
  )
  assert.equal(await statusOf(send(t, port, head('/readyz', 1e9))), 405)
})

test('bodies that come slowly take no place of a request, are at most the limit, and end with 408', async t => {
  const { post, port, refused } = await start(t, { maxConcurrency: 1, bodyMs: 500 })
  const first = send(t, port, head('/health', 100), '{')
  const second = untilStatus(200, () => post('1'))
  assert.equal(await statusOf(first), 408)
  await second
  const alone = send(t, port, head('/topics/chat', 100), '{')
  assert.equal(await statusOf(alone), 408)
  assert.deepEqual([...new Set(refused)].sort(), ['request-timeout', 'too-many-requests'])
})

test('a client that goes away while it sends leaves its place, and is no error', async t => {
  const { post, port, errors } = await start(t, { maxConcurrency: 1, bodyMs: 60_000 })
  const { socket, answer } = send(t, port, head('/topics/chat', 100), '{')
  await untilStatus(429, () => post('1'))
  socket.destroy()
  await answer
  await untilStatus(200, () => post('1'))
  assert.deepEqual(errors, [])
})

test('the answers of the server itself are logged, and a page of a listed origin may read them', async t => {
  const { waiting, handler, release } = held()
  const origin = 'https://app.example.com'
  const { url, post, refused } = await start(t, { handler, maxConcurrency: 1, corsOrigins: [origin] })
  const first = post('1')
  await until(() => waiting.length === 1)
  const second = await fetch(`${url}/topics/chat`, { method: 'POST', body: '2', headers: { origin } })
  assert.deepEqual(
    ['access-control-allow-origin', 'vary', 'retry-after'].map(name => second.headers.get(name)),
    [origin, 'Origin', '1'],
  )
  assert.deepEqual([second.status, refused], [429, ['too-many-requests']])
  const preflight = fetch(`${url}/topics/chat`, { method: 'OPTIONS', headers: { origin } })
  await until(() => waiting.length === 2)
  release()
  assert.deepEqual([(await preflight).status, (await first).status], [200, 200])
})

for (const path of [
  '/topics/chat/../chat',
  '/topics/x/%2e%2e/chat',
  '/%2e/topics/chat',
  '//host/topics/chat',
  'http://host/topics/chat',
  '/topics/chat#/x',
])
  test(`the path ${path} is taken as it came: 404`, async t => {
    const harness = functionHarness(handleHttp)
    const { port } = await start(t, {
      deadlineMs: 29_000,
      handler: (event, context) => harness.invokeIn(context, event),
    })
    const value = JSON.stringify({ value: { room: 'lobby', user: 'ada', text: 'hi' } })
    const closes = 'Connection: close\r\n'
    assert.equal(await statusOf(send(t, port, head('/topics/chat', value.length, closes), value)), 200)
    assert.equal(await statusOf(send(t, port, head(path, value.length, closes), value)), 404)
    assert.equal(recordsOf(harness).length, 1)
  })

test('an error of the function is reported, and the client gets 500 without it', async t => {
  const { post, errors } = await start(t, { handler: () => Promise.reject(new Error('secret')) })
  const answer = await post('1')
  assert.deepEqual([answer.status, await answer.text()], [500, '{"message":"Internal Server Error"}'])
  assert.equal(errors.length, 1)
})

test('a drain reports not ready, takes requests for the delay, and waits for those in progress', async t => {
  const { waiting, handler, release } = held()
  const { server, post, url } = await start(t, { handler })
  const before = post('1')
  await until(() => waiting.length === 1)
  let isDrained = false
  const drained = server.drain(3000).then(() => {
    isDrained = true
  })
  assert.equal((await fetch(`${url}/readyz`)).status, 503)
  const during = post('2')
  await until(() => waiting.length === 2)
  await assert.rejects(async () => {
    for (;;) await fetch(`${url}/livez`)
  })
  assert.equal(isDrained, false)
  release()
  const answers = await Promise.all([before, during])
  assert.deepEqual(
    answers.map(({ status }) => status),
    [200, 200],
  )
  assert.equal(answers[1]?.headers.get('connection'), 'close')
  await drained
})

test('a drain waits until an answer is written that its client reads slowly', async t => {
  const body = 'x'.repeat(20_000_000)
  const { server, port, events } = await start(t, {
    handler: async event => {
      events.push(event as Record<string, unknown>)
      return { ...OK, body }
    },
  })
  const { socket, answer } = send(t, port, head('/topics/chat', 1), '1')
  socket.pause()
  await until(() => events.length === 1)
  let isDrained = false
  const drained = server.drain(0).then(() => {
    isDrained = true
  })
  // Every timer of a drain that does not wait has run after these.
  for (let turn = 0; turn < 20; turn++) await pause(10)
  assert.equal(isDrained, false)
  socket.resume()
  const text = await answer
  assert.equal(text.slice(text.indexOf('\r\n\r\n')).replaceAll(/[^x]/g, '').length, body.length)
  await drained
})

test('during a drain the probe is not ready, with a slash at its end too', async t => {
  const { server, url } = await start(t)
  const drained = server.drain(200)
  assert.equal((await fetch(`${url}/readyz/`)).status, 503)
  await drained
})

test('probes are answered without the function, with a slash or a query at their end too', async t => {
  const { server, url, port, events, refused } = await start(t)
  for (const path of ['/livez', '/livez/', '/livez?a=/b?c'])
    for (const method of ['GET', 'HEAD']) {
      const answer = await fetch(url + path, { method })
      assert.deepEqual([answer.status, await answer.text()], [200, method === 'GET' ? 'ok\n' : ''])
    }
  assert.deepEqual(events, [])
  for (const path of ['/livez', '/readyz']) {
    const answer = await fetch(url + path, { method: 'POST', body: 'x' })
    assert.deepEqual(
      [answer.status, answer.headers.get('allow'), answer.headers.get('connection')],
      [405, 'GET, HEAD', 'close'],
    )
    const { code, detail } = (await answer.json()) as { code: string; detail: string }
    assert.deepEqual([code, detail], ['method', 'method: expected GET, HEAD.'])
  }
  assert.deepEqual([events, refused], [[], ['method', 'method']])
  const target = send(t, port, 'OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n')
  const text = await target.answer
  assert.match(text, /^HTTP\/1\.1 404 /)
  assert.match(text, /"path: expected a target that begins with a slash\."/)
  const drained = server.drain(100)
  const answer = await fetch(`${url}/readyz`)
  assert.deepEqual([answer.status, await answer.text()], [503, 'draining\n'])
  assert.equal((await fetch(`${url}/livez`)).status, 200)
  await drained
})

test('a readiness probe asks the function for its health; its other requests keep their path', async t => {
  const { url, events } = await start(t)
  for (const path of ['/readyz', '/readyz/?a=1', '/health', '/other?b=2']) await fetch(url + path)
  assert.deepEqual(
    events.map(({ rawPath, rawQueryString }) => [rawPath, rawQueryString]),
    [
      ['/health', ''],
      ['/health', ''],
      ['/health', ''],
      ['/other', 'b=2'],
    ],
  )
})

test('only the body of a POST is read; the event has the time at which the request came', async t => {
  const { url, post, events } = await start(t)
  const before = Date.now()
  await fetch(`${url}/topics/chat`, { method: 'PUT', body: 'x' })
  await post('y')
  assert.deepEqual(
    events.map(event => event.body),
    [undefined, 'y'],
  )
  for (const { requestContext } of events) {
    const { timeEpoch } = requestContext as { timeEpoch: number }
    assert.ok(timeEpoch >= before && timeEpoch <= Date.now())
  }
})

test('a client that asks whether to send its body gets 100 Continue', async t => {
  const { port, events } = await start(t)
  const expecting = head('/topics/chat', 1, 'Expect: 100-continue\r\nConnection: close\r\n')
  const { socket, answer } = send(t, port, expecting)
  await once(socket, 'data')
  assert.equal(events.length, 0)
  socket.write('1')
  assert.match(await answer, /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 OK\r\n/)
  assert.equal(events[0]?.body, '1')
})

test('a connection stays open longer than a load balancer keeps it', async t => {
  const { url } = await start(t)
  assert.equal((await fetch(`${url}/livez`)).headers.get('keep-alive'), 'timeout=65')
})

test('a refusal has the id of the request that is logged, and its length in bytes', async t => {
  const ids: string[] = []
  const { port } = await start(t, { onRefused: requestId => void ids.push(requestId) })
  const text = await send(t, port, head('/topics/chat', 5 * 1024 * 1024 + 1)).answer
  const [headers = '', body = ''] = text.split('\r\n\r\n')
  assert.match(headers, new RegExp(`\r\ncontent-length: ${body.length}\r\n`, 'i'))
  assert.match(headers, /\r\nconnection: close\r\n/i)
  const { requestId, detail } = JSON.parse(body)
  assert.deepEqual([[requestId], detail], [ids, 'body: expected at most 5242880 bytes.'])
  assert.match(requestId, /^[\da-f]{8}-/)
})

test('by default a body has 20 s', async t => {
  let now = 1000
  t.mock.method(systemClock, 'now', () => now)
  const { port } = await start(t, { maxConcurrency: 1 })
  const slow = send(t, port, head('/topics/chat', 100), '{')
  // The second body takes the place of the first one, as soon as that had a tenth of its time.
  const next = async () => statusOf(send(t, port, head('/topics/chat', 1, 'Connection: close\r\n'), '1'))
  while ((await next()) !== 429);
  now += 2000
  assert.equal(await next(), 200)
  assert.match(await slow.answer, /408 .*expected all of it within 20000 ms, or sooner while others wait/s)
})

test('the error of the function is answered as JSON, and its connection ends', async t => {
  const failure = new Error('secret')
  const { post, errors } = await start(t, { handler: () => Promise.reject(failure) })
  const { headers } = await post('1')
  assert.deepEqual([headers.get('content-type'), headers.get('connection')], ['application/json', 'close'])
  assert.deepEqual(errors, [failure])
})

test('a port that is in use is an error of the start', async t => {
  const { port } = await start(t)
  const second = new HttpServer({
    handler: async () => OK,
    maxConcurrency: 1,
    deadlineMs: 1,
    onError: () => assert.fail(),
    onRefused: () => assert.fail(),
  })
  await assert.rejects(second.listen(port, '127.0.0.1'), { code: 'EADDRINUSE' })
})

test('a drain ends when the deadline of the requests has passed', async t => {
  const { waiting, handler } = held()
  const { server, post } = await start(t, { handler, deadlineMs: 100 })
  const lost = assert.rejects(post('1'))
  await until(() => waiting.length === 1)
  await server.drain(0)
  await lost
})
