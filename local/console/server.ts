// Serves the console: one page and its API. The server of the local stack decides who may use it.
import { readFileSync } from 'node:fs'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { join } from 'node:path'
import { ConfigError, KafkaProducerError } from '../../lib/errors.ts'
import { parseJson } from '../../lib/record/json-object.ts'
import { createLocalServer, Refusal, readBody } from '../local-server.ts'
import { listenLocally } from '../ports.ts'
import type { ConsoleApi } from './api.ts'

const SCRIPTS = ['page', 'dom', 'state', 'chart', 'dead-letters', 'filter-form', 'rows', 'detail', 'run']
const SHEETS = ['page', 'chart', 'dead-letters', 'detail']
const FILES = new Map([
  ['/', ['page.html', 'text/html; charset=utf-8']],
  ...SHEETS.map(name => [`/${name}.css`, [`${name}.css`, 'text/css; charset=utf-8']] as const),
  ...SCRIPTS.map(name => [`/${name}.js`, [`${name}.js`, 'text/javascript; charset=utf-8']] as const),
] as [string, [file: string, type: string]][])
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
/** The size of the largest request, which sends a record. Other requests are far smaller. */
const MAX_BODY = 6 * 1024 * 1024

const GET: Readonly<Record<string, (api: ConsoleApi, query: URLSearchParams) => unknown>> = {
  '/api/state': api => api.state(),
  '/api/counts': api => api.counts(),
  '/api/dead-letters': (api, query) => api.deadLetters.page(query),
  '/api/dead-letter': (api, query) => api.deadLetters.one(query),
}
const POST: Readonly<Record<string, (api: ConsoleApi, body: unknown) => unknown>> = {
  '/api/run': (api, body) => api.runs.start(body),
  '/api/cancel': (api, body) => api.runs.cancel(body),
  '/api/send': (api, body) => api.send(body),
  '/api/brokers': (api, body) => api.changeBrokers(body),
}

/** @param onError called with errors that the answer does not explain */
export function startConsole(
  port: number,
  api: ConsoleApi,
  onError: (error: unknown) => void = () => {},
): Promise<Server> {
  const server = createLocalServer({
    onError,
    errorBody: (_, error) => ({ error }),
    isPage: path => path === '/',
    handle: (request, response) =>
      serve(request, response, api).catch(error => {
        throw asRefusal(error)
      }),
  })
  return listenLocally(server, port)
}

async function serve(request: IncomingMessage, response: ServerResponse, api: ConsoleApi): Promise<void> {
  const { method, url: target = '/' } = request
  for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value)
  if (!URL.canParse(target, 'http://localhost')) throw new Refusal(400, 'The path is malformed.')
  const { pathname, searchParams } = new URL(target, 'http://localhost')
  if (method !== 'GET' && method !== 'POST') throw new Refusal(405, `method: expected GET or POST, got ${method}.`)
  const file = FILES.get(pathname)
  if (file && method === 'GET')
    return void response
      .writeHead(200, { 'content-type': file[1] })
      .end(readFileSync(join(import.meta.dirname, file[0])))
  const routes: Readonly<Record<string, unknown>> = method === 'GET' ? GET : POST
  if (!Object.hasOwn(routes, pathname)) throw new Refusal(404, `There is no ${method} ${pathname}.`)
  const answer =
    method === 'GET' ? await GET[pathname]?.(api, searchParams) : await POST[pathname]?.(api, await jsonOf(request))
  if (answer === undefined) throw new Refusal(404, 'No open dead letter has this id; it may have been redriven.')
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer))
}

async function jsonOf(request: IncomingMessage): Promise<unknown> {
  const json = parseJson((await readBody(request, MAX_BODY)).toString())
  if (json === undefined) throw new Refusal(400, 'body: expected JSON.')
  return json
}

/** Turns an error into an answer that the page shows. Any other error is printed on the terminal. */
function asRefusal(error: unknown): unknown {
  if (error instanceof ConfigError) return new Refusal(400, error.problems.join(' '))
  if (error instanceof KafkaProducerError) return new Refusal(500, error.message)
  return error
}
