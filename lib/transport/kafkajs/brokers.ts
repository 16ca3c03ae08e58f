// The brokers that a client knows, and whom it asks what any broker can answer.
import { TransportError } from '../../errors.ts'
import type { Deadline } from '../../time/deadline.ts'
import { transportError } from '../error-codes.ts'
import type { BrokerConnection } from './broker-connection.ts'
import { BrokerNode, type BrokerNodeOptions, READINESS, type SharedState } from './broker-node.ts'
import { AllFailedError, firstSuccess } from './first-success.ts'

export interface BrokersOptions extends BrokerNodeOptions {
  /**
   * Returns the bootstrap servers. `isStale`: none of the known brokers answered, so a cached list may be out of date.
   */
  readonly bootstrap: (deadline: Deadline, isStale: boolean) => readonly string[] | Promise<readonly string[]>
  /** How long one request to any broker may take, without the connection attempt, ms. */
  readonly requestTimeoutMs: number
}

interface Endpoint {
  readonly nodeId: number
  readonly host: string
  readonly port: number
}

export type Send<T> = (connection: BrokerConnection, ms: number) => Promise<T>

export class Brokers {
  readonly shared: SharedState = {
    versions: undefined,
    attemptsByReason: {},
    closedAttempts: 0,
    graces: 0,
    lastSilence: Number.NEGATIVE_INFINITY,
    destroyed: {},
  }
  readonly #options: BrokersOptions
  readonly #nodes = new Map<string, BrokerNode>()
  /** Node id → `host:port` as the broker advertises it. */
  #advertised = new Map<number, string>()
  #bootstrap: readonly string[] = []
  /** Who gave answers that did not help, the last one at the end. */
  readonly #unhelpful = new Set<BrokerNode>()
  #lastToAnswer: BrokerNode | undefined
  #isStale = false
  #isClosed = false

  constructor(options: BrokersOptions) {
    this.#options = options
  }

  get advertised(): ReadonlyMap<number, string> {
    return this.#advertised
  }

  get openConnections(): number {
    return [...this.#nodes.values()].reduce((sum, node) => sum + node.openConnections, 0)
  }

  /** Undefined if no answer named a broker with this id. */
  withId(id: number): BrokerNode | undefined {
    const address = this.#advertised.get(id)
    return address === undefined ? undefined : this.#at(address)
  }

  /**
   * Takes over the brokers that an answer names. Those that left the cluster are forgotten once they have no request in
   * flight, so that nobody waits for them. The bootstrap servers never are: where all brokers were replaced, they lead
   * to the new ones (Java: KIP-899, KIP-1102).
   */
  learn(brokers: readonly Endpoint[]): void {
    if (brokers.length === 0) return
    this.#advertised = new Map(brokers.map(broker => [broker.nodeId, addressOf(broker)]))
    const kept = new Set([...this.#advertised.values(), ...this.#bootstrap])
    for (const [address, node] of this.#nodes) {
      if (kept.has(address) || node.isBusy) continue
      node.close()
      this.#nodes.delete(address)
      this.#unhelpful.delete(node)
    }
  }

  /** Takes over the addresses of brokers that no metadata named yet (KIP-951). */
  learnMore(endpoints: readonly Endpoint[]): void {
    const unknown = endpoints.filter(({ nodeId }) => !this.#advertised.has(nodeId))
    if (unknown.length === 0) return
    this.#advertised = new Map([...this.#advertised, ...unknown.map(each => [each.nodeId, addressOf(each)] as const)])
  }

  /**
   * Sends a request that any broker can answer. Asks the next broker when one fails, and several more side by side when
   * there is no answer for a second; a late answer still counts.
   * @param isElsewhere the last answer did not help: whoever gave it is asked after the others
   */
  async askAny<T>(send: Send<T>, deadline: Deadline, isElsewhere = false): Promise<T> {
    this.#bootstrap = await this.#options.bootstrap(deadline, this.#isStale)
    this.#rememberUnhelpful(isElsewhere)
    const nodes = this.#inOrder()
    const refusals = new Map<BrokerNode, TransportError>()
    const ask = (node: BrokerNode) => this.#ask(node, send, deadline, refusals)
    // A connection may be dead without a sign: if nobody answers, its broker is asked again over another one.
    const again = nodes.filter(({ openConnections }) => openConnections > 0)
    const attempts = [...nodes, ...again].map(node => () => ask(node))
    try {
      const doubtful = nodes.filter(({ isDoubtful }) => isDoubtful).length
      const { node, answer } = await firstSuccess(attempts, this.#options.clock, doubtful)
      this.#lastToAnswer = node
      this.#isStale = false
      return answer
    } catch (error) {
      this.#isStale = true
      throw whyNone(error)
    }
  }

  drop(code: string): void {
    for (const node of this.#nodes.values()) node.drop(code)
  }

  close(): void {
    this.#isClosed = true
    for (const node of this.#nodes.values()) node.close()
  }

  #at(address: string): BrokerNode {
    if (this.#isClosed) throw transportError('CLOSED', 'The producer is closed.')
    let node = this.#nodes.get(address)
    if (!node) {
      node = new BrokerNode(address, this.#options, this.shared)
      this.#nodes.set(address, node)
    }
    return node
  }

  /** The readiest first, and those that did not help after the others that may answer soon. */
  #inOrder(): BrokerNode[] {
    const unhelpful = [...this.#unhelpful]
    const rank = (node: BrokerNode) => {
      const at = unhelpful.indexOf(node)
      return at < 0 ? node.readiness : Math.min(node.readiness, READINESS.unhelpful) - at / unhelpful.length / 2
    }
    return [...new Set([...this.#advertised.values(), ...this.#bootstrap])]
      .map(address => this.#at(address))
      .map(node => ({ node, rank: rank(node), random: Math.random() }))
      .sort((a, b) => b.rank - a.rank || a.random - b.random)
      .map(({ node }) => node)
  }

  #rememberUnhelpful(isElsewhere: boolean): void {
    if (!isElsewhere) return this.#unhelpful.clear()
    if (!this.#lastToAnswer) return
    this.#unhelpful.delete(this.#lastToAnswer)
    this.#unhelpful.add(this.#lastToAnswer)
  }

  /** @param refusals the brokers that answered with an error: they are not asked a second time */
  async #ask<T>(
    node: BrokerNode,
    send: Send<T>,
    deadline: Deadline,
    refusals: Map<BrokerNode, TransportError>,
  ): Promise<{ node: BrokerNode; answer: T }> {
    const refusal = refusals.get(node)
    if (refusal) throw refusal
    try {
      return { node, answer: await node.ask(send, deadline, this.#options.requestTimeoutMs) }
    } catch (caught) {
      const error = asTransportError(caught)
      if (!isConnectionLost(error)) refusals.set(node, error)
      throw error
    }
  }
}

function addressOf({ host, port }: Endpoint): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

function isConnectionLost({ causeCode }: TransportError): boolean {
  return causeCode === 'CONNECTION_BROKEN' || causeCode === 'REQUEST_TIMEOUT'
}

/** Another round can help if it can change one broker's answer. */
function whyNone(error: unknown): TransportError {
  if (!(error instanceof AllFailedError)) return asTransportError(error)
  const failures = error.errors.map(asTransportError)
  return (
    failures.findLast(({ retriable }) => retriable) ??
    failures.at(-1) ??
    transportError('UNREACHABLE', 'No broker is known.', { retriable: true })
  )
}

export function asTransportError(error: unknown): TransportError {
  return error instanceof TransportError
    ? error
    : transportError('CONNECTION_BROKEN', 'A connection to a broker broke.', { retriable: true, cause: error })
}
