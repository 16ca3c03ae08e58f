// Which lanes may send now, as requests: one per leader, or more where one would be too large. Java: RecordAccumulator.ready and drain.
import type { ProducerBatch } from '../accumulate/producer-batch.ts'
import type { RecordAccumulator } from '../accumulate/record-accumulator.ts'
import type { BatchIdentity } from '../accumulate/record-batch-encoder.ts'
import type { InFlight } from './in-flight.ts'
import type { Lane } from './lane.ts'
import type { Lanes } from './lanes.ts'
import type { ProducerIdentity } from './producer-identity.ts'
import type { ProducerMetadata } from './producer-metadata.ts'
import type { SenderOptions } from './sender-options.ts'

/** Bytes of a Produce request round its batches: header, topic names and array lengths, an upper bound. */
const REQUEST_OVERHEAD = 512
const PER_BATCH_OVERHEAD = 270

/** In place of an identity where repeats need not be recognised. */
const NO_IDENTITY: BatchIdentity = { producerId: -1n, epoch: -1, baseSequence: -1 }

export interface DrainerParts {
  readonly lanes: Lanes
  readonly accumulator: RecordAccumulator
  readonly metadata: ProducerMetadata
  readonly identity: ProducerIdentity
  readonly inFlight: InFlight
  readonly options: SenderOptions
}

export interface Drained {
  readonly requests: readonly { readonly leader: number; readonly lanes: readonly Lane[] }[]
  /** When a lane that may not send yet may; Infinity where something that was asked for must arrive first. */
  readonly wakeAt: number
}

export class Drainer {
  readonly #parts: DrainerParts

  constructor(parts: DrainerParts) {
    this.#parts = parts
  }

  /** Opens the batch of every lane that may send. */
  drain(now: number): Drained {
    const { lanes, accumulator, metadata, inFlight, options } = this.#parts
    const requests = new Map<number, { lanes: Lane[]; size: number }[]>()
    let wakeAt = Number.POSITIVE_INFINITY
    for (const lane of lanes.active) {
      if (lane.inFlight) continue
      if (!lane.hasBatch && !accumulator.has(lane.topic, lane.partition)) {
        lanes.active.delete(lane)
        continue
      }
      const waitsUntil = this.#ready(lane, now)
      if (waitsUntil > now) {
        wakeAt = Math.min(wakeAt, waitsUntil)
        continue
      }
      // None: what an order group holds back waits for another lane, whose end pumps again.
      const batch = this.#openBatch(lane)
      if (!batch) continue
      const leader = metadata.leader(lane.topic, lane.partition) as number
      const ofLeader = requests.get(leader) ?? []
      requests.set(leader, ofLeader)
      const size = batch.bytes.length + PER_BATCH_OVERHEAD
      const last = ofLeader.at(-1)
      if (last && last.size + size <= options.maxRequestSize) {
        last.lanes.push(lane)
        last.size += size
      } else if (inFlight.free(leader) > ofLeader.length) ofLeader.push({ lanes: [lane], size: REQUEST_OVERHEAD + size })
    }
    return { requests: [...requests].flatMap(([leader, ofLeader]) => ofLeader.map(({ lanes }) => ({ leader, lanes }))), wakeAt }
  }

  #openBatch(lane: Lane): ProducerBatch | undefined {
    const { accumulator, options } = this.#parts
    const split = lane.batch ? undefined : lane.split.shift()
    lane.batch ??= split ? accumulator.batchOf(split) : accumulator.take(lane.topic, lane.partition)
    if (lane.batch && !lane.batch.identity) lane.identify(lane.batch, options.idempotent ? undefined : NO_IDENTITY)
    return lane.batch
  }

  /** When the lane may send: now, or later (Infinity: when something that was asked for arrives). */
  #ready(lane: Lane, now: number): number {
    const { accumulator, metadata, inFlight, options } = this.#parts
    if (lane.notBefore > now) return lane.notBefore
    const lingersUntil = lane.hasBatch || options.isExhausted() ? now : accumulator.readyAt(lane.topic, lane.partition)
    if (lingersUntil > now) return lingersUntil
    if (!metadata.isAsNewAs(lane.metadataTicket)) {
      metadata.pursue()
      return Number.POSITIVE_INFINITY
    }
    const leader = metadata.leader(lane.topic, lane.partition)
    if (leader === undefined) {
      lane.reason = 'NO_LEADER'
      lane.metadataTicket = metadata.requestRefresh()
      return Number.POSITIVE_INFINITY
    }
    if (!lane.batch?.identity && !this.#hasProducerId(lane)) return Number.POSITIVE_INFINITY
    if (inFlight.free(leader) <= 0) return Number.POSITIVE_INFINITY
    return inFlight.mutedUntil(leader)
  }

  #hasProducerId(lane: Lane): boolean {
    const { identity, options } = this.#parts
    if (!options.idempotent || !lane.needsProducerId) return true
    const id = identity.current
    if (id) lane.adopt(id)
    else void identity.request()
    return id !== undefined
  }
}
