// Sends the records of any trigger's event.
import { type DeliveryReport, notSent } from '../lib/delivery/delivery-report.ts'
import type { KafkaProducer } from '../lib/kafka-producer.ts'
import type { SourceRecord } from '../lib/lambda/source-record.ts'
import type { ProducerRecord } from '../lib/record/producer-record.ts'

/** @returns one report per record, in order; invalid records are reported without being sent */
export async function sendSourceRecords(
  sourceRecords: readonly SourceRecord[],
  producer: KafkaProducer,
): Promise<DeliveryReport[]> {
  const sendable: ProducerRecord[] = []
  for (const { record, error } of sourceRecords) if (!error) sendable.push(record)
  const reports = await producer.sendAll(sendable)
  if (sendable.length === sourceRecords.length) return reports
  const sent = reports[Symbol.iterator]()
  return sourceRecords.map(({ record, error }) =>
    error ? notSent(record, undefined, error, Date.now()) : (sent.next().value as DeliveryReport),
  )
}
