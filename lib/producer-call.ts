// One call of send or sendAll: the deadline and options that its records share, and their reports so far.
import type { PendingRecord, RecordCaller, RecordOutcome } from './accumulate/pending-record.ts'
import { type DeliveryReport, notSent, toReport } from './delivery/delivery-report.ts'
import {
  type DeliveryError,
  InvalidRecordError,
  orderGroupStopped,
  TransportError,
  unexpectedError,
  withoutStack,
} from './errors.ts'
import type { ProducerRecord, SerializedRecord } from './record/producer-record.ts'
import type { Clock } from './time/clock.ts'
import type { Deadline } from './time/deadline.ts'
import { patientTimer } from './time/patient-timer.ts'
import { catchRejectionsIn } from './time/thenable.ts'

/** A record of a call. `index` is its place in the caller's list. */
export interface CallRecord {
  readonly index: number
  /** The record's order group when the call began, even if stage 3 refuses the record. */
  readonly orderGroup: string | undefined
  /** Undefined before stage 4. */
  readonly serialized: SerializedRecord | undefined
}

/** A record after stage 4. */
export interface Prepared extends CallRecord {
  readonly serialized: SerializedRecord
}

/** After this many violations in a call, only the first violation of each further record is listed. */
const MAX_VIOLATIONS = 1000

export interface ProducerCallParts {
  readonly deadline: Deadline
  /** How long the records may wait for others, ms. */
  readonly lingerMs: number
  /** Records that are invalid before the first stage, by index. */
  readonly refused?: ReadonlyMap<number, InvalidRecordError> | undefined
  readonly clock: Clock
  /** Called once, when each record has its report. */
  readonly onReported: (call: ProducerCall) => void
}

export class ProducerCall implements RecordCaller {
  /** The caller's records, only kept for the reports: stage 3 reads their fields once. */
  readonly records: readonly ProducerRecord[]
  readonly deadline: Deadline
  readonly lingerMs: number
  /** Resolves when each record has its report. */
  readonly reports: Promise<DeliveryReport[]>
  /** The number of records that failed here after the deadline had passed. */
  expiredRecords = 0
  readonly #refused: ReadonlyMap<number, InvalidRecordError> | undefined
  readonly #clock: Clock
  readonly #onReported: (call: ProducerCall) => void
  readonly #resolve: (reports: DeliveryReport[]) => void
  readonly #reject: (error: unknown) => void
  readonly #reports: DeliveryReport[]
  /** The number of records without a report. */
  #unreportedCount: number
  /** Whether an error of the call has a stack; the errors of further records would have the same one. */
  #hasStack = false
  /** Order groups with a failure → the index of the first failed record. Only the records after it are held back. */
  #stopped: Map<string, number> | undefined
  #violations = 0
  #onEnd: ((error: DeliveryError) => void)[] | undefined
  /**
   * Whether a serializer may still work for a record that has failed, e.g. load the schema of the value while the key
   * is invalid.
   */
  #hasUnsent = false
  #stopper: AbortController | undefined
  #cancelTimer: (() => void) | undefined

  constructor(
    records: readonly ProducerRecord[],
    { deadline, lingerMs, refused, clock, onReported }: ProducerCallParts,
  ) {
    this.records = records
    this.deadline = deadline
    this.lingerMs = lingerMs
    this.#refused = refused
    this.#clock = clock
    this.#onReported = onReported
    this.#reports = new Array(records.length)
    this.#unreportedCount = records.length
    const { promise, resolve, reject } = Promise.withResolvers<DeliveryReport[]>()
    this.reports = promise
    this.#resolve = resolve
    this.#reject = reject
  }

  /** How many violations of the next record are listed. */
  get violations(): 'all' | 'first' {
    return this.#violations < MAX_VIOLATIONS ? 'all' : 'first'
  }

  /**
   * Reports a record that was not sent, and holds back the later records of its order group. The first report counts,
   * because a serializer may fail after its record's deadline.
   */
  fail({ serialized, index, orderGroup }: CallRecord, error: unknown): void {
    if (this.#reports[index]) return
    if (this.deadline.passed && !(error instanceof InvalidRecordError)) this.expiredRecords++
    if (error instanceof InvalidRecordError) this.#violations += error.violations.length
    this.#stop(orderGroup, index)
    this.#hasUnsent = true
    const record = this.records[index] as ProducerRecord
    if (error instanceof InvalidRecordError) catchRejectionsIn(record)
    this.#report(index, notSent(record, serialized, error, this.#clock.epochMs()))
  }

  /**
   * Reports a record that the Sender completed. If it was not acknowledged, holds back the later records of its group.
   */
  completed(pending: PendingRecord, outcome: RecordOutcome): void {
    const { index } = pending
    const record = this.records[index] as ProducerRecord
    if (outcome.kind === 'acked') return this.#report(index, toReport(record, pending, outcome))
    this.#stop(pending.record.orderGroup, index)
    const create = () => toReport(record, pending, outcome)
    this.#report(index, this.#hasStack ? withoutStack(create) : create())
    this.#hasStack = true
  }

  #report(index: number, report: DeliveryReport): void {
    this.#reports[index] = report
    this.#unreportedCount--
    this.endIfReported()
  }

  /** Resolves the call if each record has its report. Called directly for a call without records. */
  endIfReported(): void {
    if (this.#unreportedCount > 0) return
    this.#cancelTimer?.()
    if (this.#hasUnsent) this.#stopper?.abort()
    this.#onReported(this)
    this.#resolve(this.#reports)
  }

  /** Ends the call after an internal error: it has no reports, and its records may have been sent. */
  break(error: unknown): void {
    this.#onReported(this)
    this.#reject(unexpectedError(error, 'unknown'))
  }

  #stop(orderGroup: string | undefined, index: number): void {
    if (orderGroup === undefined) return
    this.#stopped ??= new Map()
    this.#stopped.set(orderGroup, Math.min(index, this.#stopped.get(orderGroup) ?? index))
  }

  /** Returns the result of work that may never end, or rejects with the error of `end`. */
  untilEnd<T>(work: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#onEnd ??= []
      this.#onEnd.push(reject)
      work.then(resolve, reject)
    })
  }

  /**
   * Aborted when no record may wait any longer: at the deadline, at `end`, and, if a record was not sent, when all have
   * their reports. Created only when a serializer asks for it.
   */
  get signal(): AbortSignal {
    if (this.#stopper) return this.#stopper.signal
    const stopper = new AbortController()
    this.#stopper = stopper
    if (this.#unreportedCount === 0) stopper.abort(deadlinePassed())
    else this.#cancelTimer = patientTimer(this.#clock, this.deadline.remaining, () => stopper.abort(deadlinePassed()))
    return stopper.signal
  }

  /** Ends the wait of all records. */
  end(error: DeliveryError): void {
    this.#cancelTimer?.()
    this.#stopper?.abort(error)
    for (const reject of this.#onEnd ?? []) reject(error)
  }

  /**
   * Throws the reason why a record may not be sent.
   * @throws InvalidRecordError of a record that was refused before the first stage
   * @throws TransportError `order-group-stopped` after an earlier record of the group failed
   */
  throwIfStopped({ orderGroup, index }: Pick<CallRecord, 'orderGroup' | 'index'>): void {
    const refusal = this.#refused?.get(index)
    if (refusal) throw refusal
    if (orderGroup !== undefined && index > (this.#stopped?.get(orderGroup) ?? Number.POSITIVE_INFINITY))
      throw orderGroupStopped()
  }
}

function deadlinePassed(): TransportError {
  return new TransportError('deadline', 'The deadline of the record passed before it was sent.', {
    causeCode: 'DEADLINE',
    retriable: true,
  })
}
