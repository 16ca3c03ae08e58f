// Stops sending during an outage, which would otherwise bill the full deadline of every invocation. After three
// invocations in a row that delivered nothing and had a delivery failure, the process sends nothing for 5 to 30 s; then
// one invocation tries again (docs/sender-rules.md, rule 15).
import { TransportError } from '../errors.ts'
import { type Clock, elapsedSince, type Moment, moment } from '../time/clock.ts'

const FAILURES = 3
const MIN_MS = 5000
const MAX_MS = 30_000

export class FailFast {
  readonly #clock: Clock
  readonly #random: () => number
  #failures = 0
  #pauseMs = 0
  #pausedSince: Moment | undefined
  #trial: object | undefined

  constructor(clock: Clock, random: () => number = Math.random) {
    this.#clock = clock
    this.#random = random
  }

  /**
   * Asks whether an invocation may send. The first one after the pause may.
   * @returns the error for each record of an invocation that may not send; otherwise undefined
   */
  refusal(invocation: object): TransportError | undefined {
    if (!this.#pausedSince) return undefined
    const isOver = elapsedSince(this.#clock, this.#pausedSince) >= this.#pauseMs
    if (isOver && this.#trial === undefined) {
      this.#trial = invocation
      return undefined
    }
    return new TransportError(
      'unavailable',
      'The last invocations all failed, so this container does not send for up to 30 seconds.',
      { retriable: true },
    )
  }

  /** Records the result of an invocation that was allowed to send. An invocation without records proves nothing. */
  note(
    invocation: object,
    { delivered, deliveryFailures }: { readonly delivered: number; readonly deliveryFailures: number },
  ): void {
    const wasTrial = this.#trial === invocation
    if (wasTrial) this.#trial = undefined
    if (delivered > 0) {
      this.#failures = 0
      this.#pausedSince = undefined
    } else if (deliveryFailures > 0) {
      this.#failures++
      if (this.#failures < FAILURES || (this.#pausedSince && !wasTrial)) return
      this.#pausedSince = moment(this.#clock)
      this.#pauseMs = MIN_MS + this.#random() * (MAX_MS - MIN_MS)
    }
  }
}
