// close() of a producer and of its factory: what was sent before is delivered, and nobody waits longer than asked.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseConfig } from '../../lib/config/parse-config.ts'
import type { ProducerOptions } from '../../lib/config/producer-options.ts'
import { InvocationScope } from '../../lib/delivery/invocation-scope.ts'
import { KafkaProducer } from '../../lib/kafka-producer.ts'
import { ProducerFactory, type ProducerFactoryOptions } from '../../lib/producer-factory.ts'
import { type Attempt, ScriptedKafkaClient } from '../../lib/testing/scripted-kafka-client.ts'
import { VirtualClock } from '../../lib/testing/virtual-clock.ts'
import { type Clock, systemClock } from '../../lib/time/clock.ts'
import { summaryOf } from '../support/producer-of.ts'
import { pause, whenDone } from '../support/time.ts'

const RULES = { anyTopic: true } as const

class Client extends ScriptedKafkaClient {
  closed = 0
  override async close(): Promise<void> {
    this.closed++
  }
}

function producerWith(clock: Clock, script: readonly Attempt[] = [], options: ProducerOptions = {}) {
  const client = new Client({ partitions: 2, brokers: 1, clock, script, latencyMs: 5 })
  const producer = new KafkaProducer(parseConfig({ bootstrapServers: ['b:1'], ...options }, {}), {
    client,
    clock,
    rules: RULES,
  })
  return { client, producer, values: () => client.logs.flatMap(({ records }) => records.map(({ value }) => value)) }
}

function factoryWith(options: ProducerFactoryOptions = {}, script: readonly Attempt[] = [], latencyMs = 1) {
  const clients: Client[] = []
  const factory = new ProducerFactory({
    config: parseConfig({ bootstrapServers: ['b:1'], lingerMs: 20_000 }, {}),
    rules: RULES,
    createClient: () => {
      clients.push(new Client({ partitions: 1, brokers: 1, clock: systemClock, script, latencyMs }))
      return clients.at(-1) as Client
    },
    ...options,
  })
  const values = () => clients.flatMap(({ logs }) => logs.flatMap(({ records }) => records.map(({ value }) => value)))
  return { factory, clients, values }
}

for (const end of ['close', 'reset'] as const)
  test(`ProducerFactory.${end} delivers what was sent before, also what lingers, then closes`, async () => {
    const { factory, clients, values } = factoryWith()
    const sends = Array.from({ length: 20 }, (_, index) =>
      factory.getProducer().send({ topic: 't', value: `${index}` }),
    )
    await factory[end]()
    assert.equal((await Promise.allSettled(sends)).filter(({ status }) => status === 'fulfilled').length, 20)
    assert.equal(values().length, 20)
    assert.deepEqual(
      clients.map(({ closed }) => closed),
      [1],
    )
  })

test('await using closes a factory and a producer at the end of the block', async () => {
  const { factory, clients, values } = factoryWith()
  const { client, producer, values: written } = producerWith(systemClock)
  {
    await using _factory = factory
    await using _producer = producer
    void factory.getProducer().send({ topic: 't', value: 'a' })
    void producer.send({ topic: 't', value: 'b' })
  }
  assert.deepEqual([values(), written(), clients[0]?.closed, client.closed], [['a'], ['b'], 1, 1])
})

test('while close waits, no new record is taken', async () => {
  const { producer, values } = producerWith(systemClock)
  const before = producer.sendAll([{ topic: 't', value: 'before' }])
  const closing = producer.close()
  const after = await producer.sendAll([{ topic: 't', value: 'after' }])
  await closing
  assert.deepEqual([...(await before), ...after].map(summaryOf), ['delivered', 'not-sent:unavailable'])
  assert.deepEqual(values(), ['before'])
})

test('at the end of its time close completes every record, in whatever stage it is', async () => {
  const clock = new VirtualClock()
  const hanging = new Promise<Uint8Array>(() => {})
  const valueSerializer = {
    serialize: (value: unknown) => (value === 'hangs' ? hanging : Buffer.alloc(300)),
  }
  const { client, producer } = producerWith(clock, ['ok'], { valueSerializer, bufferMemory: 1024, batchSize: 1 })
  await producer.partitionsFor('t')
  // Written, and never answered.
  const produce = client.produce.bind(client)
  client.produce = (...request) => produce(...request).then(() => new Promise(() => {}))
  const sends = ['written', 'waits for memory', 'hangs'].map(value =>
    producer.sendAll([{ topic: value === 'hangs' ? 'other' : 't', partition: 0, value }]),
  )
  await clock.advance(50)
  let closedAt: number | undefined
  void producer.close({ timeoutMs: 700 }).then(() => {
    closedAt = Math.floor(clock.now())
  })
  await clock.run(() => closedAt !== undefined)
  const reports = (await Promise.all(sends)).flat()
  assert.deepEqual(reports.map(summaryOf), ['unknown:delivery-unknown', 'not-sent:unavailable', 'not-sent:unavailable'])
  assert.ok(reports.every(report => report.kind === 'failed' && report.causeCode === 'CLOSED'))
  assert.deepEqual([closedAt, client.closed, producer.metrics().bufferUsed], [750, 1, 0])
})

test('close with no time completes at once, also while an earlier close waits', async () => {
  const clock = new VirtualClock()
  const { client, producer } = producerWith(clock, [], { lingerMs: 20_000 })
  client.metadata = () => new Promise(() => {})
  const sending = producer.sendAll([{ topic: 't', value: 'v' }])
  const waiting = producer.close()
  await producer.close({ timeoutMs: 0 })
  await waiting
  assert.deepEqual((await sending).map(summaryOf), ['not-sent:unavailable'])
  assert.deepEqual([clock.now(), client.closed], [0, 1])
})

test('a closed producer requests no producer id any more', async () => {
  const clock = new VirtualClock()
  const { client, producer } = producerWith(clock, [], { retryBackoffMs: 100, retryBackoffMaxMs: 100 })
  let requests = 0
  client.initProducerId = async () => {
    requests++
    throw new Error('down')
  }
  const sending = producer.sendAll([{ topic: 't', value: 'v' }])
  await clock.advance(250)
  assert.equal(requests, 3)
  await producer.close({ timeoutMs: 0 })
  await clock.advance(1000)
  assert.deepEqual([(await sending).map(summaryOf), requests], [['not-sent:unavailable'], 3])
})

test('flush sends at once what has lingered for a while', async () => {
  const clock = new VirtualClock()
  const { producer } = producerWith(clock, [], { lingerMs: 20_000 })
  await producer.partitionsFor('t')
  const sending = producer.send({ topic: 't', value: 'v' })
  await clock.advance(100)
  await whenDone(clock, producer.flush())
  await sending
  assert.equal(clock.now(), 105)
})

// The original bug: a new producer wrote the second record while the old one was still retrying the first.
test('maxAge: a producer is replaced only when no record waits in it, so the order of a key holds', async () => {
  const { factory, clients, values } = factoryWith({ maxAge: 0 }, ['refuse', 'refuse'])
  const send = (value: string) => factory.getProducer().sendAll([{ topic: 't', key: 'k', value }])
  const one = send('1')
  await pause(5)
  await Promise.all([one, send('2')])
  assert.deepEqual([clients.length, values()], [1, ['1', '2']])
  await pause(5)
  await send('3')
  assert.deepEqual(
    [clients.map(({ closed }) => closed), values()],
    [
      [1, 0],
      ['1', '2', '3'],
    ],
  )
  await factory.close()
})

test('maxAge: the producer that an invocation got is not replaced before it ends', async () => {
  const { factory, clients } = factoryWith({ maxAge: 0 })
  const scope = new InvocationScope()
  scope.enter(factory.invocations)
  const first = factory.getProducer()
  await pause(5)
  assert.equal(factory.getProducer(), first)
  await scope.close()
  assert.notEqual(factory.getProducer(), first)
  assert.equal(clients.length, 2)
  await factory.close()
})

for (const timeoutMs of [2 ** 31, Number.POSITIVE_INFINITY, Number.NaN, null as never, 'soon' as never])
  test(`close({ timeoutMs: ${timeoutMs} }) waits for the records that are sent`, async () => {
    const { producer } = producerWith(systemClock)
    const sending = producer.sendAll([{ topic: 't', key: 'k', value: 'x' }])
    await producer.close({ timeoutMs })
    assert.deepEqual((await sending).map(summaryOf), ['delivered'])
  })
