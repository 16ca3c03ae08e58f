// Applies the outcome of an attempt to its partition and its records.
import type { ProducerBatch } from '../accumulate/producer-batch.ts'
import { backoff } from '../time/backoff.ts'
import { isTooLarge, refreshFor, THROTTLED } from '../transport/error-codes.ts'
import type { ProduceOutcome } from '../transport/kafka-client.ts'
import { decide, type Failure, halvesOf } from './decide.ts'
import type { PartitionState } from './partition-state.ts'
import type { SenderParts } from './sender-parts.ts'

export class AttemptOutcomes {
  readonly #parts: SenderParts

  constructor(parts: SenderParts) {
    this.#parts = parts
  }

  /**
   * Handles an open batch that can't be encoded: each of its records is tried in a batch of its own, so that only the
   * bad one fails.
   */
  unencodable(partition: PartitionState, cause: unknown): void {
    const { accumulator, completer, waiting } = this.#parts
    const batch = partition.batch as ProducerBatch
    const outcome = batch.outcomeSoFar
    if (batch.records.length > 1) partition.split(batch.records.map(pending => accumulator.queueOf([pending])))
    else {
      partition.gaveUp()
      completer.allFailed(batch, outcome, { causeCode: 'ENCODING_FAILED', cause })
    }
    waiting.changed(partition)
  }

  /** Halves the open batch. Nothing of it was sent, so the halves use its sequence numbers. */
  tooLarge(partition: PartitionState): void {
    const { accumulator, waiting } = this.#parts
    const { records } = partition.batch as ProducerBatch
    partition.split(halvesOf(records).map(half => accumulator.queueOf(half)))
    waiting.changed(partition)
  }

  complete(partition: PartitionState, batch: ProducerBatch, outcome: ProduceOutcome): void {
    if (outcome.kind === 'acked') {
      partition.acknowledged(outcome.proof === 'all' ? outcome.baseOffset : null)
      this.#count(batch)
      return this.#parts.completer.acknowledged(batch, outcome)
    }
    // Not an attempt: a record left the batch, or the broker asked for a pause, after which the batch is sent again
    // (`produce-requests.ts`).
    const isNoAttempt = outcome.causeCode === 'BATCH_CHANGED' || outcome.causeCode === THROTTLED
    if (outcome.kind === 'not-sent' && isNoAttempt) return partition.notWritten()
    if (!partition.attemptFailed(outcome)) return
    const { currentLeader } = outcome
    const isMoved =
      currentLeader !== undefined &&
      this.#parts.metadata.learnLeader(partition.topic, partition.partition, currentLeader)
    const refresh = refreshFor(outcome.causeCode)
    // If no caller waits, no connection is opened: a sandbox that is about to be frozen would only leave it behind.
    const isWanted = batch.hasWaiters || this.#parts.accumulator.has(partition.topic, partition.partition)
    if (refresh && isWanted) {
      const ticket = this.#parts.metadata.requestRefresh(partition.topic)
      if (refresh === 'before-retry' && !isMoved) partition.awaitMetadata(ticket)
    }
    this.#carryOut(partition, batch, outcome)
  }

  #carryOut(partition: PartitionState, batch: ProducerBatch, outcome: Failure): void {
    const decision = decide(batch, outcome, this.#parts.options.retries)
    switch (decision.action) {
      case 'give-up':
        this.#parts.completer.allFailed(batch, decision.kind, { causeCode: outcome.causeCode, cause: outcome.cause })
        return partition.gaveUp()
      case 'split-batch': {
        if (decision.invalid.length === 0 && isTooLarge(outcome.causeCode)) this.#parts.accumulator.refused(batch)
        partition.split(decision.others.map(records => this.#parts.accumulator.queueOf(records)))
        // Done last: an invalid record stops the later records of its order group, which `split` has put back.
        for (const pending of decision.invalid)
          this.#parts.completer.failed(pending, batch, 'rejected', {
            causeCode: outcome.causeCode,
            failureKind: 'invalid-record',
            cause: outcome.cause,
          })
        return
      }
      case 'bump-epoch':
        partition.renumberBatch()
        return this.#backOff(partition)
      case 'retry':
        return this.#backOff(partition)
    }
  }

  #backOff(partition: PartitionState): void {
    const { clock, retryBackoffMs, retryBackoffMaxMs } = this.#parts.options
    partition.backOff(clock.now() + backoff(partition.failures + 1, retryBackoffMs, retryBackoffMaxMs))
    this.#parts.stats.retries++
  }

  #count({ records, firstAttempt }: ProducerBatch): void {
    this.#parts.stats.ackedBatches++
    this.#parts.stats.ackedRecords += records.length
    if (!firstAttempt) return
    this.#parts.stats.queueTimeMs += Math.max(
      0,
      firstAttempt.epochMs - (records[0]?.appendedAt ?? firstAttempt.epochMs),
    )
    this.#parts.stats.brokerTimeMs += this.#parts.options.clock.now() - firstAttempt.now
  }
}
