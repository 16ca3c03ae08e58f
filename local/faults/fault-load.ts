// What sends while faults strike: one process over the library, or queues over the function's bundle. Each keeps its own ledger.
import type { Counts } from './check.ts'

export interface FaultLoad {
  readonly topic: string
  /** Kills, with kill -9, what sends; another one goes on. */
  restart(): Promise<void>
  /** Not one instruction of what sends runs until `thaw`. */
  freeze(): void
  thaw(): void
  /** No more is sent; what is under way may end. */
  stop(): Promise<void>
  /** After `stop`: the ledger against the log and the dead letters. */
  check(): Promise<Counts>
}
