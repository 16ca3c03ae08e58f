// Topics whose schema registry did not answer: dead letters behind one must not wait for it again, each in its turn.
import { KafkaProducerError } from '../errors.ts'
import { type Clock, systemClock } from '../time/clock.ts'

/** After this time the registry is asked again: a run may take hours. */
const REMEMBERED_MS = 60_000
/** Those that took all the time a record has. Others answer at once. */
const CODES: readonly unknown[] = ['schema-registry', 'deadline']

export class EncodingFailures {
  readonly #byTopic = new Map<string, { readonly error: KafkaProducerError; readonly until: number }>()
  readonly #clock: Clock

  constructor(clock: Clock = systemClock) {
    this.#clock = clock
  }

  /** @throws KafkaProducerError that the topic's last record had a moment ago */
  check(topic: string): void {
    const failure = this.#byTopic.get(topic)
    if (failure && this.#clock.now() < failure.until) throw failure.error
  }

  note(topic: string, error: unknown): void {
    if (!(error instanceof KafkaProducerError) || !error.retriable || !CODES.includes(error.code)) return
    this.#byTopic.set(topic, { error, until: this.#clock.now() + REMEMBERED_MS })
  }
}
