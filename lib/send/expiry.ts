// Records whose time is over leave their queue or batch, and a request that nobody waits for is dropped.
import type { PendingRecord, ProducerBatch } from '../accumulate/producer-batch.ts'
import { THROTTLED } from '../transport/error-codes.ts'
import type { PartitionState } from './partition-state.ts'
import type { SenderParts } from './sender-parts.ts'

export class Expiry {
  readonly #parts: SenderParts

  constructor(parts: SenderParts) {
    this.#parts = parts
  }

  /** @param records their deadlines have passed; they are not completed */
  passed(records: readonly PendingRecord[]): void {
    const { accumulator, completer, partitions, waiting, stats } = this.#parts
    const left = new Set<PartitionState>()
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
        left.add(partition)
      }
    }
    for (const partition of left) partition.recordsLeft()
    this.#dropAbandonedRequests()
  }

  /** A pause of their leader left these records of an open batch too little time. */
  tooLate(partition: PartitionState, records: readonly PendingRecord[]): void {
    const { completer, waiting, stats } = this.#parts
    const batch = partition.batch as ProducerBatch
    for (const pending of records) completer.failed(pending, batch, 'not-sent', { causeCode: THROTTLED })
    stats.expiredRecords += records.length
    partition.recordsLeft()
    waiting.changed(partition)
  }

  /** What kept a record waiting until its deadline. A topic that is missing is reported as to a new producer. */
  #whyLate({ topic, partition, batch, reason, isInFlight }: PartitionState, pending: PendingRecord): string {
    const { metadata, inFlight, options } = this.#parts
    if (metadata.isMissing(topic)) return 'UNKNOWN_TOPIC_OR_PARTITION'
    const leader = metadata.leader(topic, partition)?.leader ?? -1
    if (!isInFlight && inFlight.mutedUntil(leader) > options.clock.now()) return THROTTLED
    const known = batch?.lastCauseCode ?? reason
    return known ?? (inFlight.wasHeldBack(leader, pending) ? THROTTLED : 'DEADLINE')
  }

  /** A request that nobody waits for any more must not go on in a sandbox that is about to be frozen. */
  #dropAbandonedRequests(): void {
    for (const leader of this.#parts.inFlight.abandonedLeaders())
      void this.#parts.client.dropConnections('deadline', leader)
  }
}
