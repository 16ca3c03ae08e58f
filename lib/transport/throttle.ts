// The pause that a broker asks for in its answers when a quota is used up (KIP-219). The broker answers at once, and
// does not read what arrives during the pause.
import { type Clock, sleep } from '../time/clock.ts'
import type { Deadline } from '../time/deadline.ts'
import { THROTTLED, transportError } from './error-codes.ts'

/** No quota asks for a longer pause (`quota.window.num` × `quota.window.size.seconds`), but a broken answer may. */
const MAX_THROTTLE_MS = 60_000

/**
 * Limits the pause.
 * @param ms from the answer
 */
export function throttleMs(ms: number): number {
  return Math.min(Math.max(0, ms), MAX_THROTTLE_MS)
}

export class Throttle {
  readonly #clock: Clock
  #until = Number.NEGATIVE_INFINITY

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /**
   * Starts or extends the pause.
   * @param ms from the answer
   */
  add(ms: number): void {
    this.#until = Math.max(this.#until, this.#clock.now() + throttleMs(ms))
  }

  /** The remaining pause, ms. */
  get ms(): number {
    return Math.max(0, this.#until - this.#clock.now())
  }

  /**
   * Resolves when the pause is over.
   * @throws TransportError at once if that is not before the deadline
   */
  async over(deadline: Deadline): Promise<void> {
    const { ms } = this
    if (ms >= deadline.remaining)
      throw transportError(THROTTLED, `The broker asks for a pause of ${Math.round(ms)} ms: its quota is used up.`, {
        retriable: true,
      })
    await sleep(this.#clock, ms)
  }
}
