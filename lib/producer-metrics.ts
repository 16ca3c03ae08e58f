// Counters of a producer since it was created (Java: the metrics of the producer).

export interface ProducerMetrics {
  readonly connectionAttempts: number
  /**
   * Connection attempts by their reason: `FIRST`, the first connection to a broker; `BUSY`, a second connection beside
   * one that waits for a Produce response; otherwise why the previous connection ended, e.g. `IDLE`, `SESSION`,
   * `CLOSED_BY_BROKER`, `REQUEST_TIMEOUT`, `CONNECTION_FAILED`.
   */
  readonly connectionAttemptsByReason: Readonly<Record<string, number>>
  readonly connections: number
  readonly producerIds: number
  readonly requests: number
  readonly batches: number
  readonly retries: number
  readonly metadataRefreshes: number
  readonly ackedBatches: number
  readonly ackedRecords: number
  /** Sum over acknowledged batches of the time from the append to the first attempt, ms. */
  readonly queueTimeMs: number
  /** Sum over acknowledged batches of the time from the first attempt to the acknowledgement, ms. */
  readonly brokerTimeMs: number
  /** Produce requests whose response asked for a pause (quota). */
  readonly throttledRequests: number
  /** Sum of the pauses that quotas asked for, ms (Java: divided by the requests, it is `produce-throttle-time-avg`). */
  readonly throttleTimeMs: number
  /** The longest pause that a quota asked for, ms (Java: `produce-throttle-time-max`). */
  readonly maxThrottleTimeMs: number
  /** Records that ended without an acknowledgement because their deadline passed, wherever they waited. */
  readonly expiredRecords: number
  /** How often a call waited for buffer.memory, or behind a call that did. */
  readonly bufferWaits: number
  /** Sum of the waits for buffer.memory, ms (Java: `bufferpool-wait-time-total`). */
  readonly bufferWaitTimeMs: number
  /** Bytes of buffer.memory in use. */
  readonly bufferUsed: number
}
