// The metrics of a producer after its first batch of three records.
import type { ProducerMetrics } from '../../lib/producer-metrics.ts'

export const producerMetrics = (changes: Partial<ProducerMetrics> = {}): ProducerMetrics => ({
  connectionAttempts: 1,
  connectionAttemptsByReason: { FIRST: 1 },
  connections: 1,
  producerIds: 1,
  requests: 1,
  batches: 1,
  retries: 0,
  metadataRefreshes: 1,
  ackedBatches: 1,
  ackedRecords: 3,
  queueTimeMs: 2,
  brokerTimeMs: 5,
  throttledRequests: 0,
  throttleTimeMs: 0,
  maxThrottleTimeMs: 0,
  expiredRecords: 0,
  bufferWaits: 0,
  bufferWaitTimeMs: 0,
  bufferUsed: 0,
  ...changes,
})
