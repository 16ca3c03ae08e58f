// Requests without an answer, per leader: how many more requests a leader may get, when its quota allows the next one,
// and which requests no caller waits for.
import type { PendingRecord } from '../accumulate/pending-record.ts'
import type { ProducerBatch } from '../accumulate/producer-batch.ts'
import type { PartitionState } from './partition-state.ts'

interface Request {
  readonly partitions: readonly PartitionState[]
  /**
   * How many of the first partitions are abandoned. They stay so until the request ends, so they are not checked again.
   */
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

  /** Returns how many more requests the leader may get. */
  free(leader: number): number {
    return this.#maxRequests - (this.#requests.get(leader)?.size ?? 0)
  }

  /**
   * Sends the leader no request until then (monotonic clock), because its quota is used up.
   * @param answerMs how long the answer took that asked for the pause
   */
  mute(leader: number, until: number, answerMs = 0): void {
    if (until > this.mutedUntil(leader)) this.#mutes.set(leader, { until, answerMs })
  }

  mutedUntil(leader: number): number {
    return this.#mutes.get(leader)?.until ?? 0
  }

  /** Whether the record could have been sent earlier without the leader's pause. */
  wasHeldBack(leader: number, { readyAt }: PendingRecord): boolean {
    return readyAt < this.mutedUntil(leader)
  }

  /** Returns the records of a batch for which the leader's pause has left less time than an answer takes. */
  tooLate(leader: number, { records, firstAttempt }: ProducerBatch, now: number): readonly PendingRecord[] {
    const mute = this.#mutes.get(leader)
    if (!mute || firstAttempt) return []
    const isTooLate = (pending: PendingRecord) => !pending.completed && pending.deadline.at <= now + mute.answerMs
    return records.filter(pending => isTooLate(pending) && this.wasHeldBack(leader, pending))
  }

  /** Returns the leaders whose requests are all written, and have no caller left that waits for them. */
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
