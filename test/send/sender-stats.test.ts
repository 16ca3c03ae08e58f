// What the producer's metrics and reports say of its batches: virtual time.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseConfig } from '../../lib/config/parse-config.ts'
import type { ProducerOptions } from '../../lib/config/producer-options.ts'
import { KafkaProducer } from '../../lib/kafka-producer.ts'
import { type Attempt, ScriptedKafkaClient } from '../../lib/testing/scripted-kafka-client.ts'
import { VirtualClock } from '../../lib/testing/virtual-clock.ts'
import { Deadline } from '../../lib/time/deadline.ts'
import { summaryOf } from '../support/producer-of.ts'
import { whenDone } from '../support/time.ts'

const LATENCY_MS = 50
const BACK_OFF_MS = 100

function setUp(script: readonly Attempt[], options: ProducerOptions = {}) {
  const clock = new VirtualClock()
  const client = new ScriptedKafkaClient({ partitions: 2, brokers: 1, clock, script, latencyMs: LATENCY_MS })
  const backOff = { retryBackoffMs: BACK_OFF_MS, retryBackoffMaxMs: BACK_OFF_MS }
  const producer = new KafkaProducer(parseConfig({ bootstrapServers: ['b:1', 'c:1'], ...backOff, ...options }, {}), {
    client,
    clock,
  })
  /** Sends records to the first partition and the second, one to each for each value. */
  const send = (...values: string[]) =>
    whenDone(
      clock,
      producer.sendAll(
        values.flatMap(value => [
          { topic: 't', partition: 0, value },
          { topic: 't', partition: 1, value },
        ]),
      ),
    )
  return { clock, producer, send }
}

test('requests, batches and records are counted; the time at the broker begins with the first attempt', async () => {
  const { producer, send } = setUp([])
  await send('a', 'b', 'c')
  const { requests, batches, ackedBatches, ackedRecords, brokerTimeMs, retries, expiredRecords } = producer.metrics()
  assert.deepEqual(
    { requests, batches, ackedBatches, ackedRecords, brokerTimeMs, retries, expiredRecords },
    {
      requests: 1,
      batches: 2,
      ackedBatches: 2,
      ackedRecords: 6,
      brokerTimeMs: 2 * LATENCY_MS,
      retries: 0,
      expiredRecords: 0,
    },
  )
})

test('a retry counts, and the time at the broker has the pause before it', async () => {
  const { producer, send } = setUp(['lose-request', 'lose-request'])
  await send('a')
  const { requests, batches, ackedBatches, brokerTimeMs, retries } = producer.metrics()
  assert.deepEqual(
    { requests, batches, ackedBatches, retries },
    { requests: 2, batches: 4, ackedBatches: 2, retries: 2 },
  )
  assert.ok(brokerTimeMs > 2 * 2 * LATENCY_MS, `${brokerTimeMs} ms`)
  assert.ok(brokerTimeMs <= 2 * (2 * LATENCY_MS + 2 * BACK_OFF_MS), `${brokerTimeMs} ms`)
})

test('the report of a delivered record counts the attempts of its batch, with the one that succeeded', async () => {
  const { send } = setUp(['lose-request', 'ok', 'refuse'])
  const reports = await send('a')
  assert.deepEqual(
    reports.map(({ kind, attempts }) => [kind, attempts]),
    [
      ['delivered', 3],
      ['delivered', 1],
    ],
  )
})

test('the time in the queue is that from the first append to the first attempt', async () => {
  const lingerMs = 30
  const { clock, producer } = setUp([], { lingerMs })
  await whenDone(clock, Promise.all(['a', 'b'].map(value => producer.send({ topic: 't', partition: 0, value }))))
  const { queueTimeMs, ackedBatches, ackedRecords } = producer.metrics()
  assert.deepEqual(
    { queueTimeMs, ackedBatches, ackedRecords },
    { queueTimeMs: lingerMs, ackedBatches: 1, ackedRecords: 2 },
  )
})

test('a record that is stopped because an earlier one of its order group expired did not expire itself', async () => {
  const { clock, producer } = setUp(['slow-connect'])
  await producer.connect()
  const records = [0, 1].map(partition => ({ topic: 't', partition, value: 'v', orderGroup: 'g' }))
  const reports = await whenDone(clock, producer.sendAll(records, Deadline.after(clock, 500)))
  assert.deepEqual(reports.map(summaryOf), ['not-sent:deadline', 'not-sent:order-group-stopped'])
  assert.equal(producer.metrics().expiredRecords, 1)
})
