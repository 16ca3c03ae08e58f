// An HTTP API in front of the local function: turns requests into the events of API Gateway (payload format 2.0).

import { randomUUID } from 'node:crypto'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { createLocalServer, listenLocally, Refusal, readBody } from './local-server.ts'

/** An HTTP API stops waiting for an integration after 30 s and accepts at most 10 MB. */
const INTEGRATION_MS = 30_000
const MAX_BYTES = 10 * 1024 * 1024

export type Invoke = (event: unknown) => Promise<unknown>

export function startGateway(
  port: number,
  invoke: Invoke,
  onError: (error: unknown) => void = () => {},
): Promise<Server> {
  return listenLocally(createLocalServer({ onError, handle: (...exchange) => serve(...exchange, invoke) }), port)
}

async function serve(request: IncomingMessage, response: ServerResponse, invoke: Invoke): Promise<void> {
  const timeEpoch = Date.now()
  const body = await readBody(request, MAX_BYTES)
  const result = await beforeIntegrationTimeout(invoke(toEvent(request, body, timeEpoch)))
  if (result === undefined) throw new Refusal(503, 'Service Unavailable')
  const {
    statusCode = 200,
    headers = {},
    body: text = '',
  } = result as { statusCode?: number; headers?: Record<string, string>; body?: string }
  response.writeHead(statusCode, headers).end(text)
}

async function beforeIntegrationTimeout(work: Promise<unknown>): Promise<unknown> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<undefined>(resolve => {
    timer = setTimeout(() => resolve(undefined), INTEGRATION_MS)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}

const TEXT = /^(?:text\/|application\/(?:json|javascript|xml|.*\+json|.*\+xml))/

/** As an HTTP API does: text bodies as text, others as base64; base64 also keeps text that is not UTF-8 exact. */
function toEvent(
  request: Pick<IncomingMessage, 'method' | 'url' | 'headers' | 'socket'>,
  body: Buffer,
  timeEpoch: number,
): Record<string, unknown> {
  const target = request.url ?? '/'
  if (!URL.canParse(target, 'http://localhost')) throw new Refusal(400, 'Bad Request')
  const url = new URL(target, 'http://localhost')
  const headers = Object.fromEntries(
    Object.entries(request.headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.join(',') : (value ?? ''),
    ]),
  )
  const isText = TEXT.test(headers['content-type'] ?? '') && Buffer.from(body.toString('utf8')).equals(body)
  const method = request.method ?? 'GET'
  return {
    version: '2.0',
    routeKey: `${method} ${url.pathname.startsWith('/topics/') ? '/topics/{topic}' : url.pathname}`,
    rawPath: url.pathname,
    rawQueryString: url.search.slice(1),
    headers,
    requestContext: {
      accountId: '000000000000',
      apiId: 'local',
      domainName: headers.host ?? 'localhost',
      domainPrefix: 'local',
      http: {
        method,
        path: url.pathname,
        protocol: 'HTTP/1.1',
        sourceIp: request.socket.remoteAddress ?? '127.0.0.1',
        userAgent: headers['user-agent'] ?? '',
      },
      requestId: randomUUID(),
      routeKey: `${method} ${url.pathname}`,
      stage: '$default',
      time: new Date(timeEpoch).toUTCString(),
      timeEpoch,
    },
    ...(body.length > 0 ? { body: isText ? body.toString('utf8') : body.toString('base64') } : {}),
    isBase64Encoded: body.length > 0 && !isText,
  }
}
