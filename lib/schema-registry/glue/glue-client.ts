// Sends requests to the AWS Glue Schema Registry, one attempt each, with a time limit.
import type { GlueClient } from '@aws-sdk/client-glue'
import { ifMissing } from '../../optional-packages.ts'
import { type Clock, elapsedSince, type Moment, moment } from '../../time/clock.ts'
import { patientTimer } from '../../time/patient-timer.ts'

export type Glue = typeof import('@aws-sdk/client-glue')

export interface GlueConnectionOptions {
  readonly region: string | undefined
  readonly endpoint: string | undefined
  /** The time limit of one request, from connecting to the end of the response, ms. */
  readonly timeoutMs: number
  readonly clock: Clock
}

const CONNECT_MS = 1000
/** The most requests at once; further ones wait. */
const MAX_SOCKETS = 8
/**
 * Connections idle for longer are closed, ms: one that the service or a NAT gateway closed while the container was
 * frozen may still look open.
 */
const IDLE_MS = 10_000

/** No response arrived in time. */
export class GlueTimeout extends Error {
  override name = 'GlueTimeout'
}

export class GlueConnection {
  readonly #options: GlueConnectionOptions
  #client: GlueClient | undefined
  #lastUse: Moment
  #inFlight = 0

  constructor(options: GlueConnectionOptions) {
    this.#options = options
    this.#lastUse = moment(options.clock)
  }

  /** @throws ConfigError if the package is missing; GlueTimeout; an error of the SDK */
  async send<T>(
    call: (glue: Glue, client: GlueClient, options: { readonly abortSignal: AbortSignal }) => Promise<T>,
    signal: AbortSignal,
  ): Promise<T> {
    const { clock, timeoutMs } = this.#options
    const glue = await import('@aws-sdk/client-glue').catch(ifMissing('glue'))
    signal.throwIfAborted()
    const client = this.#open(glue)
    const controller = new AbortController()
    const onAbort = () => controller.abort()
    let isLate = false
    const cancel = patientTimer(clock, timeoutMs, () => {
      isLate = true
      controller.abort()
    })
    signal.addEventListener('abort', onAbort, { once: true })
    this.#inFlight++
    try {
      return await call(glue, client, { abortSignal: controller.signal })
    } catch (cause) {
      throw isLate ? new GlueTimeout('no answer in time', { cause }) : cause
    } finally {
      this.#inFlight--
      this.#lastUse = moment(clock)
      signal.removeEventListener('abort', onAbort)
      cancel()
    }
  }

  #open({ GlueClient }: Glue): GlueClient {
    const { clock, region, endpoint } = this.#options
    if (this.#client && this.#inFlight === 0 && elapsedSince(clock, this.#lastUse) > IDLE_MS) {
      this.#client.destroy()
      this.#client = undefined
    }
    this.#client ??= new GlueClient({
      ...(region === undefined ? {} : { region }),
      ...(endpoint === undefined ? {} : { endpoint }),
      maxAttempts: 1, // SchemaLookup retries until the record's deadline.
      requestHandler: { connectionTimeout: CONNECT_MS, httpsAgent: { maxSockets: MAX_SOCKETS } },
    })
    return this.#client
  }
}
