// The driver on top of kafkajs's wire layer: sends one Produce per leader, and reads its answer partition by partition.
import { topicPartition } from '../../record/topic-partition.ts'
import { type Clock, systemClock } from '../../time/clock.ts'
import { Deadline } from '../../time/deadline.ts'
import { PLAINTEXT, type SecurityProvider } from '../connection-security.ts'
import { brokerError, causeOf, errorCodeRow, THROTTLED, transportError } from '../error-codes.ts'
import type {
  Cluster,
  ConnectionStats,
  DropReason,
  EncodedBatch,
  KafkaClient,
  MetadataRequestOptions,
  ProduceOutcome,
  ProduceRequest,
  ProducerIdAndEpoch,
} from '../kafka-client.ts'
import type { ProduceAnswer } from '../produce/produce-codec.ts'
import { produceCodec } from '../produce/produce-versions.ts'
import { failure, outcomeOf } from '../produce-outcome.ts'
import { asTransportError } from './ask-brokers.ts'
import type { BrokerConnection } from './broker-connection.ts'
import type { BrokerNode } from './broker-node.ts'
import { Brokers, type BrokersOptions } from './brokers.ts'
import { initProducerId } from './wire.ts'
import type { KafkaRequest } from './wire-protocol.ts'

/** A connection that was idle for longer, ms, is probed together with its next Produce. */
const PROBE_AFTER_IDLE_MS = 100

export interface KafkaJsClientOptions extends Pick<BrokersOptions, 'bootstrap'> {
  readonly clientId: string
  readonly connectTimeoutMs: number
  /** How long a request to any broker may take, without the connection attempt, ms. Default: no limit of its own. */
  readonly requestTimeoutMs?: number
  readonly maxIdleMs: number
  readonly reconnectBackoffMs: number
  readonly reconnectBackoffMaxMs: number
  /** Default: no TLS and no authentication. */
  readonly security?: SecurityProvider
  readonly clock?: Clock
}

export class KafkaJsClient implements KafkaClient {
  readonly #clock: Clock
  readonly #brokers: Brokers
  /** The broker to which the last Produce for a leader went, because the leader's address may have changed since. */
  readonly #producedTo = new Map<number, BrokerNode>()

  constructor(options: KafkaJsClientOptions) {
    this.#clock = options.clock ?? systemClock
    this.#brokers = new Brokers({
      security: PLAINTEXT,
      requestTimeoutMs: Number.POSITIVE_INFINITY,
      ...options,
      clock: this.#clock,
    })
  }

  get stats(): ConnectionStats {
    const { attemptsByReason, graces, destroyed } = this.#brokers.shared
    return {
      connectionAttempts: Object.values(attemptsByReason).reduce((sum, count) => sum + count, 0),
      connectionAttemptsByReason: { ...attemptsByReason },
      graces,
      destroyed: { ...destroyed },
      openConnections: this.#brokers.openConnections,
    }
  }

  async metadata(
    topics: readonly string[] | null,
    deadline: Deadline,
    options?: MetadataRequestOptions,
  ): Promise<Cluster> {
    const answer = await this.#brokers.metadata(topics, deadline, options?.isElsewhere)
    return {
      clusterId: answer.clusterId,
      racks: new Map(answer.brokers.filter(({ rack }) => rack !== '').map(({ nodeId, rack }) => [nodeId, rack])),
      topics: answer.topics.map(({ topic, topicId, errorCode, partitions }) => ({
        topic,
        topicId,
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
    return this.#brokers.askAny(
      async (connection, ms) => {
        // A producer id of another cluster may be one that this cluster has given to another producer.
        if (!this.#brokers.isIdentified(connection)) await this.#brokers.identify(connection, ms)
        const answer = await connection.call(initProducerId(), ms, { sparesProduces: true })
        if (answer.errorCode === 0) return { producerId: answer.producerId, epoch: answer.epoch }
        const row = errorCodeRow(answer.errorCode)
        const advice =
          row.failure === 'authorization'
            ? '; expected an ACL for WRITE on a topic (MSK: kafka-cluster:WriteDataIdempotently and WriteData)'
            : ''
        throw brokerError(row, `The broker returned no producer id: ${row.name}${advice}.`)
      },
      deadline,
      { isQuick: true },
    )
  }

  async produce(leader: number, batches: readonly EncodedBatch[], request: ProduceRequest): Promise<ProduceOutcome[]> {
    const all = (kind: 'not-sent' | 'unknown', causeCode: string, retriable: boolean, cause?: unknown) =>
      batches.map(() => failure(kind, causeCode, retriable, cause))
    let connection: BrokerConnection
    const deadline = Deadline.after(this.#clock, request.connectTimeoutMs)
    try {
      const broker = this.#brokers.withId(leader)
      if (!broker) return all('not-sent', 'NO_LEADER', true)
      const { throttledMs } = broker
      if (throttledMs > 0)
        return all('not-sent', THROTTLED, true).map(outcome => ({ ...outcome, throttleTimeMs: throttledMs }))
      this.#producedTo.set(leader, broker)
      connection = await broker.dataConnection(deadline)
      const expected = { clusterId: request.clusterId ?? null, nodeId: leader }
      if (!this.#brokers.isIdentified(connection, expected))
        await this.#brokers.identify(connection, Math.max(1, deadline.remaining), expected)
    } catch (error) {
      const failed = asTransportError(error)
      return all('not-sent', causeOf(failed), failed.retriable, error)
    }
    let isWritten = false
    const beginWrite = () => {
      isWritten = request.beginWrite()
      return isWritten
    }
    try {
      const answer = await this.#callProduce(connection, batches, { ...request, beginWrite })
      if (!answer) return batches.map(() => ({ kind: 'acked', baseOffset: null, logAppendTime: null, proof: 'none' }))
      this.#brokers.learnMore(answer.endpoints)
      const proof = request.acks === 1 ? 'leader' : 'all'
      return batches.map(batch => ({
        ...outcomeOf(answer.partitions.get(topicPartition(batch.topic, batch.partition)), proof),
        throttleTimeMs: answer.throttleTimeMs,
      }))
    } catch (error) {
      const causeCode = causeOf(asTransportError(error))
      return all(isWritten ? 'unknown' : 'not-sent', causeCode, true, error)
    }
  }

  /**
   * Sends a Produce. After a pause the connection may be gone without a FIN (NAT, load balancer, a frozen sandbox). So
   * the first Produce is written together with an ApiVersions request, which a live broker answers at once: it costs no
   * extra round trip, and a dead connection is detected in 500 ms, or later if the broker answered slowly before
   * (`AnswerTimes`). Without idempotence a repeat would be a duplicate, so there the probe is awaited first.
   */
  async #callProduce(
    connection: BrokerConnection,
    batches: readonly EncodedBatch[],
    request: ProduceRequest,
  ): Promise<ProduceAnswer | undefined> {
    const produce = () => connection.produce(produceCodec(connection.versions), batches, request)
    // Behind a request in flight, a probe would wait for the answer to that request.
    if (connection.inFlight > 0 || connection.idleMs <= PROBE_AFTER_IDLE_MS) return produce()
    if (!request.idempotent) {
      await connection.probe()
      return produce()
    }
    connection.cork()
    // If the probe fails, the connection is destroyed, and the Produce reports the failure.
    connection.probe().catch(() => undefined)
    const answer = produce()
    connection.uncork()
    return answer
  }

  /** The ids of the known brokers. */
  get nodeIds(): number[] {
    return [...this.#brokers.advertised.keys()]
  }

  /** Node id → `host:port` as the broker advertises it. */
  get advertised(): ReadonlyMap<number, string> {
    return this.#brokers.advertised
  }

  /**
   * Sends a request to the broker with this node id, without a retry. For readers of the log; records go through
   * `produce`.
   */
  async request<T>(nodeId: number, request: KafkaRequest<T>, deadline: Deadline): Promise<T> {
    const broker = this.#brokers.withId(nodeId)
    if (!broker) throw transportError('NO_LEADER', 'No broker leads the partition.', { retriable: true })
    const connection = await broker.idleConnection(deadline)
    return connection.call(request, Math.max(1, deadline.remaining), { sparesProduces: true })
  }

  dropConnections(reason: DropReason, leader?: number): Promise<void> {
    const code = reason === 'deadline' ? 'DEADLINE' : 'CLOSE'
    if (leader === undefined) this.#brokers.drop(code)
    else this.#producedTo.get(leader)?.dropData(code)
    return Promise.resolve()
  }

  close(): Promise<void> {
    this.#brokers.close()
    return Promise.resolve()
  }
}
