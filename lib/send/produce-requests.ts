// Sends a Produce request to one leader, and splits its response into one outcome per batch.
import type { ProducerBatch } from '../accumulate/producer-batch.ts'
import { moment } from '../time/clock.ts'
import type { ProduceOutcome } from '../transport/kafka-client.ts'
import { throttleMs } from '../transport/throttle.ts'
import type { AttemptOutcomes } from './attempt-outcomes.ts'
import type { PartitionState } from './partition-state.ts'
import { publishRequest } from './request-events.ts'
import type { SenderParts } from './sender-parts.ts'

export class ProduceRequests {
  readonly #parts: SenderParts
  readonly #outcomes: AttemptOutcomes
  readonly #onEnd: () => void

  /** @param onEnd called after each request, in the same turn as its answer */
  constructor(parts: SenderParts, outcomes: AttemptOutcomes, onEnd: () => void) {
    this.#parts = parts
    this.#outcomes = outcomes
    this.#onEnd = onEnd
  }

  /** Sends one request. Resolves when its records are completed, or their partitions wait for the next attempt. */
  async send(leader: number, partitions: readonly PartitionState[]): Promise<void> {
    const { clock, requestTimeoutMs, connectTimeoutMs, ackTimeoutMs, acks, idempotent } = this.#parts.options
    const { client, inFlight, availability, waiting, metadata, stats } = this.#parts
    inFlight.add(leader, partitions)
    availability.began(leader)
    const at = moment(clock)
    const batches = partitions.map(partition =>
      partition.beginRequest(at, metadata.leader(partition.topic, partition.partition)?.leaderEpoch),
    )
    const remaining = Math.max(1, Math.max(...batches.map(batch => batch.latestDeadline)) - at.now)
    stats.requests++
    stats.batches += batches.length
    const outcomes = await client.produce(leader, batches, {
      acks,
      idempotent,
      clusterId: metadata.clusterId,
      ackTimeoutMs,
      // Not shortened by deadlines, because others may use the connection after them. `Expiry` ends what nobody waits
      // for.
      requestTimeoutMs,
      connectTimeoutMs: Math.min(connectTimeoutMs, remaining),
      beginWrite: () => this.#beginWrite(partitions),
    })
    inFlight.delete(leader, partitions)
    availability.ended(leader, at.now, outcomes)
    waiting.leaderAnswered(leader)
    const throttled = throttleMs(Math.max(0, ...outcomes.map(outcome => outcome.throttleTimeMs ?? 0)))
    const durationMs = clock.now() - at.now
    publishRequest({
      clusterId: metadata.clusterId,
      broker: leader,
      batches,
      outcomes,
      throttleMs: throttled,
      durationMs,
    })
    if (throttled > 0) this.#mute(leader, throttled, durationMs)
    partitions.forEach((partition, index) => {
      this.#outcomes.complete(partition, batches[index] as ProducerBatch, outcomes[index] as ProduceOutcome)
      waiting.changed(partition)
    })
    this.#onEnd()
  }

  #mute(leader: number, ms: number, answerMs: number): void {
    const { inFlight, availability, options, stats } = this.#parts
    const until = options.clock.now() + ms
    inFlight.mute(leader, until, answerMs)
    availability.paused(leader, until)
    stats.throttledRequests++
    stats.throttleTimeMs += ms
    stats.maxThrottleTimeMs = Math.max(stats.maxThrottleTimeMs, ms)
  }

  /**
   * Allows the write of a whole request or of nothing: only if no record has left its batches, and each batch has a
   * record with time left.
   */
  #beginWrite(partitions: readonly PartitionState[]): boolean {
    const now = this.#parts.options.clock.now()
    if (!partitions.every(partition => partition.mayWrite && !partition.isExpired(now))) return false
    for (const partition of partitions) partition.wrote()
    return true
  }
}
