// An HTTP API in front of the local function: turns requests into the events of API Gateway (payload format 2.0).

import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'

/** API Gateway stops waiting for an integration after 29 s and accepts at most 10 MB. */
const INTEGRATION_MS = 29_000
const MAX_BYTES = 10 * 1024 * 1024

export type Invoke = (event: unknown) => Promise<unknown>

export function startGateway(
  port: number,
  invoke: Invoke,
  onError: (error: unknown) => void = () => {},
): Promise<Server> {
  const server = createServer((request, response) => {
    serve(request, response, invoke).catch(error => {
      onError(error)
      if (!response.headersSent) response.writeHead(500, { 'content-type': 'application/json' })
      response.end('{"message":"Internal Server Error"}')
    })
  })
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => resolve(server))
  })
}

async function serve(request: IncomingMessage, response: ServerResponse, invoke: Invoke): Promise<void> {
  const timeEpoch = Date.now()
  const body = await readBody(request)
  if (!body) {
    response.writeHead(413, { 'content-type': 'application/json' }).end('{"message":"Request Too Long"}')
    return
  }
  const result = await beforeIntegrationTimeout(invoke(toEvent(request, body, timeEpoch)))
  if (result === undefined) {
    response.writeHead(503, { 'content-type': 'application/json' }).end('{"message":"Service Unavailable"}')
    return
  }
  const {
    statusCode = 200,
    headers = {},
    body: text = '',
  } = result as { statusCode?: number; headers?: Record<string, string>; body?: string }
  response.writeHead(statusCode, headers).end(text)
}

async function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request) {
    size += (chunk as Buffer).length
    if (size <= MAX_BYTES) chunks.push(chunk as Buffer)
  }
  return size <= MAX_BYTES ? Buffer.concat(chunks) : undefined
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
  const url = new URL(request.url ?? '/', 'http://localhost')
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
