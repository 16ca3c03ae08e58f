// A record of an event, with its id and, if it is invalid, its error.
import { errorName, InvalidRecordError } from '../errors.ts'
import type { ProducerRecord, ProducerRecordHeader } from '../record/producer-record.ts'
import { traceparentOf } from './traceparent.ts'

export interface SourceRecord {
  /** The record's `kp-id`. */
  readonly id: string
  /**
   * The record. Of an invalid one, the parts that could be read, for its dead letter; the topic is `''` if it is
   * unknown.
   */
  readonly record: ProducerRecord
  readonly error?: InvalidRecordError
}

/** Why an item has no record. It is neither sent nor stored, only counted by reason. */
export type IgnoredReason = 'warm-up' | 's3-test-event' | 'sns-confirmation'

/**
 * @returns the record of `read()`; if that throws, `incomplete` with the error, so that the other records are not
 *   affected
 */
export function sourceRecord(id: string, incomplete: ProducerRecord, read: () => ProducerRecord): SourceRecord {
  try {
    return { id, record: read() }
  } catch (error) {
    return { id, record: incomplete, error: asInvalidRecord(error) }
  }
}

/** An unexpected error while a record is read is caused by the record's content, so a retry would throw it again. */
export function asInvalidRecord(error: unknown): InvalidRecordError {
  if (error instanceof InvalidRecordError) return error
  return new InvalidRecordError('bad-value', `record: reading it threw an error (${errorName(error)}).`, {
    cause: error,
  })
}

/** The headers that the functions add to every record. */
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
