// Opens the connections to one broker: with random back-off after a failed or destroyed connection, then at the
// next address of the broker's host name; after a refusal that no retry can fix, once in 10 s.
import { TransportError } from '../../errors.ts'
import { backoff } from '../../time/backoff.ts'
import { elapsedSince, type Moment, moment, sleep } from '../../time/clock.ts'
import { Deadline } from '../../time/deadline.ts'
import { AnswerTimes } from '../answer-times.ts'
import type { ConnectionSecurity } from '../connection-security.ts'
import { transportError } from '../error-codes.ts'
import { splitAddress } from './address.ts'
import { BrokerConnection } from './broker-connection.ts'
import { type BrokerNodeOptions, LEFT_CLUSTER, type SharedState } from './broker-options.ts'
import type { ConnectionState } from './connection-state.ts'
import { atLimit, CLOSED_WHILE_CONNECTING, LISTEN_FIRST_MS, protocolMismatch } from './refused-connection.ts'
import { rotatingLookup } from './rotating-lookup.ts'

/** What a connection is for: Produce requests (data), or requests that any broker can answer (control). */
export type Slot = 'data' | 'control'

/** After a refusal that no retry can fix, the next connection attempt to the broker waits for this time, ms. */
const REFUSED_MS = 10_000
const MAX_CLOSED_ATTEMPTS = 3
export interface ConnectionAttemptsOptions extends BrokerNodeOptions {
  readonly address: string
  readonly shared: SharedState
  /** Whether the broker's requests use this connection. */
  readonly isInUse: (connection: ConnectionState) => boolean
  /** Called with each pause that the broker asks for, ms. */
  readonly onThrottle: (ms: number) => void
}

export class ConnectionAttempts {
  readonly #options: ConnectionAttemptsOptions
  readonly #shared: SharedState
  readonly #answerTimes = new AnswerTimes()
  /** The connection of the attempt in progress. */
  #opening: BrokerConnection | undefined
  /** Why the next connection of a slot is opened. */
  readonly #reasons: Record<Slot, string> = { data: 'FIRST', control: 'BUSY' }
  #failures = 0
  /** Which of the addresses of its host name the next connection tries first. */
  #addressOffset = 0
  #notBefore = 0
  #refusal: { readonly error: TransportError; readonly at: Moment } | undefined
  #closed = false

  constructor(options: ConnectionAttemptsOptions) {
    this.#options = options
    this.#shared = options.shared
  }

  /** Whether the next attempt waits, or the last one was refused. */
  get isBackingOff(): boolean {
    return this.#notBefore > this.#options.clock.now() || this.#refusal !== undefined
  }

  /** Describes what the attempt in progress is waiting for after `ms`. */
  noAnswer(ms: number): string {
    return this.#opening?.noAnswer(ms) ?? 'No connection before the deadline.'
  }

  /**
   * Opens a connection.
   * @throws TransportError that says why there is none
   */
  async open(slot: Slot): Promise<BrokerConnection> {
    this.#throwIfRefused()
    const { clock } = this.#options
    const waitMs = this.#notBefore - clock.now()
    if (waitMs > 0) await sleep(clock, waitMs)
    const connection = await this.#openWithRenewal(slot)
    if (this.#closed) connection.destroy('CLOSE')
    this.#failures = 0
    this.#refusal = undefined
    return connection
  }

  close(): void {
    this.#closed = true
    this.#opening?.destroy('CLOSE')
  }

  #throwIfRefused(): void {
    if (this.#refusal && elapsedSince(this.#options.clock, this.#refusal.at) < REFUSED_MS) throw this.#refusal.error
  }

  /** Tries once more if the broker refuses the credentials and they have changed since. */
  async #openWithRenewal(slot: Slot): Promise<BrokerConnection> {
    try {
      return await this.#openConnection(slot)
    } catch (error) {
      const refusal = error as TransportError
      if (refusal.causeCode !== 'AUTHENTICATION_FAILED' || !(await this.#options.security.renew(this.#connectDeadline)))
        throw this.#rememberRefusal(refusal)
    }
    this.#reasons[slot] = 'CREDENTIALS_RENEWED'
    try {
      return await this.#openConnection(slot)
    } catch (error) {
      throw this.#rememberRefusal(error as TransportError)
    }
  }

  #rememberRefusal(error: TransportError): TransportError {
    if (!error.retriable && error.causeCode !== 'CLOSED') this.#refusal = { error, at: moment(this.#options.clock) }
    return error
  }

  get #connectDeadline(): Deadline {
    return Deadline.after(this.#options.clock, this.#options.connectTimeoutMs)
  }

  async #openConnection(slot: Slot): Promise<BrokerConnection> {
    const { clock, clientId, connectTimeoutMs } = this.#options
    const deadline = this.#connectDeadline
    const security = await this.#connectionSecurity(deadline)
    if (this.#closed) throw transportError('CLOSED', 'The producer is closed.')
    const [host, port] = splitAddress(this.#options.address)
    const listenFirstMs = this.#shared.closedAttempts ? LISTEN_FIRST_MS : 0
    const connection = new BrokerConnection({
      host,
      port,
      clientId,
      clock,
      security,
      answerTimes: this.#answerTimes,
      lookup: rotatingLookup(this.#addressOffset),
      listenFirstMs,
      onDestroyed: (dead, reason) => {
        this.#reasons[slot] = reason
        this.#onDestroyed(dead, reason)
      },
      onGrace: () => {
        this.#shared.graces++
      },
      onAnswer: () => {
        this.#shared.closedAttempts = undefined
      },
      onThrottle: this.#options.onThrottle,
    })
    const reason = this.#reasons[slot]
    this.#shared.attemptsByReason[reason] = (this.#shared.attemptsByReason[reason] ?? 0) + 1
    this.#opening = connection
    try {
      this.#shared.versions = await connection.connect(
        Math.max(1, Math.min(connectTimeoutMs, deadline.remaining)),
        this.#shared.versions,
      )
      if (security.credentials) this.#shared.closedAttempts = undefined
      return connection
    } catch (error) {
      if (this.#closed) throw transportError('CLOSED', 'The producer is closed.')
      connection.destroy('CONNECTION_FAILED')
      throw this.#countClosed(error as TransportError, listenFirstMs > 0)
    } finally {
      this.#opening = undefined
    }
  }

  /** Backs off also if a secret or a token is not available, so that it is not requested in a tight loop. */
  async #connectionSecurity(deadline: Deadline): Promise<ConnectionSecurity> {
    try {
      return await this.#options.security.forConnection(deadline)
    } catch (error) {
      this.#backOff()
      throw error instanceof TransportError
        ? error
        : transportError(
            'CREDENTIALS_UNAVAILABLE',
            'The credentials or TLS material of a connection are not available.',
            {
              retriable: true,
              cause: error,
            },
          )
    }
  }

  /**
   * Counts a close as a sign of a protocol mismatch. The first close is only a hint, which only connections that sent
   * nothing at first can confirm. Otherwise several brokers at their connection limit, asked in parallel, would look
   * like a mismatch.
   */
  #countClosed(error: TransportError, hasListened: boolean): TransportError {
    if (error.causeCode !== CLOSED_WHILE_CONNECTING) return error
    if (this.#shared.closedAttempts === undefined) return atLimit(error.cause)
    if (this.#shared.closedAttempts > 0 && !hasListened) return error
    this.#shared.closedAttempts++
    return this.#shared.closedAttempts >= MAX_CLOSED_ATTEMPTS ? protocolMismatch(error.cause) : error
  }

  /**
   * Notes why a connection ended. A failed connection delays the next attempt; not so a connection that this client
   * replaced, or that the broker closed while it was idle, or that worked until the deadline of a caller, because other
   * callers may wait for the broker.
   */
  #onDestroyed(connection: ConnectionState, reason: string): void {
    this.#shared.destroyed[reason] = (this.#shared.destroyed[reason] ?? 0) + 1
    if (reason === 'REQUEST_TIMEOUT') this.#shared.lastSilence = this.#options.clock.now()
    const wasInUse = this.#options.isInUse(connection)
    const wasClosedIdle =
      reason === 'CLOSED_BY_BROKER' &&
      wasInUse &&
      connection.inFlight === 0 &&
      connection.lastAnswer > Number.NEGATIVE_INFINITY
    const hadWorked = reason === 'DEADLINE' && connection.lastAnswer > Number.NEGATIVE_INFINITY
    if (
      reason === 'IDLE' ||
      reason === 'SESSION' ||
      reason === 'CLOSE' ||
      reason === LEFT_CLUSTER ||
      wasClosedIdle ||
      hadWorked
    )
      return
    // A listener that expects authentication completes any handshake, and closes the connection at the first request.
    if (wasInUse && connection.lastAnswer === Number.NEGATIVE_INFINITY && reason === 'CLOSED_BY_BROKER')
      this.#rememberRefusal(this.#countClosed(connection.closedEarly(undefined), connection.hasListened))
    this.#backOff()
  }

  #backOff(): void {
    const { clock, reconnectBackoffMs, reconnectBackoffMaxMs } = this.#options
    this.#failures++
    this.#addressOffset++
    this.#notBefore = clock.now() + backoff(this.#failures, reconnectBackoffMs, reconnectBackoffMaxMs)
  }
}
