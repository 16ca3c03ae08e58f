// The memory of buffer.memory: each record takes its share between its append and its outcome (Java: BufferPool). A
// record counts twice: the record, kept for its dead letter, and its part of the encoded batch, kept for retries.
import { BufferExhaustedError } from '../errors.ts'
import type { PartitionedRecord } from '../record/producer-record.ts'
import type { Clock } from '../time/clock.ts'
import type { Deadline } from '../time/deadline.ts'
import { withTimeout } from '../time/patient-timer.ts'

interface Waiter {
  readonly bytes: number
  readonly grant: () => void
}

const COPIES = 2

/** The bytes of buffer.memory that a record takes. */
export function bufferBytes({ wireSize }: Pick<PartitionedRecord, 'wireSize'>): number {
  return COPIES * wireSize
}

/** The size of the largest record that fits into buffer.memory. A larger record is invalid, because no wait helps. */
export function largestRecord(bufferMemory: number): number {
  return Math.floor(bufferMemory / COPIES)
}

export class BufferPool {
  readonly #total: number
  readonly #clock: Clock
  readonly #onExhausted: () => void
  readonly #waiters = new Set<Waiter>()
  #used = 0

  /** @param onExhausted called when a call begins to wait for memory */
  constructor(total: number, clock: Clock, onExhausted: () => void) {
    this.#total = total
    this.#clock = clock
    this.#onExhausted = onExhausted
  }

  get used(): number {
    return this.#used
  }

  get hasWaiters(): boolean {
    return this.#waiters.size > 0
  }

  /**
   * Takes bytes if they are free and nobody waits for memory.
   * @returns false if the caller has to wait
   */
  take(bytes: number): boolean {
    if (this.#waiters.size > 0 || this.#used + bytes > this.#total) return false
    this.#used += bytes
    return true
  }

  release(bytes: number): void {
    this.#used -= bytes
    this.#serve()
  }

  /**
   * Waits for bytes, in the order of the calls, and takes them.
   * @throws BufferExhaustedError at the deadline
   */
  async wait(bytes: number, deadline: Deadline): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const waiter: Waiter = { bytes, grant: resolve }
    this.#waiters.add(waiter)
    this.#onExhausted()
    const late = () =>
      new BufferExhaustedError(
        `buffer.memory (${this.#total} bytes) stayed full for max.block.ms or until the deadline.`,
      )
    try {
      await withTimeout(this.#clock, deadline.remaining, promise, late)
    } catch (error) {
      // The bytes may have been granted in the same turn in which the deadline passed.
      if (!this.#waiters.delete(waiter)) this.#used -= bytes
      this.#serve()
      throw error
    }
  }

  #serve(): void {
    if (this.#waiters.size === 0) return
    for (const waiter of this.#waiters) {
      if (this.#used + waiter.bytes > this.#total) return
      this.#waiters.delete(waiter)
      this.#used += waiter.bytes
      waiter.grant()
    }
  }
}
