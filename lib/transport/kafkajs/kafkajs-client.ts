// The driver over kafkajs's wire layer: one Produce per leader, its answer read partition by partition.
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
import { BrokerNode, type BrokerOptions, type SharedState } from './broker-node.ts'
import * as wire from './wire.ts'

/** A question to one broker, its connection attempt included; then the next broker is asked. */
const ASK_MS = 1000
/** A connection idle for longer is asked for a sign of life together with its first Produce. */
const PROBE_AFTER_IDLE_MS = 100
const PROBE_MS = 500

export interface KafkaJsClientOptions {
  /** `isStale`: every broker that is known was asked, and none answered. */
  readonly bootstrap: (deadline: Deadline, isStale: boolean) => readonly string[] | Promise<readonly string[]>
  readonly clientId: string
  readonly connectTimeoutMs: number
  readonly maxIdleMs: number
  readonly reconnectBackoffMs: number
  readonly reconnectBackoffMaxMs: number
  /** Default: no TLS, no authentication. */
  readonly security?: SecurityProvider
  readonly clock?: Clock
}

export class KafkaJsClient implements KafkaClient {
  readonly #options: BrokerOptions
  readonly #bootstrap: KafkaJsClientOptions['bootstrap']
  readonly #clock: Clock
  readonly #brokers = new Map<string, BrokerNode>()
  readonly #nodes = new Map<number, string>()
  readonly #shared: SharedState = {
    versions: undefined,
    connectionAttempts: 0,
    closedAttempts: 0,
    graced: 0,
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
    const open = [...this.#brokers.values()].reduce((sum, broker) => sum + broker.open, 0)
    return {
      connectionAttempts: this.#shared.connectionAttempts,
      graced: this.#shared.graced,
      destroyed: { ...this.#shared.destroyed },
      open,
    }
  }

  async metadata(topics: readonly string[] | null, deadline: Deadline): Promise<Cluster> {
    const answer = await this.#ask(deadline, (connection, ms) =>
      connection.call(wire.metadata(topics), ms, { mayOutlive: true }),
    )
    for (const { nodeId, host, port } of answer.brokers)
      this.#nodes.set(nodeId, host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`)
    return {
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
    return this.#ask(deadline, async (connection, ms) => {
      const answer = await connection.call(wire.initProducerId(), ms, { mayOutlive: true })
      if (answer.errorCode === 0) return { producerId: answer.producerId, epoch: answer.epoch }
      const row = errorCodeRow(answer.errorCode)
      throw brokerError(
        row,
        `The broker gave no producer id: ${row.name}${row.failure === 'authorization' ? '; expected an ACL for WRITE on a topic (MSK: kafka-cluster:WriteDataIdempotently and WriteData)' : ''}.`,
      )
    })
  }

  async produce(leader: number, batches: readonly EncodedBatch[], request: ProduceRequest): Promise<ProduceOutcome[]> {
    const all = (kind: 'not-sent' | 'unknown', causeCode: string, retriable: boolean, cause?: unknown) =>
      batches.map(() => failure(kind, causeCode, retriable, cause))
    const address = this.#nodes.get(leader)
    if (address === undefined) return all('not-sent', 'NO_LEADER', true)
    let connection: BrokerConnection
    try {
      connection = await this.#broker(address).data(Deadline.after(this.#clock, request.connectTimeoutMs))
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
   * After a pause the peer may be gone without a word (NAT, load balancer, a frozen sandbox). So the first Produce shares
   * its write with an ApiVersions, which any live broker answers at once: no extra round trip, and silence shows in 500 ms.
   * Where a repeat would not be recognised the sign of life is awaited first.
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
    if (connection.idleMs <= PROBE_AFTER_IDLE_MS) return produce()
    if (!request.idempotent) {
      await connection.call(wire.apiVersions(), PROBE_MS)
      return produce()
    }
    connection.cork()
    setImmediate(() => connection.uncork())
    // Its failure kills the connection, and with it the Produce, which reports it.
    connection.call(wire.apiVersions(), PROBE_MS).catch(() => undefined)
    return produce()
  }

  /** One question to the broker with this id, without a retry. For readers of a log; records go by `produce`. */
  async ask<T>(nodeId: number, question: WireProtocol<T>, deadline: Deadline): Promise<T> {
    const address = this.#nodes.get(nodeId)
    if (address === undefined) throw transportError('NO_LEADER', 'No broker leads the partition.', { retriable: true })
    const connection = await this.#broker(address).idle(deadline)
    return connection.call(question, Math.max(1, deadline.remaining), { mayOutlive: true })
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

  /** Asks one broker after the other: those that answered just now, then fresh connectionAttempts, then silent ones. */
  async #ask<T>(deadline: Deadline, question: (connection: BrokerConnection, ms: number) => Promise<T>): Promise<T> {
    const addresses = [...new Set([...this.#nodes.values(), ...(await this.#bootstrap(deadline, this.#isStale))])]
    const ranked = addresses
      .map(address => ({ address, rank: this.#broker(address).proof + Math.random() * 0.5 }))
      .sort((a, b) => b.rank - a.rank)
    const failures: TransportError[] = []
    for (const { address } of ranked) {
      const mine = deadline.limitedTo(ASK_MS)
      if (mine.remaining <= 0) break
      try {
        const connection = await this.#broker(address).idle(mine)
        const answer = await question(connection, Math.max(1, mine.remaining))
        this.#isStale = false
        return answer
      } catch (error) {
        failures.push(asTransportError(error))
      }
    }
    this.#isStale = failures.length === ranked.length
    // Asking again is of no use only if no broker could answer otherwise.
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
