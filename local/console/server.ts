// The console: one page and its API, on 127.0.0.1 only. Other sites open in the same browser can't use it: the Host
// header must be 127.0.0.1 or localhost (so DNS rebinding fails), and every change needs a header that only this page
// can set.
import { readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { ConfigError, KafkaProducerError } from '../../lib/errors.ts'
import type { ConsoleApi } from './api.ts'

const FILES: Readonly<Record<string, readonly [file: string, type: string]>> = {
  '/': ['page.html', 'text/html; charset=utf-8'],
  '/page.js': ['page.js', 'text/javascript; charset=utf-8'],
  '/page.css': ['page.css', 'text/css; charset=utf-8'],
}
const HEADERS = {
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "connect-src 'self'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
  ].join('; '),
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-store',
}
const MAX_BODY = 6 * 1024 * 1024

export async function startConsole(port: number, api: ConsoleApi): Promise<Server> {
  const server = createServer((request, response) => {
    answer(request, response, api, (server.address() as AddressInfo).port).catch(error => {
      if (!response.headersSent) json(response, ...refusal(error))
    })
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', resolve)
  })
  return server
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  api: ConsoleApi,
  port: number,
): Promise<void> {
  const host = request.headers.host
  if (host !== `127.0.0.1:${port}` && host !== `localhost:${port}`)
    return json(response, 403, { error: `Host: expected 127.0.0.1:${port}, got ${host}.` })
  const url = new URL(request.url ?? '/', `http://${host}`)
  const file = FILES[url.pathname]
  if (file && request.method === 'GET')
    return send(response, 200, file[1], readFileSync(join(import.meta.dirname, file[0])))
  if (request.method === 'GET') return json(response, ...(await read(url, api)))
  if (request.method !== 'POST')
    return json(response, 405, { error: `method: expected GET or POST, got ${request.method}.` })
  // Another site can't set this header without a CORS preflight, which this server does not answer.
  if (request.headers['x-console'] !== '1')
    return json(response, 403, { error: 'x-console: expected 1. Use the page of the console.' })
  const body = await bodyOf(request)
  if (url.pathname === '/api/redrive') return json(response, 200, await api.redrive(body))
  if (url.pathname === '/api/send') return json(response, 200, await api.send(body as object))
  if (url.pathname === '/api/brokers')
    return json(response, 200, await api.brokers((body as { action?: unknown }).action))
  json(response, 404, { error: `There is no ${url.pathname}.` })
}

async function read(url: URL, api: ConsoleApi): Promise<[number, object]> {
  if (url.pathname === '/api/counters') return [200, await api.counters()]
  if (url.pathname === '/api/dead-letters') return [200, await api.deadLetters(url.searchParams)]
  const id = /^\/api\/dead-letters\/([A-Za-z0-9_-]+)$/.exec(url.pathname)?.[1]
  const deadLetter = id === undefined ? undefined : await api.deadLetter(id, url.searchParams.get('payload') === '1')
  return deadLetter
    ? [200, deadLetter]
    : [404, { error: 'No open dead letter has this id; it may have been redriven.' }]
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request) {
    size += (chunk as Buffer).length
    if (size > MAX_BODY) throw new ConfigError([`body: expected at most ${MAX_BODY} bytes.`])
    chunks.push(chunk as Buffer)
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString())
  } catch {
    throw new ConfigError(['body: expected JSON.'])
  }
}

function refusal(error: unknown): [number, object] {
  if (error instanceof ConfigError) return [400, { error: error.problems.join(' ') }]
  return [
    500,
    {
      error: error instanceof KafkaProducerError ? error.message : 'The request failed. See the terminal of npm start.',
    },
  ]
}

function json(response: ServerResponse, status: number, body: object): void {
  send(response, status, 'application/json', Buffer.from(JSON.stringify(body)))
}

function send(response: ServerResponse, status: number, type: string, body: Buffer): void {
  response.writeHead(status, { ...HEADERS, 'content-type': type }).end(body)
}
