import type { ConnectionStats } from '../transport/kafka-client.ts'

/** Of a client in memory, which has no connections to count. */
export const NO_CONNECTIONS: ConnectionStats = {
  connectionAttempts: 0,
  connectionAttemptsByReason: {},
  openConnections: 0,
  destroyed: {},
  graces: 0,
}
