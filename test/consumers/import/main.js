import assert from 'node:assert/strict'
import { KafkaTemplate, ProducerFactory, parseConfig } from 'serverless-kafka-producer'
import { ScriptedKafkaClient, VirtualClock } from 'serverless-kafka-producer/testing'

const clock = new VirtualClock()
const client = new ScriptedKafkaClient({ partitions: 1, brokers: 1, clock })
const config = parseConfig({ bootstrapServers: 'localhost:9092' }, {})
const template = new KafkaTemplate(new ProducerFactory({ config, createClient: () => client }))
let isDone = false
const sending = template.send('orders', 'order-1', 'paid').finally(() => {
  isDone = true
})
await clock.run(() => isDone)
await sending
assert.equal(client.logs[0].records[0].value, 'paid')
console.log('ok')
