// The proxy in front of ElasticMQ: programs reach it, pages of other sites don't, and a failure of ElasticMQ becomes an
// error response.
import assert from 'node:assert/strict'
import { createServer, type IncomingMessage, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { MAX_HEADERS, startSqsFront } from '../../local/sqs/front.ts'
import { until } from '../support/time.ts'

type Server = ReturnType<typeof createServer>
const portOf = (server: Server) => (server.address() as AddressInfo).port

async function withFront(work: (port: number, received: IncomingMessage[], behind: Server) => Promise<void>) {
  const received: IncomingMessage[] = []
  const behind = createServer((incoming, response) => {
    received.push(incoming)
    if (incoming.url !== '/waits') incoming.on('data', () => {}).on('end', () => response.writeHead(400).end('{"a":1}'))
  })
  await new Promise<void>(resolve => behind.listen(0, '127.0.0.1', resolve))
  const front = await startSqsFront(0, portOf(behind))
  try {
    await work(portOf(front), received, behind)
  } finally {
    for (const server of [front, behind]) {
      server.close()
      server.closeAllConnections()
    }
  }
}

test('a request of the SDK is handed on with fewer headers than ElasticMQ takes, and its answer comes back', () =>
  withFront(async (port, received) => {
    const headers = {
      'content-type': 'application/x-amz-json-1.0',
      'x-amz-target': 'AmazonSQS.SendMessage',
      authorization: 'AWS4-HMAC-SHA256 secret',
      'x-amz-date': 'now',
    }
    const answer = await fetch(`http://127.0.0.1:${port}/q?a=1`, { method: 'POST', headers, body: '{}' })
    assert.deepEqual([answer.status, await answer.text()], [400, '{"a":1}'])
    assert.equal(received[0]?.url, '/q?a=1')
    assert.equal(received[0]?.headers['x-amz-target'], 'AmazonSQS.SendMessage')
    assert.ok(Object.keys(received[0]?.headers ?? {}).length < MAX_HEADERS)
  }))

test('a request from a page of another site is refused before it reaches ElasticMQ', () =>
  withFront(async (port, received) => {
    const answer = await fetch(`http://127.0.0.1:${port}/q?Action=SendMessage`, {
      headers: { origin: 'https://evil.example' },
    })
    assert.equal(answer.status, 403)
    assert.match(await answer.text(), /AccessDeniedException/)
    assert.equal(received.length, 0)
  }))

test('when a client disconnects, its request to ElasticMQ ends, so no message is received and lost', () =>
  withFront(async (port, received) => {
    const waiting = request({ host: '127.0.0.1', port, path: '/waits' }).on('error', () => {})
    waiting.end()
    await until(() => received.length === 1)
    waiting.destroy()
    await until(() => received[0]?.socket.destroyed === true)
  }))

test('without ElasticMQ the answer is 502', () =>
  withFront(async (port, _, behind) => {
    behind.close()
    assert.equal((await fetch(`http://127.0.0.1:${port}/q`)).status, 502)
  }))
