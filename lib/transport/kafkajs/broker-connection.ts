// One kafkajs Connection with one socket. It never reconnects: BrokerNode creates a new one instead.
// The timers, retries and pools of kafkajs are off; the timers here run on the monotonic clock.
import { once } from 'node:events'
import { connect, isIP, type LookupFunction, type Socket } from 'node:net'
import { connect as connectTls, TLSSocket } from 'node:tls'
import loggers from 'kafkajs/src/loggers/index.js'
import Connection, { type WireProtocol } from 'kafkajs/src/network/connection.js'
import { TransportError } from '../../errors.ts'
import { type Clock, elapsedSince, type Moment, moment, sleep } from '../../time/clock.ts'
import { withTimeout } from '../../time/patient-timer.ts'
import type { AnswerTimes } from '../answer-times.ts'
import type { ConnectionSecurity } from '../connection-security.ts'
import { type ClientCauseCode, transportError } from '../error-codes.ts'
import { FrameReader } from '../frame-reader.ts'
import { connectionError } from './connection-error.ts'
import { closedEarly, noAnswer } from './refused-connection.ts'
import { toSasl } from './sasl.ts'
import { type ApiVersions, apiVersions, PRODUCE, REQUIRED_VERSIONS } from './wire.ts'

const NEVER_MS = 2 ** 30
const KEEP_ALIVE_MS = 30_000
/** A connection is replaced when this share of its session is left, or this many ms if they are less. */
const SESSION_MARGIN = 0.15
const SESSION_MARGIN_MS = 60_000
/** Spelled out, because NODE_TLS_REJECT_UNAUTHORIZED and --tls-min-v1.0 would change Node's own defaults. */
const TLS_ALWAYS = { rejectUnauthorized: true, minVersion: 'TLSv1.2' } as const
const silent = loggers.createLogger({ level: 0, logCreator: () => () => {} })

export interface BrokerConnectionOptions {
  readonly host: string
  readonly port: number
  readonly clientId: string
  readonly clock: Clock
  readonly security: ConnectionSecurity
  /** Of this broker, over all its connections. */
  readonly answerTimes: AnswerTimes
  readonly lookup: LookupFunction
  /** Wait this long after the TCP handshake before anything is sent, ms (`refused-connection.ts`). */
  readonly listenFirstMs: number
  /** Called once, when the connection is destroyed. */
  readonly onDestroyed: (connection: BrokerConnection, reason: string) => void
  readonly onGrace: () => void
  /** Called once, when the broker answers the first request after the handshake: it accepted the connection. */
  readonly onAnswer: () => void
}

export class BrokerConnection {
  isDestroyed = false
  /** Requests without an answer so far. */
  inFlight = 0
  /** Produce requests among them. */
  produceInFlight = 0
  /** Produce requests written to the socket; they separate `not-sent` from `unknown`. */
  produceWrites = 0
  lastIo: Moment
  /** Monotonic time of the last answer; -Infinity before the first. */
  lastAnswer = Number.NEGATIVE_INFINITY
  readonly #connection: Connection
  readonly #options: BrokerConnectionOptions
  readonly #frames = new FrameReader()
  #socket: Socket | undefined
  #socketError: NodeJS.ErrnoException | undefined
  #reason = ''
  /** Why this client gave the connection up, where that says more than kafkajs's error. */
  #failure: TransportError | undefined
  readonly #begin: number
  /** Monotonic times of the TCP handshake and of the first bytes that were sent. */
  #tcpConnectedAt: number | undefined
  #firstWriteAt: number | undefined
  #authenticatedAt: Moment | undefined
  /** Resolves when the last Produce that was written has its answer or has failed. */
  #lastProduce: Promise<unknown> | undefined

  constructor(options: BrokerConnectionOptions) {
    this.#options = options
    this.lastIo = moment(options.clock)
    this.#begin = options.clock.now()
    this.#connection = new Connection({
      host: options.host,
      port: options.port,
      clientId: options.clientId,
      ssl: options.security.tls ? {} : null,
      sasl: options.security.credentials ? toSasl(options.security.credentials) : null,
      // A session near its end gets a new connection; kafkajs must never re-authenticate.
      reauthenticationThreshold: -NEVER_MS,
      logger: silent,
      connectionTimeout: NEVER_MS,
      requestTimeout: NEVER_MS,
      enforceRequestTimeout: false,
      maxInFlightRequests: null,
      socketFactory: ({ host, port, onConnect }) => this.#createSocket(host, port, onConnect),
    })
    // The queue never holds a request back, and its timer has a negative delay (a warning per request on Node 24).
    this.#connection.requestQueue.scheduleCheckPendingRequests = () => {}
    // kafkajs's own reader believes every size, and throws in the socket's listener, where nobody catches.
    this.#connection.processData = chunk => this.#read(chunk)
  }

  /** Whether it sent nothing at first (`listenFirstMs`). */
  get hasListened(): boolean {
    return this.#options.listenFirstMs > 0
  }

  get idleMs(): number {
    return elapsedSince(this.#options.clock, this.lastIo)
  }

  /** The broker's session is nearly over: replace the connection when nothing is in flight. */
  get isSessionEnding(): boolean {
    const lifetime = this.#connection.sessionLifetime.toNumber()
    if (!this.#authenticatedAt || lifetime <= 0) return false
    return (
      elapsedSince(this.#options.clock, this.#authenticatedAt) >=
      lifetime - Math.min(SESSION_MARGIN_MS, lifetime * SESSION_MARGIN)
    )
  }

  /**
   * Connects: TCP, TLS, ApiVersions unless `knownVersions` has them, authentication.
   * @param ms the limit for all of it
   * @throws TransportError not retriable when a setting is wrong
   */
  async connect(ms: number, knownVersions: ApiVersions | undefined): Promise<ApiVersions> {
    try {
      const versions = await this.#withTimeout(this.#handshake(knownVersions), ms, 'CONNECTION_TIMEOUT', () =>
        this.noAnswer(ms),
      )
      this.lastIo = moment(this.#options.clock)
      return versions
    } catch (caught) {
      const error = this.#failure ?? caught
      const failure = connectionError({ error, socketError: this.#socketError, security: this.#options.security })
      throw (failure.causeCode === 'UNREACHABLE' && this.#wasClosed) || failure.causeCode === 'CLOSED_WHILE_CONNECTING'
        ? this.closedEarly(error)
        : failure
    }
  }

  #explain(error: unknown): unknown {
    if (this.#failure) return this.#failure
    return this.#wasClosed && this.lastAnswer === Number.NEGATIVE_INFINITY ? this.closedEarly(error) : error
  }

  /** Why the connection was closed before its first answer. */
  closedEarly(cause: unknown): TransportError {
    const now = this.#options.clock.now()
    return closedEarly({
      msAfterWrite: this.#firstWriteAt === undefined ? undefined : now - this.#firstWriteAt,
      connectMs: (this.#tcpConnectedAt ?? now) - this.#begin,
      cause,
    })
  }

  /** What a connection that is not ready after `ms` waits for. */
  noAnswer(ms: number): string {
    return noAnswer(ms, this.#tcpConnectedAt !== undefined)
  }

  /**
   * The broker closed the connection (FIN). A reset (RST) comes from an overloaded network, and passes.
   */
  get #wasClosed(): boolean {
    return this.#reason === 'CLOSED_BY_BROKER'
  }

  async #handshake(knownVersions: ApiVersions | undefined): Promise<ApiVersions> {
    await this.#listenFirst()
    await this.#connection.connect()
    const versions = knownVersions ?? (await this.#timed(this.#connection.send(apiVersions())))
    for (const { apiKey, name, version } of REQUIRED_VERSIONS) {
      const range = versions[apiKey]
      if (!range || range.maxVersion < version || range.minVersion > version)
        throw new TransportError(
          'unavailable',
          `The broker does not speak ${name} version ${version}: expected Apache Kafka 2.4 or newer.`,
          { causeCode: 'UNSUPPORTED_VERSION' },
        )
    }
    this.#connection.setVersions(versions)
    if (this.#options.security.credentials) {
      this.#connection.setSupportAuthenticationProtocol(true)
      await this.#connection.authenticate()
      this.#authenticatedAt = moment(this.#options.clock)
    }
    return versions
  }

  /** Opens the TCP connection and sends nothing: a broker at its limit closes it meanwhile. */
  async #listenFirst(): Promise<void> {
    const { host, port, lookup, clock, listenFirstMs } = this.#options
    if (listenFirstMs === 0) return
    const socket = this.#watch(connect({ host, port, lookup }))
    await once(socket, 'connect')
    await sleep(clock, listenFirstMs)
    if (this.isDestroyed) throw new Error('The connection was closed.')
  }

  async #timed<T>(answer: Promise<T>): Promise<T> {
    const { clock, answerTimes } = this.#options
    const begin = clock.now()
    const result = await answer
    answerTimes.add(clock.now() - begin)
    return result
  }

  /** How long a broker that lives may take for a probe, ms. */
  get probeLimitMs(): number {
    return this.#options.answerTimes.probeLimitMs
  }

  /**
   * Sends one request and waits for its answer. A failure destroys the connection, except in two cases: `beforeWrite`
   * returned false, so nothing was written; or `sparesProduces` is set and a Produce is in flight (a metadata request
   * that fails must not take a Produce with it).
   */
  async call<T>(
    protocol: WireProtocol<T>,
    ms: number,
    options: { beforeWrite?: () => boolean; sparesProduces?: boolean } = {},
  ): Promise<T> {
    if (this.isDestroyed)
      throw this.#explain(transportError('CONNECTION_BROKEN', 'The connection is closed.', { retriable: true }))
    const isProduce = protocol.request.apiKey === PRODUCE
    this.inFlight++
    if (isProduce) this.produceInFlight++
    let isCancelled = false
    const encode = protocol.request.encode
    const guarded: WireProtocol<T> = {
      ...protocol,
      request: {
        ...protocol.request,
        encode: async () => {
          const bytes = await encode()
          isCancelled = options.beforeWrite?.() === false
          if (isCancelled)
            throw transportError('BATCH_CHANGED', 'A record left the batch before it was written.', {
              retriable: true,
            })
          return bytes
        },
      },
    }
    try {
      const answer = await this.#afterEarlierProduce(isProduce, this.#timed(this.#connection.send(guarded)), work =>
        this.#withTimeout(work, ms, 'REQUEST_TIMEOUT', undefined, options.sparesProduces),
      )
      this.lastIo = moment(this.#options.clock)
      if (this.lastAnswer === Number.NEGATIVE_INFINITY) this.#options.onAnswer()
      this.lastAnswer = this.#options.clock.now()
      return answer
    } catch (caught) {
      const error = this.#explain(caught)
      const isKept = isCancelled || (options.sparesProduces && this.produceInFlight > 0)
      if (!isKept) this.destroy((error instanceof TransportError && error.causeCode) || 'CONNECTION_BROKEN')
      throw error
    } finally {
      this.inFlight--
      if (isProduce) this.produceInFlight--
    }
  }

  /**
   * A broker answers the requests of a connection one by one, so the time-out of a Produce begins after the earlier
   * one.
   */
  async #afterEarlierProduce<T>(
    isProduce: boolean,
    work: Promise<T>,
    withTimeout: (work: Promise<T>) => Promise<T>,
  ): Promise<T> {
    if (!isProduce) return withTimeout(work)
    const earlier = this.#lastProduce
    const completed = work.catch(() => undefined)
    this.#lastProduce = completed
    try {
      if (earlier) await earlier
      return await withTimeout(work)
    } finally {
      if (this.#lastProduce === completed) this.#lastProduce = undefined
    }
  }

  /** Collects everything that is written until `uncork` into one write. */
  cork(): void {
    this.#socket?.cork()
  }

  uncork(): void {
    this.#socket?.uncork()
  }

  #read(chunk: Buffer): void {
    try {
      this.#frames.push(chunk, frame => this.#complete(frame))
    } catch (error) {
      this.#failure = error as TransportError
      this.destroy('MALFORMED_ANSWER')
    }
  }

  /** A broker answers in the order of the requests, so an answer to none of them means that the stream is broken. */
  #complete(frame: Buffer): void {
    const correlationId = frame.readInt32BE(0)
    const queue = this.#connection.requestQueue
    if (!queue.inflight.has(correlationId))
      throw transportError('MALFORMED_ANSWER', `The broker answered a request that was not sent (${correlationId}).`, {
        retriable: true,
      })
    queue.fulfillRequest({ correlationId, payload: frame.subarray(4), size: frame.length })
  }

  destroy(reason: string): void {
    if (!this.isDestroyed) {
      this.isDestroyed = true
      this.#reason = reason
      this.#options.onDestroyed(this, reason)
    }
    // Always with an error: kafkajs does not listen to 'close' and would wait for its answers forever.
    if (this.#socket && !this.#socket.destroyed) this.#socket.destroy(new Error(reason))
  }

  #withTimeout<T>(
    work: Promise<T>,
    ms: number,
    causeCode: ClientCauseCode,
    message = () => `No answer within ${Math.round(ms)} ms.`,
    sparesProduces = false,
  ): Promise<T> {
    const late = () => {
      const error = transportError(causeCode, message(), { retriable: true })
      if (!(sparesProduces && this.produceInFlight > 0)) this.destroy(causeCode)
      return error
    }
    return withTimeout(this.#options.clock, ms, work, late, this.#options.onGrace)
  }

  #createSocket(host: string, port: number, onConnect: () => void): Socket {
    const { lookup, security } = this.#options
    const { tls } = security
    const opened = this.#socket
    if (!tls && opened) {
      queueMicrotask(onConnect)
      return this.#sends(opened)
    }
    const target = opened ? { host, socket: opened } : { host, port, lookup }
    const socket = tls
      ? connectTls({ ...target, ...tls, ...(isIP(host) ? {} : { servername: host }), ...TLS_ALWAYS }, onConnect)
      : connect({ host, port, lookup }, onConnect)
    if (opened) this.#firstWriteAt = this.#options.clock.now()
    return this.#sends(this.#watch(socket))
  }

  #watch(socket: Socket): Socket {
    socket.setNoDelay(true)
    socket.setKeepAlive(true, KEEP_ALIVE_MS)
    socket.once('connect', () => {
      this.#tcpConnectedAt ??= this.#options.clock.now()
      // TLS begins at once.
      if (socket instanceof TLSSocket) this.#firstWriteAt ??= this.#tcpConnectedAt
    })
    socket.once('error', error => {
      this.#socketError ??= error
    })
    for (const event of ['end', 'error', 'close'] as const)
      socket.on(event, () => this.destroy(event === 'end' ? 'CLOSED_BY_BROKER' : 'CONNECTION_BROKEN'))
    this.#socket = socket
    return socket
  }

  #sends(socket: Socket): Socket {
    const write = socket.write
    socket.write = ((chunk: Buffer, ...rest: []) => {
      if (chunk.length > 6 && chunk.readInt16BE(4) === PRODUCE) this.produceWrites++
      this.lastIo = moment(this.#options.clock)
      this.#firstWriteAt ??= this.#options.clock.now()
      return write.call(socket, chunk, ...rest)
    }) as typeof socket.write
    return socket
  }
}
