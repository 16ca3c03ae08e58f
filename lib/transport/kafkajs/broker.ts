// One broker's connections: a data Link that carries Produces, a control Link for questions while those wait,
// and the rule for dials: one at a time, with full jitter after a failed or destroyed Link.
import { TransportError } from '../../errors.ts'
import { backoff } from '../../time/backoff.ts'
import { type Clock, elapsedSince, type Moment, moment, sleep } from '../../time/clock.ts'
import { Deadline } from '../../time/deadline.ts'
import { within } from '../../time/patient-timer.ts'
import type { ConnectionSecurity, SecurityProvider } from '../connection-security.ts'
import { CLOSED_IN_DIAL, closedInDial, protocolMismatch } from './dial-error.ts'
import { Link } from './link.ts'
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
  dials: number
  /** New connections that brokers closed, since the last that succeeded; undefined once one ever did. */
  closedDials: number | undefined
  graced: number
  destroyed: Record<string, number>
}

type Slot = 'data' | 'control'

/** After a refusal that no retry mends a broker is dialled once in this time, and asked nothing between. */
const REFUSED_MS = 10_000
const CLOSED_DIALS = 3

export class Broker {
  readonly address: string
  readonly #options: BrokerOptions
  readonly #shared: SharedState
  readonly #links: Record<Slot, Link | undefined> = { data: undefined, control: undefined }
  #dialing: Promise<void> | undefined
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
    return [this.#links.data, this.#links.control].filter(link => link && !link.dead).length
  }

  /** 2: answered within the last second. 1: no connection yet. 0: silent. Questions go to the highest first. */
  get proof(): number {
    const links = [this.#links.data, this.#links.control].filter(link => link !== undefined && !link.dead)
    if (links.length === 0) return 1
    return links.some(link => link && this.#options.clock.now() - link.lastAnswer < 1000) ? 2 : 0
  }

  data(deadline: Deadline): Promise<Link> {
    return this.#get('data', deadline)
  }

  /** A Link on which a question is answered at once: a broker serves one request per connection at a time. */
  idle(deadline: Deadline): Promise<Link> {
    const data = this.#live('data')
    return data && data.inFlight === 0 ? Promise.resolve(data) : this.#get(data ? 'control' : 'data', deadline)
  }

  drop(reason: string): void {
    for (const slot of ['data', 'control'] as const) this.#links[slot]?.destroy(reason)
  }

  dropData(reason: string): void {
    this.#links.data?.destroy(reason)
  }

  close(): void {
    this.#closed = true
    this.drop('CLOSE')
  }

  #live(slot: Slot): Link | undefined {
    const link = this.#links[slot]
    if (!link || link.dead) return undefined
    const reason = link.inFlight > 0 ? undefined : link.idleMs > this.#options.maxIdleMs ? 'IDLE' : link.sessionEnds ? 'SESSION' : undefined
    if (reason) {
      link.destroy(reason)
      return undefined
    }
    return link
  }

  async #get(slot: Slot, deadline: Deadline): Promise<Link> {
    for (;;) {
      const link = this.#live(slot)
      if (link) return link
      this.#dialing ??= this.#dial(slot).finally(() => {
        this.#dialing = undefined
      })
      // The dial is shared and goes on; this caller waits for it no longer than its own deadline.
      await within(this.#options.clock, deadline.remaining, this.#dialing, () => new TransportError('UNREACHABLE', 'No connection before the deadline.', { retriable: true }))
    }
  }

  async #dial(slot: Slot): Promise<void> {
    this.#throwIfRefused()
    await sleepUntil(this.#options.clock, this.#notBefore)
    const link = await this.#openOrRenew()
    if (this.#closed) link.destroy('CLOSE')
    this.#failures = 0
    this.#refusal = undefined
    this.#links[slot] = link
  }

  #throwIfRefused(): void {
    if (this.#refusal && elapsedSince(this.#options.clock, this.#refusal.at) < REFUSED_MS) throw this.#refusal.error
  }

  /** A log-in that is refused is tried once more when its secret has changed. */
  async #openOrRenew(): Promise<Link> {
    try {
      return await this.#open()
    } catch (error) {
      const refusal = error as TransportError
      if (refusal.code !== 'AUTHENTICATION_FAILED' || !(await this.#options.security.renew(this.#dialDeadline))) throw this.#remembered(refusal)
    }
    try {
      return await this.#open()
    } catch (error) {
      throw this.#remembered(error as TransportError)
    }
  }

  #remembered(error: TransportError): TransportError {
    if (!error.retriable && error.code !== 'CLOSED') this.#refusal = { error, at: moment(this.#options.clock) }
    return error
  }

  get #dialDeadline(): Deadline {
    return Deadline.after(this.#options.clock, this.#options.connectTimeoutMs)
  }

  async #open(): Promise<Link> {
    const { clock, clientId, connectTimeoutMs } = this.#options
    const deadline = this.#dialDeadline
    const given = await this.#credentials(deadline)
    if (this.#closed) throw new TransportError('CLOSED', 'The producer is closed.')
    const [host, port] = splitAddress(this.address)
    const link = new Link({
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
        this.#shared.closedDials = undefined
      },
    })
    this.#shared.dials++
    try {
      this.#shared.versions = await link.open(Math.max(1, Math.min(connectTimeoutMs, deadline.remaining)), this.#shared.versions)
      if (given.login) this.#shared.closedDials = undefined
      return link
    } catch (error) {
      link.destroy('DIAL_FAILED')
      throw this.#judge(error as TransportError)
    }
  }

  /** A secret or a token that can't be had is not asked for in a hot loop either. */
  async #credentials(deadline: Deadline): Promise<ConnectionSecurity> {
    try {
      return await this.#options.security.forDial(deadline)
    } catch (error) {
      this.#backOff()
      throw error instanceof TransportError ? error : new TransportError('CREDENTIALS_UNAVAILABLE', 'What a connection needs could not be had.', { retriable: true, cause: error })
    }
  }

  #judge(error: TransportError): TransportError {
    if (error.code !== CLOSED_IN_DIAL || this.#shared.closedDials === undefined) return error
    this.#shared.closedDials++
    return this.#shared.closedDials >= CLOSED_DIALS ? protocolMismatch(error.cause) : error
  }

  /** A Link that failed makes the next dial wait. One that we replace, or that the broker closed while it was idle, does not. */
  #onDead(link: Link, reason: string): void {
    this.#shared.destroyed[reason] = (this.#shared.destroyed[reason] ?? 0) + 1
    const isOpen = link === this.#links.data || link === this.#links.control
    const closedIdle = reason === 'CLOSED_BY_BROKER' && isOpen && link.inFlight === 0 && link.lastAnswer > Number.NEGATIVE_INFINITY
    if (reason === 'IDLE' || reason === 'SESSION' || reason === 'CLOSE' || closedIdle) return
    // A listener that wants a log-in lets anybody shake hands, and hangs up at the first request.
    if (isOpen && link.lastAnswer === Number.NEGATIVE_INFINITY && reason === 'CLOSED_BY_BROKER') this.#remembered(this.#judge(closedInDial(undefined)))
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
