// The port below the Sender. A driver makes single attempts; the Sender does retries, deadlines and order.
import type { DeliveryProof } from '../record/record-metadata.ts'
import type { Deadline } from '../time/deadline.ts'

export interface PartitionMetadata {
  readonly partition: number
  /** The leader's node id, or -1 while there is none. */
  readonly leader: number
  readonly leaderEpoch: number
  /** The number of replicas, in sync or not. */
  readonly replicas?: number
}

export interface TopicMetadata {
  readonly topic: string
  /** Kafka's id of the topic: one that is created anew gets another. Null or missing where the brokers report none. */
  readonly topicId?: string | null
  /** Kafka's name of the topic's error, or null. */
  readonly error: string | null
  readonly partitions: readonly PartitionMetadata[]
}

export interface Cluster {
  /** Null or missing if the brokers don't report it. */
  readonly clusterId?: string | null
  /** Node id → rack (`broker.rack`), of the brokers that have one. Missing: none has. */
  readonly racks?: ReadonlyMap<number, string>
  readonly topics: readonly TopicMetadata[]
}

export interface ProducerIdAndEpoch {
  readonly producerId: bigint
  readonly epoch: number
}

/** One encoded record batch (message format v2) for one topic-partition. */
export interface EncodedBatch {
  readonly topic: string
  readonly partition: number
  readonly bytes: Buffer
}

export interface ProduceRequest {
  /**
   * The cluster that gave the batches their producer id: nothing is written to another one (`not-sent` with causeCode
   * OTHER_CLUSTER). Null or missing: not known.
   */
  readonly clusterId?: string | null
  /** -1: all in-sync replicas; 1: the leader; 0: no answer, so the outcome is `acked` with proof `none`. */
  readonly acks: -1 | 0 | 1
  /** Batches carry a producer id, an epoch and a sequence, so that the broker recognises repeats. */
  readonly idempotent: boolean
  /** How long the leader waits for its followers, ms (a field of the request; `timeout.ms`). */
  readonly ackTimeoutMs: number
  /** How long the client waits for the answer after the write, ms (`request.timeout.ms`). */
  readonly requestTimeoutMs: number
  /** How long getting a connection may take, ms. */
  readonly connectTimeoutMs: number
  /**
   * Called once, immediately before the write. False: a record was removed from a batch meanwhile, so nothing may be
   * written and every batch is `not-sent` with causeCode `BATCH_CHANGED`.
   */
  beginWrite(): boolean
}

/** The leader that a broker names when it does not lead the partition itself (KIP-951). */
export interface CurrentLeader {
  readonly leader: number
  readonly leaderEpoch: number
}

/** A record that the broker names as its reason for rejecting the batch (KIP-467). */
export interface RejectedRecord {
  readonly index: number
}

/**
 * What one attempt proves. `rejected`: the broker says that it did not write. `not-sent`: nothing left this machine.
 * `unknown`: the batch may be in the log.
 */
export type ProduceOutcome = (
  | {
      readonly kind: 'acked'
      readonly baseOffset: bigint | null
      readonly logAppendTime: bigint | null
      readonly proof: DeliveryProof
    }
  | {
      readonly kind: 'rejected' | 'not-sent' | 'unknown'
      /** The driver's or the broker's code. */
      readonly causeCode: string
      readonly retriable: boolean
      readonly recordErrors: readonly RejectedRecord[]
      readonly cause: unknown
      readonly currentLeader?: CurrentLeader
    }
) & {
  /** The broker asks for this pause before the next request, ms (quota). */
  readonly throttleTimeMs?: number
}

export type DropReason = 'deadline' | 'close'

/** Counters of a driver since it was created. */
export interface ConnectionStats {
  readonly connectionAttempts: number
  /** Why they were made: `FIRST`, `BUSY`, or why the connection before ended. */
  readonly connectionAttemptsByReason: Readonly<Record<string, number>>
  /** The connections that are open now. */
  readonly openConnections: number
  /** Destroyed connections by reason. */
  readonly destroyed: Readonly<Record<string, number>>
  /** How often a time-out was extended after a freeze. */
  readonly graces: number
}

export interface MetadataRequestOptions {
  readonly isElsewhere: boolean
}

export interface KafkaClient {
  /**
   * @param options `isElsewhere`: the last answer did not help, so ask another broker than the one that gave it
   * @throws TransportError when no broker answered before the deadline
   */
  metadata(topics: readonly string[], deadline: Deadline, options?: MetadataRequestOptions): Promise<Cluster>
  /**
   * An id of the cluster that the last metadata answer named; a broker of another one gives the error OTHER_CLUSTER.
   * One round over the brokers; a `TransportError` says by `retriable` whether another round may help, by `causeCode`
   * why.
   */
  initProducerId(deadline: Deadline): Promise<ProducerIdAndEpoch>
  /** One attempt without a retry; never rejects. Resolves with exactly one outcome per batch, in the same order. */
  produce(leader: number, batches: readonly EncodedBatch[], request: ProduceRequest): Promise<ProduceOutcome[]>
  dropConnections(reason: DropReason, leader?: number): Promise<void>
  close(deadline: Deadline): Promise<void>
  readonly stats: ConnectionStats
}
