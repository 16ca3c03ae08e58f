// One broker's connections: a data connection that carries Produces, a control connection for questions while those wait,
// and the rule for connectionAttempts: one at a time, with full jitter after a failed or destroyed connection.
import { TransportError } from '../../errors.ts'
import { backoff } from '../../time/backoff.ts'
import { type Clock, elapsedSince, type Moment, moment, sleep } from '../../time/clock.ts'
import { Deadline } from '../../time/deadline.ts'
import { withTimeout } from '../../time/patient-timer.ts'
import type { ConnectionSecurity, SecurityProvider } from '../connection-security.ts'
import { transportError } from '../error-codes.ts'
import { BrokerConnection } from './broker-connection.ts'
import { CLOSED_WHILE_CONNECTING, closedWhileConnecting, protocolMismatch } from './connection-error.ts'
import type { ApiVersions } from './wire.ts'

export interface BrokerOptions {
  readonly clientId: string
  readonly clock: Clock
  readonly connectTimeoutMs: number
  readonly maxIdleMs: number
  readonly reconnectBackoffMs: number
  readonly reconnectBackoffMaxMs: number
  readonly security: SecurityProvider
}

export interface SharedState {
  versions: ApiVersions | undefined
  connectionAttempts: number
  /** New connections that brokers closed, since the last that succeeded; undefined once one ever did. */
  closedAttempts: number | undefined
  graced: number
  destroyed: Record<string, number>
}

type Slot = 'data' | 'control'

/** After a refusal that no retry mends a broker is dialled once in this time, and asked nothing between. */
const REFUSED_MS = 10_000
const MAX_CLOSED_ATTEMPTS = 3

export class BrokerNode {
  readonly address: string
  readonly #options: BrokerOptions
  readonly #shared: SharedState
  readonly #connections: Record<Slot, BrokerConnection | undefined> = { data: undefined, control: undefined }
  #connecting: Promise<void> | undefined
  #failures = 0
  #notBefore = 0
  #refusal: { readonly error: TransportError; readonly at: Moment } | undefined
  #closed = false

  constructor(address: string, options: BrokerOptions, shared: SharedState) {
    this.address = address
    this.#options = options
    this.#shared = shared
  }

  get open(): number {
    return [this.#connections.data, this.#connections.control].filter(connection => connection && !connection.dead)
      .length
  }

  /** 2: answered within the last second. 1: no connection yet. 0: silent. Questions go to the highest first. */
  get proof(): number {
    const connections = [this.#connections.data, this.#connections.control].filter(
      connection => connection !== undefined && !connection.dead,
    )
    if (connections.length === 0) return 1
    return connections.some(connection => connection && this.#options.clock.now() - connection.lastAnswer < 1000)
      ? 2
      : 0
  }

  data(deadline: Deadline): Promise<BrokerConnection> {
    return this.#get('data', deadline)
  }

  /** A connection on which a question is answered at once: a broker serves one request per connection at a time. */
  idle(deadline: Deadline): Promise<BrokerConnection> {
    const data = this.#live('data')
    return data && data.inFlight === 0 ? Promise.resolve(data) : this.#get(data ? 'control' : 'data', deadline)
  }

  drop(reason: string): void {
    for (const slot of ['data', 'control'] as const) this.#connections[slot]?.destroy(reason)
  }

  dropData(reason: string): void {
    this.#connections.data?.destroy(reason)
  }

  close(): void {
    this.#closed = true
    this.drop('CLOSE')
  }

  #live(slot: Slot): BrokerConnection | undefined {
    const connection = this.#connections[slot]
    if (!connection || connection.dead) return undefined
    const reason =
      connection.inFlight > 0
        ? undefined
        : connection.idleMs > this.#options.maxIdleMs
          ? 'IDLE'
          : connection.sessionEnds
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
      // The connection attempt is shared and goes on; this caller waits for it no longer than its own deadline.
      await withTimeout(this.#options.clock, deadline.remaining, this.#connecting, () =>
        transportError('UNREACHABLE', 'No connection before the deadline.', { retriable: true }),
      )
    }
  }

  async #connect(slot: Slot): Promise<void> {
    this.#throwIfRefused()
    await sleepUntil(this.#options.clock, this.#notBefore)
    const connection = await this.#openOrRenew()
    if (this.#closed) connection.destroy('CLOSE')
    this.#failures = 0
    this.#refusal = undefined
    this.#connections[slot] = connection
  }

  #throwIfRefused(): void {
    if (this.#refusal && elapsedSince(this.#options.clock, this.#refusal.at) < REFUSED_MS) throw this.#refusal.error
  }

  /** authentication that is refused is tried once more when its secret has changed. */
  async #openOrRenew(): Promise<BrokerConnection> {
    try {
      return await this.#open()
    } catch (error) {
      const refusal = error as TransportError
      if (refusal.causeCode !== 'AUTHENTICATION_FAILED' || !(await this.#options.security.renew(this.#connectDeadline)))
        throw this.#remembered(refusal)
    }
    try {
      return await this.#open()
    } catch (error) {
      throw this.#remembered(error as TransportError)
    }
  }

  #remembered(error: TransportError): TransportError {
    if (!error.retriable && error.causeCode !== 'CLOSED') this.#refusal = { error, at: moment(this.#options.clock) }
    return error
  }

  get #connectDeadline(): Deadline {
    return Deadline.after(this.#options.clock, this.#options.connectTimeoutMs)
  }

  async #open(): Promise<BrokerConnection> {
    const { clock, clientId, connectTimeoutMs } = this.#options
    const deadline = this.#connectDeadline
    const given = await this.#credentials(deadline)
    if (this.#closed) throw transportError('CLOSED', 'The producer is closed.')
    const [host, port] = splitAddress(this.address)
    const connection = new BrokerConnection({
      host,
      port,
      clientId,
      clock,
      security: given,
      onDead: (dead, reason) => this.#onDead(dead, reason),
      onGrace: () => {
        this.#shared.graced++
      },
      onAnswer: () => {
        this.#shared.closedAttempts = undefined
      },
    })
    this.#shared.connectionAttempts++
    try {
      this.#shared.versions = await connection.open(
        Math.max(1, Math.min(connectTimeoutMs, deadline.remaining)),
        this.#shared.versions,
      )
      if (given.authentication) this.#shared.closedAttempts = undefined
      return connection
    } catch (error) {
      connection.destroy('CONNECTION_FAILED')
      throw this.#judge(error as TransportError)
    }
  }

  /** A secret or a token that can't be had is not asked for in a hot loop either. */
  async #credentials(deadline: Deadline): Promise<ConnectionSecurity> {
    try {
      return await this.#options.security.forConnection(deadline)
    } catch (error) {
      this.#backOff()
      throw error instanceof TransportError
        ? error
        : transportError('CREDENTIALS_UNAVAILABLE', 'What a connection needs could not be had.', {
            retriable: true,
            cause: error,
          })
    }
  }

  #judge(error: TransportError): TransportError {
    if (error.causeCode !== CLOSED_WHILE_CONNECTING || this.#shared.closedAttempts === undefined) return error
    this.#shared.closedAttempts++
    return this.#shared.closedAttempts >= MAX_CLOSED_ATTEMPTS ? protocolMismatch(error.cause) : error
  }

  /** A connection that failed makes the next connection attempt wait. One that we replace, or that the broker closed while it was idle, does not. */
  #onDead(connection: BrokerConnection, reason: string): void {
    this.#shared.destroyed[reason] = (this.#shared.destroyed[reason] ?? 0) + 1
    const isOpen = connection === this.#connections.data || connection === this.#connections.control
    const closedIdle =
      reason === 'CLOSED_BY_BROKER' &&
      isOpen &&
      connection.inFlight === 0 &&
      connection.lastAnswer > Number.NEGATIVE_INFINITY
    if (reason === 'IDLE' || reason === 'SESSION' || reason === 'CLOSE' || closedIdle) return
    // A listener that wants authentication lets anybody shake hands, and hangs up at the first request.
    if (isOpen && connection.lastAnswer === Number.NEGATIVE_INFINITY && reason === 'CLOSED_BY_BROKER')
      this.#remembered(this.#judge(closedWhileConnecting(undefined)))
    this.#backOff()
  }

  #backOff(): void {
    const { clock, reconnectBackoffMs, reconnectBackoffMaxMs } = this.#options
    this.#failures++
    this.#notBefore = clock.now() + backoff(this.#failures, reconnectBackoffMs, reconnectBackoffMaxMs)
  }
}

/** host:port, also [::1]:port. The settings table has checked the form. */
function splitAddress(address: string): [string, number] {
  const colon = address.lastIndexOf(':')
  return [address.slice(0, colon).replace(/^\[|\]$/g, ''), Number(address.slice(colon + 1))]
}

async function sleepUntil(clock: Clock, at: number): Promise<void> {
  const ms = at - clock.now()
  if (ms > 0) await sleep(clock, ms)
}
