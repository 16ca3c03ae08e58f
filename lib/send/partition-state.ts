// The Sender's state of one partition; only this file changes it. Java: Sender.completeBatch with
// TransactionManager.TxnPartitionEntry. A partition sends one batch at a time, so it never has two requests in flight.
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
// OUTDATED   As REQUESTED, but a record left the batch, or no caller waits for it. The request will not be written.
// WRITTEN    The socket has the bytes: from now on the batch may be in the log.
//
// An OPEN batch can change, too. recordsLeft() removes records whose deadline passed, as long as no copy of the batch
// can be in the log, and ends the batch if no caller waits for it. renumberBatch() moves it to the next epoch. OUTDATED
// ends as EMPTY, not OPEN, if no record is left. cancelled() ends an OPEN batch as well. leaveCluster() makes a
// REQUESTED batch OUTDATED; an OPEN batch is encoded again, or ends.
//
// A batch keeps its bytes, producer id, epoch and sequence over all its attempts. When a batch ends without an
// acknowledgement, or is encoded again, after an attempt left this machine, the partition moves to the next epoch
// (docs/sender-rules.md, rule 3).
import type { PendingRecord } from '../accumulate/pending-record.ts'
import type { ProducerBatch } from '../accumulate/producer-batch.ts'
import type { RecordQueue } from '../accumulate/record-queue.ts'
import type { FailedOutcome } from '../errors.ts'
import type { Moment } from '../time/clock.ts'
import type { ProducerIdAndEpoch } from '../transport/kafka-client.ts'
import type { BatchIdentity } from '../wire-format/record-batch.ts'

const MAX_EPOCH = 32767
const MAX_SEQUENCE = 2 ** 31 - 1
/** The identity of a batch whose repeats brokers need not recognise (`enable.idempotence=false`). */
const NO_IDENTITY: BatchIdentity = { producerId: -1n, epoch: -1, baseSequence: -1 }

export interface PartitionStateOptions {
  readonly idempotent: boolean
  /** @param isExhausted whether the producer id has no further epoch, so that the partition needs another id */
  readonly onEpochBumped: (isExhausted: boolean) => void
}

export class PartitionState {
  readonly topic: string
  readonly partition: number
  readonly #options: PartitionStateOptions
  #phase: 'empty' | 'open' | 'requested' | 'outdated' | 'written' = 'empty'
  /** Undefined exactly while the phase is `empty`. */
  #batch: ProducerBatch | undefined
  /**
   * Records of a batch that was split. Each of these queues becomes a batch before any record of the accumulator does.
   */
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
  /**
   * Whether the topic was created anew during the request, so that an offset of its answer may be of the former log.
   */
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

  /** Whether it has a batch, or records of a batch that was split. */
  get hasRecords(): boolean {
    return this.#batch !== undefined || this.#split.some(records => !records.isEmpty)
  }

  get isInFlight(): boolean {
    return this.#phase === 'requested' || this.#phase === 'outdated' || this.#phase === 'written'
  }

  /** Whether a request is in progress whose bytes may still be written. */
  get mayWrite(): boolean {
    return this.#phase === 'requested' || this.#phase === 'written'
  }

  /** Whether the deadlines of all records of its batch have passed, so that the batch is not sent any more. */
  isExpired(now: number): boolean {
    return this.#batch !== undefined && this.#batch.latestDeadline <= now
  }

  /** Whether its batch is written and no caller waits for the answer any more. */
  get isAbandoned(): boolean {
    return this.#phase === 'written' && !this.#batch?.hasWaiters
  }

  /** What is known now about the batch's records, if no acknowledgement comes. */
  get outcomeSoFar(): FailedOutcome {
    return this.#phase === 'written' ? 'unknown' : (this.#batch?.outcomeSoFar ?? 'not-sent')
  }

  get needsProducerId(): boolean {
    return this.#options.idempotent && this.#idAndEpoch === undefined
  }

  /** How many attempts of the batch were followed by a back-off. */
  get failures(): number {
    return this.#failures
  }

  /** What keeps its records waiting, for the reports of records whose deadline passes meanwhile. */
  get reason(): string | undefined {
    return this.#reason
  }

  /** The next attempt must not begin before this moment (monotonic clock). */
  get notBefore(): number {
    return this.#notBefore
  }

  /** The leader epoch of the last attempt; -1 before the first attempt. */
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

  /** Takes the records that are sent before all others, if a batch was split. */
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

  /** Gives the batch its identity in the partition's sequence, unless it has one. */
  numberBatch(): void {
    const batch = this.#openBatch('number a batch')
    if (batch.identity) return
    if (!this.#options.idempotent) return batch.number(NO_IDENTITY)
    if (!this.#idAndEpoch) throw this.#defect('number a batch without a producer id')
    const { producerId, epoch } = this.#idAndEpoch
    batch.number({ producerId, epoch, baseSequence: this.#nextSequence }, this.#nextOffset)
  }

  /** Makes the batch wait for a metadata answer, because the leader is unknown. */
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
   * REQUESTED, WRITTEN → EMPTY. The next batch follows this one in the sequence.
   * @param baseOffset the offset of its first record if all replicas have it, else null
   */
  acknowledged(baseOffset: bigint | null = null): void {
    const { batch, wasOldLog } = this.#endRequest()
    if (baseOffset !== null && !wasOldLog) this.#nextOffset = baseOffset + BigInt(batch.records.length)
    this.#nextSequence = nextSequence(this.#nextSequence, batch.records.length)
    this.#forgetBatch()
  }

  /**
   * REQUESTED, OUTDATED → OPEN (EMPTY if nobody waits). Not an attempt: nothing was written, because a record of the
   * request left or expired, or because the broker asked for a pause.
   */
  notWritten(): void {
    const { batch, wasOutdated } = this.#endRequest()
    if (wasOutdated) this.#rebuild(batch)
  }

  /**
   * REQUESTED, OUTDATED, WRITTEN → OPEN, until the Sender decides: `gaveUp`, `split`, `renumberBatch` or a back-off.
   * @returns false if the batch has ended because all its records had left
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

  /** Makes the next attempt wait for metadata that is as new as the ticket. */
  awaitMetadata(ticket: number): void {
    this.#metadataTicket = ticket
  }

  /** Makes the next attempt, with the same bytes, wait until `until` (monotonic clock). */
  backOff(until: number): void {
    this.#failures++
    this.#notBefore = until
  }

  /**
   * Makes the next attempt encode the batch in the next epoch, because the broker expects another sequence number. Only
   * if no attempt can have been written.
   */
  renumberBatch(): void {
    this.#rebuild(this.#openBatch('renumber a batch'))
  }

  /** OPEN → EMPTY. Each queue becomes a batch before any other record does. */
  split(queues: readonly RecordQueue[]): void {
    this.#end(this.#openBatch('split a batch'))
    this.#split = [...queues, ...this.#split]
  }

  /** OPEN → EMPTY. The batch failed finally. */
  gaveUp(): void {
    this.#end(this.#openBatch('give up'))
  }

  // At any time

  /** Call it after records of the batch were completed at their deadline, once for all that left at the same time. */
  recordsLeft(): void {
    const batch = this.#batch
    if (!batch) return
    if (this.#phase === 'requested' && !(batch.maybeWritten && batch.hasWaiters)) this.#phase = 'outdated'
    if (this.#phase !== 'open') return
    if (!batch.maybeWritten) this.#rebuild(batch)
    else if (!batch.hasWaiters) this.#end(batch)
  }

  /**
   * Call it after all records of the batch were completed, so that it is not written if that can be prevented.
   * @returns the records of a batch that was split, which leave this state
   */
  cancelled(): PendingRecord[] {
    if (this.#phase === 'requested') this.#phase = 'outdated'
    if (this.#phase === 'open') this.#end(this.#openBatch('cancel a batch'))
    return this.#split.splice(0).flatMap(records => records.takeAll())
  }

  /** Call it when the topic was created anew: the known offsets and leader epochs are those of the former log. */
  logBeganAnew(): void {
    this.#nextOffset = null
    this.#batch?.forgetOffset()
    this.#attemptedEpoch = -1
    this.#isOldLog = this.isInFlight
  }

  /**
   * Call it when the brokers are those of another cluster. A batch that may have been written to the former cluster
   * ends, because its records were completed. A batch of which nothing can have been written is encoded again, for the
   * new cluster's log and with its producer id.
   */
  leaveCluster(): void {
    this.logBeganAnew()
    this.#idAndEpoch = undefined
    this.#nextSequence = 0
    if (this.#phase === 'requested') this.#phase = 'outdated'
    if (this.#phase === 'open') this.#rebuild(this.#openBatch('leave the cluster'))
  }

  /**
   * Makes the next attempt encode the batch again, with the records for which a caller waits; ends the batch if there
   * are none. Only if no copy of it can be in the log.
   */
  #rebuild(batch: ProducerBatch): void {
    if (!batch.hasWaiters) return this.#end(batch)
    // Without an identity, this was done before. A thousand records may each leave at a deadline of their own.
    if (!batch.identity) return
    batch.outdate()
    if (batch.attempts > 0) this.#bumpEpoch()
  }

  /**
   * Ends a batch without an acknowledgement. Its sequence numbers are used again only if no attempt left this machine.
   */
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
   * Moves to the next epoch, so that brokers refuse any late copy of the batch (INVALID_PRODUCER_EPOCH, KIP-360). With
   * a new producer id instead, they would accept such a copy behind its successor.
   */
  #bumpEpoch(): void {
    if (!this.#options.idempotent) return
    const id = this.#idAndEpoch
    // Without an id, the batch was for a former cluster.
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

/** Sequence numbers continue at 0 after 2^31-1, as in Java (`DefaultRecordBatch.incrementSequence`). */
export function nextSequence(sequence: number, records: number): number {
  return sequence > MAX_SEQUENCE - records ? records - (MAX_SEQUENCE - sequence) - 1 : sequence + records
}
