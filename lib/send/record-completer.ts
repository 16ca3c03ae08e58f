// Completes each record with its outcome: once, and at its own deadline at the latest.
import type { InDoubt, PendingRecord, RecordOutcome } from '../accumulate/pending-record.ts'
import type { ProducerBatch } from '../accumulate/producer-batch.ts'
import type { FailedOutcome, FailureKind } from '../errors.ts'
import type { Clock } from '../time/clock.ts'
import type { ProduceOutcome } from '../transport/kafka-client.ts'
import type { BatchIdentity } from '../wire-format/record-batch.ts'
import { DeadlineWatch } from './deadline-watch.ts'

export interface Reason {
  readonly causeCode: string
  readonly failureKind?: FailureKind
  readonly cause?: unknown
}

export class RecordCompleter {
  readonly #clock: Clock
  readonly #clusterId: () => string | null
  readonly #deadlines: DeadlineWatch
  readonly #onCompleted: (pending: PendingRecord, acknowledged: boolean) => void

  /**
   * @param clusterId the cluster that batches are sent to, if it is known
   * @param onPassed called with uncompleted records whose deadline has passed
   * @param onCompleted called once for each record
   */
  constructor(
    clock: Clock,
    clusterId: () => string | null,
    onPassed: (records: readonly PendingRecord[]) => void,
    onCompleted: (pending: PendingRecord, acknowledged: boolean) => void,
  ) {
    this.#clock = clock
    this.#clusterId = clusterId
    this.#onCompleted = onCompleted
    this.#deadlines = new DeadlineWatch(clock, onPassed)
  }

  /** Makes the record complete at its deadline at the latest. */
  watch(pending: PendingRecord): void {
    this.#deadlines.add(pending)
  }

  acknowledged(
    batch: ProducerBatch,
    { baseOffset, logAppendTime, proof }: Extract<ProduceOutcome, { kind: 'acked' }>,
  ): void {
    const outcome: RecordOutcome = {
      kind: 'acked',
      baseOffset,
      logAppendTime: logAppendTime === null ? null : Number(logAppendTime),
      attempts: batch.attempts + 1,
      proof,
    }
    for (const pending of batch.records) this.#done(pending, outcome)
  }

  /** Completes a record of a batch that was not acknowledged. */
  failed(
    pending: PendingRecord,
    batch: ProducerBatch,
    kind: FailedOutcome,
    { causeCode, failureKind = 'delivery-failure', cause }: Reason,
  ): void {
    const inDoubt =
      kind === 'unknown' && batch.identity && batch.identity.producerId >= 0n
        ? { inDoubt: this.#inDoubt(pending.indexInBatch, batch, batch.identity) }
        : {}
    // An attempt that is in progress has left this machine, so it counts.
    const attempts = Math.max(batch.attempts, kind === 'unknown' ? 1 : 0)
    this.#done(pending, {
      kind,
      failureKind,
      causeCode,
      attempts,
      firstAt: batch.firstAttempt?.epochMs ?? pending.appendedAt,
      lastAt: this.#clock.epochMs(),
      cause,
      ...inDoubt,
    })
  }

  #inDoubt(indexInBatch: number, batch: ProducerBatch, identity: BatchIdentity): InDoubt {
    return { ...identity, indexInBatch, clusterId: this.#clusterId(), fromOffset: batch.fromOffset }
  }

  /** Completes all records of a batch that was not acknowledged. */
  allFailed(batch: ProducerBatch, kind: FailedOutcome, reason: Reason): void {
    for (const pending of batch.records) this.failed(pending, batch, kind, reason)
  }

  /** Completes a record that was never in an attempt. */
  unsent(pending: PendingRecord, causeCode: string, cause?: unknown): void {
    this.#done(pending, {
      kind: 'not-sent',
      failureKind: 'delivery-failure',
      causeCode,
      attempts: 0,
      firstAt: pending.appendedAt,
      lastAt: this.#clock.epochMs(),
      cause,
    })
  }

  #done(pending: PendingRecord, outcome: RecordOutcome): void {
    if (pending.completed) return
    pending.completed = true
    this.#deadlines.done(pending)
    pending.caller.completed(pending, outcome)
    this.#onCompleted(pending, outcome.kind === 'acked')
  }
}
