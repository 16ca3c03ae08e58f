// Remembers topics whose schema registry did not answer, so that not every dead letter of the topic waits for it again.
import { KafkaProducerError } from '../errors.ts'
import { type Clock, systemClock } from '../time/clock.ts'

/** The registry is asked again after this time, ms, because a run may take hours. */
const REMEMBERED_MS = 60_000
/** Codes of failures that took a record's whole time limit. Other failures return at once. */
const CODES: readonly unknown[] = ['schema-registry', 'deadline']

export class EncodingFailures {
  readonly #byTopic = new Map<string, { readonly error: KafkaProducerError; readonly until: number }>()
  readonly #clock: Clock

  constructor(clock: Clock = systemClock) {
    this.#clock = clock
  }

  /** @throws KafkaProducerError the recent error of the topic's last record */
  check(topic: string): void {
    const failure = this.#byTopic.get(topic)
    if (failure && this.#clock.now() < failure.until) throw failure.error
  }

  note(topic: string, error: unknown): void {
    if (!(error instanceof KafkaProducerError) || !error.retriable || !CODES.includes(error.code)) return
    this.#byTopic.set(topic, { error, until: this.#clock.now() + REMEMBERED_MS })
  }
}
