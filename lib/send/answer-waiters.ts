// Calls that wait for the next metadata answer.
import type { Clock } from '../time/clock.ts'
import type { Deadline } from '../time/deadline.ts'

export class AnswerWaiters {
  readonly #clock: Clock
  readonly #wakers = new Set<() => void>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Resolves at the next `wake`, or at the deadline. */
  wait(deadline: Deadline): Promise<void> {
    return new Promise(resolve => {
      const done = () => {
        this.#clock.clearTimeout(timer)
        this.#wakers.delete(done)
        resolve()
      }
      const timer = this.#clock.setTimeout(done, Math.max(1, deadline.remaining))
      this.#wakers.add(done)
    })
  }

  wake(): void {
    for (const wake of [...this.#wakers]) wake()
  }
}
