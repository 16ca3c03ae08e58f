// Counters of a producer since it was created (Java: the producer's metrics).

export interface ProducerMetrics {
  readonly connectionAttempts: number
  /**
   * Why they were made: `FIRST`, the first one to a broker; `BUSY`, a second connection beside one that waits for a
   * Produce; else why the connection before it ended, e.g. `IDLE`, `SESSION`, `CLOSED_BY_BROKER`, `REQUEST_TIMEOUT`,
   * `CONNECTION_FAILED`.
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
  /** Sum over acknowledged batches: from the append to the first attempt. */
  readonly queueTimeMs: number
  /** Sum over acknowledged batches: from the first attempt to the acknowledgement. */
  readonly brokerTimeMs: number
  /** Produce requests whose answer asked for a pause (quota). */
  readonly throttledRequests: number
  /** Sum of those pauses, ms (Java: `produce-throttle-time-avg` is this by `requests`). */
  readonly throttleTimeMs: number
  /** The longest of them, ms (Java: `produce-throttle-time-max`). */
  readonly maxThrottleTimeMs: number
  /** Records that ended without an acknowledgement because their deadline passed, wherever they waited. */
  readonly expiredRecords: number
  /** How often a call waited for buffer.memory, or behind a call that did. */
  readonly bufferWaits: number
  /** Sum of those waits, ms (Java: `bufferpool-wait-time-total`). */
  readonly bufferWaitTimeMs: number
  /** Bytes of buffer.memory in use. */
  readonly bufferUsed: number
}
