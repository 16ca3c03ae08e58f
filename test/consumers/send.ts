// What every project in TypeScript does: it sends one record to the cluster in memory, and consumes it. The compression
// is WebAssembly that is loaded on first use.
import { KafkaTemplate } from 'serverless-kafka-producer'
import { DuplicateFilter, MemoryIdStore } from 'serverless-kafka-producer/consumer'
import { createFakeKafka } from 'serverless-kafka-producer/testing'

/** @returns the value of the record that the cluster holds */
export async function sendOne(): Promise<string | null | undefined> {
  const kafka = createFakeKafka()
  const factory = kafka.producerFactory({ compressionType: 'lz4' })
  await new KafkaTemplate(factory).send('orders', 'order-1', 'paid')
  await factory.close()
  const filter = new DuplicateFilter({ store: new MemoryIdStore(), consumer: 'orders' })
  let value: string | null | undefined
  await filter.once({ topic: 'orders', id: 'order-1' }, () => {
    value = kafka.records('orders')[0]?.value
  })
  return value
}
