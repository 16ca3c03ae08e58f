// A Link is one kafkajs Connection = one socket, never reconnected: dead once, dead for ever; a dial makes a new one.
// kafkajs's timers, retries and pools are off; the timers here decide, on the monotonic clock.
import { connect, type Socket } from 'node:net'
import loggers from 'kafkajs/src/loggers/index.js'
import Connection, { type WireProtocol } from 'kafkajs/src/network/connection.js'
import { TransportError } from '../../errors.ts'
import { type Clock, elapsedSince, type Moment, moment } from '../../time/clock.ts'
import { within } from '../../time/patient-timer.ts'
import { type ApiVersions, apiVersions, PRODUCE, VERSIONS_SPOKEN } from './wire.ts'

const NEVER_MS = 2 ** 30
const KEEP_ALIVE_MS = 30_000
const silent = loggers.createLogger({ level: 0, logCreator: () => () => {} })

export interface LinkOptions {
  readonly host: string
  readonly port: number
  readonly clientId: string
  readonly clock: Clock
  /** Told once when the Link dies, with the reason, and whether it was mid-request. */
  readonly onDead: (link: Link, reason: string) => void
  readonly onGrace: () => void
}

export class Link {
  dead = false
  /** Requests without an answer so far, and how many of them are Produces. */
  inFlight = 0
  produceInFlight = 0
  /** Produce requests handed to the socket: what tells `not-sent` from `unknown`. */
  produceWrites = 0
  lastIo: Moment
  /** Monotonic time of the last answer; -Infinity before the first. */
  lastAnswer = Number.NEGATIVE_INFINITY
  readonly #connection: Connection
  readonly #options: LinkOptions
  #socket: Socket | undefined

  constructor(options: LinkOptions) {
    this.#options = options
    this.lastIo = moment(options.clock)
    this.#connection = new Connection({
      host: options.host,
      port: options.port,
      clientId: options.clientId,
      ssl: null,
      sasl: null,
      logger: silent,
      connectionTimeout: NEVER_MS,
      requestTimeout: NEVER_MS,
      enforceRequestTimeout: false,
      maxInFlightRequests: null,
      socketFactory: ({ host, port, onConnect }) => this.#createSocket(host, port, onConnect),
    })
    // Nothing is ever parked here, and its timer asks for a negative delay (a warning per request on Node 24).
    this.#connection.requestQueue.scheduleCheckPendingRequests = () => {}
  }

  get idleMs(): number {
    return elapsedSince(this.#options.clock, this.lastIo)
  }

  /** TCP, then ApiVersions unless the cluster's are known; all within `ms`. */
  async open(ms: number, known: ApiVersions | undefined): Promise<ApiVersions> {
    const versions = await this.#bounded(this.#handshake(known), ms, 'DIAL_TIMEOUT')
    this.lastIo = moment(this.#options.clock)
    return versions
  }

  async #handshake(known: ApiVersions | undefined): Promise<ApiVersions> {
    await this.#connection.connect()
    const versions = known ?? (await this.#connection.send(apiVersions()))
    for (const { apiKey, name, version } of VERSIONS_SPOKEN) {
      const range = versions[apiKey]
      if (!range || range.maxVersion < version || range.minVersion > version)
        throw new TransportError('UNSUPPORTED_VERSION', `The broker does not speak ${name} version ${version}: expected Apache Kafka 2.4 or newer.`)
    }
    this.#connection.setVersions(versions)
    return versions
  }

  /**
   * One request. Any failure kills the Link, but for two: `mayOutlive` (a metadata ask must not take a Produce with it),
   * and a refusal of `beforeWrite`, after which nothing was written.
   */
  async call<T>(protocol: WireProtocol<T>, ms: number, options: { beforeWrite?: () => boolean; mayOutlive?: boolean } = {}): Promise<T> {
    if (this.dead) throw new TransportError('CONNECTION_BROKEN', 'The connection is closed.', { retriable: true })
    const isProduce = protocol.request.apiKey === PRODUCE
    this.inFlight++
    if (isProduce) this.produceInFlight++
    let refused = false
    const encode = protocol.request.encode
    const guarded: WireProtocol<T> = {
      ...protocol,
      request: {
        ...protocol.request,
        encode: async () => {
          const bytes = await encode()
          refused = options.beforeWrite?.() === false
          if (refused) throw new TransportError('BATCH_CHANGED', 'A record left the batch before it was written.', { retriable: true })
          return bytes
        },
      },
    }
    try {
      const answer = await this.#bounded(this.#connection.send(guarded), ms, 'REQUEST_TIMEOUT', options.mayOutlive)
      this.lastIo = moment(this.#options.clock)
      this.lastAnswer = this.#options.clock.now()
      return answer
    } catch (error) {
      const spared = refused || (options.mayOutlive && this.produceInFlight > 0)
      if (!spared) this.destroy(error instanceof TransportError ? error.code : 'CONNECTION_BROKEN')
      throw error
    } finally {
      this.inFlight--
      if (isProduce) this.produceInFlight--
    }
  }

  /** Hands everything that is written until `uncork` to the network as one write. */
  cork(): void {
    this.#socket?.cork()
  }

  uncork(): void {
    this.#socket?.uncork()
  }

  destroy(reason: string): void {
    if (!this.dead) {
      this.dead = true
      this.#options.onDead(this, reason)
    }
    // Always with an error: kafkajs does not listen to 'close' and would wait for its answers for ever.
    if (this.#socket && !this.#socket.destroyed) this.#socket.destroy(new Error(reason))
  }

  #bounded<T>(work: Promise<T>, ms: number, code: string, mayOutlive = false): Promise<T> {
    const late = () => {
      if (!(mayOutlive && this.produceInFlight > 0)) this.destroy(code)
      return new TransportError(code, `No answer within ${Math.round(ms)} ms.`, { retriable: true })
    }
    return within(this.#options.clock, ms, work, late, this.#options.onGrace)
  }

  #createSocket(host: string, port: number, onConnect: () => void): Socket {
    const socket = connect({ host, port, noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS }, onConnect)
    const write = socket.write
    socket.write = ((chunk: Buffer, ...rest: []) => {
      if (chunk.length > 6 && chunk.readInt16BE(4) === PRODUCE) this.produceWrites++
      this.lastIo = moment(this.#options.clock)
      return write.call(socket, chunk, ...rest)
    }) as typeof socket.write
    for (const event of ['end', 'error', 'close'] as const) socket.on(event, () => this.destroy(event === 'end' ? 'CLOSED_BY_BROKER' : 'CONNECTION_BROKEN'))
    this.#socket = socket
    return socket
  }
}
