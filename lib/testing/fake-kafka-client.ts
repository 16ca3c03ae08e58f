// The client with which one producer talks to the fake cluster.
import { TransportError } from '../errors.ts'
import { errorCodeRow } from '../transport/error-codes.ts'
import type {
  Cluster,
  ConnectionStats,
  EncodedBatch,
  KafkaClient,
  ProduceOutcome,
  ProduceRequest,
  ProducerIdAndEpoch,
} from '../transport/kafka-client.ts'
import { failure as failed, outcomeOf } from '../transport/produce-outcome.ts'
import type { FakeTopic } from './fake-topic.ts'
import { NO_CONNECTIONS } from './no-connections.ts'

const BROKERS = 3

/** The errors that brokers answer with, by Kafka's names and codes (kafka.apache.org/protocol). */
export const BROKER_ERRORS = {
  CORRUPT_MESSAGE: 2,
  UNKNOWN_TOPIC_OR_PARTITION: 3,
  LEADER_NOT_AVAILABLE: 5,
  NOT_LEADER_OR_FOLLOWER: 6,
  REQUEST_TIMED_OUT: 7,
  MESSAGE_TOO_LARGE: 10,
  NOT_ENOUGH_REPLICAS: 19,
  NOT_ENOUGH_REPLICAS_AFTER_APPEND: 20,
  TOPIC_AUTHORIZATION_FAILED: 29,
  CLUSTER_AUTHORIZATION_FAILED: 31,
  INVALID_TIMESTAMP: 32,
  POLICY_VIOLATION: 44,
  KAFKA_STORAGE_ERROR: 56,
  INVALID_RECORD: 87,
  THROTTLING_QUOTA_EXCEEDED: 89,
} as const

const NO_TOPIC = { errorCode: BROKER_ERRORS.UNKNOWN_TOPIC_OR_PARTITION, baseOffset: -1 }
const NETWORK_FAILURES = ['unreachable', 'lost-request', 'lost-answer'] as const

/**
 * A broker's error by Kafka's name, or a failure of the network: `unreachable` (nothing is sent), `lost-request` (not
 * written, no answer) or `lost-answer` (written, no answer).
 */
export type FakeFailure = keyof typeof BROKER_ERRORS | (typeof NETWORK_FAILURES)[number]

export function isFakeFailure(name: string): name is FakeFailure {
  return isBrokerError(name) || NETWORK_FAILURES.some(each => each === name)
}

function isBrokerError(name: string): name is keyof typeof BROKER_ERRORS {
  return Object.hasOwn(BROKER_ERRORS, name)
}

export interface FakeCluster {
  /** @returns undefined if the topic does not exist */
  readonly topic: (name: string) => FakeTopic | undefined
  /**
   * Returns the failure of a request, if it fails.
   * @param topic undefined: a request for metadata or a producer id
   */
  readonly failureOf: (topic: string | undefined) => FakeFailure | undefined
  readonly nextProducerId: () => bigint
  readonly latencyMs: number
}

export class FakeKafkaClient implements KafkaClient {
  readonly stats: ConnectionStats = NO_CONNECTIONS
  readonly #cluster: FakeCluster

  constructor(cluster: FakeCluster) {
    this.#cluster = cluster
  }

  async metadata(names: readonly string[]): Promise<Cluster> {
    await this.#answer()
    return {
      clusterId: 'fake',
      topics: names.map(name => {
        const topic = this.#cluster.topic(name)
        const partitions = Array.from({ length: topic?.partitionCount ?? 0 }, (_, partition) => ({
          partition,
          leader: partition % BROKERS,
          leaderEpoch: 0,
          replicas: BROKERS,
        }))
        return { topic: name, error: topic ? null : 'UNKNOWN_TOPIC_OR_PARTITION', partitions }
      }),
    }
  }

  async initProducerId(): Promise<ProducerIdAndEpoch> {
    await this.#answer()
    return { producerId: this.#cluster.nextProducerId(), epoch: 0 }
  }

  async produce(_leader: number, batches: readonly EncodedBatch[], request: ProduceRequest): Promise<ProduceOutcome[]> {
    const failures = batches.map(({ topic }) => this.#cluster.failureOf(topic))
    if (failures.includes('unreachable')) {
      await this.#pause()
      return batches.map(() => failed('not-sent', 'UNREACHABLE', true))
    }
    if (!request.beginWrite()) return batches.map(() => failed('not-sent', 'BATCH_CHANGED', true))
    const outcomes = batches.map((batch, index) => this.#write(batch, request, failures[index]))
    await this.#pause()
    return outcomes
  }

  async dropConnections(): Promise<void> {}
  async close(): Promise<void> {}

  #write(batch: EncodedBatch, { acks }: ProduceRequest, failure: FakeFailure | undefined): ProduceOutcome {
    const errorCode = failure && isBrokerError(failure) ? BROKER_ERRORS[failure] : undefined
    if (failure === 'lost-request') return failed('unknown', 'REQUEST_TIMEOUT', true)
    const proof = acks === 1 ? 'leader' : 'all'
    if (errorCode && !errorCodeRow(errorCode).mayBeWritten) return answer(errorCode, -1, proof)
    const topic = this.#cluster.topic(batch.topic)
    const { errorCode: refusal, baseOffset } = topic?.append(batch.partition, Buffer.from(batch.bytes)) ?? NO_TOPIC
    if (acks === 0) return { kind: 'acked', baseOffset: null, logAppendTime: null, proof: 'none' }
    if (failure === 'lost-answer') return failed('unknown', 'REQUEST_TIMEOUT', true)
    return errorCode && refusal === 0 ? answer(errorCode, -1, proof) : answer(refusal, baseOffset, proof)
  }

  /** Answers a request that sends no record. */
  async #answer(): Promise<void> {
    await this.#pause()
    if (this.#cluster.failureOf(undefined) !== 'unreachable') return
    throw new TransportError('unreachable', 'The fake cluster is unreachable.', {
      retriable: true,
      causeCode: 'UNREACHABLE',
    })
  }

  /** Waits at least one turn of the event loop, as with sockets. */
  #pause(): Promise<void> {
    const { latencyMs } = this.#cluster
    return new Promise(resolve => {
      if (latencyMs > 0) setTimeout(resolve, latencyMs)
      else setImmediate(resolve)
    })
  }
}

function answer(errorCode: number, baseOffset: number, proof: 'all' | 'leader'): ProduceOutcome {
  return outcomeOf({ errorCode, baseOffset: BigInt(baseOffset), logAppendTime: -1n, recordErrors: [] }, proof)
}
