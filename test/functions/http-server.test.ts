// The server that runs the HTTP function in a container.
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { HttpServer, type HttpServerOptions } from '../../functions/http/http-server.ts'
import { until } from '../support/time.ts'

const OK = { statusCode: 200, headers: { 'content-type': 'application/json' }, body: '{}' }

async function start(t: TestContext, options: Partial<HttpServerOptions> = {}) {
  const events: Record<string, unknown>[] = []
  const errors: unknown[] = []
  const server = new HttpServer({
    handler: async event => {
      events.push(event as Record<string, unknown>)
      return OK
    },
    maxConcurrency: 2,
    deadlineMs: 5000,
    onError: error => void errors.push(error),
    ...options,
  })
  const port = await server.listen(0, '127.0.0.1')
  t.after(() => server.drain(0))
  const url = `http://127.0.0.1:${port}`
  const post = (body: string | Uint8Array<ArrayBuffer>, path = '/topics/chat') =>
    fetch(url + path, { method: 'POST', body, headers: { 'content-type': 'application/json' } })
  return { server, url, post, events, errors }
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

test('a body over 10 MB gets 413, and nothing reaches the function', async t => {
  const { post, events } = await start(t)
  const status = await post(new Uint8Array(10 * 1024 * 1024 + 1)).then(
    answer => answer.status,
    () => 'the connection ended while the client was sending',
  )
  assert.ok(status === 413 || typeof status === 'string', `${status}`)
  assert.deepEqual(events, [])
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
