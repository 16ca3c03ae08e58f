// Appends the records of calls in the order of the calls, each record as soon as buffer.memory has room for it.
import { BufferExhaustedError, TransportError } from '../errors.ts'
import type { PartitionedRecord } from '../record/producer-record.ts'
import { type Clock, moment } from '../time/clock.ts'
import { withTimeout } from '../time/patient-timer.ts'
import { BufferPool, bufferBytes } from './buffer-pool.ts'
import type { PendingRecord, RecordCaller } from './pending-record.ts'
import type { RecordAccumulator } from './record-accumulator.ts'

export interface AppendTerms {
  /** How long the call may wait for memory, ms. Starts again after each wait that got memory. */
  readonly blockMs: number
  /** Called whenever records are appended, because a flush may begin while they wait. */
  readonly lingerMs: () => number
}

export interface AppendSteps<T> {
  /** Gives a record its partition. Throws for a record that must not be appended. */
  toPartitioned(record: T): PartitionedRecord
  /** Called after a wait for memory. Throws for a record that must no longer be appended. */
  checkAgain(record: T): void
  /** Called with a record that is not appended, because a step threw or it got no memory in time. */
  refuse(record: T, error: unknown): void
}

export class Appender {
  readonly #accumulator: RecordAccumulator
  readonly #clock: Clock
  readonly #onAppended: (records: readonly PendingRecord[]) => void
  readonly #pool: BufferPool
  /** Resolves when the last waiting call has appended its records. Undefined: no call waits. */
  #lastTurn: Promise<void> | undefined
  /** How often, and how long in ms, calls waited for memory or behind a call that did. */
  readonly waits = { count: 0, ms: 0 }

  /**
   * @param onAppended takes over appended records. Also called with an empty list when a call begins to wait for
   *   memory, so that every batch that can be sent is sent now.
   */
  constructor(
    accumulator: RecordAccumulator,
    bufferMemory: number,
    clock: Clock,
    onAppended: (records: readonly PendingRecord[]) => void,
  ) {
    this.#accumulator = accumulator
    this.#clock = clock
    this.#onAppended = onAppended
    this.#pool = new BufferPool(bufferMemory, clock, () => onAppended([]))
  }

  get bufferUsed(): number {
    return this.#pool.used
  }

  /** Whether a call waits for memory. */
  get isExhausted(): boolean {
    return this.#pool.hasWaiters
  }

  release({ record }: PendingRecord): void {
    this.#pool.release(bufferBytes(record))
  }

  /**
   * Appends the records of one call until its deadline. Resolves when each record is appended or refused. A later call
   * does not overtake a call that waits. If a record got no memory in time, later, smaller records of the call may
   * still get some; the remaining records keep their order.
   */
  async append<T extends { readonly index: number }>(
    records: readonly T[],
    caller: RecordCaller,
    { blockMs, lingerMs }: AppendTerms,
    steps: AppendSteps<T>,
  ): Promise<void> {
    const { deadline } = caller
    const earlierTurn = this.#lastTurn
    let turn: PromiseWithResolvers<void> | undefined
    // Only once: by a second time, later calls may have queued behind this one, and would lose their turns.
    const makeLaterCallsWait = () => {
      if (turn) return
      turn = Promise.withResolvers()
      this.#lastTurn = turn.promise
    }
    let waiting: PendingRecord[] = []
    let waitError: unknown
    /** Shared by all remaining records: creating an error costs more than everything else about a failed record. */
    let lateError: unknown
    let blockUntil = deadline.limitedTo(blockMs)
    if (earlierTurn) {
      makeLaterCallsWait()
      const turnInTime = withTimeout(this.#clock, blockUntil.remaining, earlierTurn, tooLate)
      waitError = await this.#timed(turnInTime).catch(error => error)
    }
    let now = moment(this.#clock)
    let linger = lingerMs()
    for (const source of records) {
      try {
        if (waitError !== undefined) throw waitError
        // Before the deadline is checked, because this error says why the topic is unknown.
        const partitioned = steps.toPartitioned(source)
        if (deadline.at <= now.now) {
          lateError ??= turn ? tooLate() : deadlinePassed()
          throw lateError
        }
        const bytes = bufferBytes(partitioned)
        if (!this.#pool.take(bytes)) {
          if (blockUntil.passed) {
            lateError ??= tooLate()
            throw lateError
          }
          // Hands over the records appended so far, because the others wait for the memory that they hold.
          this.#onAppended(waiting)
          waiting = []
          makeLaterCallsWait()
          try {
            await this.#timed(this.#pool.wait(bytes, blockUntil))
            blockUntil = deadline.limitedTo(blockMs)
          } finally {
            now = moment(this.#clock)
            linger = lingerMs()
          }
          try {
            // After a freeze of the sandbox, memory can come after the deadline, within the grace period of the wait.
            if (deadline.passed) throw tooLate()
            steps.checkAgain(source)
          } catch (error) {
            this.#pool.release(bytes)
            throw error
          }
        }
        waiting.push(this.#accumulator.append(partitioned, caller, source.index, linger, now))
      } catch (error) {
        steps.refuse(source, error)
      }
    }
    const endTurn = () => {
      if (this.#lastTurn === turn?.promise) this.#lastTurn = undefined
      turn?.resolve()
    }
    // A call whose wait timed out ends its turn after the calls before it, because later calls must still wait for
    // those.
    if (earlierTurn && waitError !== undefined) void earlierTurn.then(endTurn)
    else endTurn()
    if (waiting.length > 0) this.#onAppended(waiting)
  }

  async #timed<T>(wait: Promise<T>): Promise<T> {
    const begin = this.#clock.now()
    this.waits.count++
    try {
      return await wait
    } finally {
      this.waits.ms += this.#clock.now() - begin
    }
  }
}

function tooLate(): BufferExhaustedError {
  return new BufferExhaustedError(
    'buffer.memory stayed full for max.block.ms or until the deadline; earlier calls wait for it too.',
  )
}

function deadlinePassed(): TransportError {
  return new TransportError('deadline', 'The deadline passed before the record was in a batch.', { retriable: true })
}
