// Records whose serializer failed must not become dead letters with the wrong bytes, because a redrive sends the bytes
// of the dead letter.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseConfig } from '../../lib/config/parse-config.ts'
import { SerializationError } from '../../lib/errors.ts'
import { KafkaProducer } from '../../lib/kafka-producer.ts'
import { ScriptedKafkaClient } from '../../lib/testing/scripted-kafka-client.ts'
import { systemClock } from '../../lib/time/clock.ts'
import { Deadline } from '../../lib/time/deadline.ts'
import { summaryOf } from '../support/producer-of.ts'
import { publishedFailures } from '../support/published-failures.ts'

const failure = new SerializationError('delivery-failure', 'The registry is down')
/** By the value, what its serializer does. */
const serialize = (value: string): Uint8Array | Promise<Uint8Array> => {
  if (value === 'throws') throw failure
  if (value === 'rejects') return Promise.reject(failure)
  if (value === 'is late') return new Promise(() => {})
  if (value === 'is wrong') throw new SerializationError('invalid-record', 'expected another')
  return Buffer.from(`avro ${value}`)
}

test('a record without bytes is returned, not dead-lettered; an invalid one and one with bytes are', async () => {
  const client = new ScriptedKafkaClient({ partitions: 1, brokers: 1, clock: systemClock, sick: 0 })
  const config = parseConfig({ bootstrapServers: ['b:1'], retries: 0, valueSerializer: { serialize } }, {})
  const producer = new KafkaProducer(config, { client, rules: { anyTopic: true, keyRequired: false } })
  const values = ['fits', 'throws', 'rejects', 'is late', 'is wrong']
  const records = values.map(value => ({ topic: value === 'is late' ? 'other' : 't', value }))
  const reports = await producer.sendAll(records, Deadline.after(systemClock, 100))
  const { fates, stored } = await publishedFailures(reports)
  assert.deepEqual(
    values.map((value, index) => [value, fates.get(index)?.fate]),
    [
      ['fits', 'dead-lettered'],
      ['throws', 'returned'],
      ['rejects', 'returned'],
      ['is late', 'returned'],
      ['is wrong', 'dead-lettered'],
    ],
  )
  assert.deepEqual(reports.slice(1).map(summaryOf), [
    'not-sent:serializer',
    'not-sent:serializer',
    'not-sent:deadline',
    'not-sent:bad-value',
  ])
  assert.deepEqual(
    stored.map(({ record }) => Buffer.from(record.value ?? '', 'base64').toString()),
    ['avro fits', 'is wrong'],
  )
  await producer.close({ timeoutMs: 0 })
})

// The original bug: the dead letter had the value as text and no key, which a redrive would have sent.
test('a record stopped before serialization is serialized for its dead letter, or returned if slow', async () => {
  for (const [encode, fate] of [
    [(bytes: Uint8Array) => bytes, 'dead-lettered'],
    [async (bytes: Uint8Array) => bytes, 'returned'],
  ] as const) {
    const client = new ScriptedKafkaClient({ partitions: 1, brokers: 1, clock: systemClock })
    const avro = { serialize: (data: string) => encode(Buffer.from(`avro ${data}`)) }
    const config = parseConfig({ bootstrapServers: ['b:1'], keySerializer: avro, valueSerializer: avro }, {})
    const producer = new KafkaProducer(config, { client })
    const common = { topic: 't', key: 'k', orderGroup: 'g' }
    const reports = await producer.sendAll([
      { ...common, value: undefined },
      { ...common, value: 'second' },
    ])
    assert.deepEqual(reports.map(summaryOf), ['not-sent:bad-value', 'not-sent:order-group-stopped'])
    const { fates, stored } = await publishedFailures(reports)
    assert.equal(fates.get(1)?.fate, fate)
    if (fate === 'dead-lettered') {
      const { key, value } = stored[1]?.record ?? {}
      const texts = [key, value].map(text => Buffer.from(text ?? '', 'base64').toString())
      assert.deepEqual(texts, ['avro k', 'avro second'])
    }
    await producer.close()
    const [closed] = await producer.sendAll([{ ...common, value: 'late' }])
    assert.deepEqual([(await publishedFailures(closed ? [closed] : [])).fates.get(0)?.fate], ['returned'])
  }
})
