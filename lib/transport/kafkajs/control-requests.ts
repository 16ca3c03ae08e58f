// The control requests of one broker, i.e. those that any broker can answer, that have no answer yet.
import type { Clock } from '../../time/clock.ts'
import { withTimeout } from '../../time/patient-timer.ts'
import type { BrokerConnection } from './broker-connection.ts'
import { SILENT_MS } from './first-success.ts'

interface ControlRequest {
  readonly askedAt: number
  /** Resolves when the request is answered, or has failed. */
  readonly over: PromiseWithResolvers<void>
  /** Undefined before the request is sent. */
  connection: BrokerConnection | undefined
}

export class ControlRequests {
  readonly #clock: Clock
  readonly #open = new Set<ControlRequest>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  begin(): ControlRequest {
    const request = { askedAt: this.#clock.now(), over: Promise.withResolvers<void>(), connection: undefined }
    this.#open.add(request)
    return request
  }

  end(request: ControlRequest): void {
    this.#open.delete(request)
    request.over.resolve()
  }

  /** Whether a request has had no answer for a second. */
  get isSilent(): boolean {
    return [...this.#open].some(request => this.#isLate(request))
  }

  isSilentOn(connection: BrokerConnection): boolean {
    return this.#on(connection).some(request => this.#isLate(request))
  }

  areOn(connection: BrokerConnection): boolean {
    return this.#on(connection).length > 0
  }

  /** Resolves with whether the requests that are on the connection now end within `ms`. */
  areOver(connection: BrokerConnection, ms: number): Promise<boolean> {
    const late = new Error('late')
    const over = Promise.all(this.#on(connection).map(request => request.over.promise))
    return withTimeout(this.#clock, ms, over, () => late).then(
      () => true,
      () => false,
    )
  }

  #on(connection: BrokerConnection): ControlRequest[] {
    return [...this.#open].filter(request => request.connection === connection)
  }

  #isLate({ askedAt }: ControlRequest): boolean {
    return this.#clock.now() - askedAt >= SILENT_MS
  }
}
