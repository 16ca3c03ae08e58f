// The connections to one broker: a data connection for Produce requests, and a control connection for questions, which
// any broker can answer. A broker serves one request of a connection at a time: a Produce must not wait behind a slow
// question, and a new connection would have to ask one before its first Produce. Until the first Produce the data
// connection takes questions, too. Connection attempts are made one at a time, with full-jitter back-off after a failed
// or destroyed connection.
import { TransportError } from '../../errors.ts'
import { backoff } from '../../time/backoff.ts'
import { type Clock, elapsedSince, type Moment, moment, sleep } from '../../time/clock.ts'
import { Deadline } from '../../time/deadline.ts'
import { withTimeout } from '../../time/patient-timer.ts'
import { AnswerTimes } from '../answer-times.ts'
import type { ConnectionSecurity, SecurityProvider } from '../connection-security.ts'
import { transportError } from '../error-codes.ts'
import { splitAddress } from './address.ts'
import { BrokerConnection } from './broker-connection.ts'
import { SILENT_MS } from './first-success.ts'
import { atLimit, CLOSED_WHILE_CONNECTING, LISTEN_FIRST_MS, protocolMismatch } from './refused-connection.ts'
import { rotatingLookup } from './rotating-lookup.ts'
import type { ApiVersions } from './wire-protocol.ts'

export interface BrokerNodeOptions {
  readonly clientId: string
  readonly clock: Clock
  readonly connectTimeoutMs: number
  readonly maxIdleMs: number
  readonly reconnectBackoffMs: number
  readonly reconnectBackoffMaxMs: number
  readonly security: SecurityProvider
}

/** Shared by the broker nodes of a client. */
export interface SharedState {
  versions: ApiVersions | undefined
  /** Connection attempts by reason: `FIRST`, `BUSY`, or why the connection before ended. */
  attemptsByReason: Record<string, number>
  /**
   * New connections that brokers closed after their first bytes, before an answer; undefined once a connection has
   * succeeded, which proves security.protocol.
   */
  closedAttempts: number | undefined
  graces: number
  /** When a connection was last given up because its broker did not answer (monotonic). */
  lastSilence: number
  destroyed: Record<string, number>
}

type Slot = 'data' | 'control'

/** After a refusal that no retry can fix, the next connection attempt to the broker is made only after this time. */
const REFUSED_MS = 10_000
const MAX_CLOSED_ATTEMPTS = 3
/** Why the connections to a former cluster are destroyed. */
export const LEFT_CLUSTER = 'LEFT_CLUSTER'

/**
 * How soon a broker may have an answer that helps. One that answered just now is likely to live; a busy one needs
 * another connection; one whose last answer did not help may not know more yet; a silent one has not answered for a
 * second.
 */
export const READINESS = {
  answering: 6,
  connected: 5,
  busy: 4,
  connecting: 3.5,
  notConnected: 3,
  unhelpful: 2,
  backingOff: 1,
  silent: 0,
} as const

interface Question {
  readonly askedAt: number
  /** Undefined before it is sent. */
  connection: BrokerConnection | undefined
}

export class BrokerNode {
  readonly address: string
  readonly #options: BrokerNodeOptions
  readonly #shared: SharedState
  readonly #connections: Record<Slot, BrokerConnection | undefined> = { data: undefined, control: undefined }
  readonly #answerTimes = new AnswerTimes()
  /** Requests of `ask` without an answer. */
  readonly #questions = new Set<Question>()
  /** Former control connections whose question is late; each is closed when it is over. */
  readonly #late = new Set<BrokerConnection>()
  #connecting: Promise<void> | undefined
  /** The connection of the attempt in progress. */
  #opening: BrokerConnection | undefined
  /** Why the next connection of a slot is made. */
  readonly #reasons: Record<Slot, string> = { data: 'FIRST', control: 'BUSY' }
  #failures = 0
  /** Which of the addresses of its name the next connection tries first. */
  #addressOffset = 0
  #notBefore = 0
  #refusal: { readonly error: TransportError; readonly at: Moment } | undefined
  #closed = false

  constructor(address: string, options: BrokerNodeOptions, shared: SharedState) {
    this.address = address
    this.#options = options
    this.#shared = shared
  }

  get openConnections(): number {
    return this.#open.length
  }

  get #open(): BrokerConnection[] {
    const { data, control } = this.#connections
    return [data, control, ...this.#late].filter(
      (one): one is BrokerConnection => one !== undefined && !one.isDestroyed,
    )
  }

  /** A request is in flight, or a connection is being made. */
  get isBusy(): boolean {
    return this.#connecting !== undefined || this.#open.some(({ inFlight }) => inFlight > 0)
  }

  /** Requests that any broker can answer go to the highest first. */
  get readiness(): number {
    const now = this.#options.clock.now()
    if ([...this.#questions].some(({ askedAt }) => now - askedAt >= SILENT_MS)) return READINESS.silent
    const open = this.#open
    if (open.some(connection => isFree(connection)))
      return open.some(({ lastAnswer }) => now - lastAnswer < SILENT_MS) ? READINESS.answering : READINESS.connected
    if (open.length > 0) return READINESS.busy
    if (this.#connecting) return READINESS.connecting
    return this.#notBefore > now || this.#refusal ? READINESS.backingOff : READINESS.notConnected
  }

  /**
   * Its connections have not answered since another one turned out to be dead: after a freeze, or behind a NAT, all of
   * them may be.
   */
  get isDoubtful(): boolean {
    const open = this.#open
    return open.length > 0 && open.every(({ lastAnswer }) => lastAnswer < this.#shared.lastSilence)
  }

  /** Sends a request over a connection without a request in flight, and waits for its answer until the deadline. */
  async ask<T>(
    send: (connection: BrokerConnection, ms: number) => Promise<T>,
    deadline: Deadline,
    requestTimeoutMs: number,
  ): Promise<T> {
    const question: Question = { askedAt: this.#options.clock.now(), connection: undefined }
    this.#questions.add(question)
    try {
      const connection = await this.idleConnection(deadline)
      question.connection = connection
      return await send(connection, Math.max(1, Math.min(requestTimeoutMs, deadline.remaining)))
    } finally {
      this.#questions.delete(question)
      if (question.connection && this.#late.delete(question.connection)) question.connection.destroy('IDLE')
    }
  }

  dataConnection(deadline: Deadline): Promise<BrokerConnection> {
    return this.#get('data', deadline)
  }

  /** A connection for a question: where possible one without a request in flight. */
  idleConnection(deadline: Deadline): Promise<BrokerConnection> {
    const data = this.#live('data')
    if (!data) return this.#get('data', deadline)
    if (isFree(data)) return Promise.resolve(data)
    this.#replaceLateControl()
    return this.#get('control', deadline)
  }

  /** Without an answer for a second the connection may be dead: the next question goes over another one. */
  #replaceLateControl(): void {
    const { control } = this.#connections
    const now = this.#options.clock.now()
    const isLate = [...this.#questions].some(
      ({ connection, askedAt }) => connection === control && now - askedAt >= SILENT_MS,
    )
    if (!control || control.isDestroyed || !isLate) return
    this.#late.add(control)
    this.#connections.control = undefined
  }

  /** @param except a connection that is kept */
  drop(reason: string, except?: BrokerConnection): void {
    for (const connection of this.#open) if (connection !== except) connection.destroy(reason)
  }

  dropData(reason: string): void {
    this.#connections.data?.destroy(reason)
  }

  close(): void {
    this.#closed = true
    this.drop('CLOSE')
    this.#opening?.destroy('CLOSE')
  }

  #live(slot: Slot): BrokerConnection | undefined {
    const connection = this.#connections[slot]
    if (!connection || connection.isDestroyed) return undefined
    const reason =
      connection.inFlight > 0
        ? undefined
        : connection.idleMs > this.#options.maxIdleMs
          ? 'IDLE'
          : connection.isSessionEnding
            ? 'SESSION'
            : undefined
    if (reason) {
      connection.destroy(reason)
      return undefined
    }
    return connection
  }

  async #get(slot: Slot, deadline: Deadline): Promise<BrokerConnection> {
    for (;;) {
      const connection = this.#live(slot)
      if (connection) return connection
      this.#connecting ??= this.#connect(slot).finally(() => {
        this.#connecting = undefined
      })
      // Callers share the connection attempt; each waits for it until its own deadline.
      const ms = deadline.remaining
      await withTimeout(this.#options.clock, ms, this.#connecting, () =>
        transportError('UNREACHABLE', this.#opening?.noAnswer(ms) ?? 'No connection before the deadline.', {
          retriable: true,
        }),
      )
    }
  }

  async #connect(slot: Slot): Promise<void> {
    this.#throwIfRefused()
    await sleepUntil(this.#options.clock, this.#notBefore)
    const connection = await this.#openWithRenewal(slot)
    if (this.#closed) connection.destroy('CLOSE')
    this.#failures = 0
    this.#refusal = undefined
    this.#connections[slot] = connection
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
    const [host, port] = splitAddress(this.address)
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

  /** Backs off when a secret or a token is not available, too: it must not be requested in a tight loop. */
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
   * The first close is a hint; only connections that sent nothing at first can confirm it. Otherwise several brokers at
   * their limit, asked side by side, would look like a mismatch.
   */
  #countClosed(error: TransportError, hasListened: boolean): TransportError {
    if (error.causeCode !== CLOSED_WHILE_CONNECTING) return error
    if (this.#shared.closedAttempts === undefined) return atLimit(error.cause)
    if (this.#shared.closedAttempts > 0 && !hasListened) return error
    this.#shared.closedAttempts++
    return this.#shared.closedAttempts >= MAX_CLOSED_ATTEMPTS ? protocolMismatch(error.cause) : error
  }

  /**
   * A failed connection delays the next attempt. One that this client replaced, or that the broker closed while it was
   * idle, does not, nor one that had worked until the deadline of a caller: other callers may wait for the broker.
   */
  #onDestroyed(connection: BrokerConnection, reason: string): void {
    this.#shared.destroyed[reason] = (this.#shared.destroyed[reason] ?? 0) + 1
    if (reason === 'REQUEST_TIMEOUT') this.#shared.lastSilence = this.#options.clock.now()
    const wasInUse = connection === this.#connections.data || connection === this.#connections.control
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

/** A question may go over it at once. */
function isFree({ inFlight, hasProduced }: BrokerConnection): boolean {
  return inFlight === 0 && !hasProduced
}

async function sleepUntil(clock: Clock, at: number): Promise<void> {
  const ms = at - clock.now()
  if (ms > 0) await sleep(clock, ms)
}
