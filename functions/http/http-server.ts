// Serves the HTTP function without a gateway, in a container: liveness and readiness probes, a limit of requests at
// once, and a shutdown that loses no request.
import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { type AddressInfo, Server as NetServer } from 'node:net'
import type { RequestCode } from '../../lib/errors.ts'
import type { HttpAnswer } from '../../lib/lambda/http-event.ts'
import { sleep, systemClock } from '../../lib/time/clock.ts'
import { BodyReceiver, ClientGone } from './body-receiver.ts'
import { withCors } from './cors.ts'
import { native } from './dialects/native.ts'
import { httpApiAnswer, httpApiEvent } from './http-api-event.ts'
import { RequestError } from './request-error.ts'
import { RequestLimit } from './request-limit.ts'

/** How long a client may take to send the headers of a request, and its body. */
const HEADERS_MS = 10_000
const BODY_MS = 20_000
/**
 * Longer than load balancers keep an idle connection (60 s). If the server closed it first, a request on its way would
 * be lost.
 */
const KEEP_ALIVE_MS = 65_000
/**
 * How long the rest of a refused body is read and dropped. A client that is still sending would otherwise see a reset
 * connection in place of the answer.
 */
const LINGER_MS = 1000
const POLL_MS = 10

interface RequestContext {
  readonly awsRequestId: string
  getRemainingTimeInMillis(): number
}

export interface HttpServerOptions {
  /** The HTTP function's handler. */
  readonly handler: (event: unknown, context: RequestContext) => Promise<unknown>
  /** Requests at once. One more gets 429; before its body is read, if all the others have reached the handler. */
  readonly maxConcurrency: number
  /** How long a request may take, ms. */
  readonly deadlineMs: number
  /** How long a client may take to send a body, ms. */
  readonly bodyMs?: number
  /** Origins whose pages may read the answers that the server gives itself. */
  readonly corsOrigins?: readonly string[] | undefined
  /** Called with what the handler threw; the client gets 500. */
  readonly onError: (error: unknown) => void
  /** Called for each request that the server refuses before it reaches the handler. */
  readonly onRefused: (requestId: string, code: RequestCode) => void
}

export class HttpServer {
  readonly #options: HttpServerOptions
  readonly #server: Server
  readonly #bodies: BodyReceiver
  readonly #limit = new RequestLimit()
  /** Requests whose answer is not completely written. */
  #unansweredCount = 0
  #isDraining = false

  constructor(options: HttpServerOptions) {
    this.#options = options
    const { maxConcurrency, bodyMs = BODY_MS } = options
    this.#bodies = new BodyReceiver(maxConcurrency, bodyMs)
    const timeouts = {
      headersTimeout: HEADERS_MS,
      requestTimeout: HEADERS_MS + bodyMs,
      keepAliveTimeout: KEEP_ALIVE_MS,
      connectionsCheckingInterval: 1000,
    }
    this.#server = createServer(timeouts, (request, response) => this.#serve(request, response, () => {}))
    this.#server.on('checkContinue', (request, response) =>
      this.#serve(request, response, () => response.writeContinue()),
    )
  }

  /**
   * Starts to listen.
   * @param port 0 takes any free port
   * @returns the port
   */
  listen(port: number, host: string): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen(port, host, () => resolve((this.#server.address() as AddressInfo).port))
    })
  }

  /**
   * Answers readiness probes with 503 but serves for another `delayMs`, so that load balancers stop sending requests.
   * Then accepts no more connections, and resolves when every answer is written or its deadline has passed.
   */
  async drain(delayMs: number): Promise<void> {
    this.#isDraining = true
    await sleep(systemClock, delayMs)
    // The `close` of the HTTP server would also end connections whose answer is in the socket but not yet written.
    const closed = new Promise<void>(resolve => NetServer.prototype.close.call(this.#server, () => resolve()))
    const end = systemClock.now() + this.#options.deadlineMs
    while (this.#unansweredCount > 0 && systemClock.now() < end) await sleep(systemClock, POLL_MS)
    this.#server.closeAllConnections()
    await closed
    this.#server.close()
  }

  async #serve(request: IncomingMessage, response: ServerResponse, onAccepted: () => void): Promise<void> {
    this.#unansweredCount++
    // Not earlier, e.g. when the answer is in the socket: the client may read it slowly.
    response.once('close', () => this.#unansweredCount--)
    if (this.#isDraining) response.setHeader('connection', 'close')
    const requestId = randomUUID()
    try {
      const answer = this.#answerProbe(request) ?? (await this.#answer(request, requestId, onAccepted))
      response.writeHead(answer.status, answer.headers).end(answer.body)
    } catch (error) {
      if (error instanceof ClientGone) return
      if (error instanceof RequestError) this.#options.onRefused(requestId, error.code)
      else this.#options.onError(error)
      const answer = error instanceof RequestError ? native.respondToError(error, requestId) : SERVER_ERROR
      refuse(request, response, withCors(answer, request, this.#options.corsOrigins))
    }
  }

  /**
   * Answers a liveness or readiness probe.
   * @throws RequestError `method`
   */
  #answerProbe(request: IncomingMessage): HttpAnswer | undefined {
    const path = pathOf(request)
    if (path !== '/livez' && path !== '/readyz') return undefined
    if (request.method !== 'GET' && request.method !== 'HEAD')
      throw new RequestError('method', 'method: expected GET, HEAD.', { headers: { allow: 'GET, HEAD' } })
    if (path === '/livez') return { status: 200, headers: {}, body: 'ok\n' }
    return this.#isDraining ? { status: 503, headers: {}, body: 'draining\n' } : undefined
  }

  /**
   * Answers any other request.
   * @throws RequestError for a request that does not reach the handler
   */
  async #answer(request: IncomingMessage, requestId: string, onAccepted: () => void): Promise<HttpAnswer> {
    const { maxConcurrency } = this.#options
    const [begin, timeEpoch] = [systemClock.now(), systemClock.epochMs()]
    const call = (body: Buffer) => this.#call(request, body, { requestId, timeEpoch, begin })
    // Only POST has a body that the function reads. Health checks have no limit: a busy container must not be replaced.
    if (request.method !== 'POST') return call(Buffer.alloc(0))
    this.#limit.check(maxConcurrency)
    const body = await this.#bodies.receive(request, onAccepted)
    return this.#limit.run(maxConcurrency, () => call(body))
  }

  async #call(
    request: IncomingMessage,
    body: Buffer,
    { requestId, timeEpoch, begin }: { requestId: string; timeEpoch: number; begin: number },
  ): Promise<HttpAnswer> {
    const { handler, deadlineMs } = this.#options
    const url = pathOf(request) === '/readyz' ? '/health' : request.url
    const { method, headers, socket } = request
    const event = httpApiEvent({ method, url, headers, socket }, body, { requestId, timeEpoch })
    if (!event) throw new RequestError('unknown-topic', 'path: expected a target that begins with a slash.')
    const getRemainingTimeInMillis = () => begin + deadlineMs - systemClock.now()
    return httpApiAnswer(await handler(event, { awsRequestId: requestId, getRemainingTimeInMillis }))
  }
}

const SERVER_ERROR: HttpAnswer = {
  status: 500,
  headers: { 'content-type': 'application/json' },
  body: '{"message":"Internal Server Error"}',
}

/** The path without a slash at its end, as for all routes. */
function pathOf({ url = '' }: IncomingMessage): string {
  return url.replace(/\?.*$/s, '').replace(/\/$/, '')
}

/** Answers and ends the connection; until then drops what still arrives of the body. */
function refuse(request: IncomingMessage, response: ServerResponse, { status, headers, body }: HttpAnswer): void {
  response.setHeader('connection', 'close')
  response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) })
  response.write(body)
  const timer = setTimeout(end, LINGER_MS)
  function end(): void {
    clearTimeout(timer)
    response.end()
  }
  if (request.readableEnded) return end()
  request.once('end', end).once('close', end).resume()
}
