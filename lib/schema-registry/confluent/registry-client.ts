// One request to a registry: at each of its addresses until one answers, with credentials.
import { SerializationError } from '../../errors.ts'
import { parseJson } from '../../record/json-object.ts'
import { abortableSleep } from '../../time/abortable-sleep.ts'
import { type Clock, systemClock } from '../../time/clock.ts'
import type { HttpAnswer, RegistryConnections } from './registry-connections.ts'
import type { RegistryCredentials } from './registry-credentials.ts'
import { noAnswer, refusalOf } from './registry-refusals.ts'

const MEDIA_TYPE = 'application/vnd.schemaregistry.v1+json'
const MAX_PAUSE_MS = 60_000

export interface RegistryRequest {
  /** Below the address, with its query. */
  readonly path: string
  /** Sent by POST as JSON; undefined: GET. */
  readonly body?: object
  /** For messages, such as `version 3 of subject orders-value`. */
  readonly what: string
  readonly isRegistering?: boolean
}

export interface RegistryClientOptions {
  /** Addresses without a slash at their end. */
  readonly urls: readonly string[]
  readonly connections: RegistryConnections
  readonly credentials: RegistryCredentials
  readonly clock?: Clock | undefined
}

export class RegistryClient {
  readonly #options: RegistryClientOptions
  readonly #clock: Clock
  /** The address that answered last, or that is tried next. */
  #current = 0
  /** The registry asked for a pause until then (`Retry-After`). */
  #pauseUntil = 0

  constructor(options: RegistryClientOptions) {
    this.#options = options
    this.#clock = options.clock ?? systemClock
  }

  /**
   * @returns the parsed answer; undefined if it is not JSON
   * @throws SerializationError; a retriable one when no address answered
   */
  async request(request: RegistryRequest, signal: AbortSignal): Promise<unknown> {
    const pause = this.#pauseUntil - this.#clock.now()
    if (pause > 0) await abortableSleep(this.#clock, pause, signal)
    const { urls } = this.#options
    for (let tried = 1; ; tried++) {
      const index = this.#current
      try {
        return await this.#requestAt(urls[index] as string, request, signal)
      } catch (error) {
        signal.throwIfAborted()
        if (!(error instanceof SerializationError) || !error.retriable) throw error
        // Others may have moved on meanwhile.
        if (this.#current === index) this.#current = (index + 1) % urls.length
        if (tried >= urls.length) throw error
      }
    }
  }

  async #requestAt(url: string, request: RegistryRequest, signal: AbortSignal): Promise<unknown> {
    const { credentials } = this.#options
    const headers = await credentials.headers()
    let answer = await this.#send(url, request, headers, signal)
    if (answer.status === 401) {
      await credentials.renew()
      const renewed = await credentials.headers()
      if (renewed.authorization !== headers.authorization) answer = await this.#send(url, request, renewed, signal)
    }
    const { what, isRegistering = false } = request
    const refusal = refusalOf(answer, { what, isRegistering, hint: credentials.hint })
    if (refusal === undefined) return parseJson(answer.text ?? '')
    if (refusal.retriable) this.#pauseUntil = this.#clock.now() + pauseOf(answer.retryAfter)
    throw refusal
  }

  async #send(
    url: string,
    { path, body }: RegistryRequest,
    credentials: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<HttpAnswer> {
    const text = body === undefined ? undefined : JSON.stringify(body)
    const headers = {
      ...credentials,
      accept: `${MEDIA_TYPE}, application/json`,
      'user-agent': 'serverless-kafka-producer',
      ...(text === undefined
        ? {}
        : {
            'content-type': MEDIA_TYPE,
            'content-length': String(Buffer.byteLength(text)),
            'confluent-accept-unknown-properties': 'true',
          }),
    }
    const method = text === undefined ? 'GET' : 'POST'
    try {
      return await this.#options.connections.send({ method, url: `${url}${path}`, headers, body: text }, signal)
    } catch (error) {
      signal.throwIfAborted()
      throw error instanceof SerializationError ? error : noAnswer(error)
    }
  }
}

/** @param text seconds, or a date (RFC 9110, section 10.2.3) */
function pauseOf(text: string | undefined): number {
  if (text === undefined) return 0
  const ms = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - Date.now()
  return ms > 0 ? Math.min(ms, MAX_PAUSE_MS) : 0
}
