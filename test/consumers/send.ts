// What every project in TypeScript does: it sends one record to the cluster in memory.
import { KafkaTemplate } from 'serverless-kafka-producer'
import { createFakeKafka } from 'serverless-kafka-producer/testing'

/** @returns the value of the record that the cluster holds */
export async function sendOne(): Promise<string | null | undefined> {
  const kafka = createFakeKafka()
  const factory = kafka.producerFactory()
  await new KafkaTemplate(factory).send('orders', 'order-1', 'paid')
  await factory.close()
  return kafka.records('orders')[0]?.value
}
