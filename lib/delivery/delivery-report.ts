// Stage 8 of 9: outcomes → one DeliveryReport per record, in the order of the call.
import type { PendingRecord, RecordOutcome } from '../accumulate/pending-record.ts'
import {
  DeliveryError,
  type DeliveryFailureCode,
  type FailedOutcome,
  type FailureKind,
  type InvalidRecordCode,
  InvalidRecordError,
  notSentError,
  type RecordError,
} from '../errors.ts'
import type { PartitionedRecord, ProducerRecord, SerializedRecord } from '../record/producer-record.ts'
import { AcknowledgedMetadata, type RecordMetadata } from '../record/record-metadata.ts'
import { deliveryFailureCode, isTooLarge } from '../transport/error-codes.ts'
import { recordToJson } from './report-json.ts'

/**
 * A record that was acknowledged. As JSON, a report shows its record without key, value and headers, and bigints as
 * text.
 */
export interface Delivered {
  readonly kind: 'delivered'
  readonly record: ProducerRecord
  readonly metadata: RecordMetadata
  readonly attempts: number
}

export interface Failed {
  readonly kind: 'failed'
  readonly record: ProducerRecord
  /** The record as the last stage that it passed returned it: serialized, or also with its partition. */
  readonly serialized: SerializedRecord | PartitionedRecord | undefined
  readonly failureKind: FailureKind
  readonly outcome: FailedOutcome
  readonly code: InvalidRecordCode | DeliveryFailureCode
  /** The driver's or the broker's code; null if there is none. */
  readonly causeCode: string | null
  readonly error: RecordError
  readonly attempts: number
  /** When the first attempt began, ms since the epoch. */
  readonly firstAt: number
  /** When the last attempt ended, ms since the epoch. */
  readonly lastAt: number
  /**
   * Set for a delivery failure before the record was encoded: its serializer failed, did not answer, or was not called.
   * The bytes are unknown, so the record gets no dead letter, unless its contract can encode it at a redrive; otherwise
   * it stays with its source.
   */
  readonly isUnencoded?: true
  readonly inDoubt?: {
    readonly producerId: bigint
    readonly epoch: number
    readonly baseSequence: number
    readonly indexInBatch: number
    readonly clusterId: string | null
    readonly fromOffset: bigint | null
  }
}

export type DeliveryReport = Delivered | Failed

class DeliveredReport implements Delivered {
  readonly kind = 'delivered'
  readonly record: ProducerRecord
  readonly metadata: RecordMetadata
  readonly attempts: number

  constructor(record: ProducerRecord, metadata: RecordMetadata, attempts: number) {
    this.record = record
    this.metadata = metadata
    this.attempts = attempts
  }

  toJSON(): object {
    return { ...this, record: recordToJson(this.record) }
  }
}

type FailedFields = Omit<Failed, 'kind' | 'code' | 'failureKind'>

class FailedReport implements Failed {
  readonly kind = 'failed'
  readonly record: ProducerRecord
  readonly serialized: SerializedRecord | PartitionedRecord | undefined
  readonly failureKind: FailureKind
  readonly outcome: FailedOutcome
  readonly code: InvalidRecordCode | DeliveryFailureCode
  readonly causeCode: string | null
  readonly error: RecordError
  readonly attempts: number
  readonly firstAt: number
  readonly lastAt: number
  declare readonly isUnencoded?: true
  declare readonly inDoubt?: NonNullable<Failed['inDoubt']>

  constructor(fields: FailedFields) {
    const { record, serialized, outcome, causeCode, error, attempts, firstAt, lastAt, isUnencoded, inDoubt } = fields
    this.record = record
    this.serialized = serialized
    this.failureKind = error instanceof InvalidRecordError ? 'invalid-record' : 'delivery-failure'
    this.outcome = outcome
    this.code = error.code
    this.causeCode = causeCode
    this.error = error
    this.attempts = attempts
    this.firstAt = firstAt
    this.lastAt = lastAt
    if (isUnencoded) this.isUnencoded = isUnencoded
    if (inDoubt) this.inDoubt = inDoubt
  }

  toJSON(): object {
    const { serialized, inDoubt, ...fields } = this
    return {
      ...fields,
      record: recordToJson(this.record),
      ...(inDoubt
        ? {
            inDoubt: {
              ...inDoubt,
              producerId: String(inDoubt.producerId),
              fromOffset: inDoubt.fromOffset?.toString() ?? null,
            },
          }
        : {}),
    }
  }
}

/** Creates the report of a record that failed before it reached the Sender. */
export function notSent(
  record: ProducerRecord,
  serialized: SerializedRecord | undefined,
  cause: unknown,
  epochMs: number,
): Failed {
  const error = notSentError(cause)
  const isUnencoded = !serialized && !(error instanceof InvalidRecordError)
  return new FailedReport({
    record,
    serialized,
    outcome: 'not-sent',
    causeCode: error.causeCode,
    error,
    attempts: 0,
    firstAt: epochMs,
    lastAt: epochMs,
    ...(isUnencoded ? { isUnencoded } : {}),
  })
}

/** Creates the report of a record that the Sender completed. */
export function toReport(
  record: ProducerRecord,
  { record: sent, timestamp, indexInBatch }: Pick<PendingRecord, 'record' | 'timestamp' | 'indexInBatch'>,
  outcome: RecordOutcome,
): DeliveryReport {
  if (outcome.kind === 'acked') {
    const metadata = new AcknowledgedMetadata({
      topic: sent.topic,
      partition: sent.partition,
      offset: outcome.baseOffset === null ? null : outcome.baseOffset + BigInt(indexInBatch),
      timestamp: outcome.logAppendTime ?? timestamp,
      proof: outcome.proof,
      serializedKeySize: sent.key?.length ?? -1,
      serializedValueSize: sent.value?.length ?? -1,
    })
    return new DeliveredReport(record, metadata, outcome.attempts)
  }
  const { failureKind, kind, causeCode, attempts, firstAt, lastAt } = outcome
  const error = failureKind === 'invalid-record' ? rejectedByBroker(sent, outcome) : notAcknowledged(sent, outcome)
  return new FailedReport({
    record,
    serialized: sent,
    outcome: kind,
    causeCode,
    error,
    attempts,
    firstAt,
    lastAt,
    ...(outcome.inDoubt ? { inDoubt: outcome.inDoubt } : {}),
  })
}

type FailedRecord = Exclude<RecordOutcome, { kind: 'acked' }>

function rejectedByBroker(
  record: PartitionedRecord,
  { kind: outcome, causeCode, cause }: FailedRecord,
): InvalidRecordError {
  return new InvalidRecordError(recordCode(causeCode, record), `The broker refused the record (${causeCode}).`, {
    outcome,
    causeCode,
    cause,
  })
}

const ADVICE: Partial<Record<DeliveryFailureCode, string>> = {
  authorization: '; expected an ACL for WRITE on the topic (MSK: kafka-cluster:WriteData)',
  quota: '; expected a higher quota for this client.id or user on the brokers (producer_byte_rate)',
}

function notAcknowledged(
  { topic, partition }: PartitionedRecord,
  { kind: outcome, causeCode, attempts, cause }: FailedRecord,
): DeliveryError {
  const code = outcome === 'unknown' ? 'delivery-unknown' : deliveryFailureCode(causeCode)
  const advice = ADVICE[code] ?? ''
  return new DeliveryError(
    code,
    `The record for ${topic}-${partition} was not acknowledged: ${outcome} after ${attempts} attempt(s) ` +
      `(${causeCode})${advice}.`,
    { outcome, causeCode, cause },
  )
}

function recordCode(causeCode: string, record: PartitionedRecord): InvalidRecordCode {
  if (isTooLarge(causeCode)) return 'record-too-large'
  if (causeCode === 'INVALID_TIMESTAMP') return 'bad-timestamp'
  // Compacted topics refuse records without a key with INVALID_RECORD.
  return record.key === null ? 'key-missing' : 'rejected-by-broker'
}
