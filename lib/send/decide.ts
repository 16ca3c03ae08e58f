// Decides after a failed attempt whether the batch is retried, renumbered, split or given up. Which error codes are
// retriable stands in lib/transport/error-codes.ts.
import type { PendingRecord } from '../accumulate/pending-record.ts'
import type { ProducerBatch } from '../accumulate/producer-batch.ts'
import type { FailedOutcome } from '../errors.ts'
import { isBadRecord, isSequenceError } from '../transport/error-codes.ts'
import type { ProduceOutcome } from '../transport/kafka-client.ts'

export type Failure = Exclude<ProduceOutcome, { kind: 'acked' }>

export type Decision =
  /** Send the same bytes again, after a pause. */
  | { readonly action: 'retry' }
  /** Send again in the next epoch: the broker expects another sequence number, and no attempt can have been written. */
  | { readonly action: 'bump-epoch' }
  /**
   * One record makes the broker reject the whole batch: fail the invalid records, send the others in separate batches.
   */
  | {
      readonly action: 'split-batch'
      readonly invalid: readonly PendingRecord[]
      readonly others: readonly (readonly PendingRecord[])[]
    }
  | { readonly action: 'give-up'; readonly kind: FailedOutcome }

/** Decides. Call it after the batch has counted the attempt. `retries` limits the attempts that left this machine. */
export function decide(batch: ProducerBatch, outcome: Failure, retries: number): Decision {
  if (isBadRecord(outcome.causeCode) && !batch.maybeWritten) return splitBatch(batch.records, outcome)
  const mayTryAgain = outcome.retriable && batch.attempts <= retries && batch.hasWaiters
  if (!mayTryAgain) return { action: 'give-up', kind: batch.outcomeSoFar }
  if (!isSequenceError(outcome.causeCode)) return { action: 'retry' }
  return batch.maybeWritten ? { action: 'give-up', kind: 'unknown' } : { action: 'bump-epoch' }
}

function splitBatch(records: readonly PendingRecord[], outcome: Failure): Decision {
  if (records.length === 1) return { action: 'split-batch', invalid: records, others: [] }
  const named = new Set(outcome.recordErrors.map(error => error.index))
  const invalid = records.filter((_, index) => named.has(index))
  if (invalid.length > 0) {
    const others = records.filter((_, index) => !named.has(index))
    return { action: 'split-batch', invalid, others: others.length > 0 ? [others] : [] }
  }
  return { action: 'split-batch', invalid: [], others: halvesOf(records) }
}

export function halvesOf(records: readonly PendingRecord[]): readonly (readonly PendingRecord[])[] {
  const half = Math.ceil(records.length / 2)
  return [records.slice(0, half), records.slice(half)]
}
