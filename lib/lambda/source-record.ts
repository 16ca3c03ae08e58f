// A record of an event, with its id, or with the error that keeps it from being sent.
import { errorName, InvalidRecordError } from '../errors.ts'
import type { ProducerRecord, ProducerRecordHeader } from '../record/producer-record.ts'
import { traceparentOf } from './traceparent.ts'

export interface SourceRecord {
  /** The record's `kp-id`. */
  readonly id: string
  /** The record; for an invalid one the parts that could be read, for its dead letter. Topic `''` if there is none. */
  readonly record: ProducerRecord
  readonly error?: InvalidRecordError
}

/** Why something that arrived has no record. It is neither sent nor stored, and counted by reason. */
export type IgnoredReason = 'warm-up' | 's3-test-event' | 'sns-confirmation'

/** @returns the record of `read()`, or `incomplete` with the error that it threw, which keeps to this record */
export function sourceRecord(id: string, incomplete: ProducerRecord, read: () => ProducerRecord): SourceRecord {
  try {
    return { id, record: read() }
  } catch (error) {
    return { id, record: incomplete, error: asInvalidRecord(error) }
  }
}

/** An unexpected error while a record is read comes from what the record holds, and comes again with it. */
export function asInvalidRecord(error: unknown): InvalidRecordError {
  if (error instanceof InvalidRecordError) return error
  return new InvalidRecordError('bad-value', `record: reading it threw an error (${errorName(error)}).`, {
    cause: error,
  })
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
