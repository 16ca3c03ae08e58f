// What the brokers of a client have in common: settings, and what was learned from any of them.
import type { Clock } from '../../time/clock.ts'
import type { SecurityProvider } from '../connection-security.ts'
import type { ApiVersions } from './wire-protocol.ts'

export interface BrokerNodeOptions {
  readonly clientId: string
  readonly clock: Clock
  readonly connectTimeoutMs: number
  readonly maxIdleMs: number
  readonly reconnectBackoffMs: number
  readonly reconnectBackoffMaxMs: number
  readonly security: SecurityProvider
}

/** State that the broker nodes of a client share. */
export interface SharedState {
  versions: ApiVersions | undefined
  /** Connection attempts by reason: `FIRST`, `BUSY`, or why the previous connection ended. */
  attemptsByReason: Record<string, number>
  /**
   * How many new connections brokers closed after their first bytes, before an answer; undefined once a connection has
   * succeeded, which proves that security.protocol is right.
   */
  closedAttempts: number | undefined
  graces: number
  /** When a connection was last abandoned because its broker did not answer (monotonic clock). */
  lastSilence: number
  destroyed: Record<string, number>
}

/** The reason for closing the connections to a former cluster. */
export const LEFT_CLUSTER = 'LEFT_CLUSTER'
