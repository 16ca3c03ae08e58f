// Stage 6 of 9: PartitionedRecord → ProducerBatch, the records of one partition that are sent together.
import type { FailedOutcome } from '../errors.ts'
import type { Moment } from '../time/clock.ts'
import type { Compression } from '../wire-format/compress.ts'
import type { BatchIdentity } from '../wire-format/record-batch.ts'
import { encodeRecordBatch } from '../wire-format/record-batch-encoder.ts'
import type { PendingRecord } from './pending-record.ts'

/**
 * A batch and what is known about its attempts. Only `PartitionState` calls the methods that change it, because it
 * knows when the bytes may change.
 */
export class ProducerBatch {
  readonly topic: string
  readonly partition: number
  readonly #compression: Compression | undefined
  #records: readonly PendingRecord[] = []
  #latestDeadline = Number.NEGATIVE_INFINITY
  /** All records before this index are completed. */
  #firstWaiter = 0
  /** Whether records left the batch since it got its identity, so that the next identity is only for the others. */
  #isOutdated = false
  #attempts = 0
  #maybeWritten = false
  #firstAttempt: Moment | undefined
  #lastCauseCode: string | undefined
  #lastCause: unknown
  #identity: BatchIdentity | undefined
  #fromOffset: bigint | null = null
  #bytes: Buffer | undefined

  constructor(topic: string, partition: number, records: readonly PendingRecord[], compression?: Compression) {
    this.#compression = compression
    this.topic = topic
    this.partition = partition
    this.#setRecords(records)
  }

  get records(): readonly PendingRecord[] {
    return this.#records
  }

  /** The number of failed attempts that left this machine. */
  get attempts(): number {
    return this.#attempts
  }

  /**
   * Whether an attempt ended without a proof that nothing was written. It stays true, because no later refusal
   * disproves it.
   */
  get maybeWritten(): boolean {
    return this.#maybeWritten
  }

  get firstAttempt(): Moment | undefined {
    return this.#firstAttempt
  }

  /** The broker's or driver's code for how the last attempt failed. */
  get lastCauseCode(): string | undefined {
    return this.#lastCauseCode
  }

  get lastCause(): unknown {
    return this.#lastCause
  }

  get identity(): BatchIdentity | undefined {
    return this.#identity
  }

  /**
   * The encoded batch. Encoded once and kept, so that every attempt sends the same bytes until records leave the batch.
   */
  get bytes(): Buffer {
    if (!this.#identity) throw new Error('A batch has bytes only once it has a producer id, an epoch and a sequence.')
    this.#bytes ??= encodeRecordBatch(this.#records, this.#identity, this.#compression)
    return this.#bytes
  }

  /** Whether a caller still waits for one of the records. */
  get hasWaiters(): boolean {
    while (this.#records[this.#firstWaiter]?.completed) this.#firstWaiter++
    return this.#firstWaiter < this.#records.length
  }

  /** The latest deadline of the records (monotonic clock), after which no caller waits. */
  get latestDeadline(): number {
    return this.#latestDeadline
  }

  /** What the attempts so far prove about a batch that is not acknowledged. */
  get outcomeSoFar(): FailedOutcome {
    if (this.#maybeWritten) return 'unknown'
    return this.#attempts > 0 ? 'rejected' : 'not-sent'
  }

  /** An offset before which the log has no copy of the batch; null if unknown. */
  get fromOffset(): bigint | null {
    return this.#fromOffset
  }

  /** Sets the identity with which the next attempt encodes the batch. */
  number(identity: BatchIdentity, fromOffset: bigint | null = null): void {
    if (this.#isOutdated) this.#setRecords(this.#records.filter(pending => !pending.completed))
    this.#isOutdated = false
    this.#identity = identity
    this.#fromOffset = fromOffset
    this.#bytes = undefined
  }

  /** Call it when a copy of the batch may be in a log whose offsets are unknown. */
  forgetOffset(): void {
    this.#fromOffset = null
  }

  beginAttempt(at: Moment): void {
    this.#firstAttempt ??= at
  }

  attemptFailed(outcome: { readonly kind: FailedOutcome; readonly causeCode: string; readonly cause: unknown }): void {
    if (outcome.kind !== 'not-sent') this.#attempts++
    if (outcome.kind === 'unknown') this.#maybeWritten = true
    this.#lastCauseCode = outcome.causeCode
    this.#lastCause = outcome.cause
  }

  /** Makes the next attempt need a new identity. Records that are completed by then are not encoded any more. */
  outdate(): void {
    this.#isOutdated = true
    this.#identity = undefined
    this.#bytes = undefined
  }

  #setRecords(records: readonly PendingRecord[]): void {
    this.#records = records
    this.#firstWaiter = 0
    this.#latestDeadline = Number.NEGATIVE_INFINITY
    for (const [index, pending] of records.entries()) {
      pending.indexInBatch = index
      this.#latestDeadline = Math.max(this.#latestDeadline, pending.deadline.at)
    }
  }
}
