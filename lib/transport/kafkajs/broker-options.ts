// What the brokers of a client have in common: its settings for them, and what it learned of all.
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

/** Shared by the broker nodes of a client. */
export interface SharedState {
  versions: ApiVersions | undefined
  /** Connection attempts by reason: `FIRST`, `BUSY`, or why the connection before ended. */
  attemptsByReason: Record<string, number>
  /**
   * New connections that brokers closed after their first bytes, before an answer; undefined once a connection has
   * succeeded, which proves security.protocol.
   */
  closedAttempts: number | undefined
  graces: number
  /** When a connection was last given up because its broker did not answer (monotonic). */
  lastSilence: number
  destroyed: Record<string, number>
}

/** Why the connections to a former cluster are destroyed. */
export const LEFT_CLUSTER = 'LEFT_CLUSTER'
