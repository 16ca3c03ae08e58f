// Requests without an answer, per leader: how many more it may get, when its quota lets it have one, and which nobody waits for.
import type { PartitionState } from './partition-state.ts'

export class InFlight {
  readonly #most: number
  readonly #requests = new Map<number, Set<readonly PartitionState[]>>()
  readonly #mutedUntil = new Map<number, number>()

  /** @param most `max.in.flight.requests.per.connection` */
  constructor(most: number) {
    this.#most = most
  }

  add(leader: number, states: readonly PartitionState[]): void {
    const requests = this.#requests.get(leader) ?? new Set()
    this.#requests.set(leader, requests.add(states))
  }

  delete(leader: number, states: readonly PartitionState[]): void {
    this.#requests.get(leader)?.delete(states)
  }

  /** How many more requests a leader may get. */
  free(leader: number): number {
    return this.#most - (this.#requests.get(leader)?.size ?? 0)
  }

  /** A leader that is over its quota gets nothing until then. */
  mute(leader: number, until: number): void {
    this.#mutedUntil.set(leader, until)
  }

  mutedUntil(leader: number): number {
    return this.#mutedUntil.get(leader) ?? 0
  }

  /** Leaders none of whose requests anybody waits for any more. */
  idleLeaders(): number[] {
    const isIdle = (states: readonly PartitionState[]) =>
      states.every(state => state.written && !state.batch?.hasWaiters)
    return [...this.#requests]
      .filter(([, requests]) => requests.size > 0 && [...requests].every(isIdle))
      .map(([leader]) => leader)
  }
}
