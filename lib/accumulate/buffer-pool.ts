// buffer.memory: the bytes of all records between their append and their outcome. Java: BufferPool.
// A record counts twice: as itself, kept for its dead letter, and as its part of the encoded batch, kept for its retries.
import { BufferExhaustedError } from '../errors.ts'
import type { PartitionedRecord } from '../record/producer-record.ts'
import type { Clock } from '../time/clock.ts'
import type { Deadline } from '../time/deadline.ts'
import { withTimeout } from '../time/patient-timer.ts'

interface Waiter {
  readonly bytes: number
  readonly grant: () => void
}

/** What a record holds of buffer.memory, bytes. */
export function bufferBytes({ wireSize }: Pick<PartitionedRecord, 'wireSize'>): number {
  return 2 * wireSize
}

export class BufferPool {
  readonly #total: number
  readonly #clock: Clock
  readonly #onExhausted: () => void
  readonly #waiters = new Set<Waiter>()
  #used = 0

  /** @param onExhausted somebody waits: whatever can leave should */
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
   * Takes bytes, in the order of the calls. Undefined: they are taken at once.
   * @throws BufferExhaustedError for what never fits; the promise rejects with one when the deadline passes
   */
  allocate(bytes: number, deadline: Deadline): Promise<void> | undefined {
    if (bytes > this.#total)
      throw new BufferExhaustedError(
        `The record needs ${bytes} bytes of buffer.memory, expected at most ${this.#total}.`,
      )
    if (this.#waiters.size === 0 && this.#used + bytes <= this.#total) {
      this.#used += bytes
      return undefined
    }
    return this.#wait(bytes, deadline)
  }

  release(bytes: number): void {
    this.#used -= bytes
    this.#serve()
  }

  async #wait(bytes: number, deadline: Deadline): Promise<void> {
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
      // It may have been granted in the same turn.
      if (!this.#waiters.delete(waiter)) this.#used -= bytes
      this.#serve()
      throw error
    }
  }

  #serve(): void {
    for (const waiter of this.#waiters) {
      if (this.#used + waiter.bytes > this.#total) return
      this.#waiters.delete(waiter)
      this.#used += waiter.bytes
      waiter.grant()
    }
  }
}
