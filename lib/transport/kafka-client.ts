// The port below the Sender. A driver makes single attempts; the Sender does retries, deadlines and order.
import type { DeliveryProof } from '../record/record-metadata.ts'
import type { Deadline } from '../time/deadline.ts'

export interface PartitionMetadata {
  readonly partition: number
  /** The node id of the leader; -1 if there is none. */
  readonly leader: number
  readonly leaderEpoch: number
  /** The number of replicas, in sync or not. */
  readonly replicas?: number
}

export interface TopicMetadata {
  readonly topic: string
  /**
   * Kafka's id of the topic; a topic that is created anew has another id. Null or missing if the brokers report none.
   */
  readonly topicId?: string | null
  /** Kafka's name of the topic's error; null if there is none. */
  readonly error: string | null
  readonly partitions: readonly PartitionMetadata[]
}

export interface Cluster {
  /** Null or missing if the brokers don't report it. */
  readonly clusterId?: string | null
  /** Node id → rack (`broker.rack`), of the brokers that have one. Missing: no broker has a rack. */
  readonly racks?: ReadonlyMap<number, string>
  readonly topics: readonly TopicMetadata[]
}

export interface ProducerIdAndEpoch {
  readonly producerId: bigint
  readonly epoch: number
}

/** An encoded record batch (message format v2) for one partition. */
export interface EncodedBatch {
  readonly topic: string
  readonly partition: number
  readonly bytes: Buffer
}

export interface ProduceRequest {
  /**
   * The cluster from which the batches have their producer id. A batch is not written to another cluster (`not-sent`
   * with causeCode OTHER_CLUSTER). Null or missing: unknown.
   */
  readonly clusterId?: string | null
  /** -1: all in-sync replicas; 1: only the leader; 0: no answer, so the outcome is `acked` with proof `none`. */
  readonly acks: -1 | 0 | 1
  /** Whether batches have a producer id, an epoch and a sequence number, so that the broker recognises repeats. */
  readonly idempotent: boolean
  /** How long the leader waits for its followers, ms. Sent in the request (`timeout.ms`). */
  readonly ackTimeoutMs: number
  /** How long the client waits for the answer after the write, ms (`request.timeout.ms`). */
  readonly requestTimeoutMs: number
  /** How long getting a connection may take, ms. */
  readonly connectTimeoutMs: number
  /**
   * Called once, immediately before the write. False: a record has left a batch meanwhile, or all records of a batch
   * have expired. Then nothing may be written, and every batch is `not-sent` with causeCode `BATCH_CHANGED`.
   */
  beginWrite(): boolean
}

/** The leader that a broker names when it does not lead the partition itself (KIP-951). */
export interface CurrentLeader {
  readonly leader: number
  readonly leaderEpoch: number
}

/** A record that the broker names as the reason for rejecting the batch (KIP-467). */
export interface RejectedRecord {
  readonly index: number
}

/**
 * What one attempt proves. `rejected`: the broker says that it did not write the batch. `not-sent`: nothing left this
 * machine. `unknown`: the batch may be in the log.
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
  /** The pause that the broker asks for before the next request (quota), ms. */
  readonly throttleTimeMs?: number
}

export type DropReason = 'deadline' | 'close'

/** Counters of a driver since it was created. */
export interface ConnectionStats {
  readonly connectionAttempts: number
  /** Connection attempts by reason: `FIRST`, `BUSY`, or why the previous connection ended. */
  readonly connectionAttemptsByReason: Readonly<Record<string, number>>
  /** The connections that are open now. */
  readonly openConnections: number
  /** Destroyed connections by reason. */
  readonly destroyed: Readonly<Record<string, number>>
  /** How often a timeout was extended after a freeze. */
  readonly graces: number
}

export interface MetadataRequestOptions {
  readonly isElsewhere: boolean
}

export interface KafkaClient {
  /**
   * Requests metadata from any broker.
   * @param options `isElsewhere`: ask another broker than last time, because the last answer did not help
   * @throws TransportError if no broker answered before the deadline
   */
  metadata(topics: readonly string[], deadline: Deadline, options?: MetadataRequestOptions): Promise<Cluster>
  /**
   * Requests a producer id from the cluster that the last metadata answer named; a broker of another cluster causes the
   * error OTHER_CLUSTER. Tries each broker once.
   * @throws TransportError whose `retriable` says whether trying again may help, and `causeCode` why it failed
   */
  initProducerId(deadline: Deadline): Promise<ProducerIdAndEpoch>
  /**
   * Makes one attempt, without a retry. Never rejects: resolves with exactly one outcome per batch, in the same order.
   */
  produce(leader: number, batches: readonly EncodedBatch[], request: ProduceRequest): Promise<ProduceOutcome[]>
  dropConnections(reason: DropReason, leader?: number): Promise<void>
  close(deadline: Deadline): Promise<void>
  readonly stats: ConnectionStats
}
