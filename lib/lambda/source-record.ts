// A record that an event asks for: with its id, or with the error that keeps it from being sent.
import { InvalidRecordError, KafkaProducerError } from '../errors.ts'
import type { ProducerRecord, RecordHeader } from '../record/producer-record.ts'
import { traceparentOf } from './traceparent.ts'

export interface SourceRecord {
  /** The record's `kp-id`. */
  readonly id: string
  /** Of an invalid record what could be read, for its dead letter; topic `''` where there was none. */
  readonly record: ProducerRecord
  readonly error?: InvalidRecordError
}

/** @returns the record of `read`, or the InvalidRecordError that it threw beside `incomplete` */
export function sourceRecord(id: string, incomplete: ProducerRecord, read: () => ProducerRecord): SourceRecord {
  try {
    return { id, record: read() }
  } catch (error) {
    if (error instanceof InvalidRecordError) return { id, record: incomplete, error }
    throw new KafkaProducerError('unavailable', 'A record could not be read.', { cause: error })
  }
}

/** Headers that every record has. */
export function standardHeaders(id: string, trigger: string, traceparent?: string, awsTrace?: string): RecordHeader[] {
  return [
    ['kp-id', Buffer.from(id)],
    ['kp-source', Buffer.from(trigger)],
    ['traceparent', Buffer.from(traceparentOf(traceparent, awsTrace))],
  ]
}
