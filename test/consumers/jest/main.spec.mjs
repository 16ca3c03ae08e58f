import { KafkaTemplate } from 'serverless-kafka-producer'
import { createFakeKafka } from 'serverless-kafka-producer/testing'

test('a record is sent', async () => {
  const kafka = createFakeKafka()
  await new KafkaTemplate(kafka.producerFactory()).send('orders', 'order-1', 'paid')
  expect(kafka.records('orders')[0].value).toBe('paid')
})
