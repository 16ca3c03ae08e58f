// What kafkajs does on a connection: SASL, and the framing of small requests. Its timers, retries and pools are
// disabled.
import loggers from 'kafkajs/src/loggers/index.js'
import Connection from 'kafkajs/src/network/connection.js'
import { TransportError } from '../../errors.ts'
import { type Clock, elapsedSince, type Moment, moment } from '../../time/clock.ts'
import type { ConnectionSecurity } from '../connection-security.ts'
import { REQUIRED_VERSIONS } from './api-versions-protocol.ts'
import type { ConnectionSocket } from './connection-socket.ts'
import { toSasl } from './sasl.ts'
import type { ApiVersions, KafkaRequest } from './wire-protocol.ts'

const NEVER_MS = 2 ** 30
/** A connection is replaced when this share of its session, or fewer than this many ms, are left. */
const SESSION_MARGIN = 0.15
const SESSION_MARGIN_MS = 60_000
const silent = loggers.createLogger({ level: 0, logCreator: () => () => {} })

export interface KafkaJsSessionOptions {
  readonly host: string
  readonly port: number
  readonly clientId: string
  readonly clock: Clock
  readonly security: ConnectionSecurity
  readonly socket: ConnectionSocket
  readonly onData: (chunk: Buffer) => void
}

export class KafkaJsSession {
  readonly #connection: Connection
  readonly #clock: Clock
  readonly #hasCredentials: boolean
  #authenticatedAt: Moment | undefined

  constructor({ host, port, clientId, clock, security, socket, onData }: KafkaJsSessionOptions) {
    this.#clock = clock
    this.#hasCredentials = security.credentials !== undefined
    this.#connection = new Connection({
      host,
      port,
      clientId,
      ssl: security.tls ? {} : null,
      sasl: security.credentials ? toSasl(security.credentials) : null,
      // A session near its end gets a new connection, so kafkajs must never re-authenticate.
      reauthenticationThreshold: -NEVER_MS,
      logger: silent,
      connectionTimeout: NEVER_MS,
      requestTimeout: NEVER_MS,
      enforceRequestTimeout: false,
      maxInFlightRequests: null,
      socketFactory: ({ onConnect }) => socket.open(onConnect),
    })
    // The queue never holds a request back, and its timer has a negative delay (a warning per request on Node 24).
    this.#connection.requestQueue.scheduleCheckPendingRequests = () => {}
    // kafkajs's own reader trusts every size, and throws in the socket's listener, where nothing catches the error.
    this.#connection.processData = onData
  }

  /** Whether the broker's session ends soon. */
  get isEnding(): boolean {
    const lifetime = this.#connection.sessionLifetime.toNumber()
    if (!this.#authenticatedAt || lifetime <= 0) return false
    const marginMs = Math.min(SESSION_MARGIN_MS, lifetime * SESSION_MARGIN)
    return elapsedSince(this.#clock, this.#authenticatedAt) >= lifetime - marginMs
  }

  connect(): Promise<unknown> {
    return this.#connection.connect()
  }

  /**
   * Authenticates if the connection has credentials.
   * @param versions the versions that the broker knows
   * @throws TransportError UNSUPPORTED_VERSION
   */
  async begin(versions: ApiVersions): Promise<void> {
    for (const { apiKey, name, oldest, newest } of REQUIRED_VERSIONS) {
      const range = versions[apiKey]
      if (!range || range.maxVersion < oldest || range.minVersion > newest)
        throw new TransportError(
          'unavailable',
          `The broker knows no version of ${name} from ${oldest} to ${newest}: expected Apache Kafka 2.1 or newer.`,
          { causeCode: 'UNSUPPORTED_VERSION' },
        )
    }
    this.#connection.setVersions(versions)
    if (!this.#hasCredentials) return
    this.#connection.setSupportAuthenticationProtocol(true)
    await this.#connection.authenticate()
    this.#authenticatedAt = moment(this.#clock)
  }

  send<T>(request: KafkaRequest<T>): ReturnType<KafkaRequest<T>['response']['parse']> {
    return this.#connection.send(request)
  }

  /** The counter is shared with the requests that this client frames itself. */
  nextCorrelationId(): number {
    return this.#connection.nextCorrelationId()
  }

  /** @returns false if no request has this id */
  complete(correlationId: number, frame: Buffer): boolean {
    const queue = this.#connection.requestQueue
    if (!queue.inflight.has(correlationId)) return false
    queue.fulfillRequest({ correlationId, payload: frame.subarray(4), size: frame.length })
    return true
  }
}
