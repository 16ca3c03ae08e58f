// Finds the leaders that do not accept batches (`partitioner.availability.timeout.ms`, KIP-794; Java:
// RecordAccumulator.NodeLatencyStats, Sender.sendProducerData).
import type { Clock } from '../time/clock.ts'
import { THROTTLED } from '../transport/error-codes.ts'
import type { ProduceOutcome } from '../transport/kafka-client.ts'

export interface LeaderAvailabilityOptions {
  /** The setting `partitioner.availability.timeout.ms`. 0: every leader counts as available. */
  readonly timeoutMs: number
  /** The longest pause before a retry. A leader that failed and got no request for that long has no batch waiting. */
  readonly retryBackoffMaxMs: number
  readonly clock: Clock
}

/**
 * How often availability is computed at most, so that brokers that are sometimes slower than the timeout cost little.
 */
const LOOK_EVERY_MS = 10

/** All moments are of the monotonic clock. */
interface Leader {
  /** The number of requests without an answer. */
  requests: number
  /** When the first of these requests began, or the leader last answered one. */
  waitingSince: number
  /** When the first request began that failed since the last answer. */
  failingSince: number | undefined
  failedAt: number
  pausedSince: number
  pausedUntil: number
}

export class LeaderAvailability {
  readonly #options: LeaderAvailabilityOptions
  readonly #leaders = new Map<number, Leader>()
  #unavailable: ReadonlySet<number> = new Set()
  #nextLookAt = 0

  constructor(options: LeaderAvailabilityOptions) {
    this.#options = options
  }

  /** Call it when a request to the leader begins, including its connection attempt. */
  began(leader: number): void {
    if (this.#options.timeoutMs === 0) return
    const state = this.#of(leader)
    if (state.requests++ === 0) state.waitingSince = this.#options.clock.now()
  }

  /**
   * Call it when a request has ended.
   * @param beganAt when the request began
   */
  ended(leader: number, beganAt: number, outcomes: readonly ProduceOutcome[]): void {
    if (this.#options.timeoutMs === 0) return
    const now = this.#options.clock.now()
    const state = this.#of(leader)
    state.requests--
    if (outcomes.some(isAnswer)) {
      state.failingSince = undefined
      state.waitingSince = now
    } else if (!outcomes.some(isNoAttempt)) {
      state.failingSince ??= beganAt
      state.failedAt = now
    }
  }

  /** Call it when the leader has asked for a pause (quota). */
  paused(leader: number, until: number): void {
    if (this.#options.timeoutMs === 0) return
    const state = this.#of(leader)
    const now = this.#options.clock.now()
    if (state.pausedUntil < now) state.pausedSince = now
    state.pausedUntil = Math.max(state.pausedUntil, until)
  }

  /**
   * The leaders that have accepted no batch for longer than the timeout, as of at most a few ms ago. The set is another
   * object exactly if its content has changed.
   */
  get unavailable(): ReadonlySet<number> {
    const now = this.#options.clock.now()
    if (now < this.#nextLookAt) return this.#unavailable
    this.#nextLookAt = now + LOOK_EVERY_MS
    const unavailable = new Set<number>()
    for (const [leader, state] of this.#leaders) if (this.#isUnavailable(state, now)) unavailable.add(leader)
    const isSame =
      unavailable.size === this.#unavailable.size && [...unavailable].every(leader => this.#unavailable.has(leader))
    if (!isSame) this.#unavailable = unavailable
    return this.#unavailable
  }

  #isUnavailable({ requests, waitingSince, failingSince, failedAt, pausedSince, pausedUntil }: Leader, now: number) {
    const { timeoutMs, retryBackoffMaxMs } = this.#options
    const isFailing = failingSince !== undefined && (requests > 0 || now - failedAt <= retryBackoffMaxMs)
    const since = Math.min(
      requests > 0 ? waitingSince : now,
      isFailing ? failingSince : now,
      pausedUntil > now ? pausedSince : now,
    )
    return now - since > timeoutMs
  }

  #of(leader: number): Leader {
    let state = this.#leaders.get(leader)
    if (!state) {
      state = {
        requests: 0,
        waitingSince: 0,
        failingSince: undefined,
        failedAt: 0,
        pausedSince: 0,
        pausedUntil: Number.NEGATIVE_INFINITY,
      }
      this.#leaders.set(leader, state)
    }
    return state
  }
}

/** Whether the broker handled the request, whatever it did with the batch. */
function isAnswer({ kind, throttleTimeMs }: ProduceOutcome): boolean {
  return kind === 'acked' || kind === 'rejected' || throttleTimeMs !== undefined
}

/** Whether the outcome says nothing about the leader. */
function isNoAttempt(outcome: ProduceOutcome): boolean {
  return outcome.kind === 'not-sent' && (outcome.causeCode === 'BATCH_CHANGED' || outcome.causeCode === THROTTLED)
}
