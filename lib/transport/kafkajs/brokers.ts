// The brokers that a client knows, and the requests that any of them can answer.
import type { Deadline } from '../../time/deadline.ts'
import { transportError } from '../error-codes.ts'
import { addressOf } from './address.ts'
import { type AskOptions, askBrokers, type Send } from './ask-brokers.ts'
import type { BrokerConnection } from './broker-connection.ts'
import { askMetadata, isOther, otherCluster } from './broker-identity.ts'
import { BrokerNode, READINESS } from './broker-node.ts'
import { type BrokerNodeOptions, LEFT_CLUSTER, type SharedState } from './broker-options.ts'
import { Identities, type TargetBroker } from './identities.ts'
import type { MetadataAnswer } from './metadata-protocol.ts'

export interface BrokersOptions extends BrokerNodeOptions {
  /**
   * Returns the bootstrap servers. `isStale`: none of the known brokers answered, so a cached list may be out of date.
   */
  readonly bootstrap: (deadline: Deadline, isStale: boolean) => readonly string[] | Promise<readonly string[]>
  /** How long a request to any broker may take, without the connection attempt, ms. */
  readonly requestTimeoutMs: number
}

interface AskAnyOptions {
  /**
   * Whether the broker that answered last is asked after the others, because its answer did not help. Default: false.
   */
  readonly isElsewhere?: boolean
  /** Default: false. */
  readonly isQuick?: AskOptions['isQuick']
}

interface Endpoint {
  readonly nodeId: number
  readonly host: string
  readonly port: number
}

/** Higher than every readiness. */
const BOOTSTRAP_FIRST = 10

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
  /** The brokers whose answers did not help, the latest at the end. */
  readonly #unhelpful = new Set<BrokerNode>()
  #lastToAnswer: BrokerNode | undefined
  #isStale = false
  readonly #identities = new Identities(this.shared, () => this.#doubtCluster())
  /**
   * Whether bootstrap servers are asked first: they decide which cluster is right after a broker turned out to be of
   * another one.
   */
  #asksBootstrapFirst = false
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

  /** Returns the broker; undefined if no answer named one with this id. */
  withId(id: number): BrokerNode | undefined {
    const address = this.#advertised.get(id)
    return address === undefined ? undefined : this.#at(address)
  }

  /**
   * Takes over the cluster and brokers that an answer names. A broker that has left the cluster is forgotten once it
   * has no request in flight, because a caller may wait for it. Bootstrap servers are never forgotten: if all brokers
   * were replaced, they lead to the new ones (Java: KIP-899, KIP-1102).
   */
  #learn({ clusterId, brokers }: MetadataAnswer, connection: BrokerConnection): void {
    if (isOther(clusterId, this.#identities.clusterId)) this.#leaveCluster(connection)
    this.#identities.clusterId = clusterId ?? this.#identities.clusterId
    this.#asksBootstrapFirst = false
    if (brokers.length === 0) return
    this.#advertised = new Map(brokers.map(broker => [broker.nodeId, addressOf(broker)]))
    const addresses = new Set([...this.#advertised.values(), ...this.#bootstrap])
    for (const [address, node] of this.#nodes) {
      if (addresses.has(address) || node.isBusy) continue
      node.close()
      this.#nodes.delete(address)
      this.#unhelpful.delete(node)
    }
  }

  /** Takes over the addresses of brokers that no metadata answer has named yet (KIP-951). */
  learnMore(endpoints: readonly Endpoint[]): void {
    const unknown = endpoints.filter(({ nodeId }) => !this.#advertised.has(nodeId))
    if (unknown.length === 0) return
    this.#advertised = new Map([...this.#advertised, ...unknown.map(each => [each.nodeId, addressOf(each)] as const)])
  }

  /** Sends a request that any broker can answer (`ask-brokers.ts`), in the order of their readiness. */
  async askAny<T>(send: Send<T>, deadline: Deadline, options: AskAnyOptions = {}): Promise<T> {
    const { isElsewhere = false, isQuick = false } = options
    this.#bootstrap = await this.#options.bootstrap(deadline, this.#isStale)
    this.#rememberUnhelpful(isElsewhere)
    try {
      const { clock, requestTimeoutMs } = this.#options
      const { node, answer } = await askBrokers(this.#inOrder(), send, deadline, { clock, requestTimeoutMs, isQuick })
      this.#lastToAnswer = node
      this.#isStale = false
      return answer
    } catch (error) {
      this.#isStale = true
      throw error
    }
  }

  /**
   * Requests metadata from any broker. A bootstrap server decides which cluster is right; an answer of any other broker
   * that names another cluster is ignored.
   */
  async metadata(topics: readonly string[] | null, deadline: Deadline, isElsewhere = false): Promise<MetadataAnswer> {
    const { connection, answer } = await this.askAny(
      async (connection, ms) => {
        const answer = await askMetadata(connection, topics, ms)
        if (isOther(answer.clusterId, this.#identities.clusterId) && !this.#bootstrap.includes(connection.address)) {
          const error = otherCluster()
          connection.destroy(error.causeCode as string)
          this.#doubtCluster()
          throw error
        }
        return { connection, answer }
      },
      deadline,
      { isElsewhere },
    )
    this.#learn(answer, connection)
    return answer
  }

  /** Whether the broker on the connection is known to be this one. */
  isIdentified(connection: BrokerConnection, target?: TargetBroker): boolean {
    return this.#identities.isIdentified(connection, target)
  }

  /**
   * Checks which broker answers on the connection.
   * @throws TransportError if it is not the expected broker, or does not answer; the connection is destroyed
   */
  identify(connection: BrokerConnection, ms: number, target?: TargetBroker): Promise<void> {
    return this.#identities.identify(connection, ms, target)
  }

  #doubtCluster(): void {
    this.#asksBootstrapFirst = true
    this.#isStale = true
  }

  /**
   * Takes over another cluster, from which the answer on this connection came: everything known about the former
   * cluster is void.
   */
  #leaveCluster(connection: BrokerConnection): void {
    for (const node of this.#nodes.values()) node.drop(LEFT_CLUSTER, connection)
    this.#advertised = new Map()
    this.#unhelpful.clear()
    this.shared.versions = undefined
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

  /** Sorts the brokers by readiness. Those that did not help come after others that may answer soon. */
  #inOrder(): BrokerNode[] {
    const unhelpful = [...this.#unhelpful]
    const first = new Set(this.#asksBootstrapFirst ? this.#bootstrap : [])
    const rank = (node: BrokerNode) => {
      if (first.has(node.address)) return BOOTSTRAP_FIRST
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
}
