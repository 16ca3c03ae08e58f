// The requests to one broker that any broker can answer, and that are not answered yet.
import type { Clock } from '../../time/clock.ts'
import { withTimeout } from '../../time/patient-timer.ts'
import type { BrokerConnection } from './broker-connection.ts'
import { SILENT_MS } from './first-success.ts'

interface Question {
  readonly askedAt: number
  /** Resolves when it is answered, or has failed. */
  readonly over: PromiseWithResolvers<void>
  /** Undefined before it is sent. */
  connection: BrokerConnection | undefined
}

export class Questions {
  readonly #clock: Clock
  readonly #open = new Set<Question>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  begin(): Question {
    const question = { askedAt: this.#clock.now(), over: Promise.withResolvers<void>(), connection: undefined }
    this.#open.add(question)
    return question
  }

  end(question: Question): void {
    this.#open.delete(question)
    question.over.resolve()
  }

  /** One of them has had no answer for a second. */
  get isSilent(): boolean {
    return [...this.#open].some(question => this.#isLate(question))
  }

  isSilentOn(connection: BrokerConnection): boolean {
    return this.#on(connection).some(question => this.#isLate(question))
  }

  areOn(connection: BrokerConnection): boolean {
    return this.#on(connection).length > 0
  }

  /** Resolves with whether those that are on the connection now are over within `ms`. */
  areOver(connection: BrokerConnection, ms: number): Promise<boolean> {
    const late = new Error('late')
    const over = Promise.all(this.#on(connection).map(question => question.over.promise))
    return withTimeout(this.#clock, ms, over, () => late).then(
      () => true,
      () => false,
    )
  }

  #on(connection: BrokerConnection): Question[] {
    return [...this.#open].filter(question => question.connection === connection)
  }

  #isLate({ askedAt }: Question): boolean {
    return this.#clock.now() - askedAt >= SILENT_MS
  }
}
