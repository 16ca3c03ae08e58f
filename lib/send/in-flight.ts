// Requests without an answer, per leader: how many more it may get, when its quota allows one, which nobody waits for.
import type { PartitionState } from './partition-state.ts'

export class InFlight {
  readonly #maxRequests: number
  readonly #requests = new Map<number, Set<readonly PartitionState[]>>()
  readonly #mutedUntil = new Map<number, number>()

  /** @param maxRequests per leader (`max.in.flight.requests.per.connection`) */
  constructor(maxRequests: number) {
    this.#maxRequests = maxRequests
  }

  add(leader: number, partitions: readonly PartitionState[]): void {
    const requests = this.#requests.get(leader) ?? new Set()
    this.#requests.set(leader, requests.add(partitions))
  }

  delete(leader: number, partitions: readonly PartitionState[]): void {
    this.#requests.get(leader)?.delete(partitions)
  }

  /** How many more requests a leader may get. */
  free(leader: number): number {
    return this.#maxRequests - (this.#requests.get(leader)?.size ?? 0)
  }

  /** A leader whose quota is used up gets no request until then (monotonic). */
  mute(leader: number, until: number): void {
    this.#mutedUntil.set(leader, Math.max(until, this.mutedUntil(leader)))
  }

  mutedUntil(leader: number): number {
    return this.#mutedUntil.get(leader) ?? 0
  }

  /** Leaders all of whose requests are written and have no caller left that waits for them. */
  abandonedLeaders(): number[] {
    const isAbandoned = (partitions: readonly PartitionState[]) => partitions.every(partition => partition.isAbandoned)
    return [...this.#requests]
      .filter(([, requests]) => requests.size > 0 && [...requests].every(isAbandoned))
      .map(([leader]) => leader)
  }
}
