const assert = require('node:assert/strict')
const { KafkaTemplate, ProducerFactory, parseConfig } = require('serverless-kafka-producer')
const { ScriptedKafkaClient, VirtualClock } = require('serverless-kafka-producer/testing')

async function main() {
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
  // Both ways of loading it give the same classes, so that instanceof works between them.
  assert.equal((await import('serverless-kafka-producer')).KafkaTemplate, KafkaTemplate)
  console.log('ok')
}

void main()
