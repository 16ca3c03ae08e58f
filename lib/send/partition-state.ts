// A partition per topic-partition: its open batch, its epoch and its next sequence. One batch in flight per partition, always.
import type { PendingRecord, ProducerBatch } from '../accumulate/producer-batch.ts'
import type { ProducerIdAndEpoch } from '../transport/kafka-client.ts'
import type { BatchIdentity } from '../wire-format/record-batch-encoder.ts'

const MAX_EPOCH = 32767
const MAX_SEQUENCE = 2 ** 31 - 1

export class PartitionState {
  readonly topic: string
  readonly partition: number
  batch: ProducerBatch | undefined
  /** Records of a batch that was split, to go before anything that still waits, each list a batch. */
  readonly split: PendingRecord[][] = []
  inFlight = false
  /** In flight and handed to the socket. */
  written = false
  /** A record left the batch that is in flight but not written yet. */
  changed = false
  failures = 0
  /** Why the records that wait here do, for those whose deadline passes meanwhile. */
  reason: string | undefined
  notBefore = 0
  /** The partition waits until the metadata is as new as this ticket. */
  metadataTicket = 0
  #identity: ProducerIdAndEpoch | undefined
  #nextSequence = 0

  constructor(topic: string, partition: number) {
    this.topic = topic
    this.partition = partition
  }

  get needsProducerId(): boolean {
    return this.#identity === undefined
  }

  adopt(id: ProducerIdAndEpoch): void {
    this.#identity = id
    this.#nextSequence = 0
  }

  get hasBatch(): boolean {
    return this.batch !== undefined || this.split.length > 0
  }

  /** @returns whether a list of `split` had the record */
  removeSplit(pending: PendingRecord): boolean {
    for (const pendingRecords of this.split) {
      const at = pendingRecords.indexOf(pending)
      if (at < 0) continue
      pendingRecords.splice(at, 1)
      if (pendingRecords.length === 0) this.split.splice(this.split.indexOf(pendingRecords), 1)
      return true
    }
    return false
  }

  /** Gives the batch its place in the partition's sequence, or `none`. It keeps it over all its attempts. */
  identify(batch: ProducerBatch, none?: BatchIdentity): void {
    if (none) return batch.identify(none)
    if (!this.#identity) throw new Error('A partition needs a producer id before it numbers a batch.')
    batch.identify({
      producerId: this.#identity.producerId,
      epoch: this.#identity.epoch,
      baseSequence: this.#nextSequence,
    })
  }

  /** The batch is over. */
  forgetBatch(): void {
    this.batch = undefined
    this.failures = 0
    this.reason = undefined
  }

  /** The batch was acknowledged: the next one follows it. */
  advance(records: number): void {
    this.#nextSequence = nextSequence(this.#nextSequence, records)
  }

  /**
   * A batch left this machine and ended without an acknowledgement. The next epoch refuses any late copy of it
   * (INVALID_PRODUCER_EPOCH, KIP-360), where a new producer id would let it in behind its successor.
   * @returns false when the epochs of this producer id are used up; the partition then needs a new id.
   */
  bumpEpoch(): boolean {
    const id = this.#identity
    this.#nextSequence = 0
    this.#identity = id && id.epoch < MAX_EPOCH ? { producerId: id.producerId, epoch: id.epoch + 1 } : undefined
    return this.#identity !== undefined
  }
}

/** Sequences wrap from 2^31-1 to 0, as in Java (`DefaultRecordBatch.incrementSequence`). */
export function nextSequence(sequence: number, records: number): number {
  return sequence > MAX_SEQUENCE - records ? records - (MAX_SEQUENCE - sequence) - 1 : sequence + records
}
