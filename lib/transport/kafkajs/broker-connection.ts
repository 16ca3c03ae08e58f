// A connection is one kafkajs Connection = one socket, never reconnected: dead once, dead for ever; a connection attempt makes a new one.
// kafkajs's timers, retries and pools are off; the timers here decide, on the monotonic clock.
import { connect, isIP, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import loggers from 'kafkajs/src/loggers/index.js'
import Connection, { type WireProtocol } from 'kafkajs/src/network/connection.js'
import { TransportError } from '../../errors.ts'
import { type Clock, elapsedSince, type Moment, moment } from '../../time/clock.ts'
import { withTimeout } from '../../time/patient-timer.ts'
import type { ConnectionSecurity } from '../connection-security.ts'
import { type OwnCauseCode, transportError } from '../error-codes.ts'
import { closedWhileConnecting, connectionError } from './connection-error.ts'
import { toSasl } from './sasl.ts'
import { type ApiVersions, apiVersions, PRODUCE, VERSIONS_SPOKEN } from './wire.ts'

const NEVER_MS = 2 ** 30
const KEEP_ALIVE_MS = 30_000
/** A session is replaced when this much of it is left, at most this many ms. */
const SESSION_MARGIN = 0.15
const SESSION_MARGIN_MS = 60_000
const silent = loggers.createLogger({ level: 0, logCreator: () => () => {} })

export interface BrokerConnectionOptions {
  readonly host: string
  readonly port: number
  readonly clientId: string
  readonly clock: Clock
  readonly security: ConnectionSecurity
  /** Told once when the connection dies, with the reason, and whether it was mid-request. */
  readonly onDead: (connection: BrokerConnection, reason: string) => void
  readonly onGrace: () => void
  /** The broker let us in: it answered a request beyond the hand-shake. */
  readonly onAnswer: () => void
}

export class BrokerConnection {
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
  readonly #options: BrokerConnectionOptions
  #socket: Socket | undefined
  #socketError: NodeJS.ErrnoException | undefined
  #reason = ''
  #authenticatedAt: Moment | undefined
  /** Settles with the last Produce that was written. */
  #lastProduce: Promise<unknown> | undefined

  constructor(options: BrokerConnectionOptions) {
    this.#options = options
    this.lastIo = moment(options.clock)
    this.#connection = new Connection({
      host: options.host,
      port: options.port,
      clientId: options.clientId,
      ssl: options.security.tls ? {} : null,
      sasl: options.security.authentication ? toSasl(options.security.authentication) : null,
      // A session near its end gets a new connection: kafkajs must never authenticate again by itself.
      reauthenticationThreshold: -NEVER_MS,
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

  /** Its session with the broker is nearly over: to be replaced when nothing is in flight. */
  get sessionEnds(): boolean {
    const lifetime = this.#connection.sessionLifetime.toNumber()
    if (!this.#authenticatedAt || lifetime <= 0) return false
    return (
      elapsedSince(this.#options.clock, this.#authenticatedAt) >=
      lifetime - Math.min(SESSION_MARGIN_MS, lifetime * SESSION_MARGIN)
    )
  }

  /**
   * TCP, TLS, ApiVersions unless the cluster's are known, the authentication; all within `ms`.
   * @throws TransportError fatal where the settings are wrong
   */
  async open(ms: number, known: ApiVersions | undefined): Promise<ApiVersions> {
    try {
      const versions = await this.#bounded(this.#handshake(known), ms, 'CONNECTION_TIMEOUT')
      this.lastIo = moment(this.#options.clock)
      return versions
    } catch (error) {
      const failure = connectionError({ error, socketError: this.#socketError, security: this.#options.security })
      throw failure.causeCode === 'UNREACHABLE' && this.#wasClosed ? closedWhileConnecting(error) : failure
    }
  }

  /** The peer was there and hung up in good order. A reset is a network that is overloaded or a limit of connections, and passes. */
  get #wasClosed(): boolean {
    return this.#reason === 'CLOSED_BY_BROKER'
  }

  async #handshake(known: ApiVersions | undefined): Promise<ApiVersions> {
    await this.#connection.connect()
    const versions = known ?? (await this.#connection.send(apiVersions()))
    for (const { apiKey, name, version } of VERSIONS_SPOKEN) {
      const range = versions[apiKey]
      if (!range || range.maxVersion < version || range.minVersion > version)
        throw new TransportError(
          'unavailable',
          `The broker does not speak ${name} version ${version}: expected Apache Kafka 2.4 or newer.`,
          { causeCode: 'UNSUPPORTED_VERSION' },
        )
    }
    this.#connection.setVersions(versions)
    if (this.#options.security.authentication) {
      this.#connection.setSupportAuthenticationProtocol(true)
      await this.#connection.authenticate()
      this.#authenticatedAt = moment(this.#options.clock)
    }
    return versions
  }

  /**
   * One request. Any failure kills the connection, but for two: `mayOutlive` (a metadata ask must not take a Produce with it),
   * and a refusal of `beforeWrite`, after which nothing was written.
   */
  async call<T>(
    protocol: WireProtocol<T>,
    ms: number,
    options: { beforeWrite?: () => boolean; mayOutlive?: boolean } = {},
  ): Promise<T> {
    if (this.dead) throw transportError('CONNECTION_BROKEN', 'The connection is closed.', { retriable: true })
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
          if (refused)
            throw transportError('BATCH_CHANGED', 'A record left the batch before it was written.', {
              retriable: true,
            })
          return bytes
        },
      },
    }
    try {
      const answer = await this.#inLine(isProduce, this.#connection.send(guarded), work =>
        this.#bounded(work, ms, 'REQUEST_TIMEOUT', options.mayOutlive),
      )
      this.lastIo = moment(this.#options.clock)
      if (this.lastAnswer === Number.NEGATIVE_INFINITY) this.#options.onAnswer()
      this.lastAnswer = this.#options.clock.now()
      return answer
    } catch (error) {
      const spared = refused || (options.mayOutlive && this.produceInFlight > 0)
      if (!spared) this.destroy((error instanceof TransportError && error.causeCode) || 'CONNECTION_BROKEN')
      throw error
    } finally {
      this.inFlight--
      if (isProduce) this.produceInFlight--
    }
  }

  /** A broker answers one request of a connection after the other: a Produce's clock starts when it is first in line. */
  async #inLine<T>(isProduce: boolean, work: Promise<T>, bounded: (work: Promise<T>) => Promise<T>): Promise<T> {
    if (!isProduce) return bounded(work)
    const before = this.#lastProduce
    const completed = work.catch(() => undefined)
    this.#lastProduce = completed
    try {
      if (before) await before
      return await bounded(work)
    } finally {
      if (this.#lastProduce === completed) this.#lastProduce = undefined
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
      this.#reason = reason
      this.#options.onDead(this, reason)
    }
    // Always with an error: kafkajs does not listen to 'close' and would wait for its answers for ever.
    if (this.#socket && !this.#socket.destroyed) this.#socket.destroy(new Error(reason))
  }

  #bounded<T>(work: Promise<T>, ms: number, causeCode: OwnCauseCode, mayOutlive = false): Promise<T> {
    const late = () => {
      if (!(mayOutlive && this.produceInFlight > 0)) this.destroy(causeCode)
      return transportError(causeCode, `No answer within ${Math.round(ms)} ms.`, { retriable: true })
    }
    return withTimeout(this.#options.clock, ms, work, late, this.#options.onGrace)
  }

  #createSocket(host: string, port: number, onConnect: () => void): Socket {
    const { tls } = this.#options.security
    const socket = tls
      ? connectTls({ host, port, ...tls, ...(isIP(host) ? {} : { servername: host }) }, onConnect)
      : connect({ host, port }, onConnect)
    socket.setNoDelay(true)
    socket.setKeepAlive(true, KEEP_ALIVE_MS)
    socket.once('error', error => {
      this.#socketError ??= error
    })
    const write = socket.write
    socket.write = ((chunk: Buffer, ...rest: []) => {
      if (chunk.length > 6 && chunk.readInt16BE(4) === PRODUCE) this.produceWrites++
      this.lastIo = moment(this.#options.clock)
      return write.call(socket, chunk, ...rest)
    }) as typeof socket.write
    for (const event of ['end', 'error', 'close'] as const)
      socket.on(event, () => this.destroy(event === 'end' ? 'CLOSED_BY_BROKER' : 'CONNECTION_BROKEN'))
    this.#socket = socket
    return socket
  }
}
