// What a source asks to be sent: a record with its id, or one that is at fault before it could be tried.
import { type DeliveryReport, refused } from '../lib/delivery/delivery-report.ts'
import { KafkaProducerError, RecordFaultError } from '../lib/errors.ts'
import type { KafkaProducer } from '../lib/kafka-producer.ts'
import { traceparentOf } from '../lib/lambda/traceparent.ts'
import type { ProducerRecord, RecordHeader } from '../lib/record/producer-record.ts'

export interface RequestedRecord {
  /** The record's `kp-id`. */
  readonly id: string
  /** With a fault: what is known of it, for its letter; topic `''` where none was. */
  readonly record: ProducerRecord
  readonly fault?: RecordFaultError
}

/** What `make` gives, or the fault that it threw beside what is known of the record. */
export function requestedRecord(id: string, known: ProducerRecord, make: () => ProducerRecord): RequestedRecord {
  try {
    return { id, record: make() }
  } catch (error) {
    if (error instanceof RecordFaultError) return { id, record: known, fault: error }
    throw new KafkaProducerError('unavailable', 'A record could not be read.', { cause: error })
  }
}

/** Headers that every record has. */
export function ourHeaders(id: string, trigger: string, traceparent?: string, awsTrace?: string): RecordHeader[] {
  return [
    ['kp-id', Buffer.from(id)],
    ['kp-source', Buffer.from(trigger)],
    ['traceparent', Buffer.from(traceparentOf(traceparent, awsTrace))],
  ]
}

/** One report per requested record, in their order; a record at fault is not sent. */
export async function sendRequested(requested: readonly RequestedRecord[], producer: KafkaProducer): Promise<DeliveryReport[]> {
  const sendable = requested.flatMap(({ record, fault }) => (fault ? [] : [record]))
  const sent = (await producer.sendAll(sendable))[Symbol.iterator]()
  return requested.map(({ record, fault }) => (fault ? refused(record, undefined, fault, Date.now()) : (sent.next().value as DeliveryReport)))
}
