const assert = require('node:assert/strict')
const { KafkaTemplate } = require('serverless-kafka-producer')
const { createFakeKafka } = require('serverless-kafka-producer/testing')

async function main() {
  const kafka = createFakeKafka()
  await new KafkaTemplate(kafka.producerFactory()).send('orders', 'order-1', 'paid')
  assert.equal(kafka.records('orders')[0].value, 'paid')
  // Both ways of loading it give the same classes, so that instanceof works between them.
  assert.equal((await import('serverless-kafka-producer')).KafkaTemplate, KafkaTemplate)
  console.log('ok')
}

void main()
