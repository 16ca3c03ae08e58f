import type { Clock } from '../time/clock.ts'

/** A clock whose time passes only in `advance`, `run` and `freeze`. */
export class VirtualClock implements Clock {
  #now = 0
  #next = 1
  readonly #timers = new Map<number, { at: number; callback: () => void }>()

  now(): number {
    return this.#now
  }

  epochMs(): number {
    return 1_700_000_000_000 + Math.floor(this.#now)
  }

  setTimeout(callback: () => void, ms: number): unknown {
    const id = this.#next++
    this.#timers.set(id, { at: this.#now + Math.max(0, ms), callback })
    return id
  }

  clearTimeout(timer: unknown): void {
    this.#timers.delete(timer as number)
  }

  /** Lets time pass without firing timers, as in a frozen process. */
  freeze(ms: number): void {
    this.#now += ms
  }

  /** Lets `ms` pass and fires every timer that is due in that time. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms
    this.setTimeout(() => {}, ms)
    await this.run(() => this.#now >= end)
  }

  /**
   * Fires timers in order, and runs promise callbacks between them, until `done()` is true.
   * @throws Error if no timer is left, or the next one is due after `limitMs`
   */
  async run(done: () => boolean, limitMs = 10_000_000): Promise<void> {
    for (;;) {
      await new Promise(resolve => setImmediate(resolve))
      if (done()) return
      const next = [...this.#timers].sort(([a, x], [b, y]) => x.at - y.at || a - b)[0]
      if (!next || next[1].at > limitMs) throw new Error('No timer is left to wait for.')
      this.#timers.delete(next[0])
      this.#now = Math.max(this.#now, next[1].at)
      next[1].callback()
    }
  }
}
