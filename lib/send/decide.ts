// What an attempt's outcome means for its batch: one total function.
import type { PendingRecord, ProducerBatch } from '../accumulate/producer-batch.ts'
import type { FailedOutcome } from '../errors.ts'
import { isBadRecord, isSequenceError } from '../transport/error-codes.ts'
import type { ProduceOutcome } from '../transport/kafka-client.ts'

export type Failure = Exclude<ProduceOutcome, { kind: 'acked' }>

export type Decision =
  /** The same bytes again, after a pause. */
  | { readonly action: 'retry' }
  /** The broker's picture of our sequence differs and nothing can be written: again under the next epoch. */
  | { readonly action: 'bump-epoch' }
  /** Some record condemns the batch: settle those at fault, send the others in batches of their own. */
  | {
      readonly action: 'split-batch'
      readonly invalid: readonly PendingRecord[]
      readonly others: readonly (readonly PendingRecord[])[]
    }
  | { readonly action: 'give-up'; readonly kind: FailedOutcome }

/** To be called after the batch has taken note of the attempt. `retries` counts attempts that left this machine. */
export function decide(batch: ProducerBatch, outcome: Failure, retries: number): Decision {
  if (isBadRecord(outcome.code) && !batch.maybeWritten) return splitBatch(batch.pendingRecords, outcome)
  const mayTryAgain = outcome.retriable && batch.attempts <= retries && batch.hasWaiters
  if (!mayTryAgain) return { action: 'give-up', kind: outcomeSoFar(batch) }
  if (!isSequenceError(outcome.code)) return { action: 'retry' }
  return batch.maybeWritten ? { action: 'give-up', kind: 'unknown' } : { action: 'bump-epoch' }
}

/** What is known of a batch that is not acknowledged. */
export function outcomeSoFar(batch: ProducerBatch): FailedOutcome {
  if (batch.maybeWritten) return 'unknown'
  return batch.attempts > 0 ? 'rejected' : 'not-sent'
}

function splitBatch(pendingRecords: readonly PendingRecord[], outcome: Failure): Decision {
  if (pendingRecords.length === 1) return { action: 'split-batch', invalid: pendingRecords, others: [] }
  const named = new Set(outcome.recordErrors.map(error => error.index))
  const invalid = pendingRecords.filter((_, index) => named.has(index))
  if (invalid.length > 0) {
    const others = pendingRecords.filter((_, index) => !named.has(index))
    return { action: 'split-batch', invalid, others: others.length > 0 ? [others] : [] }
  }
  const half = Math.ceil(pendingRecords.length / 2)
  return { action: 'split-batch', invalid: [], others: [pendingRecords.slice(0, half), pendingRecords.slice(half)] }
}
