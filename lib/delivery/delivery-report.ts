// Stage 8 of 9: outcomes → one DeliveryReport per record, in the order of the call.
import type { RecordOutcome } from '../accumulate/producer-batch.ts'
import {
  BufferExhaustedError,
  DeliveryError,
  type FailedOutcome,
  type Fault,
  type KafkaProducerError,
  type RecordFaultCode,
  RecordFaultError,
  type SystemFaultCode,
  TransportError,
} from '../errors.ts'
import type { PartitionedRecord, ProducerRecord, SerializedRecord } from '../record/producer-record.ts'
import type { RecordMetadata } from '../record/record-metadata.ts'
import { systemFaultCode } from '../transport/error-codes.ts'

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
  readonly fault: Fault
  readonly outcome: FailedOutcome
  readonly code: RecordFaultCode | SystemFaultCode
  /** The broker's or driver's own name, where there was one. */
  readonly brokerCode: string | null
  readonly error: KafkaProducerError
  readonly attempts: number
  /** Wall-clock milliseconds. */
  readonly firstAt: number
  readonly lastAt: number
  readonly inDoubt?: { readonly producerId: bigint; readonly epoch: number; readonly baseSequence: number; readonly indexInBatch: number }
}

export type DeliveryReport = Delivered | Failed

/** A record that failed before it reached the Sender. */
export function refused(record: ProducerRecord, serialized: SerializedRecord | undefined, error: KafkaProducerError, wall: number): Failed {
  const isRecordFault = error instanceof RecordFaultError
  const code = isRecordFault ? error.faultCode : error instanceof TransportError || error instanceof BufferExhaustedError ? knownCode(error.code) : 'unavailable'
  return {
    kind: 'failed',
    record,
    serialized,
    fault: isRecordFault ? 'record' : 'system',
    outcome: 'not-sent',
    code,
    brokerCode: null,
    error,
    attempts: 0,
    firstAt: wall,
    lastAt: wall,
  }
}

const OWN_CODES: ReadonlySet<string> = new Set<SystemFaultCode>([
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

function knownCode(code: string): SystemFaultCode {
  return OWN_CODES.has(code) ? (code as SystemFaultCode) : systemFaultCode(code)
}

/** The report of a record that the Sender settled. */
export function report(record: ProducerRecord, sent: PartitionedRecord, outcome: RecordOutcome): DeliveryReport {
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
  const { fault, kind, brokerCode, attempts, firstAt, lastAt, cause } = outcome
  const code = fault === 'record' ? recordCode(brokerCode, sent) : kind === 'unknown' ? 'delivery-unknown' : brokerCode === 'DEADLINE' ? 'deadline' : systemFaultCode(brokerCode)
  const error =
    fault === 'record'
      ? new RecordFaultError(code as RecordFaultCode, `The broker refused the record (${brokerCode}).`)
      : new DeliveryError(
          kind,
          code,
          `The record for ${sent.topic}-${sent.partition} was not acknowledged: ${kind} after ${attempts} attempt(s) (${brokerCode})${code === 'authorization' ? '; expected an ACL for WRITE on the topic (MSK: kafka-cluster:WriteData)' : ''}.`,
          cause,
        )
  return {
    kind: 'failed',
    record,
    serialized: sent,
    fault,
    outcome: kind,
    code,
    brokerCode,
    error,
    attempts,
    firstAt,
    lastAt,
    ...(outcome.inDoubt ? { inDoubt: outcome.inDoubt } : {}),
  }
}

function recordCode(brokerCode: string, record: PartitionedRecord): RecordFaultCode {
  if (brokerCode === 'MESSAGE_TOO_LARGE' || brokerCode === 'RECORD_LIST_TOO_LARGE') return 'record-too-large'
  if (brokerCode === 'INVALID_TIMESTAMP') return 'bad-timestamp'
  // A compacted topic refuses records without a key so.
  return record.key === null ? 'key-missing' : 'invalid-record'
}
