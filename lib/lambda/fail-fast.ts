// After three invocations in a row that failed wholly by delivery failures, a container does not try for 5 to 30 s, but for one
// trial when that time is over: an outage must not bill every invocation's full deadline.
import { TransportError } from '../errors.ts'
import { type Clock, elapsedSince, type Moment, moment } from '../time/clock.ts'

const FAILURES = 3
const MIN_MS = 5000
const MAX_MS = 30_000

export class FailFast {
  readonly #clock: Clock
  readonly #random: () => number
  #failures = 0
  #closedFor = 0
  #since: Moment | undefined
  #trial: object | undefined

  constructor(clock: Clock, random: () => number = Math.random) {
    this.#clock = clock
    this.#random = random
  }

  /** @returns why this invocation is not to send, if so; the first after the pause is the trial */
  refusal(invocation: object): TransportError | undefined {
    if (!this.#since) return undefined
    const isOver = elapsedSince(this.#clock, this.#since) >= this.#closedFor
    if (isOver && this.#trial === undefined) {
      this.#trial = invocation
      return undefined
    }
    return new TransportError(
      'unavailable',
      'The last invocations all failed; this container does not try for some seconds.',
      { retriable: true },
    )
  }

  /** What an invocation that was let through met. One that sent nothing proves nothing. */
  note(
    invocation: object,
    { delivered, deliveryFailures }: { readonly delivered: number; readonly deliveryFailures: number },
  ): void {
    const wasTrial = this.#trial === invocation
    if (wasTrial) this.#trial = undefined
    if (delivered > 0) {
      this.#failures = 0
      this.#since = undefined
    } else if (deliveryFailures > 0) {
      this.#failures++
      if (this.#failures < FAILURES || (this.#since && !wasTrial)) return
      this.#since = moment(this.#clock)
      this.#closedFor = MIN_MS + this.#random() * (MAX_MS - MIN_MS)
    }
  }
}
