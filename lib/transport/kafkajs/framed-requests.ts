// The requests of a connection that this client frames itself, and whose answers it reads itself.
import type { Clock } from '../../time/clock.ts'
import { patientTimer } from '../../time/patient-timer.ts'

interface FramedRequest {
  readonly ms: number
  /** Undefined while an earlier request is not answered. */
  cancelTimer: (() => void) | undefined
  resolve(body: Buffer): void
  reject(error: unknown): void
}

export class FramedRequests {
  readonly #clock: Clock
  readonly #onLate: (ms: number) => void
  readonly #onGrace: () => void
  readonly #waiting = new Map<number, FramedRequest>()

  /** @param onLate called when a request has no answer in time; it must call `failAll` */
  constructor(clock: Clock, onLate: (ms: number) => void, onGrace: () => void) {
    this.#clock = clock
    this.#onLate = onLate
    this.#onGrace = onGrace
  }

  get size(): number {
    return this.#waiting.size
  }

  /**
   * Returns the body of the answer. A broker answers the requests of a connection one after the other, so the time of a
   * request begins when the earlier ones are answered.
   */
  wait(correlationId: number, ms: number): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      const request: FramedRequest = { ms, cancelTimer: undefined, resolve, reject }
      this.#waiting.set(correlationId, request)
      if (this.#waiting.size === 1) this.#startTimer(request)
    })
  }

  /** @returns false if no request has this id */
  complete(correlationId: number, body: Buffer): boolean {
    const request = this.#waiting.get(correlationId)
    if (!request) return false
    this.#waiting.delete(correlationId)
    request.cancelTimer?.()
    request.resolve(body)
    const [next] = this.#waiting.values()
    if (next && !next.cancelTimer) this.#startTimer(next)
    return true
  }

  failAll(error: unknown): void {
    const requests = [...this.#waiting.values()]
    this.#waiting.clear()
    for (const request of requests) {
      request.cancelTimer?.()
      request.reject(error)
    }
  }

  #startTimer(request: FramedRequest): void {
    request.cancelTimer = patientTimer(this.#clock, request.ms, () => this.#onLate(request.ms), this.#onGrace)
  }
}
