import type { DeliveryReport } from '../../lib/delivery/delivery-report.ts'
import type { ProducerRecord } from '../../lib/record/producer-record.ts'

/** A producer whose brokers accept every record. */
export function acceptingProducer() {
  const sent: ProducerRecord[] = []
  const sendAll = async (records: readonly ProducerRecord[]): Promise<DeliveryReport[]> => {
    sent.push(...records)
    return records.map((record, index) => ({
      kind: 'delivered',
      record,
      metadata: {
        topic: record.topic,
        partition: record.partition ?? 0,
        offset: BigInt(index),
        timestamp: 0,
        proof: 'all',
        serializedKeySize: -1,
        serializedValueSize: -1,
      },
      attempts: 1,
    }))
  }
  return { sent, sendAll }
}
