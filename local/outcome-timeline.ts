// Counts what happened to records in each of the last 300 seconds, and how many brokers were not up, for the console's
// chart.
import { isJsonObject, parseJson } from '../lib/record/json-object.ts'

const OUTCOMES = ['delivered', 'dead-lettered', 'returned', 'refused'] as const
type Outcome = (typeof OUTCOMES)[number]

const SECONDS = 300

export interface TimelineView {
  /** The latest of the seconds, since the epoch. */
  readonly second: number
  /** Records per second, the oldest second first. */
  readonly outcomes: Readonly<Record<Outcome, readonly number[]>>
  /** The largest number of brokers that were not up in each second, the oldest second first. */
  readonly notUp: readonly number[]
}

export class OutcomeTimeline {
  readonly #nowMs: () => number
  readonly #counts: Readonly<Record<Outcome, number[]>>
  readonly #notUp: number[] = new Array(SECONDS).fill(0)
  #second: number
  #lastNotUp = 0

  /** @param nowMs must never go back. The default does not follow a clock that is set back */
  constructor(nowMs: () => number = () => performance.timeOrigin + performance.now()) {
    this.#nowMs = nowMs
    this.#second = Math.floor(nowMs() / 1000)
    const zeros = () => new Array<number>(SECONDS).fill(0)
    this.#counts = { delivered: zeros(), 'dead-lettered': zeros(), returned: zeros(), refused: zeros() }
  }

  add(outcome: Outcome, count: number): void {
    const at = this.#slot()
    this.#counts[outcome][at] = (this.#counts[outcome][at] as number) + count
  }

  /** Counts the outcomes in a log line of a function. Other lines are ignored. */
  addLine(line: string): void {
    if (!line.includes('"outcomes"')) return
    const outcomes = outcomesIn(line)
    for (const outcome of OUTCOMES) this.add(outcome, countOf(outcomes[outcome]))
    // A request that was refused before it became records.
    this.add('refused', countOf(outcomes.refusedRequests))
  }

  /** Sets how many brokers are not up, until the next call. */
  setNotUp(brokers: number): void {
    const at = this.#slot()
    this.#notUp[at] = Math.max(this.#notUp[at] as number, brokers)
    this.#lastNotUp = brokers
  }

  view(): TimelineView {
    const first = this.#slot() + 1
    const inOrder = (ring: readonly number[]) => [...ring.slice(first), ...ring.slice(0, first)]
    const outcomes = Object.fromEntries(OUTCOMES.map(outcome => [outcome, inOrder(this.#counts[outcome])]))
    return {
      second: this.#second,
      outcomes: outcomes as unknown as Record<Outcome, number[]>,
      notUp: inOrder(this.#notUp),
    }
  }

  /** Clears what is older than the timeline. */
  #slot(): number {
    const now = Math.max(this.#second, Math.floor(this.#nowMs() / 1000))
    for (let second = Math.max(this.#second, now - SECONDS) + 1; second <= now; second++) {
      for (const outcome of OUTCOMES) this.#counts[outcome][second % SECONDS] = 0
      this.#notUp[second % SECONDS] = this.#lastNotUp
    }
    this.#second = now
    return now % SECONDS
  }
}

/** Returns the outcomes in a line; an empty object for other text that a function prints. */
function outcomesIn(line: string): Readonly<Record<string, unknown>> {
  const json = parseJson(line)
  return isJsonObject(json) && json.message === 'invocation' && isJsonObject(json.outcomes) ? json.outcomes : {}
}

function countOf(value: unknown): number {
  return Number.isSafeInteger(value) && (value as number) > 0 ? (value as number) : 0
}
