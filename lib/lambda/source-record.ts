// A record of an event, with its id, or with the error that keeps it from being sent.
import { InvalidRecordError, KafkaProducerError } from '../errors.ts'
import type { ProducerRecord, ProducerRecordHeader } from '../record/producer-record.ts'
import { traceparentOf } from './traceparent.ts'

export interface SourceRecord {
  /** The record's `kp-id`. */
  readonly id: string
  /** The record; for an invalid one the parts that could be read, for its dead letter. Topic `''` if there is none. */
  readonly record: ProducerRecord
  readonly error?: InvalidRecordError
}

/** @returns the record of `read()`, or `incomplete` with the InvalidRecordError that it threw */
export function sourceRecord(id: string, incomplete: ProducerRecord, read: () => ProducerRecord): SourceRecord {
  try {
    return { id, record: read() }
  } catch (error) {
    if (error instanceof InvalidRecordError) return { id, record: incomplete, error }
    throw new KafkaProducerError('unavailable', 'A record could not be read.', { cause: error })
  }
}

/** The headers that every record gets. */
export function standardHeaders(
  id: string,
  trigger: string,
  traceparent?: string,
  awsTrace?: string,
): ProducerRecordHeader[] {
  return [
    ['kp-id', id],
    ['kp-source', trigger],
    ['traceparent', traceparentOf(traceparent, awsTrace)],
  ]
}
