// What a Sender needs and what it counts.
import type { PendingRecord } from '../accumulate/producer-batch.ts'
import type { Clock } from '../time/clock.ts'

export interface SenderOptions {
  /** -1 (all), 1 or 0. */
  readonly acks: -1 | 0 | 1
  readonly idempotent: boolean
  readonly maxInFlight: number
  readonly retries: number
  readonly retryBackoffMs: number
  readonly retryBackoffMaxMs: number
  readonly requestTimeoutMs: number
  readonly connectTimeoutMs: number
  readonly ackTimeoutMs: number
  readonly maxRequestSize: number
  readonly metadataMaxAgeMs: number
  readonly maxBlockMs: number
  /** `partitioner.availability.timeout.ms` */
  readonly availabilityTimeoutMs: number
  /** `client.rack` where `partitioner.rack.aware` is on; undefined: it is off, or the rack is not known yet. */
  readonly rack: () => string | undefined
  readonly warn: (text: string) => void
  readonly clock: Clock
  /** Called once per record, with its outcome set: its memory is free. */
  readonly onCompleted: (pending: PendingRecord) => void
  /** Called once, after a defect has stopped the Sender and all its records are completed. */
  readonly onBroken: (error: unknown) => void
  /** A call waits for memory: batches leave before `linger.ms` is over. */
  readonly isExhausted: () => boolean
}

export interface SenderStats {
  requests: number
  batches: number
  retries: number
  ackedBatches: number
  ackedRecords: number
  /** Sums over acknowledged batches, ms: first append to first attempt, and first attempt to acknowledgement. */
  queueTimeMs: number
  brokerTimeMs: number
  /** Answers with which a broker asked for a pause (quota), and those pauses, ms. */
  throttledRequests: number
  throttleTimeMs: number
  maxThrottleTimeMs: number
  /** Records whose deadline passed here. */
  expiredRecords: number
}

export function newSenderStats(): SenderStats {
  return {
    requests: 0,
    batches: 0,
    retries: 0,
    ackedBatches: 0,
    ackedRecords: 0,
    queueTimeMs: 0,
    brokerTimeMs: 0,
    throttledRequests: 0,
    throttleTimeMs: 0,
    maxThrottleTimeMs: 0,
    expiredRecords: 0,
  }
}
