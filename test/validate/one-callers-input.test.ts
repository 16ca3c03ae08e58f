// What one caller passes or returns fails only its own record: other callers' records are delivered, and nothing ends
// the process or the producer.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseConfig } from '../../lib/config/parse-config.ts'
import type { ProducerOptions } from '../../lib/config/settings.ts'
import { KafkaProducer } from '../../lib/kafka-producer.ts'
import { ScriptedKafkaClient } from '../../lib/testing/scripted-kafka-client.ts'
import { systemClock } from '../../lib/time/clock.ts'
import { summaryOf } from '../fakes/producer-of.ts'

function producerWith(options: ProducerOptions = {}): { producer: KafkaProducer; client: ScriptedKafkaClient } {
  const client = new ScriptedKafkaClient({ partitions: 2, brokers: 1, clock: systemClock, latencyMs: 1 })
  const config = parseConfig({ bootstrapServers: ['b:1'], ...options }, {})
  return { producer: new KafkaProducer(config, { client, rules: { anyTopic: true, keyRequired: false } }), client }
}

const record = { topic: 't', key: 'k', value: 'v' }

for (const [what, bad, code] of [
  ['null', null, 'bad-value'],
  ['a promise of a record', Promise.resolve(record), 'bad-value'],
  ['a topic that is a number', { ...record, topic: 5 }, 'unknown-topic'],
  ['the headers of kafkajs', { ...record, headers: { h: 'x' } }, 'bad-header'],
  ['a header without a value', { ...record, headers: [['h']] }, 'bad-header'],
  ['a header that is a number', { ...record, headers: [['h', 5]] }, 'bad-header'],
] as const)
  test(`${what} fails its own record, not the others of the call or of another caller`, async () => {
    const { producer } = producerWith()
    const [mixed, other] = await Promise.all([
      producer.sendAll([record, bad as never, record]),
      producer.sendAll([record]),
    ])
    assert.deepEqual([...mixed, ...other].map(summaryOf), ['delivered', `not-sent:${code}`, 'delivered', 'delivered'])
    assert.ok(producer.isUsable)
  })

test('a list with a hole has a report for the hole', async () => {
  const { producer } = producerWith()
  const list = [record]
  list[2] = record
  assert.deepEqual((await producer.sendAll(list)).map(summaryOf), ['delivered', 'not-sent:bad-value', 'delivered'])
})
