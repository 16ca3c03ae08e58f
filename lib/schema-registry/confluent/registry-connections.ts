// HTTP requests to a registry: with a limit of time and of size, on connections that are kept for a short time.
import { Agent, type ClientRequest, type IncomingMessage, request as requestHttp } from 'node:http'
import { request as requestHttps, Agent as TlsAgent } from 'node:https'
import { type Clock, elapsedSince, type Moment, moment, systemClock } from '../../time/clock.ts'
import { patientTimer } from '../../time/patient-timer.ts'
import type { TlsMaterial } from '../../transport/connection-security.ts'

/** Eight requests at once: agents keep further ones until one of these has ended. */
const AGENT = { keepAlive: true, maxSockets: 8 }
/** Nothing outside this library turns the check off (NODE_TLS_REJECT_UNAUTHORIZED=0) or allows an old version. */
const TLS_ALWAYS = { rejectUnauthorized: true, minVersion: 'TLSv1.2' } as const
/**
 * A connection that was idle for longer is closed: what a registry or a NAT gateway closed while the container was
 * frozen may look open.
 */
const IDLE_MS = 10_000
/** Confluent Cloud takes schemas of up to 1 MB; JSON escapes make them longer. */
const MAX_ANSWER_BYTES = 8 * 1024 * 1024

export interface HttpRequest {
  readonly method: 'GET' | 'POST'
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | undefined
}

export interface HttpAnswer {
  readonly status: number
  readonly retryAfter: string | undefined
  /** Undefined: longer than 8 MiB. */
  readonly text: string | undefined
}

export interface ConnectionOptions {
  /** Called before every request over TLS. */
  readonly tls: () => Promise<TlsMaterial>
  /** For one request, from its connection to the end of its answer. */
  readonly timeoutMs: number
  readonly clock?: Clock | undefined
}

export class RegistryConnections {
  readonly #options: ConnectionOptions
  readonly #clock: Clock
  readonly #http = new Agent(AGENT)
  #https: { readonly agent: TlsAgent; readonly material: string } | undefined
  #lastUse: Moment

  constructor(options: ConnectionOptions) {
    this.#options = options
    this.#clock = options.clock ?? systemClock
    this.#lastUse = moment(this.#clock)
  }

  /**
   * Follows no redirect.
   * @throws Error of Node.js; one with the code `ETIMEDOUT` when the answer is not whole in time
   */
  async send(request: HttpRequest, signal: AbortSignal): Promise<HttpAnswer> {
    if (elapsedSince(this.#clock, this.#lastUse) > IDLE_MS) this.#closeIdle()
    const agent = request.url.startsWith('https:') ? await this.#tlsAgent() : this.#http
    try {
      return await this.#sendOnce(request, agent, signal)
    } catch (error) {
      if (!(error instanceof StaleConnection)) throw error
      this.#closeIdle()
      return await this.#sendOnce(request, agent, signal)
    } finally {
      this.#lastUse = moment(this.#clock)
    }
  }

  /** Another one when the certificates have changed; the connections of the previous one end when they are idle. */
  async #tlsAgent(): Promise<TlsAgent> {
    const tls = await this.#options.tls()
    const material = JSON.stringify(tls)
    if (this.#https?.material !== material) {
      this.#closeIdle()
      this.#https = { agent: new TlsAgent({ ...AGENT, ...TLS_ALWAYS, ...tls }), material }
    }
    return this.#https.agent
  }

  #sendOnce({ method, url, headers, body }: HttpRequest, agent: Agent, signal: AbortSignal): Promise<HttpAnswer> {
    const options = { method, headers, agent }
    return new Promise((resolve, reject) => {
      signal.throwIfAborted()
      const request = url.startsWith('https:') ? requestHttps(url, options) : requestHttp(url, options)
      let stopTimer = () => {}
      const end = (error: unknown) => {
        reject(error)
        request.destroy()
      }
      const onAbort = () => end(signal.reason)
      signal.addEventListener('abort', onAbort, { once: true })
      request.once('socket', () => {
        stopTimer = patientTimer(this.#clock, this.#options.timeoutMs, () => end(new TimedOut()))
      })
      request.once('close', () => {
        stopTimer()
        signal.removeEventListener('abort', onAbort)
      })
      request.on('error', error => reject(isStale(request, error) ? new StaleConnection() : error))
      request.once('response', response => readAnswer(response).then(resolve, reject))
      request.end(body)
    })
  }

  #closeIdle(): void {
    for (const agent of [this.#http, this.#https?.agent])
      for (const socket of Object.values(agent?.freeSockets ?? {}).flat()) socket?.destroy()
  }
}

/** What Node.js recommends to look at: https://nodejs.org/api/http.html#requestreusedsocket */
class StaleConnection extends Error {}

class TimedOut extends Error {
  readonly code = 'ETIMEDOUT'
}

function isStale({ reusedSocket, res }: ClientRequest & { res?: unknown }, error: NodeJS.ErrnoException): boolean {
  return reusedSocket && !res && (error.code === 'ECONNRESET' || error.code === 'EPIPE')
}

async function readAnswer(response: IncomingMessage): Promise<HttpAnswer> {
  const { statusCode: status = 0, headers } = response
  const answer = { status, retryAfter: headers['retry-after'] }
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of response) {
    bytes += chunk.length
    if (bytes > MAX_ANSWER_BYTES) return { ...answer, text: undefined } // leaving the loop closes the connection
    chunks.push(chunk)
  }
  return { ...answer, text: Buffer.concat(chunks).toString() }
}
