// Counters of a producer since it was created (Java: the producer's metrics).

export interface ProducerMetrics {
  readonly connectionAttempts: number
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
  /** Bytes of buffer.memory in use. */
  readonly bufferUsed: number
}
