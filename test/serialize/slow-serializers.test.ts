// A serializer that asks a schema registry may answer late or never. Its topic's records wait, up to their own
// deadlines; nothing else does.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseConfig } from '../../lib/config/parse-config.ts'
import type { DeliveryReport } from '../../lib/delivery/delivery-report.ts'
import { InvocationScope } from '../../lib/delivery/invocation-scope.ts'
import { KafkaProducer } from '../../lib/kafka-producer.ts'
import { ScriptedKafkaClient } from '../../lib/testing/scripted-kafka-client.ts'
import { VirtualClock } from '../../lib/testing/virtual-clock.ts'
import { Deadline } from '../../lib/time/deadline.ts'
import { summaryOf } from '../support/producer-of.ts'

/** Values that begin with `slow` wait for `answer`; the others are serialized at once. */
function underTest() {
  const clock = new VirtualClock()
  const client = new ScriptedKafkaClient({ partitions: 4, brokers: 1, clock })
  const answers = new Map<string, PromiseWithResolvers<Uint8Array>>()
  const valueSerializer = {
    serialize: (value: unknown) => {
      const text = String(value)
      if (!text.startsWith('slow')) return Buffer.from(text)
      const pending = Promise.withResolvers<Uint8Array>()
      answers.set(text, pending)
      return pending.promise
    },
  }
  const config = parseConfig({ bootstrapServers: ['b:1'], deliveryTimeoutMs: 30_000, valueSerializer }, {})
  const producer = new KafkaProducer(config, { client, clock, rules: { anyTopic: true } })
  const ended: string[] = []
  const send = (topic: string, values: readonly string[], deadlineMs = 30_000, fields: object = {}) => {
    const records = values.map(value => ({ topic, partition: 0, value, ...fields }))
    return producer.sendAll(records, Deadline.after(clock, deadlineMs)).then((reports: DeliveryReport[]) => {
      reports.forEach((report, index) => {
        ended.push(`${values[index]} ${summaryOf(report)} at ${Math.floor(clock.now() / 100) * 100}`)
      })
    })
  }
  const logged = () => client.logs[0]?.records.map(({ value }) => value)
  return { clock, producer, answers, send, ended, logged }
}

test('a serializer that never answers: the call ends at its deadline, and no other topic waits', async () => {
  const { clock, producer, send, ended } = underTest()
  void send('avro', ['slow', 'beside it'], 300)
  void send('plain', ['other topic'])
  let isFlushed = false
  void producer.flush().then(() => {
    isFlushed = true
  })
  await clock.run(() => isFlushed)
  assert.deepEqual(ended, [
    'other topic delivered at 0',
    'slow not-sent:deadline at 300',
    'beside it not-sent:deadline at 300',
  ])
  assert.equal(producer.metrics().bufferUsed, 0)
})

test('a call that gave up frees its turn, and the next call of the topic is sent', async () => {
  const { clock, send, ended } = underTest()
  void send('avro', ['slow'], 300)
  await clock.advance(400)
  void send('avro', ['next'])
  await clock.run(() => ended.length === 2)
  assert.deepEqual(ended, ['slow not-sent:deadline at 300', 'next delivered at 400'])
})

test('order: no call overtakes an earlier one of its topic, also when one between them gave up', async () => {
  const { clock, answers, send, ended, logged } = underTest()
  void send('avro', ['slow 1'])
  void send('avro', ['2'], 200)
  await clock.advance(300)
  void send('avro', ['3'])
  await clock.advance(300)
  assert.deepEqual(ended, ['2 not-sent:deadline at 200'])
  answers.get('slow 1')?.resolve(Buffer.from('1'))
  await clock.run(() => ended.length === 3)
  assert.deepEqual(logged(), ['1', '3'])
})

test('an order group waits over its topics; the topics of a call without one do not', async () => {
  const { clock, answers, send, ended, producer } = underTest()
  void send('a', ['slow 1'], 30_000, { orderGroup: 'g', partition: 1 })
  void send('b', ['2'], 30_000, { orderGroup: 'g', partition: 2 })
  void producer.sendAll([
    { topic: 'c', value: 'slow 3', partition: 0 },
    { topic: 'd', value: '4', partition: 3 },
  ])
  await clock.advance(100)
  assert.deepEqual([ended, producer.metrics().ackedRecords], [[], 1])
  for (const [text, answer] of answers) answer.resolve(Buffer.from(text.slice(-1)))
  await clock.run(() => ended.length === 2)
  await clock.advance(100)
  assert.deepEqual(ended, ['slow 1 delivered at 100', '2 delivered at 100'])
  assert.equal(producer.metrics().ackedRecords, 4)
})

// The original bug: a batch of a FIFO queue has an order group per record, and one slow topic blocked all of them.
test('in one call only the topics that an order group spans wait for one another', async () => {
  const { clock, answers, producer } = underTest()
  const sending = producer.sendAll(
    [
      { topic: 'a', value: 'slow 1', orderGroup: 'g' },
      { topic: 'b', value: '2', orderGroup: 'g' },
      { topic: 'b', value: '3', orderGroup: 'h' },
      { topic: 'c', value: '4', orderGroup: 'h' },
      { topic: 'd', value: '5', orderGroup: 'i' },
      { topic: 'e', value: '6' },
    ].map(record => ({ ...record, partition: 0 })),
  )
  await clock.advance(100)
  assert.equal(producer.metrics().ackedRecords, 2)
  answers.get('slow 1')?.resolve(Buffer.from('1'))
  await clock.advance(100)
  assert.deepEqual((await sending).map(summaryOf), Array(6).fill('delivered'))
})

test('a late failure changes no report and ends no process; the invocation ends', async () => {
  const { clock, answers, producer } = underTest()
  const scope = new InvocationScope(Deadline.after(clock, 300))
  const sending = scope.run(() => producer.sendAll([{ topic: 'avro', value: 'slow' }]))
  let isClosed = false
  void scope.close().then(() => {
    isClosed = true
  })
  void sending.then(() => undefined)
  await clock.run(() => isClosed)
  const reports = await sending
  const [before] = reports
  answers.get('slow')?.reject(new Error('registry'))
  await clock.advance(1)
  assert.deepEqual(reports.map(summaryOf), ['not-sent:deadline'])
  assert.equal(reports[0], before)
})

test('a serializer may return a promise of another library', async () => {
  const clock = new VirtualClock()
  const client = new ScriptedKafkaClient({ partitions: 1, brokers: 1, clock })
  // biome-ignore lint/suspicious/noThenProperty: a promise that is no Promise
  const thenable = { then: (resolve: (bytes: Uint8Array) => void) => resolve(Buffer.from('bytes')) }
  const valueSerializer = { serialize: () => thenable } as never
  const config = parseConfig({ bootstrapServers: ['b:1'], valueSerializer }, {})
  const producer = new KafkaProducer(config, { client, clock })
  let reports: DeliveryReport[] = []
  void producer.sendAll([{ topic: 't', key: 'k', value: {} }]).then(result => {
    reports = result
  })
  await clock.run(() => reports.length > 0)
  assert.deepEqual(reports.map(summaryOf), ['delivered'])
  assert.deepEqual(
    client.logs[0]?.records.map(({ value }) => value),
    ['bytes'],
  )
})
