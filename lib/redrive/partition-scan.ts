// Decides from the batches of one partition's log which of the sought records it contains. Takes the batches in order;
// no I/O.
import { createHash } from 'node:crypto'
import { type DeadLetter, deadLetterId, UNKNOWN_PRODUCER_ID } from '../dead-letter/dead-letter.ts'
import { RECORD_ID_HEADER, recordIdIn } from '../record/record-id.ts'
import type { LogBatch, LogRecord } from '../wire-format/record-batch-decoder.ts'
import { timeOf } from './retried-dead-letter.ts'

/** A dead letter to look up. */
export interface Sought {
  readonly deadLetter: DeadLetter
  /** There is no copy of its record before this offset. */
  readonly from: bigint
  /** Whether a newer record of its key supersedes it, as in a compacted topic. */
  readonly checkNewer: boolean
  /** Records count as newer from this timestamp on, ms since the epoch. Only if `from` was looked up by time. */
  readonly newerSince?: number
}

export type Proof =
  | { readonly kind: 'found'; readonly offset: bigint }
  /** The record is not in the batches so far, and no batch of its producer's epoch can follow. */
  | { readonly kind: 'fenced' }
  /** The record is not in the batches so far. */
  | { readonly kind: 'not-seen' }
  /** A batch of its producer can't be read, so the record may be in it. */
  | { readonly kind: 'unreadable' }

interface State {
  readonly sought: Sought
  proof: Proof
  /** Whether its key has a newer record. */
  hasNewer: boolean
}

export class PartitionScan {
  readonly #written: ReadonlyMap<bigint, number>
  readonly #states = new Map<DeadLetter, State>()
  /** Several attempts of one record may be open, each with its own place in the log. */
  readonly #byId = new Map<string, State[]>()
  readonly #bySequence = new Map<string, State[]>()
  readonly #byRecordId = new Map<string, State[]>()
  readonly #byProducer = new Map<bigint, State[]>()
  /** Dead letters with an attempt by a producer that is not recorded any more. */
  readonly #ofSeveralProducers: State[] = []
  readonly #byKey = new Map<string, State[]>()
  /** By producer id: those with a newer record in an open transaction; it counts once the transaction commits. */
  readonly #uncommitted = new Map<bigint, Set<State>>()
  /** The number of dead letters in doubt that are not decided yet. */
  #open = 0
  #checksNewer = false
  /** The expected offset of the next batch if none is missing. */
  #next: bigint | undefined
  /** The last offset whose record compaction has removed. */
  #lastGap = -1n

  /**
   * @param written the offsets of records that this redrive wrote, with the times of their dead letters
   * @param from the offset at which the pass begins
   */
  constructor(sought: readonly Sought[], written: ReadonlyMap<bigint, number> = new Map(), from?: bigint) {
    this.#written = written
    this.#next = from
    for (const one of sought) this.#add(one)
  }

  /** Whether further batches can't change a result: every record in doubt is decided, and no key is checked. */
  get isDone(): boolean {
    return this.#open === 0 && !this.#checksNewer
  }

  take(batch: LogBatch): void {
    const { baseOffset, lastOffset } = batch
    if (this.#next !== undefined && baseOffset > this.#next) this.#lastGap = baseOffset - 1n
    this.#next = lastOffset + 1n
    if (batch.marker) return this.#endTransaction(batch.producerId, batch.marker === 'commit')
    this.#fence(batch)
    if (batch.unreadable) return this.#cantRead(batch)
    let count = 0n
    for (const record of batch.records) {
      count++
      this.#look(record, batch.isTransactional)
    }
    if (count <= lastOffset - baseOffset) this.#lastGap = lastOffset
  }

  proofOf(deadLetter: DeadLetter): Proof {
    return this.#stateOf(deadLetter).proof
  }

  /** Whether the key has a newer record. A record in an open transaction counts, because it may still be committed. */
  hasNewer(deadLetter: DeadLetter): boolean {
    const state = this.#stateOf(deadLetter)
    return state.hasNewer || [...this.#uncommitted.values()].some(states => states.has(state))
  }

  /** Whether records are missing at offsets where this one may have been. */
  hasGap(deadLetter: DeadLetter): boolean {
    return this.#lastGap >= this.#stateOf(deadLetter).sought.from
  }

  /** @param deadLetter one of those that are looked up */
  #stateOf(deadLetter: DeadLetter): State {
    return this.#states.get(deadLetter) as State
  }

  #add(sought: Sought): void {
    const { deadLetter } = sought
    const state: State = { sought, proof: { kind: 'not-seen' }, hasNewer: false }
    this.#states.set(deadLetter, state)
    push(this.#byId, deadLetter.deadLetterId, state)
    const { inDoubt } = deadLetter
    if (inDoubt) {
      this.#open++
      const { producerId, producerEpoch, baseSequence, indexInBatch } = inDoubt
      push(this.#bySequence, sequenceKey(BigInt(producerId), producerEpoch, baseSequence + indexInBatch), state)
      push(this.#byProducer, BigInt(producerId), state)
      push(this.#byRecordId, deadLetter.recordId, state)
      if (inDoubt.earlier !== undefined || inDoubt.producerId === UNKNOWN_PRODUCER_ID)
        this.#ofSeveralProducers.push(state)
    }
    if (sought.checkNewer && deadLetter.record.key !== null) {
      this.#checksNewer = true
      push(this.#byKey, deadLetter.record.key, state)
    }
  }

  /** After a batch with a higher epoch, brokers refuse batches with a lower one (KIP-360). */
  #fence({ producerId, producerEpoch }: LogBatch): void {
    const ofProducer = this.#byProducer.get(producerId)
    if (!ofProducer) return
    const left = ofProducer.filter(state => {
      const { producerEpoch: epoch = 0, earlier } = state.sought.deadLetter.inDoubt ?? {}
      // That the later attempt's epoch has ended proves nothing about an earlier attempt.
      const isFenced = epoch < producerEpoch && earlier === undefined
      if (isFenced && state.proof.kind === 'not-seen') this.#prove(state, { kind: 'fenced' })
      return !isFenced
    })
    this.#byProducer.set(producerId, left)
  }

  #cantRead({ producerId, lastOffset }: LogBatch): void {
    for (const state of [...(this.#byProducer.get(producerId) ?? []), ...this.#ofSeveralProducers])
      if (state.proof.kind === 'not-seen' && lastOffset >= state.sought.from) this.#prove(state, { kind: 'unreadable' })
  }

  #look(record: LogRecord, isTransactional: boolean): void {
    // This producer uses no transactions, so a record in one is from another producer.
    if (!isTransactional) for (const state of this.#candidates(record)) this.#found(state, record)
    if (!this.#checksNewer || record.key === null) return
    for (const state of this.#byKey.get(record.key.toString('base64')) ?? []) {
      const { from, deadLetter, newerSince = Number.NEGATIVE_INFINITY } = state.sought
      const time = this.#written.get(record.offset)
      if (time !== undefined && time <= timeOf(deadLetter)) continue
      if (record.offset < from || record.timestamp < newerSince) continue
      if (isTransactional) this.#uncommittedOf(record.producerId).add(state)
      else state.hasNewer = true
    }
  }

  /**
   * Finds candidates by producer id, epoch and sequence, or by record id. They match only if key and value are equal
   * too.
   */
  #candidates(record: LogRecord): State[] {
    const bySequence = this.#bySequence.get(sequenceKey(record.producerId, record.producerEpoch, record.sequence)) ?? []
    const same = bySequence.filter(({ sought: { deadLetter } }) => hasSameBytes(deadLetter, record))
    const id = recordIdIn(record.headers)
    if (id === undefined) return same
    const { key, value, headers } = record
    // The dead letter's id depends on its own topic and headers, but a redrive may send it to another topic and adds
    // the record's id if it is missing.
    const without = headers.filter(([name]) => name !== RECORD_ID_HEADER)
    const forms = new Map(this.#byRecordId.get(id)?.map(state => [JSON.stringify(formOf(state)), formOf(state)]))
    for (const { topic, hasRecordId } of forms.values()) {
      const form = { topic, key, value, headers: hasRecordId ? headers : without }
      for (const state of this.#byId.get(deadLetterId(form, id)) ?? [])
        if (state.sought.deadLetter.inDoubt) same.push(state)
    }
    return same
  }

  #found(state: State, { offset }: LogRecord): void {
    if (offset < state.sought.from || state.proof.kind === 'found') return
    this.#prove(state, { kind: 'found', offset })
  }

  #uncommittedOf(producerId: bigint): Set<State> {
    const states = this.#uncommitted.get(producerId) ?? new Set<State>()
    this.#uncommitted.set(producerId, states)
    return states
  }

  #endTransaction(producerId: bigint, committed: boolean): void {
    if (committed) for (const state of this.#uncommitted.get(producerId) ?? []) state.hasNewer = true
    this.#uncommitted.delete(producerId)
  }

  #prove(state: State, proof: Proof): void {
    if (state.proof.kind === 'not-seen') this.#open--
    state.proof = proof
  }
}

/** Returns the parts of a record that a redrive may change. */
function formOf({ sought: { deadLetter } }: State): { readonly topic: string; readonly hasRecordId: boolean } {
  const { topic, headers } = deadLetter.record
  return { topic: topic ?? '', hasRecordId: headers.some(({ name }) => name === RECORD_ID_HEADER) }
}

function hasSameBytes({ record, claimCheck }: DeadLetter, { key, value }: LogRecord): boolean {
  if ((key?.toString('base64') ?? null) !== record.key) return false
  if (claimCheck) return value !== null && value.length === claimCheck.bytes && sha256(value) === claimCheck.sha256
  return (value?.toString('base64') ?? null) === record.value
}

/** Sequences wrap from 2^31 - 1 to 0. */
function sequenceKey(producerId: bigint, epoch: number, sequence: number): string {
  return `${producerId} ${epoch} ${sequence % 2 ** 31}`
}

function push<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key)
  if (list) list.push(value)
  else map.set(key, [value])
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
