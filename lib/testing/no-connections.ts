import type { ConnectionStats } from '../transport/kafka-client.ts'

/** The connection counters of a client in memory, which has no connections. */
export const NO_CONNECTIONS: ConnectionStats = {
  connectionAttempts: 0,
  connectionAttemptsByReason: {},
  openConnections: 0,
  destroyed: {},
  graces: 0,
}
