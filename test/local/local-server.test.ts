// The servers of the local stack: a page of another site can't use them, and no request ends the process.
import assert from 'node:assert/strict'
import { type IncomingHttpHeaders, request } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { after, before, test } from 'node:test'
import { type LocalBus, startBus } from '../../local/eventbridge/bus.ts'
import { startGateway } from '../../local/gateway.ts'
import { contractsOf } from '../support/contracts.ts'

const contracts = contractsOf([
  { topic: 't', json: { from: { eventbridge: [{ source: ['shop'] }] } } as Record<string, unknown> },
])
const events: Record<string, unknown>[] = []
const errors: unknown[] = []
const onError = (error: unknown) => void errors.push(error)
const invoke = async (event: unknown) => {
  events.push(event as Record<string, unknown>)
  return { statusCode: 202 }
}
let bus: LocalBus
let gateway: Awaited<ReturnType<typeof startGateway>>
before(async () => {
  bus = await startBus({ port: 0, contracts: () => contracts, invoke, onError, onExhausted: async () => {} })
  gateway = await startGateway(0, invoke, onError)
})
after(() => {
  for (const server of [bus.server, gateway]) {
    server.close()
    server.closeAllConnections()
  }
})

const portOf = (server: { address(): unknown }) => (server.address() as AddressInfo).port

interface Answer {
  readonly status: number
  readonly body: string
}

/** Unlike with fetch, any Host and Origin can be set here. */
function send(port: number, headers: IncomingHttpHeaders, body: string, path = '/', method = 'POST'): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ host: '127.0.0.1', port, method, path, headers }, response => {
      const chunks: Buffer[] = []
      response.on('data', chunk => chunks.push(chunk))
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString('utf8') }),
      )
    })
    outgoing.on('error', reject)
    outgoing.end(body)
  })
}

const put = (entries: unknown, headers: IncomingHttpHeaders = {}) =>
  send(portOf(bus.server), headers, JSON.stringify({ Entries: entries }))
const entry = { Source: 'shop', DetailType: 'Order', Detail: '{"id":1}' }

/** Headers of a request, with the port of the server in place of PORT; whether it is served. */
const SENDERS: readonly [name: string, headers: IncomingHttpHeaders, isServed: boolean][] = [
  ['no Origin, as curl and the AWS SDK send it', { host: '127.0.0.1:PORT' }, true],
  ['localhost', { host: 'localhost:PORT' }, true],
  ['upper case', { host: 'LOCALHOST:PORT' }, true],
  ['IPv6', { host: '[::1]:PORT' }, true],
  ['its own origin', { origin: 'http://127.0.0.1:PORT', 'sec-fetch-site': 'same-origin' }, true],
  ['another site', { origin: 'https://evil.example', 'content-type': 'text/plain' }, false],
  ['a sandboxed frame', { origin: 'null' }, false],
  ['another port of this machine', { origin: 'http://127.0.0.1:1' }, false],
  ['an image or a form by GET, without Origin', { 'sec-fetch-site': 'cross-site' }, false],
  ['DNS rebinding', { host: 'evil.example:PORT' }, false],
  ['a name that begins like ours', { host: '127.0.0.1.evil.example:PORT' }, false],
  ['a user before the host', { host: '127.0.0.1:PORT@evil.example' }, false],
  ['no port', { host: '127.0.0.1' }, false],
]

for (const [name, headers, isServed] of SENDERS)
  test(`${isServed ? 'served' : 'refused'}: ${name}`, async () => {
    for (const server of [bus.server, gateway]) {
      const port = portOf(server)
      const own = Object.fromEntries(
        Object.entries(headers).map(([field, value]) => [field, String(value).replace('PORT', String(port))]),
      )
      events.length = 0
      const answer = await send(port, own, JSON.stringify({ Entries: [entry] }), '/topics/t')
      await bus.idle()
      assert.equal(answer.status < 300, isServed, answer.body)
      if (!isServed) assert.equal(answer.status, 403)
      assert.equal(events.length, isServed ? 1 : 0)
    }
  })

test('the bus answers malformed requests with a type and a 4xx, and goes on', async () => {
  const port = portOf(bus.server)
  const cases: [Promise<Answer>, number, string][] = [
    [put([null]), 400, 'ValidationException'],
    [put([[]]), 400, 'ValidationException'],
    [put({ 0: entry }), 400, 'ValidationException'],
    [send(port, {}, 'no json'), 400, 'ValidationException'],
    [send(port, {}, 'null'), 400, 'ValidationException'],
    [send(port, {}, '['.repeat(1_000_000)), 400, 'ValidationException'],
    [send(port, {}, ' '.repeat(11 * 1024 * 1024)), 413, 'ValidationException'],
    [send(port, {}, '', '/', 'GET'), 405, 'UnknownOperationException'],
    [put([entry], { 'x-amz-target': 'AWSEvents.PutRule' }), 404, 'UnknownOperationException'],
  ]
  for (const [answer, status, type] of cases) {
    const { status: got, body } = await answer
    assert.deepEqual([got, (JSON.parse(body) as { __type: string }).__type], [status, type])
  }
  assert.equal((await put([entry], { 'x-amz-target': 'AWSEvents.PutEvents' })).status, 200)
})

test('an entry that is malformed is refused alone', async () => {
  const malformed = [
    { ...entry, Detail: { toString: 1 } },
    { ...entry, Detail: '[]' },
    { ...entry, Source: { a: 1 } },
    { ...entry, Time: 'yesterday' },
    { ...entry, Time: 1e300 },
    { ...entry, Resources: [null] },
  ]
  const { status, body } = await put([...malformed, entry])
  assert.equal(status, 200)
  assert.equal((JSON.parse(body) as { FailedEntryCount: number }).FailedEntryCount, malformed.length)
})

test('a detail of any depth reaches the function, which judges it', async () => {
  await bus.idle()
  events.length = 0
  const deep = `{"deep":${'['.repeat(6000)}${']'.repeat(6000)}}`
  assert.equal((await put([{ ...entry, Detail: deep }])).status, 200)
  await bus.idle()
  assert.equal(events.length, 1)
})

test('the gateway answers a target that is no path with 400 and huge headers with 431', async () => {
  assert.equal((await send(portOf(gateway), {}, '', 'http://host/topics/t')).status, 400)
  for (const server of [gateway, bus.server])
    assert.equal((await send(portOf(server), { 'x-huge': 'x'.repeat(17_000) }, '{}')).status, 431)
})

test('a client that goes away in the middle of its body, or speaks no HTTP, harms nobody', async () => {
  for (const server of [gateway, bus.server])
    for (const bytes of [
      'POST / HTTP/1.1\r\nhost: 127.0.0.1:PORT\r\ncontent-length: 100\r\n\r\n{',
      '\x16\x03\x01no http',
    ])
      await new Promise<void>((resolve, reject) => {
        const socket = connect(portOf(server), '127.0.0.1', () => {
          socket.write(bytes.replace('PORT', String(portOf(server))))
          socket.end()
        })
        socket.on('error', reject)
        socket.on('close', () => resolve())
        socket.resume()
      })
  assert.equal((await put([entry])).status, 200)
  assert.equal((await send(portOf(gateway), {}, '{}', '/topics/t')).status, 202)
  assert.deepEqual(errors, [])
})
