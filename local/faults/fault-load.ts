// The port of a load that sends records while faults strike: one process that uses the library, or queues that feed the
// function's bundle. Each load keeps its own ledger.
import type { ReadRecord } from '../kafka/admin.ts'
import type { Counts } from './check.ts'

export interface FaultLoad {
  readonly topic: string
  /** Kills the sender with kill -9 and starts another one. */
  restart(): Promise<void>
  /** Stops the sender (SIGSTOP) until `thaw`. */
  freeze(): void
  thaw(): void
  /** Deletes the topic and creates it again while records are sent. Only the sender's load has this method. */
  recreateTopic?(partitions: number): Promise<void>
  /** Stops sending; sends in progress may finish. */
  stop(): Promise<void>
  /** Compares the ledger with the log, the log of another cluster, and the dead letters. Call it after `stop`. */
  check(otherLog?: readonly ReadRecord[]): Promise<Counts>
}
