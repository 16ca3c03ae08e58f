// What every project in TypeScript does: it sends one record to the cluster in memory.
import { KafkaTemplate, ProducerFactory, parseConfig } from 'serverless-kafka-producer'
import { ScriptedKafkaClient, VirtualClock } from 'serverless-kafka-producer/testing'

/** @returns the value of the record that the cluster has */
export async function sendOne(): Promise<string | null | undefined> {
  const clock = new VirtualClock()
  const client = new ScriptedKafkaClient({ partitions: 1, brokers: 1, clock })
  const factory = new ProducerFactory({
    config: parseConfig({ bootstrapServers: 'localhost:9092' }, {}),
    createClient: () => client,
  })
  const template = new KafkaTemplate<string, string>(factory)
  let isDone = false
  const sending = template.send('orders', 'order-1', 'paid').finally(() => {
    isDone = true
  })
  await clock.run(() => isDone)
  await sending
  await factory.close()
  return client.logs[0]?.records[0]?.value
}
