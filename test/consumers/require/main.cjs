const assert = require('node:assert/strict')
const { KafkaTemplate, ProducerFactory, parseConfig } = require('serverless-kafka-producer')
const { createFakeKafka } = require('serverless-kafka-producer/testing')

async function main() {
  const kafka = createFakeKafka()
  await new KafkaTemplate(kafka.producerFactory()).send('orders', 'order-1', 'paid')
  assert.equal(kafka.records('orders')[0].value, 'paid')
  // Both ways of loading it give the same classes, so that instanceof works between them.
  assert.equal((await import('serverless-kafka-producer')).KafkaTemplate, KafkaTemplate)
  // A setting whose package is not installed is refused, with source maps too.
  const config = parseConfig({ mskClusterArn: 'arn:aws:kafka:eu-west-1:123456789012:cluster/a/b' }, {})
  assert.throws(() => new KafkaTemplate(new ProducerFactory({ config })), /npm install @aws-sdk\/client-kafka/)
  console.log('ok')
}

void main()
