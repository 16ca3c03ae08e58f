// What an attempt's outcome means for its batch: one total function.
import type { ProducerBatch, Rider } from '../accumulate/producer-batch.ts'
import type { FailedOutcome } from '../errors.ts'
import { isBadRecord, isSequenceFault } from '../transport/error-codes.ts'
import type { ProduceOutcome } from '../transport/kafka-client.ts'

export type Failure = Exclude<ProduceOutcome, { kind: 'acked' }>

export type Decision =
  /** The same bytes again, after a pause. */
  | { readonly action: 'retry' }
  /** The broker's picture of our sequence differs and nothing can be written: again under the next epoch. */
  | { readonly action: 'renew' }
  /** Some record condemns the batch: settle those at fault, send the others in batches of their own. */
  | { readonly action: 'isolate'; readonly atFault: readonly Rider[]; readonly others: readonly (readonly Rider[])[] }
  | { readonly action: 'give-up'; readonly kind: FailedOutcome }

/** To be called after the batch has taken note of the attempt. `retries` counts attempts that left this machine. */
export function decide(batch: ProducerBatch, outcome: Failure, retries: number): Decision {
  if (isBadRecord(outcome.code) && !batch.maybeWritten) return isolate(batch.riders, outcome)
  const mayTryAgain = outcome.retriable && batch.attempts <= retries && batch.hasWaiters
  if (!mayTryAgain) return { action: 'give-up', kind: outcomeSoFar(batch) }
  if (!isSequenceFault(outcome.code)) return { action: 'retry' }
  return batch.maybeWritten ? { action: 'give-up', kind: 'unknown' } : { action: 'renew' }
}

/** What is known of a batch that is not acknowledged. */
export function outcomeSoFar(batch: ProducerBatch): FailedOutcome {
  if (batch.maybeWritten) return 'unknown'
  return batch.attempts > 0 ? 'rejected' : 'not-sent'
}

function isolate(riders: readonly Rider[], outcome: Failure): Decision {
  if (riders.length === 1) return { action: 'isolate', atFault: riders, others: [] }
  const named = new Set(outcome.recordErrors.map(error => error.index))
  const atFault = riders.filter((_, index) => named.has(index))
  if (atFault.length > 0) {
    const others = riders.filter((_, index) => !named.has(index))
    return { action: 'isolate', atFault, others: others.length > 0 ? [others] : [] }
  }
  const half = Math.ceil(riders.length / 2)
  return { action: 'isolate', atFault: [], others: [riders.slice(0, half), riders.slice(half)] }
}
