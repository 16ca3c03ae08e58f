// One kafkajs Connection with one socket. It never reconnects: BrokerNode creates a new one instead.
// The timers, retries and pools of kafkajs are off; the timers here run on the monotonic clock.
import type { LookupFunction } from 'node:net'
import loggers from 'kafkajs/src/loggers/index.js'
import Connection from 'kafkajs/src/network/connection.js'
import { TransportError } from '../../errors.ts'
import { type Clock, elapsedSince, type Moment, moment } from '../../time/clock.ts'
import { withTimeout } from '../../time/patient-timer.ts'
import type { AnswerTimes } from '../answer-times.ts'
import type { ConnectionSecurity } from '../connection-security.ts'
import { type ClientCauseCode, transportError } from '../error-codes.ts'
import { FrameReader } from '../frame-reader.ts'
import type { EncodedBatch, ProduceRequest } from '../kafka-client.ts'
import type { ProduceAnswer, ProduceCodec } from '../produce/produce-codec.ts'
import { beginRequest } from '../request-header.ts'
import { ResponseReader } from '../response-reader.ts'
import { addressOf } from './address.ts'
import { API_VERSIONS_VERSION, apiVersions, REQUIRED_VERSIONS, readApiVersions } from './api-versions-protocol.ts'
import type { BrokerIdentity } from './broker-identity.ts'
import { connectionError } from './connection-error.ts'
import { ConnectionSocket } from './connection-socket.ts'
import { FramedRequests } from './framed-requests.ts'
import { closedEarly, noAnswer } from './refused-connection.ts'
import { toSasl } from './sasl.ts'
import { API_VERSIONS, type ApiVersions, type KafkaRequest } from './wire-protocol.ts'

const NEVER_MS = 2 ** 30
/** A connection is replaced when this share of its session is left, or this many ms if they are less. */
const SESSION_MARGIN = 0.15
const SESSION_MARGIN_MS = 60_000
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
  /** Called with each pause that the broker asks for in an answer to `call`, ms. */
  readonly onThrottle: (ms: number) => void
}

export class BrokerConnection {
  isDestroyed = false
  /** Requests without an answer so far. */
  inFlight = 0
  /** Produce requests with an answer to come among them. */
  produceInFlight = 0
  /** A Produce was written. */
  hasProduced = false
  lastIo: Moment
  /**
   * What the broker said on this connection of the versions that it knows; undefined if it was not asked. In a cluster
   * that is being upgraded another broker knows others.
   */
  versions: ApiVersions | undefined
  /** Who answers here; undefined while it was not asked. */
  identity: BrokerIdentity | undefined
  /** The question that is under way. */
  identification: Promise<void> | undefined
  /** Monotonic time of the last answer; -Infinity before the first. */
  lastAnswer = Number.NEGATIVE_INFINITY
  readonly #connection: Connection
  readonly #options: BrokerConnectionOptions
  readonly #frames = new FrameReader()
  readonly #socket: ConnectionSocket
  readonly #framed: FramedRequests
  #reason = ''
  /** Why this client gave the connection up, where that says more than kafkajs's error. */
  #failure: TransportError | undefined
  #authenticatedAt: Moment | undefined

  constructor(options: BrokerConnectionOptions) {
    this.#options = options
    this.lastIo = moment(options.clock)
    const { host, port, lookup, clock, security } = options
    const onEnd = (event: 'end' | 'error' | 'close') =>
      this.destroy(event === 'end' ? 'CLOSED_BY_BROKER' : 'CONNECTION_BROKEN')
    this.#socket = new ConnectionSocket({ host, port, lookup, clock, tls: security.tls, onEnd })
    this.#framed = new FramedRequests(clock, ms => this.#onLate(ms), options.onGrace)
    this.#connection = new Connection({
      host,
      port,
      clientId: options.clientId,
      ssl: security.tls ? {} : null,
      sasl: security.credentials ? toSasl(security.credentials) : null,
      // A session near its end gets a new connection; kafkajs must never re-authenticate.
      reauthenticationThreshold: -NEVER_MS,
      logger: silent,
      connectionTimeout: NEVER_MS,
      requestTimeout: NEVER_MS,
      enforceRequestTimeout: false,
      maxInFlightRequests: null,
      socketFactory: ({ onConnect }) => this.#socket.open(onConnect),
    })
    // The queue never holds a request back, and its timer has a negative delay (a warning per request on Node 24).
    this.#connection.requestQueue.scheduleCheckPendingRequests = () => {}
    // kafkajs's own reader believes every size, and throws in the socket's listener, where nobody catches.
    this.#connection.processData = chunk => this.#read(chunk)
  }

  get address(): string {
    return addressOf(this.#options)
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
      const failure = connectionError({ error, socketError: this.#socket.error, security: this.#options.security })
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
    return closedEarly({ ...this.#socket.timesOfClose, cause })
  }

  /** What a connection that is not ready after `ms` waits for. */
  noAnswer(ms: number): string {
    return noAnswer(ms, this.#socket.isTcpConnected)
  }

  /**
   * The broker closed the connection (FIN). A reset (RST) comes from an overloaded network, and passes.
   */
  get #wasClosed(): boolean {
    return this.#reason === 'CLOSED_BY_BROKER'
  }

  async #handshake(knownVersions: ApiVersions | undefined): Promise<ApiVersions> {
    if (this.hasListened) {
      await this.#socket.listenFirst(this.#options.listenFirstMs)
      if (this.isDestroyed) throw new Error('The connection was closed.')
    }
    await this.#connection.connect()
    if (!knownVersions || this.#options.security.credentials) this.#socket.willWrite()
    if (!knownVersions) this.versions = (await this.#timed(this.#connection.send(apiVersions()))).answer
    const versions = knownVersions ?? (this.versions as ApiVersions)
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

  async #timed<T>(answer: Promise<T>): Promise<T> {
    const { clock, answerTimes } = this.#options
    const begin = clock.now()
    const result = await answer
    answerTimes.add(clock.now() - begin)
    return result
  }

  /**
   * Sends one request through kafkajs and waits for its answer. A failure destroys the connection, except if
   * `sparesProduces` is set and a Produce is in flight: a metadata request that fails must not take a Produce with it.
   */
  async call<T>(request: KafkaRequest<T>, ms: number, options: { sparesProduces?: boolean } = {}): Promise<T> {
    this.#throwIfDestroyed()
    this.inFlight++
    this.#noteWrite()
    try {
      const work = this.#timed(this.#connection.send(request))
      const { answer, throttleTimeMs } = await this.#withTimeout(
        work,
        ms,
        'REQUEST_TIMEOUT',
        undefined,
        options.sparesProduces,
      )
      this.#noteAnswer()
      if (throttleTimeMs > 0) this.#options.onThrottle(throttleTimeMs)
      return answer
    } catch (caught) {
      const error = this.#explain(caught)
      const isKept = options.sparesProduces && this.produceInFlight > 0
      if (!isKept) this.destroy((error instanceof TransportError && error.causeCode) || 'CONNECTION_BROKEN')
      throw error
    } finally {
      this.inFlight--
    }
  }

  /**
   * Writes one Produce in this turn, unless `beginWrite` returns false: then nothing is written, and the connection is
   * kept. The answer is undefined with `acks` 0.
   * @throws TransportError and the connection is destroyed, except with BATCH_CHANGED
   */
  async produce(
    codec: ProduceCodec,
    batches: readonly EncodedBatch[],
    { acks, ackTimeoutMs, requestTimeoutMs, beginWrite }: ProduceRequest,
  ): Promise<ProduceAnswer | undefined> {
    this.#throwIfDestroyed()
    const correlationId = this.#connection.nextCorrelationId()
    const { clientId } = this.#options
    const parts = codec.encode({ correlationId, clientId, acks, ackTimeoutMs, batches })
    if (!beginWrite())
      throw transportError('BATCH_CHANGED', 'A record left the batch before it was written.', { retriable: true })
    this.#noteWrite()
    this.hasProduced = true
    this.produceInFlight++
    try {
      if (acks === 0) return await this.#written(parts, requestTimeoutMs)
      this.#socket.write(parts)
      return codec.decode(await this.#answerTo(correlationId, requestTimeoutMs))
    } catch (error) {
      this.destroy((error instanceof TransportError && error.causeCode) || 'CONNECTION_BROKEN')
      throw error
    } finally {
      this.produceInFlight--
    }
  }

  /**
   * Writes what gets no answer, and waits until the operating system has taken it: until then this process holds its
   * bytes, however many, if the broker stopped reading.
   */
  async #written(parts: readonly Buffer[], ms: number): Promise<undefined> {
    this.inFlight++
    try {
      const written = new Promise<void>(resolve => this.#socket.write(parts, resolve))
      await this.#withTimeout(written, ms, 'REQUEST_TIMEOUT', () => `Not taken within ${Math.round(ms)} ms.`)
      this.#throwIfDestroyed()
    } finally {
      this.inFlight--
    }
  }

  /**
   * Asks whether the broker lives, with an ApiVersions request that it answers at once; without an answer within the
   * usual time (`AnswerTimes`) the connection is destroyed. Written in this turn.
   */
  async probe(): Promise<void> {
    await this.#apiVersions(this.#options.answerTimes.probeLimitMs)
  }

  /** Sets `versions`. Written in this turn. */
  async askVersions(ms: number): Promise<void> {
    this.versions = readApiVersions(new ResponseReader(await this.#apiVersions(ms)))
  }

  async #apiVersions(ms: number): Promise<Buffer> {
    this.#throwIfDestroyed()
    const correlationId = this.#connection.nextCorrelationId()
    const header = { apiKey: API_VERSIONS, apiVersion: API_VERSIONS_VERSION, correlationId }
    this.#noteWrite()
    this.#socket.write(beginRequest({ ...header, clientId: this.#options.clientId }, 0, 0).finish())
    // A listener that expects authentication answers this, and nothing else.
    const isFirst = this.lastAnswer === Number.NEGATIVE_INFINITY
    return this.#answerTo(correlationId, ms, !isFirst)
  }

  /**
   * Waits for the answer to a request that was just written.
   * @param isProof whether the answer proves that the broker accepted the connection
   */
  async #answerTo(correlationId: number, ms: number, isProof = true): Promise<Buffer> {
    this.inFlight++
    try {
      const body = await this.#timed(this.#framed.wait(correlationId, ms))
      if (isProof) this.#noteAnswer()
      return body
    } finally {
      this.inFlight--
    }
  }

  #throwIfDestroyed(): void {
    if (this.isDestroyed)
      throw this.#explain(transportError('CONNECTION_BROKEN', 'The connection is closed.', { retriable: true }))
  }

  #noteWrite(): void {
    this.lastIo = moment(this.#options.clock)
    this.#socket.willWrite()
  }

  #noteAnswer(): void {
    this.lastIo = moment(this.#options.clock)
    if (this.lastAnswer === Number.NEGATIVE_INFINITY) this.#options.onAnswer()
    this.lastAnswer = this.#options.clock.now()
  }

  #onLate(ms: number): void {
    this.#failure ??= transportError('REQUEST_TIMEOUT', `No answer within ${Math.round(ms)} ms.`, { retriable: true })
    this.destroy('REQUEST_TIMEOUT')
  }

  /** Collects everything that is written until `uncork` into one write. */
  cork(): void {
    this.#socket.cork()
  }

  uncork(): void {
    this.#socket.uncork()
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
    if (this.#framed.complete(correlationId, frame.subarray(4))) return
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
    this.#socket.destroy(reason)
    if (this.#framed.size === 0) return
    const message = `The connection to the broker was closed (${reason}).`
    this.#framed.failAll(this.#explain(transportError('CONNECTION_BROKEN', message, { retriable: true })))
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
}
