// Calls that wait for buffer.memory: each is reported at its deadline, nothing leaves after it, and order is kept.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseConfig } from '../../lib/config/parse-config.ts'
import type { DeliveryReport } from '../../lib/delivery/delivery-report.ts'
import { KafkaProducer } from '../../lib/kafka-producer.ts'
import { ScriptedKafkaClient, type ScriptedKafkaClientOptions } from '../../lib/testing/scripted-kafka-client.ts'
import { VirtualClock } from '../../lib/testing/virtual-clock.ts'
import { Deadline } from '../../lib/time/deadline.ts'
import type { EncodedBatch, ProduceOutcome, ProduceRequest } from '../../lib/transport/kafka-client.ts'
import { summaryOf } from '../support/producer-of.ts'

const NEVER_MS = 1_000_000

class Brokers extends ScriptedKafkaClient {
  readonly clock: VirtualClock
  readonly produceTimes: number[] = []

  constructor(clock: VirtualClock, options: Partial<ScriptedKafkaClientOptions> = {}) {
    super({ partitions: 1, brokers: 1, clock, ...options })
    this.clock = clock
  }

  override produce(
    leader: number,
    batches: readonly EncodedBatch[],
    request: ProduceRequest,
  ): Promise<ProduceOutcome[]> {
    this.produceTimes.push(this.clock.now())
    return super.produce(leader, batches, request)
  }
}

async function connected(brokers: Brokers, bufferMemory: number, lingerMs = 0): Promise<KafkaProducer> {
  const { clock } = brokers
  const producer = new KafkaProducer(parseConfig({ bootstrapServers: ['b:1'], bufferMemory, lingerMs }, {}), {
    client: brokers,
    clock,
  })
  await producer.connect()
  return producer
}

const records = (count: number, bytes: number) =>
  Array.from({ length: count }, () => ({ topic: 't', key: 'k', value: Buffer.alloc(bytes) }))

/** Resolves with the reports of a call, and when they came. */
async function reported(
  clock: VirtualClock,
  call: Promise<DeliveryReport[]>,
): Promise<{ reports: DeliveryReport[]; at: number }> {
  let result: { reports: DeliveryReport[]; at: number } | undefined
  void call.then(reports => {
    result = { reports, at: clock.now() }
  })
  await clock.run(() => result !== undefined)
  return result as unknown as { reports: DeliveryReport[]; at: number }
}

// The original bug: each of 1,000 records waited by itself after the deadline, so the caller got its reports 36 s late.
test('rule 7: a call that waits for memory held by another call is reported at its deadline', async () => {
  const clock = new VirtualClock()
  const producer = await connected(new Brokers(clock, { latencyMs: NEVER_MS }), 100_000)
  void producer.sendAll(records(48, 1000))
  await clock.advance(20)

  const { reports, at } = await reported(clock, producer.sendAll(records(1000, 2000), new Deadline(clock, 220)))

  assert.equal(at, 220)
  assert.deepEqual(new Set(reports.map(summaryOf)), new Set(['not-sent:buffer']))
})

test('rule 7: a call larger than the buffer sends nothing after its deadline', async () => {
  const clock = new VirtualClock()
  const brokers = new Brokers(clock, { latencyMs: 150 })
  const producer = await connected(brokers, 100_000)

  const { reports, at } = await reported(clock, producer.sendAll(records(3000, 2000), new Deadline(clock, 500)))

  assert.equal(at, 500)
  assert.equal(reports.length, 3000)
  assert.ok(brokers.produceTimes.length > 2 && brokers.produceTimes.every(time => time < 500))
  await clock.advance(1000)
  assert.ok(brokers.produceTimes.every(time => time < 500))
  const { bufferUsed, bufferWaits, bufferWaitTimeMs, expiredRecords } = producer.metrics()
  assert.deepEqual([bufferUsed, bufferWaitTimeMs], [0, 500], 'it waited all the time, but for the first records')
  assert.ok(bufferWaits > 2)
  const failed = reports.filter(({ kind }) => kind === 'failed').length
  assert.equal(expiredRecords, failed, 'those that waited for memory and those that waited for an answer')
})

test('rule 7: a record that gets its memory after the deadline, in the grace after a freeze, is not sent', async () => {
  const clock = new VirtualClock()
  const brokers = new Brokers(clock, { latencyMs: 300 })
  const producer = await connected(brokers, 2048)
  void producer.sendAll(records(1, 900))
  await clock.advance(1)
  const late = producer.sendAll(records(1, 900), new Deadline(clock, 200))
  await clock.advance(1)
  clock.freeze(10_000)

  const { reports } = await reported(clock, late)

  assert.deepEqual(reports.map(summaryOf), ['not-sent:buffer'])
  assert.equal(brokers.produces, 1)
  assert.equal(producer.metrics().bufferUsed, 0)
})

// The original bug: a call that waited a second time forgot the calls queued behind it: 0 1 2 3 5 4 6 7.
test('calls that wait for memory several times keep the order of the calls', async () => {
  const clock = new VirtualClock()
  const brokers = new Brokers(clock, { latencyMs: 10 })
  const producer = await connected(brokers, 2048)
  const calls: Promise<DeliveryReport[]>[] = []
  let number = 0
  const send = (...sizes: number[]) =>
    calls.push(
      producer.sendAll(sizes.map(size => ({ topic: 't', key: 'k', value: String(number++).padEnd(size, '.') }))),
    )
  send(900)
  await clock.advance(1)
  send(900, 900)
  await clock.advance(1)
  send(900, 900)
  await clock.advance(22)
  for (let later = 0; later < 3; later++) send(100)

  const { reports } = await reported(
    clock,
    Promise.all(calls).then(all => all.flat()),
  )

  assert.ok(reports.every(({ kind }) => kind === 'delivered'))
  assert.deepEqual(
    brokers.logs[0]?.records.map(({ value }) => Number.parseInt(value ?? '', 10)),
    [0, 1, 2, 3, 4, 5, 6, 7],
  )
})

test('when records of a call fail together, the first error has a stack, and later ones share one', async () => {
  const clock = new VirtualClock()
  const limit = Error.stackTraceLimit
  const producer = await connected(new Brokers(clock, { latencyMs: NEVER_MS }), 100_000)

  const { reports } = await reported(clock, producer.sendAll(records(48, 2000), new Deadline(clock, 100)))

  const errors = reports.map(report => (report.kind === 'failed' ? report.error : undefined))
  const sent = errors.filter(error => error?.code === 'delivery-unknown')
  assert.ok(sent.length > 10)
  assert.deepEqual(
    sent.map(error => error?.stack?.includes('\n    at ')),
    sent.map((_, index) => index === 0),
  )
  assert.ok(new Set(errors.filter(error => error?.code === 'buffer')).size <= 2)
  assert.equal(Error.stackTraceLimit, limit)
})

// The original bug: the second caller waited for the first one, and then max.block.ms again: 603 ms instead of 300.
test('max.block.ms bounds the whole wait of each of many callers', async () => {
  const clock = new VirtualClock()
  const brokers = new Brokers(clock, { latencyMs: NEVER_MS })
  const config = parseConfig({ bootstrapServers: ['b:1'], bufferMemory: 20_000, maxBlockMs: 300 }, {})
  const producer = new KafkaProducer(config, { client: brokers, clock })
  await producer.connect()
  const [topic] = records(1, 4000)
  await reportedTimes(clock, [producer.partitionsFor('t')])
  const begin = clock.now()
  const sends = Array.from({ length: 12 }, () => producer.send(topic as never))
  const times = await reportedTimes(clock, sends.slice(2))
  assert.deepEqual(
    times.map(time => time - begin),
    new Array(10).fill(300),
  )
})

/** When each promise settles; resolves when all have. */
async function reportedTimes(clock: VirtualClock, promises: readonly Promise<unknown>[]): Promise<number[]> {
  const times: number[] = []
  const note = () => void times.push(clock.now())
  for (const promise of promises) promise.then(note, note)
  await clock.run(() => times.length === promises.length)
  return times
}

test('records that linger leave at once when a later call waits for memory', async () => {
  const clock = new VirtualClock()
  const brokers = new Brokers(clock)
  const producer = await connected(brokers, 10_000, 20_000)
  await producer.partitionsFor('t')
  const sent: number[] = []
  const send = () =>
    void producer.send({ topic: 't', key: 'k', value: Buffer.alloc(4000) }).then(() => sent.push(clock.now()))
  send()
  await clock.advance(100)
  assert.deepEqual(brokers.produceTimes, [])
  send()
  await clock.run(() => sent.length === 1)
  assert.deepEqual(brokers.produceTimes, [100])
  await clock.run(() => sent.length === 2)
  assert.deepEqual(brokers.produceTimes, [100, 20_105], 'the other one lingers from its own append')
})
