// Stage 6 of 9: PartitionedRecord → ProducerBatch. Records of one topic-partition that travel together.
import type { FailedOutcome, FailureKind } from '../errors.ts'
import type { PartitionedRecord } from '../record/producer-record.ts'
import type { DeliveryProof } from '../record/record-metadata.ts'
import type { Deadline } from '../time/deadline.ts'
import type { Compression } from '../wire-format/compress.ts'
import { type BatchIdentity, encodeRecordBatch } from '../wire-format/record-batch-encoder.ts'

/** What became of one record in the Sender's hands. Times are wall-clock milliseconds. */
export type RecordOutcome =
  | {
      readonly kind: 'acked'
      readonly offset: bigint | null
      readonly timestamp: number
      readonly attempts: number
      readonly proof: DeliveryProof
    }
  | {
      readonly kind: FailedOutcome
      readonly failureKind: FailureKind
      /** The broker's or driver's own name of what went wrong. */
      readonly causeCode: string
      readonly attempts: number
      readonly firstAt: number
      readonly lastAt: number
      readonly cause: unknown
      /** Only for `unknown`: where in the log the record would be. */
      readonly inDoubt?: BatchIdentity & { readonly indexInBatch: number }
    }

/** One record on its way, and the caller who waits for it. */
export interface PendingRecord {
  readonly record: PartitionedRecord
  readonly timestamp: number
  readonly appendedAt: number
  /** When its batch may leave although it is not full (`linger.ms`), monotonic. */
  readonly readyAt: number
  readonly deadline: Deadline
  completed: boolean
  readonly complete: (outcome: RecordOutcome) => void
}

export class ProducerBatch {
  readonly topic: string
  readonly partition: number
  pendingRecords: PendingRecord[]
  /** Attempts that left this machine. */
  attempts = 0
  /** Some attempt's fate is not known. Sticky: a later refusal can't undo it. */
  maybeWritten = false
  firstAttemptAt: number | undefined
  /** The same moment, monotonic. */
  firedAt: number | undefined
  readonly #compression: Compression | undefined
  lastCode: string | undefined
  lastCause: unknown
  #identity: BatchIdentity | undefined
  #bytes: Buffer | undefined

  constructor(topic: string, partition: number, pendingRecords: PendingRecord[], compression?: Compression) {
    this.#compression = compression
    this.topic = topic
    this.partition = partition
    this.pendingRecords = pendingRecords
  }

  get identity(): BatchIdentity | undefined {
    return this.#identity
  }

  /** The same bytes at every attempt: encoded at the first, kept until records leave the batch. */
  get bytes(): Buffer {
    if (!this.#identity) throw new Error('A batch has bytes only once it has a producer id, an epoch and a sequence.')
    this.#bytes ??= encodeRecordBatch(this.pendingRecords, this.#identity, this.#compression)
    return this.#bytes
  }

  identify(identity: BatchIdentity): void {
    this.#identity = identity
    this.#bytes = undefined
  }

  /** Records left, or the identity is used up: the next attempt encodes anew. */
  forgetBytes(): void {
    this.#identity = undefined
    this.#bytes = undefined
  }

  get hasWaiters(): boolean {
    return this.pendingRecords.some(pending => !pending.completed)
  }

  /** The latest moment at which somebody still waits for this batch (monotonic). */
  get latestDeadline(): number {
    return this.pendingRecords.reduce(
      (latest, pending) => (pending.completed ? latest : Math.max(latest, pending.deadline.at)),
      Number.NEGATIVE_INFINITY,
    )
  }
}
