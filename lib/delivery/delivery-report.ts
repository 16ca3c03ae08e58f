// Stage 8 of 9: outcomes → one DeliveryReport per record, in the order of the call.
import type { RecordOutcome } from '../accumulate/producer-batch.ts'
import {
  BufferExhaustedError,
  DeliveryError,
  type DeliveryFailureCode,
  type FailedOutcome,
  type FailureKind,
  type InvalidRecordCode,
  InvalidRecordError,
  type KafkaProducerError,
  TransportError,
} from '../errors.ts'
import type { PartitionedRecord, ProducerRecord, SerializedRecord } from '../record/producer-record.ts'
import type { RecordMetadata } from '../record/record-metadata.ts'
import { deliveryFailureCode } from '../transport/error-codes.ts'

export interface Delivered {
  readonly kind: 'delivered'
  readonly record: ProducerRecord
  readonly metadata: RecordMetadata
  readonly attempts: number
}

export interface Failed {
  readonly kind: 'failed'
  readonly record: ProducerRecord
  /** What the record had become before it failed: bytes, then also a partition. */
  readonly serialized: SerializedRecord | PartitionedRecord | undefined
  readonly failureKind: FailureKind
  readonly outcome: FailedOutcome
  readonly code: InvalidRecordCode | DeliveryFailureCode
  /** The broker's or driver's own name, where there was one. */
  readonly causeCode: string | null
  readonly error: KafkaProducerError
  readonly attempts: number
  /** Wall-clock milliseconds. */
  readonly firstAt: number
  readonly lastAt: number
  readonly inDoubt?: {
    readonly producerId: bigint
    readonly epoch: number
    readonly baseSequence: number
    readonly indexInBatch: number
  }
}

export type DeliveryReport = Delivered | Failed

/** A record that failed before it reached the Sender. */
export function notSent(
  record: ProducerRecord,
  serialized: SerializedRecord | undefined,
  error: KafkaProducerError,
  epochMs: number,
): Failed {
  const isInvalidRecord = error instanceof InvalidRecordError
  const code = isInvalidRecord
    ? error.code
    : error instanceof TransportError || error instanceof BufferExhaustedError
      ? knownCode(error.code)
      : 'unavailable'
  return {
    kind: 'failed',
    record,
    serialized,
    failureKind: isInvalidRecord ? 'invalid-record' : 'delivery-failure',
    outcome: 'not-sent',
    code,
    causeCode: null,
    error,
    attempts: 0,
    firstAt: epochMs,
    lastAt: epochMs,
  }
}

const OWN_CODES: ReadonlySet<string> = new Set<DeliveryFailureCode>([
  'topic-not-on-cluster',
  'unreachable',
  'authorization',
  'authentication',
  'buffer',
  'deadline',
  'deadline-too-short',
  'order-group-stopped',
  'unavailable',
])

function knownCode(code: string): DeliveryFailureCode {
  return OWN_CODES.has(code) ? (code as DeliveryFailureCode) : deliveryFailureCode(code)
}

/** The report of a record that the Sender settled. */
export function toReport(record: ProducerRecord, sent: PartitionedRecord, outcome: RecordOutcome): DeliveryReport {
  if (outcome.kind === 'acked') {
    const metadata: RecordMetadata = {
      topic: sent.topic,
      partition: sent.partition,
      offset: outcome.offset,
      timestamp: outcome.timestamp,
      proof: outcome.proof,
      serializedKeySize: sent.key?.length ?? -1,
      serializedValueSize: sent.value?.length ?? -1,
    }
    return { kind: 'delivered', record, metadata, attempts: outcome.attempts }
  }
  const { failureKind, kind, causeCode, attempts, firstAt, lastAt, cause } = outcome
  const code =
    failureKind === 'invalid-record'
      ? recordCode(causeCode, sent)
      : kind === 'unknown'
        ? 'delivery-unknown'
        : causeCode === 'DEADLINE'
          ? 'deadline'
          : deliveryFailureCode(causeCode)
  const error =
    failureKind === 'invalid-record'
      ? new InvalidRecordError(code as InvalidRecordCode, `The broker refused the record (${causeCode}).`)
      : new DeliveryError(
          kind,
          code,
          `The record for ${sent.topic}-${sent.partition} was not acknowledged: ${kind} after ${attempts} attempt(s) (${causeCode})${code === 'authorization' ? '; expected an ACL for WRITE on the topic (MSK: kafka-cluster:WriteData)' : ''}.`,
          cause,
        )
  return {
    kind: 'failed',
    record,
    serialized: sent,
    failureKind,
    outcome: kind,
    code,
    causeCode,
    error,
    attempts,
    firstAt,
    lastAt,
    ...(outcome.inDoubt ? { inDoubt: outcome.inDoubt } : {}),
  }
}

function recordCode(causeCode: string, record: PartitionedRecord): InvalidRecordCode {
  if (causeCode === 'MESSAGE_TOO_LARGE' || causeCode === 'RECORD_LIST_TOO_LARGE') return 'record-too-large'
  if (causeCode === 'INVALID_TIMESTAMP') return 'bad-timestamp'
  // A compacted topic refuses records without a key so.
  return record.key === null ? 'key-missing' : 'rejected-by-broker'
}
