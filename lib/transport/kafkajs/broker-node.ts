// The connections to one broker: a data connection for Produce requests, and a control connection for questions, which
// any broker can answer. A broker serves one request of a connection at a time: a Produce must not wait behind a slow
// question, and a new connection would have to ask one before its first Produce. Until the first Produce the data
// connection takes questions, too.
import type { Deadline } from '../../time/deadline.ts'
import { patientTimer, withTimeout } from '../../time/patient-timer.ts'
import { transportError } from '../error-codes.ts'
import { Throttle } from '../throttle.ts'
import type { BrokerConnection } from './broker-connection.ts'
import type { BrokerNodeOptions, SharedState } from './broker-options.ts'
import { ConnectionAttempts, type Slot } from './connection-attempts.ts'
import { SILENT_MS } from './first-success.ts'
import { Questions } from './questions.ts'

/** A request that waits for another one of its connection waits no longer than this for it. */
const BEHIND_MS = 250

/**
 * How soon a broker may have an answer that helps. One that answered just now is likely to live; a busy one needs
 * another connection; one whose last answer did not help may not know more yet; a throttled one asked for a pause; a
 * silent one has not answered for a second.
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
  /** The question is asked once per producer, and soon answered: another broker may be asked as well. */
  readonly isQuick: boolean
  /** Called when the answer is likely to be late. `isBehind`: another question of its connection is in its way. */
  readonly onLate: (isBehind: boolean) => void
}

export class BrokerNode {
  readonly address: string
  readonly #options: BrokerNodeOptions
  readonly #shared: SharedState
  readonly #attempts: ConnectionAttempts
  readonly #throttle: Throttle
  readonly #connections: Record<Slot, BrokerConnection | undefined> = { data: undefined, control: undefined }
  /** Requests of `ask` without an answer. */
  readonly #questions: Questions
  /** Connections with a question that is late, in place of which there is another one; closed when it is over. */
  readonly #late = new Set<BrokerConnection>()
  #connecting: Promise<void> | undefined
  #closed = false

  constructor(address: string, options: BrokerNodeOptions, shared: SharedState) {
    this.address = address
    this.#options = options
    this.#shared = shared
    this.#throttle = new Throttle(options.clock)
    this.#questions = new Questions(options.clock)
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

  /** A request is in flight, or a connection is being made. */
  get isBusy(): boolean {
    return this.#connecting !== undefined || this.#open.some(({ inFlight }) => inFlight > 0)
  }

  /** Requests that any broker can answer go to the highest first. */
  get readiness(): number {
    const now = this.#options.clock.now()
    if (this.#questions.isSilent) return READINESS.silent
    if (this.#throttle.ms > 0) return READINESS.throttled
    const open = this.#open
    if (open.some(connection => isFree(connection)))
      return open.some(({ lastAnswer }) => now - lastAnswer < SILENT_MS) ? READINESS.answering : READINESS.connected
    if (open.length > 0) return READINESS.busy
    if (this.#connecting) return READINESS.connecting
    return this.#attempts.isBackingOff ? READINESS.backingOff : READINESS.notConnected
  }

  /**
   * Its connections have not answered since another one turned out to be dead: after a freeze, or behind a NAT, all of
   * them may be.
   */
  get isDoubtful(): boolean {
    const open = this.#open
    return open.length > 0 && open.every(({ lastAnswer }) => lastAnswer < this.#shared.lastSilence)
  }

  /** How long the broker wants no request, ms; 0: it takes some. */
  get throttledMs(): number {
    return this.#throttle.ms
  }

  /** Sends a request over a connection without a request in flight, and waits for its answer until the deadline. */
  async ask<T>(
    send: (connection: BrokerConnection, ms: number) => Promise<T>,
    deadline: Deadline,
    { requestTimeoutMs, isQuick, onLate }: AskOptions,
  ): Promise<T> {
    const question = this.#questions.begin()
    let cancel = () => {}
    try {
      const connection = await this.idleConnection(deadline)
      // Questions of a cold start share the connection that is made for the first of them.
      const isBehind = this.#questions.areOn(connection)
      if (isBehind || isQuick) cancel = patientTimer(this.#options.clock, BEHIND_MS, () => onLate(isBehind))
      question.connection = connection
      return await send(connection, Math.max(1, Math.min(requestTimeoutMs, deadline.remaining)))
    } finally {
      cancel()
      this.#questions.end(question)
      this.#closeLate(question.connection)
    }
  }

  /** A connection for a Produce: it is not written behind a question, which may be slow. */
  async dataConnection(deadline: Deadline): Promise<BrokerConnection> {
    const data = await this.#get('data', deadline)
    if (!this.#questions.areOn(data)) return data
    // Most are over sooner than a new connection is there.
    const isOver = await this.#questions.areOver(data, Math.min(BEHIND_MS, deadline.remaining))
    if (!isOver && data === this.#connections.data) this.#replace('data')
    return this.#get('data', deadline)
  }

  /** A connection for a question: where possible one without a request in flight. */
  async idleConnection(deadline: Deadline): Promise<BrokerConnection> {
    // Not a turn later than now where there is no pause: questions of the same turn share a connection attempt.
    if (this.#throttle.ms > 0) await this.#throttle.over(deadline)
    const data = this.#live('data')
    if (!data) return this.#get('data', deadline)
    if (isFree(data)) return data
    const { control } = this.#connections
    // Without an answer for a second the connection may be dead: the next question goes over another one.
    if (control && this.#questions.isSilentOn(control)) this.#replace('control')
    return this.#get('control', deadline)
  }

  /** The next request of the slot goes over another connection; this one is closed when its questions are over. */
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
    if (!connection || this.#questions.areOn(connection)) return
    if (this.#late.delete(connection)) connection.destroy('IDLE')
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
      // Callers share the connection attempt; each waits for it until its own deadline.
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

/** A question may go over it at once. */
function isFree({ inFlight, hasProduced }: BrokerConnection): boolean {
  return inFlight === 0 && !hasProduced
}
