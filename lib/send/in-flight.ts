// Requests without an answer, per leader: how many more it may get, when its quota allows one, which nobody waits for.
import type { PendingRecord, ProducerBatch } from '../accumulate/producer-batch.ts'
import type { PartitionState } from './partition-state.ts'

interface Request {
  readonly partitions: readonly PartitionState[]
  /** The partitions before this one are abandoned. They stay so until the request ends: nobody looks at them again. */
  abandoned: number
}

export class InFlight {
  readonly #maxRequests: number
  readonly #requests = new Map<number, Map<readonly PartitionState[], Request>>()
  readonly #mutes = new Map<number, { readonly until: number; readonly answerMs: number }>()

  /** @param maxRequests per leader (`max.in.flight.requests.per.connection`) */
  constructor(maxRequests: number) {
    this.#maxRequests = maxRequests
  }

  add(leader: number, partitions: readonly PartitionState[]): void {
    const requests = this.#requests.get(leader) ?? new Map()
    this.#requests.set(leader, requests.set(partitions, { partitions, abandoned: 0 }))
  }

  delete(leader: number, partitions: readonly PartitionState[]): void {
    this.#requests.get(leader)?.delete(partitions)
  }

  /** How many more requests a leader may get. */
  free(leader: number): number {
    return this.#maxRequests - (this.#requests.get(leader)?.size ?? 0)
  }

  /**
   * A leader whose quota is used up gets no request until then (monotonic).
   * @param answerMs how long the answer took that asked for the pause
   */
  mute(leader: number, until: number, answerMs = 0): void {
    if (until > this.mutedUntil(leader)) this.#mutes.set(leader, { until, answerMs })
  }

  mutedUntil(leader: number): number {
    return this.#mutes.get(leader)?.until ?? 0
  }

  /** Whether the record could have left earlier if the leader had not been muted. */
  wasHeldBack(leader: number, { readyAt }: PendingRecord): boolean {
    return readyAt < this.mutedUntil(leader)
  }

  /** Those of a batch's records whose time the leader's pause has used up, but for less than an answer takes. */
  tooLate(leader: number, { records, firstAttempt }: ProducerBatch, now: number): readonly PendingRecord[] {
    const mute = this.#mutes.get(leader)
    if (!mute || firstAttempt) return []
    const isTooLate = (pending: PendingRecord) => !pending.completed && pending.deadline.at <= now + mute.answerMs
    return records.filter(pending => isTooLate(pending) && this.wasHeldBack(leader, pending))
  }

  /** Leaders all of whose requests are written and have no caller left that waits for them. */
  abandonedLeaders(): number[] {
    return [...this.#requests]
      .filter(([, requests]) => requests.size > 0 && [...requests.values()].every(isAbandoned))
      .map(([leader]) => leader)
  }
}

function isAbandoned(request: Request): boolean {
  const { partitions } = request
  while (partitions[request.abandoned]?.isAbandoned) request.abandoned++
  return request.abandoned === partitions.length
}
