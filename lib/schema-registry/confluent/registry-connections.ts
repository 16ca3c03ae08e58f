// Sends HTTP requests to a registry, with limits for time and size, on connections that are kept for a short time.
import { Agent, type ClientRequest, type IncomingMessage, request as requestHttp } from 'node:http'
import { request as requestHttps, Agent as TlsAgent } from 'node:https'
import { type Clock, elapsedSince, type Moment, moment, systemClock } from '../../time/clock.ts'
import { patientTimer } from '../../time/patient-timer.ts'
import type { TlsMaterial } from '../../transport/connection-security.ts'

/** At most eight requests at once; the agent queues further ones. */
const AGENT = { keepAlive: true, maxSockets: 8 }
/**
 * Set explicitly, so that the environment (NODE_TLS_REJECT_UNAUTHORIZED=0) can neither turn the check off nor allow an
 * old TLS version.
 */
const TLS_ALWAYS = { rejectUnauthorized: true, minVersion: 'TLSv1.2' } as const
/**
 * Connections idle for longer are closed, ms: one that a registry or NAT gateway closed while the container was frozen
 * may still look open.
 */
const IDLE_MS = 10_000
/** Confluent Cloud accepts schemas of up to 1 MB; JSON escapes make responses longer. */
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
  /** The text; undefined if it is longer than 8 MiB. */
  readonly text: string | undefined
}

export interface ConnectionOptions {
  /** Called before every request over TLS. */
  readonly tls: () => Promise<TlsMaterial>
  /** The time limit of one request, from connecting to the end of the response, ms. */
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
   * Sends one request. Redirects are not followed.
   * @throws Error of Node.js; one with the code `ETIMEDOUT` if the response is not complete in time
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

  /** Creates a new agent if the certificates have changed; connections of the previous one end when they are idle. */
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

/**
 * Thrown if a reused connection was closed by the server, which Node.js recommends to retry:
 * https://nodejs.org/api/http.html#requestreusedsocket
 */
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
    if (bytes > MAX_ANSWER_BYTES) return { ...answer, text: undefined } // Leaving the loop closes the connection.
    chunks.push(chunk)
  }
  return { ...answer, text: Buffer.concat(chunks).toString() }
}
