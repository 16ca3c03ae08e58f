// One call of send or sendAll: what its records share, and their reports so far.
import type { RecordOutcome } from './accumulate/producer-batch.ts'
import { type DeliveryReport, notSent } from './delivery/delivery-report.ts'
import { InvalidRecordError, isRecordError, orderGroupStopped, type RecordError, unexpectedError } from './errors.ts'
import type { ProducerRecord, SerializedRecord } from './record/producer-record.ts'
import type { Clock } from './time/clock.ts'
import type { Deadline } from './time/deadline.ts'

/** A record of a call; `index` is its place in the caller's list. */
export interface CallRecord {
  /** The caller's own, only to be handed back: its fields are read once, by stage 3. */
  readonly record: ProducerRecord
  readonly index: number
  /** As it was when the call began, also of a record that stage 3 refuses. */
  readonly orderGroup: string | undefined
  /** Undefined before stage 4. */
  readonly serialized: SerializedRecord | undefined
}

/** A record after stage 4. */
export interface Prepared extends CallRecord {
  readonly serialized: SerializedRecord
}

export class ProducerCall {
  readonly deadline: Deadline
  /** How long its records may wait for others, ms. */
  readonly lingerMs: number
  readonly reports: DeliveryReport[]
  /** Records that failed here after the deadline had passed. */
  expiredRecords = 0
  readonly #clock: Clock
  /** The order groups that had a failure → the index of the first one; only the records after it are held back. */
  readonly #stopped = new Map<string, number>()

  readonly #onEnd: ((error: RecordError) => void)[] = []

  constructor(recordCount: number, deadline: Deadline, lingerMs: number, clock: Clock) {
    this.reports = new Array(recordCount)
    this.deadline = deadline
    this.lingerMs = lingerMs
    this.#clock = clock
  }

  /**
   * Reports a record that was not sent, and holds back the later ones of its order group. The first report stays: a
   * serializer may fail after its record's deadline.
   */
  fail({ record, serialized, index, orderGroup }: CallRecord, error: unknown): void {
    if (this.reports[index]) return
    if (this.deadline.passed && !(error instanceof InvalidRecordError)) this.expiredRecords++
    this.reports[index] = notSent(record, serialized, asRecordError(error), this.#clock.epochMs())
    this.#stop(orderGroup, index)
  }

  /** Holds back the later records of its order group, which are not appended yet, if the Sender does not deliver it. */
  follow({ orderGroup, index }: CallRecord, outcome: Promise<RecordOutcome>): void {
    if (orderGroup === undefined) return
    void outcome.then(({ kind }) => {
      if (kind !== 'acked') this.#stop(orderGroup, index)
    })
  }

  #stop(orderGroup: string | undefined, index: number): void {
    if (orderGroup !== undefined) this.#stopped.set(orderGroup, Math.min(index, this.#stopped.get(orderGroup) ?? index))
  }

  /** The result of work that may never end, or the error of `end`. */
  untilEnd<T>(work: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#onEnd.push(reject)
      work.then(resolve, reject)
    })
  }

  /** No record may wait any longer. */
  end(error: RecordError): void {
    for (const reject of this.#onEnd) reject(error)
  }

  /** @throws TransportError `order-group-stopped` after an earlier record of the group failed */
  throwIfStopped({ orderGroup, index }: Pick<CallRecord, 'orderGroup' | 'index'>): void {
    if (orderGroup !== undefined && index > (this.#stopped.get(orderGroup) ?? Number.POSITIVE_INFINITY))
      throw orderGroupStopped()
  }
}

export function asRecordError(error: unknown): RecordError {
  return isRecordError(error) ? error : unexpectedError(error)
}
