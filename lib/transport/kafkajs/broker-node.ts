// The connections to one broker: a data connection for Produce requests, and a control connection for control requests,
// which any broker can answer. A broker handles one request of a connection at a time, so a Produce must not wait
// behind a slow control request. Until the first Produce, the data connection takes control requests, too: a new data
// connection would need one before its first Produce anyway.
import type { Deadline } from '../../time/deadline.ts'
import { patientTimer, withTimeout } from '../../time/patient-timer.ts'
import { transportError } from '../error-codes.ts'
import { Throttle } from '../throttle.ts'
import type { BrokerConnection } from './broker-connection.ts'
import type { BrokerNodeOptions, SharedState } from './broker-options.ts'
import { ConnectionAttempts, type Slot } from './connection-attempts.ts'
import { ControlRequests } from './control-requests.ts'
import { SILENT_MS } from './first-success.ts'

/** The longest time that a request waits for another request on its connection, ms. */
const BEHIND_MS = 250

/**
 * How soon a broker may have an answer that helps. A broker that answered just now is likely to be alive; a busy one
 * needs another connection; one whose last answer did not help may still not know more; a throttled one asked for a
 * pause; a silent one has not answered for a second.
 */
export const READINESS = {
  answering: 6,
  connected: 5,
  busy: 4,
  connecting: 3.5,
  notConnected: 3,
  unhelpful: 2,
  backingOff: 1,
  throttled: 0.5,
  silent: 0,
} as const

export interface AskOptions {
  /** How long the answer may take, ms. */
  readonly requestTimeoutMs: number
  /**
   * Whether the request is sent once per producer and is normally answered fast, so that another broker may be asked as
   * well.
   */
  readonly isQuick: boolean
  /**
   * Called when the answer is likely to be late. `isBehind`: another control request on the connection is in front of
   * it.
   */
  readonly onLate: (isBehind: boolean) => void
}

export class BrokerNode {
  readonly address: string
  readonly #options: BrokerNodeOptions
  readonly #shared: SharedState
  readonly #attempts: ConnectionAttempts
  readonly #throttle: Throttle
  readonly #connections: Record<Slot, BrokerConnection | undefined> = { data: undefined, control: undefined }
  /** The control requests without an answer. */
  readonly #controlRequests: ControlRequests
  /**
   * Connections with a late control request, which another connection has replaced. They are closed when the request
   * ends.
   */
  readonly #late = new Set<BrokerConnection>()
  #connecting: Promise<void> | undefined
  #closed = false

  constructor(address: string, options: BrokerNodeOptions, shared: SharedState) {
    this.address = address
    this.#options = options
    this.#shared = shared
    this.#throttle = new Throttle(options.clock)
    this.#controlRequests = new ControlRequests(options.clock)
    this.#attempts = new ConnectionAttempts({
      ...options,
      address,
      shared,
      isInUse: connection => connection === this.#connections.data || connection === this.#connections.control,
      onThrottle: ms => this.#throttle.add(ms),
    })
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

  /** Whether a request is in flight, or a connection is being opened. */
  get isBusy(): boolean {
    return this.#connecting !== undefined || this.#open.some(({ inFlight }) => inFlight > 0)
  }

  /** Control requests go to the broker with the highest readiness first. */
  get readiness(): number {
    const now = this.#options.clock.now()
    if (this.#controlRequests.isSilent) return READINESS.silent
    if (this.#throttle.ms > 0) return READINESS.throttled
    const open = this.#open
    if (open.some(connection => isFree(connection)))
      return open.some(({ lastAnswer }) => now - lastAnswer < SILENT_MS) ? READINESS.answering : READINESS.connected
    if (open.length > 0) return READINESS.busy
    if (this.#connecting) return READINESS.connecting
    return this.#attempts.isBackingOff ? READINESS.backingOff : READINESS.notConnected
  }

  /**
   * Whether its connections have not answered since a connection of any broker turned out to be dead. After a freeze,
   * or behind a NAT, all of them may be dead.
   */
  get isDoubtful(): boolean {
    const open = this.#open
    return open.length > 0 && open.every(({ lastAnswer }) => lastAnswer < this.#shared.lastSilence)
  }

  /** How long the broker accepts no request, ms; 0: it accepts requests now. */
  get throttledMs(): number {
    return this.#throttle.ms
  }

  /**
   * Sends a control request over a connection without a request in flight, and waits for its answer until the deadline.
   */
  async ask<T>(
    send: (connection: BrokerConnection, ms: number) => Promise<T>,
    deadline: Deadline,
    { requestTimeoutMs, isQuick, onLate }: AskOptions,
  ): Promise<T> {
    const request = this.#controlRequests.begin()
    let cancel = () => {}
    try {
      const connection = await this.idleConnection(deadline)
      // Control requests of a cold start share the connection that is opened for the first one.
      const isBehind = this.#controlRequests.areOn(connection)
      if (isBehind || isQuick) cancel = patientTimer(this.#options.clock, BEHIND_MS, () => onLate(isBehind))
      request.connection = connection
      return await send(connection, Math.max(1, Math.min(requestTimeoutMs, deadline.remaining)))
    } finally {
      cancel()
      this.#controlRequests.end(request)
      this.#closeLate(request.connection)
    }
  }

  /** Returns a connection for a Produce, which must not wait behind a slow control request. */
  async dataConnection(deadline: Deadline): Promise<BrokerConnection> {
    const data = await this.#get('data', deadline)
    if (!this.#controlRequests.areOn(data)) return data
    // Most control requests end sooner than a new connection is open.
    const isOver = await this.#controlRequests.areOver(data, Math.min(BEHIND_MS, deadline.remaining))
    if (!isOver && data === this.#connections.data) this.#replace('data')
    return this.#get('data', deadline)
  }

  /** Returns a connection for a control request, without a request in flight if possible. */
  async idleConnection(deadline: Deadline): Promise<BrokerConnection> {
    // Awaits only a real pause: without one, control requests of the same turn share a connection attempt.
    if (this.#throttle.ms > 0) await this.#throttle.over(deadline)
    const data = this.#live('data')
    if (!data) return this.#get('data', deadline)
    if (isFree(data)) return data
    const { control } = this.#connections
    // Without an answer for a second the connection may be dead, so the next control request uses another one.
    if (control && this.#controlRequests.isSilentOn(control)) this.#replace('control')
    return this.#get('control', deadline)
  }

  /**
   * Makes the next request of the slot use another connection. The current one is closed when its control requests have
   * ended.
   */
  #replace(slot: Slot): void {
    const replaced = this.#connections[slot]
    if (replaced) this.#late.add(replaced)
    this.#connections[slot] = undefined
    const control = slot === 'data' ? this.#live('control') : undefined
    if (!control || !isFree(control)) return
    this.#connections.data = control
    this.#connections.control = undefined
  }

  #closeLate(connection: BrokerConnection | undefined): void {
    if (!connection || this.#controlRequests.areOn(connection)) return
    if (this.#late.delete(connection)) connection.destroy('IDLE')
  }

  /**
   * Closes the connections.
   * @param except a connection to keep
   */
  drop(reason: string, except?: BrokerConnection): void {
    for (const connection of this.#open) if (connection !== except) connection.destroy(reason)
  }

  dropData(reason: string): void {
    this.#connections.data?.destroy(reason)
  }

  close(): void {
    this.#closed = true
    this.drop('CLOSE')
    this.#attempts.close()
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
      // Callers share the connection attempt, and each waits for it until its own deadline.
      const ms = deadline.remaining
      await withTimeout(this.#options.clock, ms, this.#connecting, () =>
        transportError('UNREACHABLE', this.#attempts.noAnswer(ms), { retriable: true }),
      )
    }
  }

  async #connect(slot: Slot): Promise<void> {
    const connection = await this.#attempts.open(slot)
    if (this.#closed) connection.destroy('CLOSE')
    this.#connections[slot] = connection
  }
}

/** Whether a control request may be sent over the connection at once. */
function isFree({ inFlight, hasProduced }: BrokerConnection): boolean {
  return inFlight === 0 && !hasProduced
}
