// What a producer counts (Java: the producer's metrics).

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
  /** Sums over acknowledged batches, ms: waiting to be sent, and from the first attempt to the acknowledgement. */
  readonly queueTimeMs: number
  readonly brokerTimeMs: number
  /** Of buffer.memory, bytes. */
  readonly bufferUsed: number
}
