// Checks that the driver is the version of kafkajs whose wire layer the tests cover.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { createFakeKafka } from '../lib/testing/fake-kafka.ts'
import { ScriptedKafkaClient } from '../lib/testing/scripted-kafka-client.ts'
import { systemClock } from '../lib/time/clock.ts'
import { KafkaJsClient } from '../lib/transport/kafkajs/kafkajs-client.ts'
import { ScriptedBrokers } from './fakes/scripted-brokers.ts'
import { kafkaClientContract } from './kafka-client.contract.ts'

kafkaClientContract('scripted client', async () => ({
  client: new ScriptedKafkaClient({ partitions: 3, brokers: 2, clock: systemClock }),
  topic: 't',
  knowsTopics: false,
  stop: async () => {},
}))

kafkaClientContract('fake Kafka', async () => ({
  client: createFakeKafka({ topics: { t: 3 } }).createClient(),
  topic: 't',
  knowsTopics: true,
  stop: async () => {},
}))

// Redpanda knows versions up to 7.
for (const produceVersion of [8, 7])
  kafkaClientContract(`scripted brokers, Produce ${produceVersion}`, async () => {
    const cluster = await ScriptedBrokers.start({ leaders: [0, 1, 0] })
    cluster.produceVersion = produceVersion
    const client = new KafkaJsClient({
      bootstrap: () => cluster.addresses,
      clientId: 'contract',
      connectTimeoutMs: 1000,
      maxIdleMs: 120_000,
      reconnectBackoffMs: 50,
      reconnectBackoffMaxMs: 1000,
    })
    return { client, topic: 't', knowsTopics: false, stop: () => cluster.stop() }
  })

test('kafkajs is pinned to the version whose wire layer these tests guard', () => {
  const { devDependencies } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
  assert.equal(devDependencies.kafkajs, '2.2.4')
  assert.equal(
    JSON.parse(readFileSync(new URL('../node_modules/kafkajs/package.json', import.meta.url), 'utf8')).version,
    '2.2.4',
  )
})
