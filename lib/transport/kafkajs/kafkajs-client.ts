// The driver over the wire layer of kafkajs: one Produce per leader, whose answer is read partition by partition.
import type { WireProtocol } from 'kafkajs/src/network/connection.js'
import { TransportError } from '../../errors.ts'
import { topicPartition } from '../../record/topic-partition.ts'
import { type Clock, systemClock } from '../../time/clock.ts'
import { Deadline } from '../../time/deadline.ts'
import { PLAINTEXT, type SecurityProvider } from '../connection-security.ts'
import { brokerError, causeOf, errorCodeRow, transportError } from '../error-codes.ts'
import type {
  Cluster,
  ConnectionStats,
  DropReason,
  EncodedBatch,
  KafkaClient,
  ProduceOutcome,
  ProduceRequest,
  ProducerIdAndEpoch,
} from '../kafka-client.ts'
import { failure, outcomeOf } from '../produce-outcome.ts'
import type { BrokerConnection } from './broker-connection.ts'
import { BrokerNode, type BrokerNodeOptions, type SharedState } from './broker-node.ts'
import * as wire from './wire.ts'

/** The limit for a request that any broker may answer, with the connection attempt; then the next broker is tried. */
const REQUEST_ANY_MS = 1000
/** A connection that was idle for longer is probed together with its first Produce. */
const PROBE_AFTER_IDLE_MS = 100

export interface KafkaJsClientOptions {
  /**
   * Returns the bootstrap servers. `isStale`: none of the known brokers answered, so a cached list may be out of date.
   */
  readonly bootstrap: (deadline: Deadline, isStale: boolean) => readonly string[] | Promise<readonly string[]>
  readonly clientId: string
  readonly connectTimeoutMs: number
  /** How long one request to any broker may take, without the connection attempt, ms. Default: no limit of its own. */
  readonly requestTimeoutMs?: number
  readonly maxIdleMs: number
  readonly reconnectBackoffMs: number
  readonly reconnectBackoffMaxMs: number
  /** Default: no TLS, no authentication. */
  readonly security?: SecurityProvider
  readonly clock?: Clock
}

export class KafkaJsClient implements KafkaClient {
  readonly #options: BrokerNodeOptions
  readonly #bootstrap: KafkaJsClientOptions['bootstrap']
  readonly #clock: Clock
  readonly #brokers = new Map<string, BrokerNode>()
  readonly #nodes = new Map<number, string>()
  readonly #shared: SharedState = {
    versions: undefined,
    connectionAttempts: 0,
    closedAttempts: 0,
    graces: 0,
    destroyed: {},
  }
  #isStale = false
  #closed = false

  constructor(options: KafkaJsClientOptions) {
    this.#clock = options.clock ?? systemClock
    this.#options = { security: PLAINTEXT, ...options, clock: this.#clock }
    this.#bootstrap = options.bootstrap
  }

  get stats(): ConnectionStats {
    const openConnections = [...this.#brokers.values()].reduce((sum, broker) => sum + broker.openConnections, 0)
    return {
      connectionAttempts: this.#shared.connectionAttempts,
      graces: this.#shared.graces,
      destroyed: { ...this.#shared.destroyed },
      openConnections,
    }
  }

  async metadata(topics: readonly string[] | null, deadline: Deadline): Promise<Cluster> {
    const answer = await this.#requestAny(deadline, (connection, ms) =>
      connection.call(wire.metadata(topics), ms, { sparesProduces: true }),
    )
    for (const { nodeId, host, port } of answer.brokers)
      this.#nodes.set(nodeId, host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`)
    return {
      clusterId: answer.clusterId,
      topics: answer.topics.map(({ topic, errorCode, partitions }) => ({
        topic,
        error: errorCode === 0 ? null : errorCodeRow(errorCode).name,
        partitions: partitions.map(p => ({
          partition: p.partition,
          leader: p.leader,
          leaderEpoch: p.leaderEpoch,
          replicas: p.replicas,
        })),
      })),
    }
  }

  initProducerId(deadline: Deadline): Promise<ProducerIdAndEpoch> {
    return this.#requestAny(deadline, async (connection, ms) => {
      const answer = await connection.call(wire.initProducerId(), ms, { sparesProduces: true })
      if (answer.errorCode === 0) return { producerId: answer.producerId, epoch: answer.epoch }
      const row = errorCodeRow(answer.errorCode)
      const advice =
        row.failure === 'authorization'
          ? '; expected an ACL for WRITE on a topic (MSK: kafka-cluster:WriteDataIdempotently and WriteData)'
          : ''
      throw brokerError(row, `The broker returned no producer id: ${row.name}${advice}.`)
    })
  }

  async produce(leader: number, batches: readonly EncodedBatch[], request: ProduceRequest): Promise<ProduceOutcome[]> {
    const all = (kind: 'not-sent' | 'unknown', causeCode: string, retriable: boolean, cause?: unknown) =>
      batches.map(() => failure(kind, causeCode, retriable, cause))
    const address = this.#nodes.get(leader)
    if (address === undefined) return all('not-sent', 'NO_LEADER', true)
    let connection: BrokerConnection
    try {
      connection = await this.#broker(address).dataConnection(Deadline.after(this.#clock, request.connectTimeoutMs))
    } catch (error) {
      const failed = asTransportError(error)
      return all('not-sent', failed.retriable ? 'UNREACHABLE' : causeOf(failed), failed.retriable, error)
    }
    const writesBefore = connection.produceWrites
    try {
      const answer = await this.#callProduce(connection, batches, request)
      if (request.acks === 0)
        return batches.map(() => ({ kind: 'acked', baseOffset: null, logAppendTime: null, proof: 'none' }))
      const proof = request.acks === 1 ? 'leader' : 'all'
      return batches.map(batch => ({
        ...outcomeOf(answer.partitions.get(topicPartition(batch.topic, batch.partition)), proof),
        throttleTimeMs: answer.throttleTimeMs,
      }))
    } catch (error) {
      const causeCode = causeOf(asTransportError(error))
      return all(connection.produceWrites > writesBefore ? 'unknown' : 'not-sent', causeCode, true, error)
    }
  }

  /**
   * After a pause the connection may be gone without a FIN (NAT, load balancer, a frozen sandbox). So the first Produce
   * shares its write with an ApiVersions request, which a live broker answers at once: no extra round trip, and a dead
   * connection shows in 500 ms, or later if the broker answered slowly before (`AnswerTimes`). Without idempotence a
   * repeat would be a duplicate, so the probe is awaited first.
   */
  async #callProduce(
    connection: BrokerConnection,
    batches: readonly EncodedBatch[],
    request: ProduceRequest,
  ): Promise<wire.ProduceAnswer> {
    const produce = () =>
      connection.call(
        wire.produce(batches, request.acks, request.ackTimeoutMs, topicPartition),
        request.requestTimeoutMs,
        { beforeWrite: request.beginWrite },
      )
    // Behind a request in flight a probe would wait for that one's answer.
    if (connection.inFlight > 0 || connection.idleMs <= PROBE_AFTER_IDLE_MS) return produce()
    if (!request.idempotent) {
      await connection.call(wire.apiVersions(), connection.probeLimitMs)
      return produce()
    }
    connection.cork()
    setImmediate(() => connection.uncork())
    // If the probe fails, the connection is destroyed and the Produce reports it.
    connection.call(wire.apiVersions(), connection.probeLimitMs).catch(() => undefined)
    return produce()
  }

  /** The ids of the known brokers. */
  get nodeIds(): number[] {
    return [...this.#nodes.keys()]
  }

  /** Node id → `host:port` as the broker advertises it. */
  get advertised(): ReadonlyMap<number, string> {
    return this.#nodes
  }

  /** Sends one request to the broker with this node id, without a retry. For readers; records go through `produce`. */
  async request<T>(nodeId: number, protocol: WireProtocol<T>, deadline: Deadline): Promise<T> {
    const address = this.#nodes.get(nodeId)
    if (address === undefined) throw transportError('NO_LEADER', 'No broker leads the partition.', { retriable: true })
    const connection = await this.#broker(address).idleConnection(deadline)
    return connection.call(protocol, Math.max(1, deadline.remaining), { sparesProduces: true })
  }

  dropConnections(reason: DropReason, leader?: number): Promise<void> {
    const code = reason === 'deadline' ? 'DEADLINE' : 'CLOSE'
    const address = leader === undefined ? undefined : this.#nodes.get(leader)
    if (leader === undefined) for (const broker of this.#brokers.values()) broker.drop(code)
    else if (address !== undefined) this.#broker(address).dropData(code)
    return Promise.resolve()
  }

  close(): Promise<void> {
    this.#closed = true
    for (const broker of this.#brokers.values()) broker.close()
    return Promise.resolve()
  }

  #broker(address: string): BrokerNode {
    if (this.#closed) throw transportError('CLOSED', 'The producer is closed.')
    let broker = this.#brokers.get(address)
    if (!broker) {
      broker = new BrokerNode(address, this.#options, this.#shared)
      this.#brokers.set(address, broker)
    }
    return broker
  }

  /**
   * Tries one broker after the other: first those that answered just now, then those without a connection, then the
   * rest.
   */
  async #requestAny<T>(deadline: Deadline, send: (connection: BrokerConnection, ms: number) => Promise<T>): Promise<T> {
    const addresses = [...new Set([...this.#nodes.values(), ...(await this.#bootstrap(deadline, this.#isStale))])]
    const ranked = addresses
      .map(address => ({ address, rank: this.#broker(address).readiness + Math.random() * 0.5 }))
      .sort((a, b) => b.rank - a.rank)
    const failures: TransportError[] = []
    for (const { address } of ranked) {
      const requestDeadline = deadline.limitedTo(REQUEST_ANY_MS)
      if (requestDeadline.passed) break
      try {
        const connection = await this.#broker(address).idleConnection(requestDeadline)
        const answer = await send(connection, Math.max(1, requestDeadline.remaining))
        this.#isStale = false
        return answer
      } catch (error) {
        failures.push(asTransportError(error))
      }
    }
    this.#isStale = failures.length === ranked.length
    // Another round can help if it can change one broker's answer.
    throw (
      failures.findLast(({ retriable }) => retriable) ??
      failures.at(-1) ??
      transportError('UNREACHABLE', 'No broker answered before the deadline.', { retriable: true })
    )
  }
}

function asTransportError(error: unknown): TransportError {
  return error instanceof TransportError
    ? error
    : transportError('CONNECTION_BROKEN', 'A connection to a broker broke.', { retriable: true, cause: error })
}
