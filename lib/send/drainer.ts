// Collects the partitions that may send now into requests: one per leader, or more if one would be too large (Java:
// RecordAccumulator.ready and drain).
import type { PendingRecord } from '../accumulate/pending-record.ts'
import type { ProducerBatch } from '../accumulate/producer-batch.ts'
import type { PartitionMetadata } from '../transport/kafka-client.ts'
import type { PartitionState } from './partition-state.ts'
import type { SenderParts } from './sender-parts.ts'

/**
 * Upper limits of the bytes that a Produce request adds to its batches: header and lengths, and a topic name per batch.
 */
const REQUEST_OVERHEAD = 512
const PER_BATCH_OVERHEAD = 270

export interface Drained {
  readonly requests: readonly { readonly leader: number; readonly partitions: readonly PartitionState[] }[]
  /** Partitions whose open batch can't be encoded, each with the error. */
  readonly unencodable: readonly { readonly partition: PartitionState; readonly cause: unknown }[]
  /**
   * Partitions whose open batch of several records exceeds the size of a request, because it compressed worse than
   * expected.
   */
  readonly tooLarge: readonly PartitionState[]
  /**
   * Open batches with records for which a leader's pause left too little time: an attempt could only make their outcome
   * unknown.
   */
  readonly late: readonly { readonly partition: PartitionState; readonly records: readonly PendingRecord[] }[]
  /** Partitions that no longer exist. */
  readonly gone: readonly PartitionState[]
}

export class Drainer {
  readonly #parts: SenderParts

  constructor(parts: SenderParts) {
    this.#parts = parts
  }

  /** Opens a batch for each of these partitions that may send. */
  drain(partitionsToCheck: Iterable<PartitionState>, now: number): Drained {
    const { partitions, accumulator, metadata, inFlight, waiting, options } = this.#parts
    const requests = new Map<number, { partitions: PartitionState[]; size: number }[]>()
    const unencodable: { partition: PartitionState; cause: unknown }[] = []
    const tooLarge: PartitionState[] = []
    const gone: PartitionState[] = []
    const late: { partition: PartitionState; records: readonly PendingRecord[] }[] = []
    for (const partition of partitionsToCheck) {
      if (partition.isInFlight) continue
      if (!partition.hasRecords && !accumulator.has(partition.topic, partition.partition)) {
        partitions.deactivate(partition)
        continue
      }
      if (metadata.isGone(partition.topic, partition.partition)) {
        gone.push(partition)
        continue
      }
      const waitsUntil = this.#ready(partition, now)
      if (waitsUntil > now) {
        waiting.until(partition, waitsUntil)
        continue
      }
      // No batch is opened while order groups hold all records back, or after the deadlines of all its records have
      // passed. When that changes, the partition is checked again.
      const batch = this.#openBatch(partition, now)
      if (!batch) continue
      const { leader } = metadata.leader(partition.topic, partition.partition) as PartitionMetadata
      const tooLate = inFlight.tooLate(leader, batch, now)
      if (tooLate.length > 0) {
        late.push({ partition, records: tooLate })
        continue
      }
      const ofLeader = requests.get(leader) ?? []
      requests.set(leader, ofLeader)
      const size = encodedSize(batch, cause => unencodable.push({ partition, cause }))
      if (size === undefined) continue
      accumulator.encoded(batch)
      if (batch.records.length > 1 && REQUEST_OVERHEAD + size > options.maxRequestSize) {
        tooLarge.push(partition)
        continue
      }
      const last = ofLeader.at(-1)
      if (last && last.size + size <= options.maxRequestSize) {
        last.partitions.push(partition)
        last.size += size
      } else if (inFlight.free(leader) > ofLeader.length)
        ofLeader.push({ partitions: [partition], size: REQUEST_OVERHEAD + size })
      else waiting.forLeader(partition, leader)
    }
    return {
      requests: [...requests].flatMap(([leader, ofLeader]) => ofLeader.map(request => ({ leader, ...request }))),
      unencodable,
      tooLarge,
      late,
      gone,
    }
  }

  #openBatch(partition: PartitionState, now: number): ProducerBatch | undefined {
    const { accumulator } = this.#parts
    if (!partition.batch) {
      const split = partition.takeSplit()
      const batch = split ? accumulator.batchOf(split) : accumulator.take(partition.topic, partition.partition)
      if (!batch) return undefined
      partition.open(batch)
    }
    if (partition.isExpired(now)) return undefined
    partition.numberBatch()
    return partition.batch
  }

  /** Returns when the partition may send: now, later (monotonic clock), or Infinity if an answer must arrive first. */
  #ready(partition: PartitionState, now: number): number {
    const { accumulator, metadata, inFlight, waiting, options } = this.#parts
    const leader = metadata.leader(partition.topic, partition.partition)
    // A leader elected since the last attempt gets the next attempt at once. Only after the first failure: brokers that
    // keep naming newer leaders would otherwise use up the retries at once.
    const isElected = leader !== undefined && partition.failures <= 1 && leader.leaderEpoch > partition.attemptedEpoch
    if (partition.notBefore > now && !isElected) return partition.notBefore
    const lingersUntil =
      partition.hasRecords || options.isExhausted() ? now : accumulator.readyAt(partition.topic, partition.partition)
    if (lingersUntil > now) return lingersUntil
    if (!metadata.isAsNewAs(partition.topic, partition.metadataTicket)) {
      metadata.pursue(partition.topic, partition.metadataTicket)
      return Number.POSITIVE_INFINITY
    }
    if (leader === undefined) {
      partition.noLeader(metadata.requestRefresh(partition.topic))
      return Number.POSITIVE_INFINITY
    }
    if (!partition.batch?.identity && !this.#hasProducerId(partition)) return Number.POSITIVE_INFINITY
    if (inFlight.free(leader.leader) <= 0) {
      waiting.forLeader(partition, leader.leader)
      return Number.POSITIVE_INFINITY
    }
    return inFlight.mutedUntil(leader.leader)
  }

  #hasProducerId(partition: PartitionState): boolean {
    if (!partition.needsProducerId) return true
    const { identity } = this.#parts
    const id = identity.current
    if (id) partition.assignProducerId(id)
    else void identity.request()
    return id !== undefined
  }
}

/** Returns the size of the encoded batch. An error of the encoder must not fail the records of other partitions. */
function encodedSize(batch: ProducerBatch, onError: (cause: unknown) => void): number | undefined {
  try {
    return batch.bytes.length + PER_BATCH_OVERHEAD
  } catch (cause) {
    onError(cause)
    return undefined
  }
}
