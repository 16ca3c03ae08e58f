// Sends the records of an event.
import { type DeliveryReport, notSent } from '../lib/delivery/delivery-report.ts'
import type { KafkaProducer } from '../lib/kafka-producer.ts'
import type { SourceRecord } from '../lib/lambda/source-record.ts'

/** @returns one report per record, in order; invalid records are reported without being sent */
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
