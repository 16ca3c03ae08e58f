// The Sender's state of one topic-partition; only this file changes it. Java: Sender.completeBatch with
// TransactionManager.TxnPartitionEntry. A partition sends one batch at a time, so it never has two requests under way.
//
//                open()             beginRequest()             wrote()
//   ┌───────┐ ───────────▶ ┌──────┐ ───────────▶ ┌───────────┐ ───────▶ ┌─────────┐
//   │ EMPTY │              │ OPEN │              │ REQUESTED │          │ WRITTEN │
//   └───────┘ ◀─────────── └──────┘ ◀─────────── └───────────┘          └─────────┘
//       ▲       gaveUp()    ▲    ▲  attemptFailed()    │ recordsLeft()    │     │
//       │       split()     │    │  notWritten()       ▼ cancelled()      │     │
//       │                   │    │              ┌──────────┐              │     │
//       │                   │    └───────────── │ OUTDATED │              │     │
//       │                   │  notWritten()     └──────────┘              │     │
//       │                   │  attemptFailed()                            │     │
//       │                   └─────────────────────────────────────────────┘     │
//       │                                     attemptFailed()                   │
//       └───────────────────────────────────────────────────────────────────────┘
//                                      acknowledged()
//
// EMPTY      No batch. Records may wait in the accumulator or, after a batch was split, here.
// OPEN       A batch waits for its first or next attempt: for a leader, an identity, a back-off or a free request.
// REQUESTED  The batch is part of a request of which nothing is written yet.
// OUTDATED   The same, but a record left the batch meanwhile, or nobody waits for it. The request is not written.
// WRITTEN    The socket has the bytes: from now on the batch may be in the log.
//
// An OPEN batch can change, too. recordsLeft() takes out records whose deadline passed, as long as no copy of the batch
// can be in the log, and ends the batch when nobody waits for it. renumberBatch() moves it to the next epoch. OUTDATED
// ends as EMPTY, not OPEN, when no record is left. cancelled() ends an OPEN batch as well. leaveCluster() makes a
// REQUESTED batch OUTDATED, and an OPEN one is encoded again or ends.
//
// A batch keeps its bytes, producer id, epoch and sequence over all its attempts. When a batch ends without an
// acknowledgement, or is encoded again, after an attempt left this machine, the partition moves to the next epoch
// (docs/sender-rules.md, rule 3).
import type { PendingRecord, ProducerBatch } from '../accumulate/producer-batch.ts'
import type { RecordQueue } from '../accumulate/record-queue.ts'
import type { FailedOutcome } from '../errors.ts'
import type { Moment } from '../time/clock.ts'
import type { ProducerIdAndEpoch } from '../transport/kafka-client.ts'
import type { BatchIdentity } from '../wire-format/record-batch.ts'

const MAX_EPOCH = 32767
const MAX_SEQUENCE = 2 ** 31 - 1
/** The identity of a batch whose repeats need not be recognised (`enable.idempotence=false`). */
const NO_IDENTITY: BatchIdentity = { producerId: -1n, epoch: -1, baseSequence: -1 }

export interface PartitionStateOptions {
  readonly idempotent: boolean
  /** @param isExhausted the producer id has no further epoch: the partition needs another id */
  readonly onEpochBumped: (isExhausted: boolean) => void
}

export class PartitionState {
  readonly topic: string
  readonly partition: number
  readonly #options: PartitionStateOptions
  #phase: 'empty' | 'open' | 'requested' | 'outdated' | 'written' = 'empty'
  /** Undefined exactly while the phase is `empty`. */
  #batch: ProducerBatch | undefined
  /** Records of a batch that was split. Each list becomes a batch before any record of the accumulator does. */
  #split: RecordQueue[] = []
  #failures = 0
  #reason: string | undefined
  #notBefore = 0
  #metadataTicket = 0
  #attemptedEpoch = -1
  #idAndEpoch: ProducerIdAndEpoch | undefined
  #nextSequence = 0
  /** The offset after the last batch that all replicas acknowledged. */
  #nextOffset: bigint | null = null
  /** The topic was created anew during the request: an offset of its answer may be of the former log. */
  #isOldLog = false

  constructor(topic: string, partition: number, options: PartitionStateOptions) {
    this.topic = topic
    this.partition = partition
    this.#options = options
  }

  // Queries

  get batch(): ProducerBatch | undefined {
    return this.#batch
  }

  /** It has a batch, or records of a batch that was split. */
  get hasRecords(): boolean {
    return this.#batch !== undefined || this.#split.some(records => !records.isEmpty)
  }

  get isInFlight(): boolean {
    return this.#phase === 'requested' || this.#phase === 'outdated' || this.#phase === 'written'
  }

  /** A request is under way, and its bytes are still the ones to write. */
  get mayWrite(): boolean {
    return this.#phase === 'requested' || this.#phase === 'written'
  }

  /** The deadlines of all records of its batch have passed: it is not sent any more. */
  isExpired(now: number): boolean {
    return this.#batch !== undefined && this.#batch.latestDeadline <= now
  }

  /** Its batch is written, and no caller waits for the answer any more. */
  get isAbandoned(): boolean {
    return this.#phase === 'written' && !this.#batch?.hasWaiters
  }

  /** What is known now of the batch's records, if no acknowledgement comes. */
  get outcomeSoFar(): FailedOutcome {
    return this.#phase === 'written' ? 'unknown' : (this.#batch?.outcomeSoFar ?? 'not-sent')
  }

  get needsProducerId(): boolean {
    return this.#options.idempotent && this.#idAndEpoch === undefined
  }

  /** Attempts of the batch that were followed by a back-off. */
  get failures(): number {
    return this.#failures
  }

  /** The cause that keeps its records waiting, for those whose deadline passes meanwhile. */
  get reason(): string | undefined {
    return this.#reason
  }

  /** The next attempt waits until then (monotonic). */
  get notBefore(): number {
    return this.#notBefore
  }

  /** The epoch of the leader that the last attempt was for; -1 before the first. */
  get attemptedEpoch(): number {
    return this.#attemptedEpoch
  }

  /** The next attempt waits until the metadata is as new as this ticket. */
  get metadataTicket(): number {
    return this.#metadataTicket
  }

  // Before a request

  assignProducerId(id: ProducerIdAndEpoch): void {
    this.#idAndEpoch = id
    this.#nextSequence = 0
  }

  /** Takes the records that go before all others, if a batch was split. */
  takeSplit(): PendingRecord[] | undefined {
    for (let next = this.#split.shift(); next; next = this.#split.shift()) if (!next.isEmpty) return next.takeAll()
    return undefined
  }

  /** EMPTY → OPEN */
  open(batch: ProducerBatch): void {
    if (this.#phase !== 'empty') throw this.#defect('open a batch')
    this.#batch = batch
    this.#phase = 'open'
  }

  /** Gives the batch its place in the partition's sequence, unless it has one. */
  numberBatch(): void {
    const batch = this.#openBatch('number a batch')
    if (batch.identity) return
    if (!this.#options.idempotent) return batch.number(NO_IDENTITY)
    if (!this.#idAndEpoch) throw this.#defect('number a batch without a producer id')
    const { producerId, epoch } = this.#idAndEpoch
    batch.number({ producerId, epoch, baseSequence: this.#nextSequence }, this.#nextOffset)
  }

  /** The leader is not known: the batch waits for an answer of the metadata. */
  noLeader(metadataTicket: number): void {
    this.#reason = 'NO_LEADER'
    this.#metadataTicket = metadataTicket
  }

  // A request

  /** OPEN → REQUESTED */
  beginRequest(at: Moment, leaderEpoch = -1): ProducerBatch {
    const batch = this.#openBatch('begin a request')
    this.#attemptedEpoch = leaderEpoch
    batch.beginAttempt(at)
    this.#phase = 'requested'
    return batch
  }

  /** REQUESTED → WRITTEN */
  wrote(): void {
    if (!this.mayWrite) throw this.#defect('write')
    this.#phase = 'written'
  }

  /**
   * REQUESTED, WRITTEN → EMPTY: the next batch follows this one in the sequence.
   * @param baseOffset its first record's offset, where all replicas have it; else null
   */
  acknowledged(baseOffset: bigint | null = null): void {
    const { batch, wasOldLog } = this.#endRequest()
    if (baseOffset !== null && !wasOldLog) this.#nextOffset = baseOffset + BigInt(batch.records.length)
    this.#nextSequence = nextSequence(this.#nextSequence, batch.records.length)
    this.#forgetBatch()
  }

  /** REQUESTED, OUTDATED → OPEN. Not an attempt: the write was refused, since a record left a batch of the request. */
  notWritten(): void {
    const { batch, wasOutdated } = this.#endRequest()
    if (wasOutdated) this.#rebuild(batch)
  }

  /**
   * REQUESTED, OUTDATED, WRITTEN → OPEN, until the Sender decides: `gaveUp`, `split`, `renumberBatch` or a back-off.
   * @returns false when the batch is over, since all its records had left
   */
  attemptFailed(outcome: {
    readonly kind: FailedOutcome
    readonly causeCode: string
    readonly cause: unknown
  }): boolean {
    const { batch, wasOutdated } = this.#endRequest()
    if (wasOutdated && outcome.kind === 'not-sent') this.#rebuild(batch)
    if (this.#batch !== batch) return false
    batch.attemptFailed(outcome)
    this.#reason = outcome.causeCode
    return true
  }

  // After a failed attempt

  /** The next attempt waits for metadata that is as new as the ticket. */
  awaitMetadata(ticket: number): void {
    this.#metadataTicket = ticket
  }

  /** The next attempt, with the same bytes, comes not before `until` (monotonic). */
  backOff(until: number): void {
    this.#failures++
    this.#notBefore = until
  }

  /**
   * Nothing can be written, since the broker expects another sequence: the batch is encoded again in the next epoch.
   */
  renumberBatch(): void {
    this.#rebuild(this.#openBatch('renumber a batch'))
  }

  /** OPEN → EMPTY. Each queue becomes a batch before any other record does. */
  split(queues: readonly RecordQueue[]): void {
    this.#end(this.#openBatch('split a batch'))
    this.#split = [...queues, ...this.#split]
  }

  /** OPEN → EMPTY. The batch failed for good. */
  gaveUp(): void {
    this.#end(this.#openBatch('give up'))
  }

  // At any time

  /** Records of the batch were completed at their deadline. Once for all that left at the same time. */
  recordsLeft(): void {
    const batch = this.#batch
    if (!batch) return
    if (this.#phase === 'requested' && !(batch.maybeWritten && batch.hasWaiters)) this.#phase = 'outdated'
    if (this.#phase !== 'open') return
    if (!batch.maybeWritten) this.#rebuild(batch)
    else if (!batch.hasWaiters) this.#end(batch)
  }

  /**
   * All records of the batch were completed: it is not written any more if that can be helped.
   * @returns the records of a batch that was split; they are no longer here
   */
  cancelled(): PendingRecord[] {
    if (this.#phase === 'requested') this.#phase = 'outdated'
    if (this.#phase === 'open') this.#end(this.#openBatch('cancel a batch'))
    return this.#split.splice(0).flatMap(records => records.takeAll())
  }

  /** The topic is another one: offsets and leader epochs that are known are those of the former log. */
  logBeganAnew(): void {
    this.#nextOffset = null
    this.#batch?.forgetOffset()
    this.#attemptedEpoch = -1
    this.#isOldLog = this.isInFlight
  }

  /**
   * The brokers are another cluster. The records of a batch that may be written to the former one were completed: it
   * ends. A batch of which nothing may be written is encoded again, for the new cluster's log and with its producer id.
   */
  leaveCluster(): void {
    this.logBeganAnew()
    this.#idAndEpoch = undefined
    this.#nextSequence = 0
    if (this.#phase === 'requested') this.#phase = 'outdated'
    if (this.#phase === 'open') this.#rebuild(this.#openBatch('leave the cluster'))
  }

  /**
   * Lets a batch be encoded again, at its next attempt, with the records that a caller then waits for: no copy of it
   * can be in the log. It ends when no caller waits.
   */
  #rebuild(batch: ProducerBatch): void {
    if (!batch.hasWaiters) return this.#end(batch)
    // Without an identity this was done before: each of a thousand records may leave at a deadline of its own.
    if (!batch.identity) return
    batch.outdate()
    if (batch.attempts > 0) this.#bumpEpoch()
  }

  /** Ends a batch without an acknowledgement. Its sequence is used again only if no attempt left this machine. */
  #end(batch: ProducerBatch): void {
    this.#forgetBatch()
    if (batch.attempts > 0) this.#bumpEpoch()
  }

  #forgetBatch(): void {
    this.#batch = undefined
    this.#phase = 'empty'
    this.#failures = 0
    this.#reason = undefined
  }

  /**
   * The next epoch makes brokers refuse any late copy of the batch (INVALID_PRODUCER_EPOCH, KIP-360). A new producer id
   * would let such a copy in behind its successor.
   */
  #bumpEpoch(): void {
    if (!this.#options.idempotent) return
    const id = this.#idAndEpoch
    // The batch was for a former cluster.
    if (!id) return
    this.#nextSequence = 0
    this.#idAndEpoch = id.epoch < MAX_EPOCH ? { producerId: id.producerId, epoch: id.epoch + 1 } : undefined
    this.#options.onEpochBumped(this.#idAndEpoch === undefined)
  }

  #openBatch(what: string): ProducerBatch {
    if (this.#phase !== 'open' || !this.#batch) throw this.#defect(what)
    return this.#batch
  }

  #endRequest(): { batch: ProducerBatch; wasOutdated: boolean; wasOldLog: boolean } {
    if (!this.isInFlight || !this.#batch) throw this.#defect('end a request')
    const wasOutdated = this.#phase === 'outdated'
    const wasOldLog = this.#isOldLog
    this.#phase = 'open'
    this.#isOldLog = false
    return { batch: this.#batch, wasOutdated, wasOldLog }
  }

  #defect(what: string): Error {
    return new Error(`Partition ${this.partition} of ${this.topic} can't ${what} while it is ${this.#phase}.`)
  }
}

/** Sequences wrap from 2^31-1 to 0, as in Java (`DefaultRecordBatch.incrementSequence`). */
export function nextSequence(sequence: number, records: number): number {
  return sequence > MAX_SEQUENCE - records ? records - (MAX_SEQUENCE - sequence) - 1 : sequence + records
}
