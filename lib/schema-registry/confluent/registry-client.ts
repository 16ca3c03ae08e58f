// Sends requests to a registry with credentials, to one address after another until one answers.
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
  /** The path below the address, with the query. */
  readonly path: string
  /** Sent by POST as JSON; undefined for GET. */
  readonly body?: object
  /** What is requested, for messages, e.g. `version 3 of subject orders-value`. */
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
  /** The index of the address that answered last, or that is tried next. */
  #current = 0
  /** Until when each address asked to pause (`Retry-After`). */
  readonly #pausedUntil = new Map<number, number>()

  constructor(options: RegistryClientOptions) {
    this.#options = options
    this.#clock = options.clock ?? systemClock
  }

  /**
   * @returns the parsed answer; undefined if it is not JSON
   * @throws SerializationError; a retriable one if no address answered
   */
  async request(request: RegistryRequest, signal: AbortSignal): Promise<unknown> {
    const untried = new Set(this.#options.urls.keys())
    let index = this.#nextOf(untried)
    if (index === undefined) {
      index = this.#firstToEnd()
      await abortableSleep(this.#clock, this.#pauseOf(index), signal)
    }
    for (;;) {
      untried.delete(index)
      try {
        const answer = await this.#requestAt(index, request, signal)
        this.#current = index
        return answer
      } catch (error) {
        // An address that used up the caller's time is not the first one for the next caller.
        if (signal.aborted || isRetriable(error)) this.#moveOn(index)
        signal.throwIfAborted()
        if (!isRetriable(error)) throw error
        index = this.#nextOf(untried)
        if (index === undefined) throw error
      }
    }
  }

  #moveOn(from: number): void {
    // Another request may have moved on already.
    if (this.#current === from) this.#current = (from + 1) % this.#options.urls.length
  }

  /** Returns the next untried address that is not paused. */
  #nextOf(untried: ReadonlySet<number>): number | undefined {
    const inOrder = [...untried].sort((a, b) => Number(a < this.#current) - Number(b < this.#current))
    return inOrder.find(index => this.#pauseOf(index) <= 0)
  }

  /** Returns the address whose pause ends first, if all are paused. */
  #firstToEnd(): number {
    return [...this.#options.urls.keys()].reduce((a, b) => (this.#pauseOf(b) < this.#pauseOf(a) ? b : a))
  }

  #pauseOf(index: number): number {
    return (this.#pausedUntil.get(index) ?? 0) - this.#clock.now()
  }

  async #requestAt(index: number, request: RegistryRequest, signal: AbortSignal): Promise<unknown> {
    const { credentials, urls } = this.#options
    const url = urls[index] as string
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
    if (refusal.retriable) this.#pausedUntil.set(index, this.#clock.now() + pauseMs(answer.retryAfter))
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

function isRetriable(error: unknown): boolean {
  return error instanceof SerializationError && error.retriable
}

/** @param text seconds, or a date (RFC 9110, section 10.2.3) */
function pauseMs(text: string | undefined): number {
  if (text === undefined) return 0
  const ms = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - Date.now()
  return ms > 0 ? Math.min(ms, MAX_PAUSE_MS) : 0
}
