// Sends the requests of a connection. It never reconnects: BrokerNode creates a new connection instead. kafkajs sends
// the small requests; Produce and probes are framed here.
import { TransportError } from '../../errors.ts'
import { moment } from '../../time/clock.ts'
import { transportError } from '../error-codes.ts'
import type { EncodedBatch, ProduceRequest } from '../kafka-client.ts'
import type { ProduceAnswer, ProduceCodec } from '../produce/produce-codec.ts'
import { beginRequest } from '../request-header.ts'
import { ResponseReader } from '../response-reader.ts'
import { API_VERSIONS_VERSION, apiVersions, readApiVersions } from './api-versions-protocol.ts'
import { connectionError } from './connection-error.ts'
import { ConnectionState } from './connection-state.ts'
import { API_VERSIONS, type ApiVersions, type KafkaRequest } from './wire-protocol.ts'

export class BrokerConnection extends ConnectionState {
  /**
   * Connects: TCP, TLS, ApiVersions unless `knownVersions` is given, authentication.
   * @param ms the time limit for all of it
   * @throws TransportError that is not retriable if a setting is wrong
   */
  async connect(ms: number, knownVersions: ApiVersions | undefined): Promise<ApiVersions> {
    try {
      const handshake = this.#handshake(knownVersions)
      const versions = await this.withTimeout(handshake, ms, 'CONNECTION_TIMEOUT', () => this.noAnswer(ms))
      this.lastIo = moment(this.options.clock)
      return versions
    } catch (caught) {
      const error = this.failure ?? caught
      const failure = connectionError({ error, socketError: this.socket.error, security: this.options.security })
      throw (failure.causeCode === 'UNREACHABLE' && this.wasClosed) || failure.causeCode === 'CLOSED_WHILE_CONNECTING'
        ? this.closedEarly(error)
        : failure
    }
  }

  async #handshake(knownVersions: ApiVersions | undefined): Promise<ApiVersions> {
    if (this.hasListened) {
      await this.socket.listenFirst(this.options.listenFirstMs)
      if (this.isDestroyed) throw new Error('The connection was closed.')
    }
    await this.kafkajs.connect()
    if (!knownVersions || this.options.security.credentials) this.socket.willWrite()
    if (!knownVersions) this.versions = (await this.timed(this.kafkajs.send(apiVersions()))).answer
    const versions = knownVersions ?? (this.versions as ApiVersions)
    await this.kafkajs.begin(versions)
    return versions
  }

  /**
   * Sends a request through kafkajs and waits for its answer. A failure destroys the connection, unless
   * `sparesProduces` is set and a Produce is in flight: a failed metadata request must not make a Produce fail as well.
   */
  async call<T>(request: KafkaRequest<T>, ms: number, options: { sparesProduces?: boolean } = {}): Promise<T> {
    this.throwIfDestroyed()
    this.inFlight++
    this.noteWrite()
    try {
      const work = this.timed(this.kafkajs.send(request))
      const { answer, throttleTimeMs } = await this.withTimeout(
        work,
        ms,
        'REQUEST_TIMEOUT',
        undefined,
        options.sparesProduces,
      )
      this.noteAnswer()
      if (throttleTimeMs > 0) this.options.onThrottle(throttleTimeMs)
      return answer
    } catch (caught) {
      const error = this.explain(caught)
      const isKept = options.sparesProduces && this.produceInFlight > 0
      if (!isKept) this.destroy((error instanceof TransportError && error.causeCode) || 'CONNECTION_BROKEN')
      throw error
    } finally {
      this.inFlight--
    }
  }

  /**
   * Writes a Produce in this turn. If `beginWrite` returns false, nothing is written and the connection is kept. With
   * `acks` 0 the answer is undefined.
   * @throws TransportError after which the connection is destroyed, except for BATCH_CHANGED
   */
  async produce(
    codec: ProduceCodec,
    batches: readonly EncodedBatch[],
    { acks, ackTimeoutMs, requestTimeoutMs, beginWrite }: ProduceRequest,
  ): Promise<ProduceAnswer | undefined> {
    this.throwIfDestroyed()
    const correlationId = this.kafkajs.nextCorrelationId()
    const { clientId } = this.options
    const parts = codec.encode({ correlationId, clientId, acks, ackTimeoutMs, batches })
    if (!beginWrite())
      throw transportError('BATCH_CHANGED', 'A record left the batch before it was written.', { retriable: true })
    this.noteWrite()
    this.hasProduced = true
    this.produceInFlight++
    try {
      if (acks === 0) return await this.#written(parts, requestTimeoutMs)
      this.socket.write(parts)
      return codec.decode(await this.answerTo(correlationId, requestTimeoutMs))
    } catch (error) {
      this.destroy((error instanceof TransportError && error.causeCode) || 'CONNECTION_BROKEN')
      throw error
    } finally {
      this.produceInFlight--
    }
  }

  /**
   * Writes a request that gets no answer, and waits until the operating system has taken the bytes: if the broker stops
   * reading, the process would otherwise collect them without a limit.
   */
  async #written(parts: readonly Buffer[], ms: number): Promise<undefined> {
    this.inFlight++
    try {
      const written = new Promise<void>(resolve => this.socket.write(parts, resolve))
      await this.withTimeout(written, ms, 'REQUEST_TIMEOUT', () => `Not taken within ${Math.round(ms)} ms.`)
      this.throwIfDestroyed()
    } finally {
      this.inFlight--
    }
  }

  /**
   * Checks whether the broker is alive, with an ApiVersions request, which it answers at once. If it does not answer
   * within its usual time (`AnswerTimes`), the connection is destroyed. Written in this turn.
   */
  async probe(): Promise<void> {
    await this.#apiVersions(this.options.answerTimes.probeLimitMs)
  }

  /** Requests `versions`. Written in this turn. */
  async askVersions(ms: number): Promise<void> {
    this.versions = readApiVersions(new ResponseReader(await this.#apiVersions(ms)))
  }

  async #apiVersions(ms: number): Promise<Buffer> {
    this.throwIfDestroyed()
    const correlationId = this.kafkajs.nextCorrelationId()
    const header = { apiKey: API_VERSIONS, apiVersion: API_VERSIONS_VERSION, correlationId }
    this.noteWrite()
    this.socket.write(beginRequest({ ...header, clientId: this.options.clientId }, 0, 0).finish())
    // A listener that expects authentication answers this request and then nothing else, so it does not prove that the
    // broker accepts the connection.
    const isFirst = this.lastAnswer === Number.NEGATIVE_INFINITY
    return this.answerTo(correlationId, ms, !isFirst)
  }

  /** Collects everything written until `uncork` into one write. */
  cork(): void {
    this.socket.cork()
  }

  uncork(): void {
    this.socket.uncork()
  }
}
