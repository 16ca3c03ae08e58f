// After three invocations in a row in which every record had a delivery failure, the container stops sending for 5 to
// 30 s, except for one trial when the pause is over. Otherwise an outage would bill the full deadline of every
// invocation (docs/sender-rules.md, rule 15).
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
   * @returns the error for each record of this invocation, or undefined if it may send; the first after the pause may
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
      'The last invocations all failed; this container does not send for some seconds.',
      { retriable: true },
    )
  }

  /** Notes the result of an invocation that was allowed to send. One without records proves nothing. */
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
