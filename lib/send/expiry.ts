// Removes records whose deadline has passed from their queue or batch, and drops requests that no caller waits for.
import type { PendingRecord } from '../accumulate/pending-record.ts'
import type { ProducerBatch } from '../accumulate/producer-batch.ts'
import { THROTTLED } from '../transport/error-codes.ts'
import type { PartitionState } from './partition-state.ts'
import type { SenderParts } from './sender-parts.ts'

export class Expiry {
  readonly #parts: SenderParts

  constructor(parts: SenderParts) {
    this.#parts = parts
  }

  /** @param records uncompleted records whose deadlines have passed */
  passed(records: readonly PendingRecord[]): void {
    const { accumulator, completer, partitions, waiting, stats } = this.#parts
    const changed = new Set<PartitionState>()
    for (const pending of records) {
      if (pending.completed) continue
      stats.expiredRecords++
      const partition = partitions.of(pending)
      waiting.changed(partition)
      const causeCode = this.#whyLate(partition, pending)
      if (accumulator.remove(pending)) completer.unsent(pending, causeCode)
      else if (partition.batch) {
        const { lastCause: cause } = partition.batch
        completer.failed(pending, partition.batch, partition.outcomeSoFar, { causeCode, cause })
        changed.add(partition)
      }
    }
    for (const partition of changed) partition.recordsLeft()
    this.#dropAbandonedRequests()
  }

  /** Fails records of an open batch for which a pause of their leader left too little time. */
  tooLate(partition: PartitionState, records: readonly PendingRecord[]): void {
    const { completer, waiting, stats } = this.#parts
    const batch = partition.batch as ProducerBatch
    for (const pending of records) completer.failed(pending, batch, 'not-sent', { causeCode: THROTTLED })
    stats.expiredRecords += records.length
    partition.recordsLeft()
    waiting.changed(partition)
  }

  /**
   * Returns what kept a record waiting until its deadline. A missing topic is reported as it would be to a new
   * producer.
   */
  #whyLate({ topic, partition, batch, reason, isInFlight }: PartitionState, pending: PendingRecord): string {
    const { metadata, inFlight, options } = this.#parts
    if (metadata.isMissing(topic)) return 'UNKNOWN_TOPIC_OR_PARTITION'
    const leader = metadata.leader(topic, partition)?.leader ?? -1
    if (!isInFlight && inFlight.mutedUntil(leader) > options.clock.now()) return THROTTLED
    const causeCode = batch?.lastCauseCode ?? reason
    return causeCode ?? (inFlight.wasHeldBack(leader, pending) ? THROTTLED : 'DEADLINE')
  }

  /**
   * Closes connections whose requests no caller waits for: they must not go on in a sandbox that is about to be frozen.
   */
  #dropAbandonedRequests(): void {
    for (const leader of this.#parts.inFlight.abandonedLeaders())
      void this.#parts.client.dropConnections('deadline', leader)
  }
}
