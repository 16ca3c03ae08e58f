// The partitions of a Sender, and how one goes on after its batch: with the next, with the same bytes again, or in a new epoch.
import type { PendingRecord, ProducerBatch } from '../accumulate/producer-batch.ts'
import { topicPartition } from '../record/topic-partition.ts'
import { backoff } from '../time/backoff.ts'
import { PartitionState } from './partition-state.ts'
import type { SenderOptions, SenderStats } from './sender-options.ts'

export class PartitionTable {
  /** Those with records that are not settled. */
  readonly active = new Set<PartitionState>()
  readonly #all = new Map<string, PartitionState>()
  readonly #options: SenderOptions
  readonly #stats: SenderStats
  readonly #retireProducerId: () => void

  /** @param retireProducerId asks for a new one: the epochs of this one are used up */
  constructor(options: SenderOptions, stats: SenderStats, retireProducerId: () => void) {
    this.#options = options
    this.#stats = stats
    this.#retireProducerId = retireProducerId
  }

  of({ record: { topic, partition } }: PendingRecord): PartitionState {
    const key = topicPartition(topic, partition)
    let state = this.#all.get(key)
    if (!state) {
      state = new PartitionState(topic, partition)
      this.#all.set(key, state)
    }
    return state
  }

  /** The batch was acknowledged. */
  advance(state: PartitionState, { pendingRecords, firstAttemptAt = 0, firedAt = 0 }: ProducerBatch): void {
    state.advance(pendingRecords.length)
    state.forgetBatch()
    const stats = this.#stats
    stats.ackedBatches++
    stats.ackedRecords += pendingRecords.length
    stats.queueTimeMs += Math.max(0, firstAttemptAt - (pendingRecords[0]?.appendedAt ?? firstAttemptAt))
    stats.brokerTimeMs += this.#options.clock.now() - firedAt
  }

  /** The same batch again, later. */
  backOff(state: PartitionState): void {
    const { clock, retryBackoffMs, retryBackoffMaxMs } = this.#options
    state.failures++
    state.notBefore = clock.now() + backoff(state.failures, retryBackoffMs, retryBackoffMaxMs)
    this.#stats.retries++
  }

  /** The batch is over without an acknowledgement. Its sequence numbers are free again only if nothing of it ever left. */
  endBatch(state: PartitionState, batch: ProducerBatch): void {
    state.forgetBatch()
    if (batch.attempts > 0) this.#bumpEpoch(state)
  }

  /** Encodes a batch anew, of which no copy can be in the log, with the records that somebody still waits for. */
  rebuild(state: PartitionState, batch: ProducerBatch): void {
    batch.pendingRecords = waiting(batch.pendingRecords)
    if (batch.pendingRecords.length === 0) return this.endBatch(state, batch)
    if (batch.attempts > 0) this.#bumpEpoch(state)
    batch.forgetBytes()
  }

  #bumpEpoch(state: PartitionState): void {
    if (!this.#options.idempotent) return
    this.#stats.epochBumps++
    if (!state.bumpEpoch()) this.#retireProducerId()
  }
}

export function waiting(pendingRecords: readonly PendingRecord[]): PendingRecord[] {
  return pendingRecords.filter(pending => !pending.completed)
}
