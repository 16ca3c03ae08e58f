// Which partitions may send now, as requests: one per leader, or more where one would be too large. Java: RecordAccumulator.ready and drain.
import type { ProducerBatch } from '../accumulate/producer-batch.ts'
import type { RecordAccumulator } from '../accumulate/record-accumulator.ts'
import type { BatchIdentity } from '../wire-format/record-batch-encoder.ts'
import type { InFlight } from './in-flight.ts'
import type { PartitionState } from './partition-state.ts'
import type { PartitionTable } from './partition-table.ts'
import type { ProducerIdentity } from './producer-identity.ts'
import type { ProducerMetadata } from './producer-metadata.ts'
import type { SenderOptions } from './sender-options.ts'

/** Bytes of a Produce request round its batches: header, topic names and array lengths, an upper bound. */
const REQUEST_OVERHEAD = 512
const PER_BATCH_OVERHEAD = 270

/** In place of an identity where repeats need not be recognised. */
const NO_IDENTITY: BatchIdentity = { producerId: -1n, epoch: -1, baseSequence: -1 }

export interface DrainerParts {
  readonly states: PartitionTable
  readonly accumulator: RecordAccumulator
  readonly metadata: ProducerMetadata
  readonly identity: ProducerIdentity
  readonly inFlight: InFlight
  readonly options: SenderOptions
}

export interface Drained {
  readonly requests: readonly { readonly leader: number; readonly states: readonly PartitionState[] }[]
  /** When a partition that may not send yet may; Infinity where something that was asked for must arrive first. */
  readonly wakeAt: number
}

export class Drainer {
  readonly #parts: DrainerParts

  constructor(parts: DrainerParts) {
    this.#parts = parts
  }

  /** Opens the batch of every partition that may send. */
  drain(now: number): Drained {
    const { states, accumulator, metadata, inFlight, options } = this.#parts
    const requests = new Map<number, { states: PartitionState[]; size: number }[]>()
    let wakeAt = Number.POSITIVE_INFINITY
    for (const state of states.active) {
      if (state.inFlight) continue
      if (!state.hasBatch && !accumulator.has(state.topic, state.partition)) {
        states.active.delete(state)
        continue
      }
      const waitsUntil = this.#ready(state, now)
      if (waitsUntil > now) {
        wakeAt = Math.min(wakeAt, waitsUntil)
        continue
      }
      // None: what an order group holds back waits for another partition, whose end pumps again.
      const batch = this.#openBatch(state)
      if (!batch) continue
      const leader = metadata.leader(state.topic, state.partition) as number
      const ofLeader = requests.get(leader) ?? []
      requests.set(leader, ofLeader)
      const size = batch.bytes.length + PER_BATCH_OVERHEAD
      const last = ofLeader.at(-1)
      if (last && last.size + size <= options.maxRequestSize) {
        last.states.push(state)
        last.size += size
      } else if (inFlight.free(leader) > ofLeader.length)
        ofLeader.push({ states: [state], size: REQUEST_OVERHEAD + size })
    }
    return {
      requests: [...requests].flatMap(([leader, ofLeader]) => ofLeader.map(({ states }) => ({ leader, states }))),
      wakeAt,
    }
  }

  #openBatch(state: PartitionState): ProducerBatch | undefined {
    const { accumulator, options } = this.#parts
    const split = state.batch ? undefined : state.split.shift()
    state.batch ??= split ? accumulator.batchOf(split) : accumulator.take(state.topic, state.partition)
    if (state.batch && !state.batch.identity) state.identify(state.batch, options.idempotent ? undefined : NO_IDENTITY)
    return state.batch
  }

  /** When the partition may send: now, or later (Infinity: when something that was asked for arrives). */
  #ready(state: PartitionState, now: number): number {
    const { accumulator, metadata, inFlight, options } = this.#parts
    if (state.notBefore > now) return state.notBefore
    const lingersUntil =
      state.hasBatch || options.isExhausted() ? now : accumulator.readyAt(state.topic, state.partition)
    if (lingersUntil > now) return lingersUntil
    if (!metadata.isAsNewAs(state.metadataTicket)) {
      metadata.pursue()
      return Number.POSITIVE_INFINITY
    }
    const leader = metadata.leader(state.topic, state.partition)
    if (leader === undefined) {
      state.reason = 'NO_LEADER'
      state.metadataTicket = metadata.requestRefresh()
      return Number.POSITIVE_INFINITY
    }
    if (!state.batch?.identity && !this.#hasProducerId(state)) return Number.POSITIVE_INFINITY
    if (inFlight.free(leader) <= 0) return Number.POSITIVE_INFINITY
    return inFlight.mutedUntil(leader)
  }

  #hasProducerId(state: PartitionState): boolean {
    const { identity, options } = this.#parts
    if (!options.idempotent || !state.needsProducerId) return true
    const id = identity.current
    if (id) state.adopt(id)
    else void identity.request()
    return id !== undefined
  }
}
