// What a record is from its append to its outcome, and who waits for that outcome.
import type { FailedOutcome, FailureKind } from '../errors.ts'
import type { PartitionedRecord } from '../record/producer-record.ts'
import type { DeliveryProof } from '../record/record-metadata.ts'
import type { Deadline } from '../time/deadline.ts'
import type { BatchIdentity } from '../wire-format/record-batch.ts'
import type { RecordQueue } from './record-queue.ts'

/** The Sender's outcome of one record. Times are milliseconds since the epoch. */
export type RecordOutcome =
  /** Shared by all records of a batch. */
  | {
      readonly kind: 'acked'
      /** The offset of the batch's first record. */
      readonly baseOffset: bigint | null
      /** The broker's time of the append, if the topic uses LogAppendTime. */
      readonly logAppendTime: number | null
      readonly attempts: number
      readonly proof: DeliveryProof
    }
  | {
      readonly kind: FailedOutcome
      readonly failureKind: FailureKind
      /** The broker's or driver's code for what went wrong. */
      readonly causeCode: string
      readonly attempts: number
      readonly firstAt: number
      readonly lastAt: number
      readonly cause: unknown
      /** Only for `unknown`: where the record would be in the log, and by which identity. */
      readonly inDoubt?: InDoubt
    }

/**
 * Where a record is in a partition's log if it was written, so that a redrive can look before it sends the record
 * again.
 */
export interface InDoubt extends BatchIdentity {
  readonly indexInBatch: number
  /** Null if the brokers did not report it. */
  readonly clusterId: string | null
  /** The offset after the last batch of this partition that was acknowledged by all replicas; null before the first. */
  readonly fromOffset: bigint | null
}

/** A record between its append and its outcome, and the caller that waits for it. */
export interface PendingRecord {
  readonly record: PartitionedRecord
  readonly timestamp: number
  readonly appendedAt: number
  /** When its batch may be sent although it is not full (`linger.ms`), monotonic clock. */
  readonly readyAt: number
  readonly deadline: Deadline
  /** Who waits for its outcome, and its index among that caller's records. */
  readonly caller: RecordCaller
  readonly index: number
  completed: boolean
  /** The queue in which it waits for a batch, and its neighbours there. Only `RecordQueue` changes these fields. */
  queue: RecordQueue | undefined
  previous: PendingRecord | undefined
  next: PendingRecord | undefined
  /** Counts all records of the producer in the order of their append. */
  readonly number: number
  /** Its neighbours in its order group. Only `OrderGroups` changes these fields. */
  earlierOfGroup: PendingRecord | undefined
  laterOfGroup: PendingRecord | undefined
  /** Its index in its batch; -1 while it waits in a queue. */
  indexInBatch: number
}

/** The call that waits for the outcomes of records. */
export interface RecordCaller {
  readonly deadline: Deadline
  /** Called once per record. */
  completed(pending: PendingRecord, outcome: RecordOutcome): void
}
