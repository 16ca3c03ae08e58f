// Estimates from a broker's last answers how long it takes to answer.

const REMEMBERED = 5
/** A probe may take this many times as long as the median of the last answers. */
const FACTOR = 4
const MIN_PROBE_MS = 500
const MAX_PROBE_MS = 5000

export class AnswerTimes {
  readonly #recent: number[] = []

  /**
   * Adds an answer.
   * @param ms from the write of the request to its answer
   */
  add(ms: number): void {
    this.#recent.push(ms)
    if (this.#recent.length > REMEMBERED) this.#recent.shift()
  }

  /**
   * How long a live broker may take for a request that needs no other broker, ms: four times the median of the last
   * five answers, but 500 to 5,000. The median, because one slow answer (which waited for followers, or for a frozen
   * process) must not delay the detection of a dead connection.
   */
  get probeLimitMs(): number {
    const sorted = [...this.#recent].sort((a, b) => a - b)
    const median = sorted[Math.floor((sorted.length - 1) / 2)] ?? 0
    return Math.min(MAX_PROBE_MS, Math.max(MIN_PROBE_MS, FACTOR * median))
  }
}
