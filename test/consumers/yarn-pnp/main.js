import assert from 'node:assert/strict'
import { KafkaTemplate } from 'serverless-kafka-producer'
import { createFakeKafka } from 'serverless-kafka-producer/testing'

const kafka = createFakeKafka()
await new KafkaTemplate(kafka.producerFactory()).send('orders', 'order-1', 'paid')
assert.equal(kafka.records('orders')[0].value, 'paid')
console.log('ok')
