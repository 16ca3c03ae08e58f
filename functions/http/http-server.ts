// Serves the HTTP function without a gateway, in a container: liveness, readiness, a limit of requests at once, and an
// end that loses no request.
import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { RequestCode } from '../../lib/errors.ts'
import type { HttpAnswer } from '../../lib/lambda/http-event.ts'
import { sleep, systemClock } from '../../lib/time/clock.ts'
import { native } from './dialects/native.ts'
import { httpApiEvent } from './http-api-event.ts'
import { RequestError } from './request-error.ts'

/** As an HTTP API accepts. */
const MAX_BODY_BYTES = 10 * 1024 * 1024
/** How long a client may take to send a request. */
const REQUEST_MS = 30_000
/** Longer than load balancers keep an idle connection (60 s), so that they close it, and no request meets a closed one. */
const KEEP_ALIVE_MS = 65_000
const POLL_MS = 10

interface RequestContext {
  readonly awsRequestId: string
  getRemainingTimeInMillis(): number
}

export interface HttpServerOptions {
  /** The HTTP function. */
  readonly handler: (event: unknown, context: RequestContext) => Promise<unknown>
  /** Requests at once; one more gets 429 before its body is read. */
  readonly maxConcurrency: number
  /** How long a request may take, ms. */
  readonly deadlineMs: number
  /** Called with what the handler threw; the client gets 500. */
  readonly onError: (error: unknown) => void
}

export class HttpServer {
  readonly #options: HttpServerOptions
  readonly #server: Server
  #active = 0
  #isDraining = false

  constructor(options: HttpServerOptions) {
    this.#options = options
    this.#server = createServer({ requestTimeout: REQUEST_MS, keepAliveTimeout: KEEP_ALIVE_MS }, (request, response) =>
      this.#serve(request, response),
    )
  }

  /** @param port 0 takes any free port. @returns the port */
  listen(port: number, host: string): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen(port, host, () => resolve((this.#server.address() as AddressInfo).port))
    })
  }

  /**
   * Reports "not ready", goes on serving for `delayMs`, so that load balancers learn of it, then accepts no more
   * connections, and resolves when every request has its answer, or its deadline has passed.
   */
  async drain(delayMs: number): Promise<void> {
    this.#isDraining = true
    await sleep(systemClock, delayMs)
    const closed = new Promise<void>(resolve => this.#server.close(() => resolve()))
    const end = systemClock.now() + this.#options.deadlineMs
    while (this.#active > 0 && systemClock.now() < end) await sleep(systemClock, POLL_MS)
    this.#server.closeAllConnections()
    await closed
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (this.#isDraining) response.setHeader('connection', 'close')
    const [path] = (request.url ?? '').split('?')
    if (path === '/livez') return send(response, { status: 200, headers: {}, body: 'ok\n' })
    if (path === '/readyz' && this.#isDraining) return send(response, { status: 503, headers: {}, body: 'draining\n' })
    this.#active++
    // A probe gets its answer however many requests there are: being busy is no reason to be replaced.
    const isProbe = path === '/readyz' || path === '/health'
    try {
      send(response, await this.#answer(request, response, isProbe))
    } catch (error) {
      if (request.errored) return // the client went away
      this.#options.onError(error)
      send(response, { status: 500, headers: JSON_TYPE, body: '{"message":"Internal Server Error"}' })
    } finally {
      this.#active--
    }
  }

  async #answer(request: IncomingMessage, response: ServerResponse, isProbe: boolean): Promise<HttpAnswer> {
    const { handler, maxConcurrency, deadlineMs } = this.#options
    const begin = systemClock.now()
    const [timeEpoch, requestId] = [systemClock.epochMs(), randomUUID()]
    if (this.#active > maxConcurrency && !isProbe) {
      const limit = `expected at most ${maxConcurrency} requests at once (KAFKA_HTTP_MAX_CONCURRENCY); nothing was stored.`
      return refuse(response, requestId, 'too-many-requests', limit, { 'retry-after': '1' })
    }
    const body = await readBody(request)
    if (!body)
      return refuse(response, requestId, 'body-too-large', `body: expected at most ${MAX_BODY_BYTES} bytes.`, {})
    const url = request.url?.replace(/^\/readyz(?=\?|$)/, '/health')
    const { method, headers, socket } = request
    const event = httpApiEvent({ method, url, headers, socket }, body, { requestId, timeEpoch })
    if (!event) return refuse(response, requestId, 'unknown-topic', 'path: expected a path.', {})
    const getRemainingTimeInMillis = () => begin + deadlineMs - systemClock.now()
    const result = await handler(event, { awsRequestId: requestId, getRemainingTimeInMillis })
    const {
      statusCode = 200,
      headers: answered = {},
      body: text = '',
    } = result as {
      readonly statusCode?: number
      readonly headers?: Record<string, string>
      readonly body?: string
    }
    return { status: statusCode, headers: answered, body: text }
  }
}

const JSON_TYPE = { 'content-type': 'application/json' }

/** The rest of the body is not read: the connection ends with the answer. */
function refuse(
  response: ServerResponse,
  requestId: string,
  code: RequestCode,
  message: string,
  headers: Readonly<Record<string, string>>,
): HttpAnswer {
  response.setHeader('connection', 'close')
  return native.respondToError(new RequestError(code, message, { headers }), requestId)
}

function send(response: ServerResponse, { status, headers, body }: HttpAnswer): void {
  response.writeHead(status, headers).end(body)
}

/** @returns undefined for a body that is too large */
async function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request) {
    size += (chunk as Buffer).length
    if (size > MAX_BODY_BYTES) return undefined
    chunks.push(chunk as Buffer)
  }
  return Buffer.concat(chunks)
}
