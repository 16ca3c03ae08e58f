// The events of node:diagnostics_channel about records and requests, which cost nothing without a subscriber.
import assert from 'node:assert/strict'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { type TestContext, test } from 'node:test'
import { parseConfig } from '../../lib/config/parse-config.ts'
import type { RecordEvent } from '../../lib/delivery/report-events.ts'
import { KafkaProducer } from '../../lib/kafka-producer.ts'
import type { RequestEvent } from '../../lib/send/request-events.ts'
import { type Attempt, ScriptedKafkaClient } from '../../lib/testing/scripted-kafka-client.ts'
import { systemClock } from '../../lib/time/clock.ts'

const SECRET = 'the customer’s own words'

function producerWith(script: readonly Attempt[] = []): KafkaProducer {
  const client = new ScriptedKafkaClient({ partitions: 1, brokers: 1, clock: systemClock, script, latencyMs: 1 })
  const config = parseConfig({ bootstrapServers: ['a:1', 'b:2'], clientId: 'me', retries: 0 }, {})
  return new KafkaProducer(config, { client })
}

/** The events of a channel from now to the end of the test. */
function eventsOf<T>(t: TestContext, name: 'record' | 'request'): T[] {
  const events: T[] = []
  const listener = (event: unknown) => void events.push(event as T)
  subscribe(`serverless-kafka-producer:${name}`, listener)
  t.after(() => unsubscribe(`serverless-kafka-producer:${name}`, listener))
  return events
}

const asText = (value: unknown) => JSON.stringify(value, (_, part) => (typeof part === 'bigint' ? String(part) : part))

test('a record event has the record’s outcome, and no key, value or header', async t => {
  const events = eventsOf<RecordEvent>(t, 'record')
  const record = { topic: 'chat', key: SECRET, value: SECRET, headers: { note: SECRET }, sourceId: 's-1' }
  await producerWith(['ok', 'lose-answer']).sendAll([record])
  const producer = producerWith(['lose-answer'])
  await assert.rejects(producer.send(record))
  await producer.sendAll([{ ...record, partition: -1 }, null, { topic: 5, value: SECRET }] as never)

  const seen = events.map(({ durationMs: _, ...event }) => event)
  assert.ok(events.every(({ durationMs }) => durationMs >= 0))
  const common = { clientId: 'me', topic: 'chat', partition: 0, sourceId: 's-1', attempts: 1, offset: null }
  const invalid = { ...common, partition: null, attempts: 0, outcome: 'not-sent', causeCode: null }
  assert.deepEqual(seen, [
    { ...common, offset: 0n, outcome: 'delivered', code: null, causeCode: null },
    { ...common, outcome: 'unknown', code: 'delivery-unknown', causeCode: 'REQUEST_TIMEOUT' },
    { ...invalid, code: 'bad-partition' },
    { ...invalid, topic: null, sourceId: null, code: 'bad-value' },
    { ...invalid, topic: null, sourceId: null, code: 'unknown-topic' },
  ])
  assert.ok(!asText(events).includes(SECRET))
})

test('events are published before the caller gets its reports', async t => {
  const events = eventsOf<RecordEvent>(t, 'record')
  const seen = await producerWith()
    .sendAll([{ topic: 'chat', value: 'v' }])
    .then(() => events.length)
  assert.equal(seen, 1)
})

test('a request event has its batches, and no bytes of records', async t => {
  const events = eventsOf<RequestEvent>(t, 'request')
  const records = [1, 2].map(() => ({ topic: 'chat', value: SECRET }))
  const producer = producerWith(['refuse', 'ok'])
  await producer.sendAll(records)
  await producer.sendAll(records)

  const batch = { topic: 'chat', partition: 0, records: 2 }
  assert.deepEqual(
    events.map(({ broker, batches }) => [broker, batches.map(({ bytes: _, ...rest }) => rest)]),
    [
      [0, [{ ...batch, outcome: 'rejected', causeCode: 'NOT_LEADER_OR_FOLLOWER' }]],
      [0, [{ ...batch, outcome: 'acknowledged', causeCode: null }]],
    ],
  )
  assert.ok(events.every(({ batches }) => batches.every(({ bytes }) => bytes > 100)))
  assert.ok(!asText(events).includes(SECRET))
})

test('without a subscriber no record is read for an event', async () => {
  let reads = 0
  const record = {
    topic: 'chat',
    value: 'v',
    get sourceId(): string {
      reads++
      return 's'
    },
  }
  const [report] = await producerWith().sendAll([record])
  assert.equal(report?.kind, 'delivered')
  assert.equal(reads, 0)
})
