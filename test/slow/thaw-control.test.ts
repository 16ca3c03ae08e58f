// The same silent cut for our producer and for raw kafkajs with its defaults.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Kafka, logLevel, Partitioners } from 'kafkajs'
import { startProxiedKafka } from '../../local/faults/proxied-kafka.ts'
import { createTopics, untilInSync } from '../../local/kafka/admin.ts'
import { producerOf } from '../support/producer-of.ts'
import { pause } from '../support/time.ts'

const LIMIT_MS = 55_000
const record = { key: 'k', value: 'v' }

test('after a silent cut our producer delivers within a second; raw kafkajs still waits after 50', async () => {
  const rig = await startProxiedKafka()
  await createTopics(rig.bootstrapServers, [{ topic: 'thaw', partitions: 1 }])
  await untilInSync(rig.bootstrapServers, 'thaw', 1)
  const producer = producerOf([rig.bootstrapServers])
  const raw = new Kafka({ brokers: [rig.bootstrapServers], logLevel: logLevel.NOTHING }).producer({
    createPartitioner: Partitioners.DefaultPartitioner,
  })
  await raw.connect()
  const sendRaw = () => raw.send({ topic: 'thaw', acks: -1, messages: [record] })
  await Promise.all([producer.send({ topic: 'thaw', ...record }), sendRaw()])
  await pause(5000)
  rig.proxy.cut('silent')
  const begin = performance.now()
  const since = () => Math.round(performance.now() - begin)
  const kafkajs = Promise.race([
    sendRaw().then(
      () => `delivered after ${since()} ms`,
      () => `failed after ${since()} ms`,
    ),
    new Promise(resolve => setTimeout(() => resolve(`no answer within ${LIMIT_MS} ms`), LIMIT_MS)),
  ])
  await producer.send({ topic: 'thaw', ...record })
  const took = since()
  console.log(`silent cut while idle for 5 s: delivered after ${took} ms; raw kafkajs: ${await kafkajs}`)
  assert.ok(took < 1000, `${took} ms`)
  assert.ok(since() > 50_000)
  rig.proxy.cut('rst')
  await producer.close()
  await rig.stop()
  // Before it disconnects, kafkajs waits for answers that never come.
  setTimeout(() => process.exit(), 500).unref()
})
