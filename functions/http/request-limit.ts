// Limits how many requests a process works on at once. Health checks and preflight requests do not count.
import { RequestError } from './request-error.ts'

export class RequestLimit {
  #active = 0

  /**
   * Checks whether one more request fits.
   * @throws RequestError `too-many-requests`
   */
  check(max: number): void {
    if (this.#active >= max) throw tooManyRequests(max)
  }

  /**
   * Runs the work of one request.
   * @throws RequestError `too-many-requests`, before the work begins
   */
  async run<T>(max: number, work: () => Promise<T>): Promise<T> {
    this.check(max)
    this.#active++
    try {
      return await work()
    } finally {
      this.#active--
    }
  }
}

export function tooManyRequests(max: number): RequestError {
  return new RequestError(
    'too-many-requests',
    `expected no more requests at once than ${max} (KAFKA_HTTP_MAX_CONCURRENCY); nothing was stored.`,
    { headers: { 'retry-after': '1' } },
  )
}
