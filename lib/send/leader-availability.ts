// Which leaders take no batches (`partitioner.availability.timeout.ms`, KIP-794).
// Java: RecordAccumulator.NodeLatencyStats, Sender.sendProducerData.
import type { Clock } from '../time/clock.ts'
import { THROTTLED } from '../transport/error-codes.ts'
import type { ProduceOutcome } from '../transport/kafka-client.ts'

export interface LeaderAvailabilityOptions {
  /** `partitioner.availability.timeout.ms`; 0: every leader counts as available. */
  readonly timeoutMs: number
  /** The longest pause before a retry: a leader that failed and got no request since then has no batch waiting. */
  readonly retryBackoffMaxMs: number
  readonly clock: Clock
}

/** More often nobody looks who is unavailable: brokers that are now slower, now faster than the timeout cost little. */
const LOOK_EVERY_MS = 10

/** Moments are monotonic. */
interface Leader {
  /** Requests without an answer. */
  requests: number
  /** When the first of them began, or the leader last answered one. */
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

  /** A request to the leader begins: it needs a connection, is written, and awaits an answer. */
  began(leader: number): void {
    if (this.#options.timeoutMs === 0) return
    const state = this.#of(leader)
    if (state.requests++ === 0) state.waitingSince = this.#options.clock.now()
  }

  /** @param beganAt when the request began */
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

  /** The leader asked for a pause (quota). */
  paused(leader: number, until: number): void {
    if (this.#options.timeoutMs === 0) return
    const state = this.#of(leader)
    const now = this.#options.clock.now()
    if (state.pausedUntil < now) state.pausedSince = now
    state.pausedUntil = Math.max(state.pausedUntil, until)
  }

  /**
   * The leaders that have taken no batch for longer than the timeout, some ms ago at most. Another set exactly if there
   * are others.
   */
  get unavailable(): ReadonlySet<number> {
    const now = this.#options.clock.now()
    if (this.#leaders.size === 0 || now < this.#nextLookAt) return this.#unavailable
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

/** The broker took the request, whatever it did with the batch. */
function isAnswer({ kind, throttleTimeMs }: ProduceOutcome): boolean {
  return kind === 'acked' || kind === 'rejected' || throttleTimeMs !== undefined
}

/** It says nothing about the leader. */
function isNoAttempt(outcome: ProduceOutcome): boolean {
  return outcome.kind === 'not-sent' && (outcome.causeCode === 'BATCH_CHANGED' || outcome.causeCode === THROTTLED)
}
