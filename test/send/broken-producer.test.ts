// Defects below the validated record: what can't be encoded fails alone, and a producer that a defect stopped says why
// and closes its connections.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseConfig } from '../../lib/config/parse-config.ts'
import type { DeliveryReport } from '../../lib/delivery/delivery-report.ts'
import { KafkaProducer } from '../../lib/kafka-producer.ts'
import { createKafkaJsClient, ProducerFactory } from '../../lib/producer-factory.ts'
import { ScriptedKafkaClient } from '../../lib/testing/scripted-kafka-client.ts'
import { VirtualClock } from '../../lib/testing/virtual-clock.ts'
import { ScriptedBrokers } from '../fakes/scripted-brokers.ts'
import { summaryOf } from '../support/producer-of.ts'
import { pause } from '../support/time.ts'

/** Its time of day is no whole number, which the encoder can't write as the time of a record. */
class FractionalClock extends VirtualClock {
  override epochMs(): number {
    return super.epochMs() + 0.5
  }
}

const RULES = { anyTopic: true } as const

test('rule 5: a record that the encoder can’t write fails alone, with the cause', async () => {
  const clock = new FractionalClock()
  const client = new ScriptedKafkaClient({ partitions: 2, brokers: 1, clock })
  const producer = new KafkaProducer(parseConfig({ bootstrapServers: ['b:1'] }, {}), { client, clock, rules: RULES })
  const good = (value: string, partition = 0) => ({ topic: 't', partition, value, timestamp: 5 })
  const bad = { topic: 't', partition: 0, value: 'bad' }
  let reports: DeliveryReport[] = []
  const calls = [
    producer.sendAll([good('a'), bad, good('b'), bad, good('c')]),
    producer.sendAll([good('other caller'), good('other partition', 1)]),
  ]
  void Promise.all(calls).then(lists => {
    reports = lists.flat()
  })
  await clock.run(() => reports.length > 0)

  assert.deepEqual(reports.map(summaryOf), [
    'delivered',
    'not-sent:unavailable',
    'delivered',
    'not-sent:unavailable',
    'delivered',
    'delivered',
    'delivered',
  ])
  const failed = reports[1]
  assert.ok(failed?.kind === 'failed')
  assert.deepEqual([failed.causeCode, (failed.error.cause as Error).name], ['ENCODING_FAILED', 'RangeError'])
  assert.deepEqual(
    client.logs[0]?.records.map(({ value }) => value),
    ['a', 'b', 'c', 'other caller'],
  )
  assert.ok(producer.isUsable)
  assert.equal(producer.metrics().bufferUsed, 0)
})

test('a producer that a defect stopped closes its connections, says why, and is replaced', async () => {
  const cluster = await ScriptedBrokers.start({ leaders: [0], brokers: 1 })
  const warnings: string[] = []
  let isBroken = false
  const factory = new ProducerFactory({
    config: parseConfig({ bootstrapServers: cluster.addresses }, {}),
    rules: RULES,
    warn: text => warnings.push(text),
    createClient: config => {
      const client = createKafkaJsClient(config)
      const produce = client.produce.bind(client)
      client.produce = (...request) => (isBroken ? Promise.reject(new TypeError('secret')) : produce(...request))
      return client
    },
  })
  const producer = factory.getProducer()
  const send = () => producer.sendAll([{ topic: 't', value: 'v' }])
  assert.deepEqual((await send()).map(summaryOf), ['delivered'])
  isBroken = true
  const reports = [...(await send()), ...(await send())]
  isBroken = false

  const codes = reports.map(report => report.kind === 'failed' && [report.code, report.causeCode, report.error.cause])
  assert.deepEqual(codes, Array(2).fill(['unavailable', 'INTERNAL_ERROR', new TypeError('secret')]))
  assert.deepEqual(warnings, [
    "An internal error (TypeError) stopped the producer; its records' errors have it as their cause.",
  ])
  while (producer.metrics().connections > 0) await pause(1)
  assert.notEqual(factory.getProducer(), producer)
  await factory.close()
  await cluster.stop()
})
