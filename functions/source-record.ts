// What a source asks to be sent: a record with its id, or one that is at fault before it could be tried.
import { type DeliveryReport, notSent } from '../lib/delivery/delivery-report.ts'
import { InvalidRecordError, KafkaProducerError } from '../lib/errors.ts'
import type { KafkaProducer } from '../lib/kafka-producer.ts'
import { traceparentOf } from '../lib/lambda/traceparent.ts'
import type { ProducerRecord, RecordHeader } from '../lib/record/producer-record.ts'

export interface SourceRecord {
  /** The record's `kp-id`. */
  readonly id: string
  /** With a fault: what is known of it, for its dead letter; topic `''` where none was. */
  readonly record: ProducerRecord
  readonly error?: InvalidRecordError
}

/** What `make` gives, or the fault that it threw beside what is known of the record. */
export function sourceRecord(id: string, known: ProducerRecord, make: () => ProducerRecord): SourceRecord {
  try {
    return { id, record: make() }
  } catch (error) {
    if (error instanceof InvalidRecordError) return { id, record: known, error: error }
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

/** One report per requested record, in their order; an invalid record is not sent. */
export async function sendSourceRecords(
  sourceRecords: readonly SourceRecord[],
  producer: KafkaProducer,
): Promise<DeliveryReport[]> {
  const sendable = sourceRecords.flatMap(({ record, error }) => (error ? [] : [record]))
  const sent = (await producer.sendAll(sendable))[Symbol.iterator]()
  return sourceRecords.map(({ record, error }) =>
    error ? notSent(record, undefined, error, Date.now()) : (sent.next().value as DeliveryReport),
  )
}
