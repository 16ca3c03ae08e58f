// The lanes of a Sender, and how one goes on after its batch: with the next, with the same bytes again, or in a new epoch.
import type { ProducerBatch, Rider } from '../accumulate/producer-batch.ts'
import { topicPartition } from '../record/topic-partition.ts'
import { backoff } from '../time/backoff.ts'
import { Lane } from './lane.ts'
import type { SenderOptions, SenderStats } from './sender-options.ts'

export class Lanes {
  /** Those with records that are not settled. */
  readonly active = new Set<Lane>()
  readonly #all = new Map<string, Lane>()
  readonly #options: SenderOptions
  readonly #stats: SenderStats
  readonly #retireProducerId: () => void

  /** @param retireProducerId asks for a new one: the epochs of this one are used up */
  constructor(options: SenderOptions, stats: SenderStats, retireProducerId: () => void) {
    this.#options = options
    this.#stats = stats
    this.#retireProducerId = retireProducerId
  }

  of({ record: { topic, partition } }: Rider): Lane {
    const key = topicPartition(topic, partition)
    let lane = this.#all.get(key)
    if (!lane) {
      lane = new Lane(topic, partition)
      this.#all.set(key, lane)
    }
    return lane
  }

  /** The batch was acknowledged. */
  advance(lane: Lane, { riders, firstAttemptAt = 0, firedAt = 0 }: ProducerBatch): void {
    lane.advance(riders.length)
    lane.forgetBatch()
    const stats = this.#stats
    stats.ackedBatches++
    stats.ackedRecords += riders.length
    stats.queueTimeMs += Math.max(0, firstAttemptAt - (riders[0]?.appendedAt ?? firstAttemptAt))
    stats.brokerTimeMs += this.#options.clock.now() - firedAt
  }

  /** The same batch again, later. */
  backOff(lane: Lane): void {
    const { clock, retryBackoffMs, retryBackoffMaxMs } = this.#options
    lane.failures++
    lane.notBefore = clock.now() + backoff(lane.failures, retryBackoffMs, retryBackoffMaxMs)
    this.#stats.retries++
  }

  /** The batch is over without an acknowledgement. Its sequence numbers are free again only if nothing of it ever left. */
  endBatch(lane: Lane, batch: ProducerBatch): void {
    lane.forgetBatch()
    if (batch.attempts > 0) this.#bumpEpoch(lane)
  }

  /** Encodes a batch anew, of which no copy can be in the log, with the records that somebody still waits for. */
  rebuild(lane: Lane, batch: ProducerBatch): void {
    batch.riders = waiting(batch.riders)
    if (batch.riders.length === 0) return this.endBatch(lane, batch)
    if (batch.attempts > 0) this.#bumpEpoch(lane)
    batch.forgetBytes()
  }

  #bumpEpoch(lane: Lane): void {
    if (!this.#options.idempotent) return
    this.#stats.epochBumps++
    if (!lane.bumpEpoch()) this.#retireProducerId()
  }
}

export function waiting(riders: readonly Rider[]): Rider[] {
  return riders.filter(rider => !rider.settled)
}
