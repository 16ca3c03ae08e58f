// The state of a connection with one socket: what is in flight, the frames that are read, how it ends, and why. All
// timers use the monotonic clock.
import type { LookupFunction } from 'node:net'
import type { TransportError } from '../../errors.ts'
import { type Clock, elapsedSince, type Moment, moment } from '../../time/clock.ts'
import { withTimeout } from '../../time/patient-timer.ts'
import type { AnswerTimes } from '../answer-times.ts'
import type { ConnectionSecurity } from '../connection-security.ts'
import { type ClientCauseCode, transportError } from '../error-codes.ts'
import { FrameReader } from '../frame-reader.ts'
import { addressOf } from './address.ts'
import type { BrokerIdentity } from './broker-identity.ts'
import { ConnectionSocket } from './connection-socket.ts'
import { FramedRequests } from './framed-requests.ts'
import { KafkaJsSession } from './kafkajs-session.ts'
import { closedEarly, noAnswer } from './refused-connection.ts'
import type { ApiVersions } from './wire-protocol.ts'

export interface ConnectionOptions {
  readonly host: string
  readonly port: number
  readonly clientId: string
  readonly clock: Clock
  readonly security: ConnectionSecurity
  /** The answer times of this broker, over all its connections. */
  readonly answerTimes: AnswerTimes
  readonly lookup: LookupFunction
  /** How long to wait after the TCP handshake before anything is sent, ms (`refused-connection.ts`). */
  readonly listenFirstMs: number
  /** Called once, when the connection is destroyed. */
  readonly onDestroyed: (connection: ConnectionState, reason: string) => void
  readonly onGrace: () => void
  /**
   * Called once, when the broker answers the first request after the handshake, which means that it accepted the
   * connection.
   */
  readonly onAnswer: () => void
  /** Called with each pause that the broker asks for in an answer to `call`, ms. */
  readonly onThrottle: (ms: number) => void
}

export abstract class ConnectionState {
  isDestroyed = false
  /** The number of requests without an answer. */
  inFlight = 0
  /** How many of them are Produce requests that get an answer. */
  produceInFlight = 0
  /** Whether a Produce was written. */
  hasProduced = false
  lastIo: Moment
  /**
   * The versions that the broker reported on this connection; undefined if it was not asked. While a cluster is
   * upgraded, its brokers know different versions.
   */
  versions: ApiVersions | undefined
  /** Which broker answers here; undefined if it was not asked. */
  identity: BrokerIdentity | undefined
  /** The identity check in progress. */
  identification: Promise<void> | undefined
  /** When the last answer arrived (monotonic clock); -Infinity before the first. */
  lastAnswer = Number.NEGATIVE_INFINITY
  protected readonly kafkajs: KafkaJsSession
  protected readonly options: ConnectionOptions
  readonly #frames = new FrameReader()
  protected readonly socket: ConnectionSocket
  readonly #framed: FramedRequests
  #reason = ''
  /** Why this client ended the connection, if that says more than the error of kafkajs. */
  protected failure: TransportError | undefined

  constructor(options: ConnectionOptions) {
    this.options = options
    this.lastIo = moment(options.clock)
    const { host, port, lookup, clock, security } = options
    const onEnd = (event: 'end' | 'error' | 'close') =>
      this.destroy(event === 'end' ? 'CLOSED_BY_BROKER' : 'CONNECTION_BROKEN')
    this.socket = new ConnectionSocket({ host, port, lookup, clock, tls: security.tls, onEnd })
    this.#framed = new FramedRequests(clock, ms => this.#onLate(ms), options.onGrace)
    this.kafkajs = new KafkaJsSession({ ...options, socket: this.socket, onData: chunk => this.#read(chunk) })
  }

  get address(): string {
    return addressOf(this.options)
  }

  /** Whether it sent nothing at first (`listenFirstMs`). */
  get hasListened(): boolean {
    return this.options.listenFirstMs > 0
  }

  get idleMs(): number {
    return elapsedSince(this.options.clock, this.lastIo)
  }

  /** Whether the broker's session ends soon, so that the connection is replaced when nothing is in flight. */
  get isSessionEnding(): boolean {
    return this.kafkajs.isEnding
  }

  protected explain(error: unknown): unknown {
    if (this.failure) return this.failure
    return this.wasClosed && this.lastAnswer === Number.NEGATIVE_INFINITY ? this.closedEarly(error) : error
  }

  /** Returns why the connection was closed before its first answer. */
  closedEarly(cause: unknown): TransportError {
    return closedEarly({ ...this.socket.timesOfClose, cause })
  }

  /** Describes what a connection that is not ready after `ms` is waiting for. */
  noAnswer(ms: number): string {
    return noAnswer(ms, this.socket.isTcpConnected)
  }

  /**
   * Whether the broker closed the connection (FIN). A reset (RST) comes from an overloaded network, which is temporary.
   */
  protected get wasClosed(): boolean {
    return this.#reason === 'CLOSED_BY_BROKER'
  }

  protected async timed<T>(answer: Promise<T>): Promise<T> {
    const { clock, answerTimes } = this.options
    const begin = clock.now()
    const result = await answer
    answerTimes.add(clock.now() - begin)
    return result
  }

  /**
   * Waits for the answer to a request that was just written.
   * @param isProof whether the answer proves that the broker accepted the connection
   */
  protected async answerTo(correlationId: number, ms: number, isProof = true): Promise<Buffer> {
    this.inFlight++
    try {
      const body = await this.timed(this.#framed.wait(correlationId, ms))
      if (isProof) this.noteAnswer()
      return body
    } finally {
      this.inFlight--
    }
  }

  protected throwIfDestroyed(): void {
    if (this.isDestroyed)
      throw this.explain(transportError('CONNECTION_BROKEN', 'The connection is closed.', { retriable: true }))
  }

  protected noteWrite(): void {
    this.lastIo = moment(this.options.clock)
    this.socket.willWrite()
  }

  protected noteAnswer(): void {
    this.lastIo = moment(this.options.clock)
    if (this.lastAnswer === Number.NEGATIVE_INFINITY) this.options.onAnswer()
    this.lastAnswer = this.options.clock.now()
  }

  #onLate(ms: number): void {
    this.failure ??= transportError('REQUEST_TIMEOUT', `No answer within ${Math.round(ms)} ms.`, { retriable: true })
    this.destroy('REQUEST_TIMEOUT')
  }

  #read(chunk: Buffer): void {
    try {
      this.#frames.push(chunk, frame => this.#complete(frame))
    } catch (error) {
      this.failure = error as TransportError
      this.destroy('MALFORMED_ANSWER')
    }
  }

  /** A broker answers in the order of the requests, so an answer to none of them means that the stream is broken. */
  #complete(frame: Buffer): void {
    const correlationId = frame.readInt32BE(0)
    if (this.#framed.complete(correlationId, frame.subarray(4))) return
    if (!this.kafkajs.complete(correlationId, frame))
      throw transportError('MALFORMED_ANSWER', `The broker answered a request that was not sent (${correlationId}).`, {
        retriable: true,
      })
  }

  destroy(reason: string): void {
    if (!this.isDestroyed) {
      this.isDestroyed = true
      this.#reason = reason
      this.options.onDestroyed(this, reason)
    }
    this.socket.destroy(reason)
    if (this.#framed.size === 0) return
    const message = `The connection to the broker was closed (${reason}).`
    this.#framed.failAll(this.explain(transportError('CONNECTION_BROKEN', message, { retriable: true })))
  }

  protected withTimeout<T>(
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
    return withTimeout(this.options.clock, ms, work, late, this.options.onGrace)
  }
}
