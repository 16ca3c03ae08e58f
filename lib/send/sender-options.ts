// The options of a Sender, and its counters.
import type { PendingRecord } from '../accumulate/pending-record.ts'
import type { Clock } from '../time/clock.ts'

export interface SenderOptions {
  /** The setting `acks`: -1 (all), 1 or 0. */
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
  /** The setting `partitioner.availability.timeout.ms`. */
  readonly availabilityTimeoutMs: number
  /** Returns `client.rack` if `partitioner.rack.aware` is on; undefined if it is off, or the rack is not known yet. */
  readonly rack: () => string | undefined
  /** Called with a problem that does not stop the Sender. */
  readonly warn: (text: string) => void
  readonly clock: Clock
  /** Called once per record after it was completed: its memory is free. */
  readonly onCompleted: (pending: PendingRecord) => void
  /** Called once, after an internal error has stopped the Sender and all its records are completed. */
  readonly onBroken: (error: unknown) => void
  /** Whether a call waits for memory. Batches are then sent before `linger.ms` is over. */
  readonly isExhausted: () => boolean
}

export interface SenderStats {
  requests: number
  batches: number
  retries: number
  ackedBatches: number
  ackedRecords: number
  /**
   * Sums over acknowledged batches, ms: from the first append to the first attempt, and from there to the
   * acknowledgement.
   */
  queueTimeMs: number
  brokerTimeMs: number
  /** Answers with which a broker asked for a pause (quota), and these pauses, ms. */
  throttledRequests: number
  throttleTimeMs: number
  maxThrottleTimeMs: number
  /** The number of records whose deadline passed in the Sender. */
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
