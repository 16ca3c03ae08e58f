// Stage 6's door: records of a call are appended in the order of the calls, each when buffer.memory has room for it.
import { BufferExhaustedError } from '../errors.ts'
import type { PartitionedRecord } from '../record/producer-record.ts'
import type { Clock } from '../time/clock.ts'
import type { Deadline } from '../time/deadline.ts'
import { withTimeout } from '../time/patient-timer.ts'
import { BufferPool, bufferBytes } from './buffer-pool.ts'
import type { PendingRecord, RecordOutcome } from './producer-batch.ts'
import type { RecordAccumulator } from './record-accumulator.ts'

export interface AppendTerms {
  readonly deadline: Deadline
  /** How long each record may wait for memory, ms. */
  readonly blockMs: number
  /** Asked at each append: a flush may have begun meanwhile. */
  readonly lingerMs: () => number
}

export interface Appended<T> {
  readonly given: T
  readonly sent: PartitionedRecord
  readonly outcome: Promise<RecordOutcome>
}

export class Appender {
  readonly #accumulator: RecordAccumulator
  readonly #clock: Clock
  readonly #onAppended: (records: readonly PendingRecord[]) => void
  readonly #pool: BufferPool
  /** Settles when the calls that wait have appended; undefined: none does. */
  #turn: Promise<void> | undefined

  /** @param onAppended takes charge of records; with none: somebody waits for memory, whatever can leave should */
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

  /** Somebody waits for memory. */
  get isExhausted(): boolean {
    return this.#pool.hasWaiters
  }

  release({ record }: PendingRecord): void {
    this.#pool.release(bufferBytes(record))
  }

  /**
   * A call that has to wait is not overtaken by a later one.
   * @param toSent gives a record its partition; what it throws, or the memory that does not come, is told to `refuse`
   */
  async append<T>(
    records: readonly T[],
    toSent: (record: T) => PartitionedRecord,
    terms: AppendTerms,
    refuse: (record: T, error: unknown) => void,
  ): Promise<Appended<T>[]> {
    const { deadline, blockMs, lingerMs } = terms
    const before = this.#turn
    const mine = Promise.withResolvers<void>()
    const hold = () => {
      this.#turn = mine.promise
    }
    const appended: Appended<T>[] = []
    let waiting: PendingRecord[] = []
    let overtime: unknown
    if (before) {
      hold()
      overtime = await withTimeout(this.#clock, deadline.limitedTo(blockMs).remaining, before, tooLate).catch(
        error => error,
      )
    }
    for (const given of records) {
      try {
        if (overtime !== undefined) throw overtime
        const sent = toSent(given)
        const granted = this.#pool.allocate(bufferBytes(sent), deadline.limitedTo(blockMs))
        if (granted) {
          // What is appended so far goes ahead: its memory is what the rest waits for.
          this.#onAppended(waiting)
          waiting = []
          if (!before) hold()
          await granted
        }
        const { pending, outcome } = this.#accumulator.append(sent, deadline, lingerMs())
        appended.push({ given, sent, outcome })
        waiting.push(pending)
      } catch (error) {
        refuse(given, error)
      }
    }
    const leave = () => {
      if (this.#turn === mine.promise) this.#turn = undefined
      mine.resolve()
    }
    // One that gave up waiting leaves only after those that it waited for: who comes later must still wait for them.
    if (before && overtime !== undefined) void before.then(leave)
    else leave()
    this.#onAppended(waiting)
    return appended
  }
}

function tooLate(): BufferExhaustedError {
  return new BufferExhaustedError(
    'buffer.memory stayed full for max.block.ms or until the deadline; earlier calls wait for it too.',
  )
}
