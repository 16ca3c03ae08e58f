// Concurrent callers: partitions of one leader take turns, and nothing is written for callers that already have their
// report.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseConfig } from '../../lib/config/parse-config.ts'
import type { ProducerOptions } from '../../lib/config/producer-options.ts'
import { KafkaProducer } from '../../lib/kafka-producer.ts'
import { InFlight } from '../../lib/send/in-flight.ts'
import { ScriptedKafkaClient, type ScriptedKafkaClientOptions } from '../../lib/testing/scripted-kafka-client.ts'
import { VirtualClock } from '../../lib/testing/virtual-clock.ts'
import { Deadline } from '../../lib/time/deadline.ts'
import { summaryOf } from '../support/producer-of.ts'

async function connected(client: Partial<ScriptedKafkaClientOptions>, options: ProducerOptions = {}) {
  const clock = new VirtualClock()
  const brokers = new ScriptedKafkaClient({ partitions: 2, brokers: 1, clock, ...client })
  const producer = new KafkaProducer(parseConfig({ bootstrapServers: ['b:1'], ...options }, {}), {
    client: brokers,
    clock,
  })
  await producer.connect()
  /** Sends one record; `result` is set when its report is there. */
  const send = (partition: number, value: string | Buffer, deadlineMs: number) => {
    const sent: { result?: string; at?: number } = {}
    void producer
      .sendAll([{ topic: 't', key: 'k', partition, value }], Deadline.after(clock, deadlineMs))
      .then(([report]) => Object.assign(sent, { result: summaryOf(report), at: clock.now() }))
    return sent
  }
  return { clock, brokers, producer, send }
}

// The original bug: every run began with the same partition, so a batch that did not fit beside that partition's full
// one was not sent for 30 s.
test('a partition is sent although another one of its leader always has a full batch', async () => {
  const latencyMs = 50
  const { clock, send } = await connected({ latencyMs })
  const feed = () => {
    if (clock.now() > 20 * latencyMs) return
    const sent = Array.from({ length: 20 }, () => send(0, Buffer.alloc(100_000), 30_000))
    void clock.setTimeout(() => feed(), latencyMs)
    return sent
  }
  feed()
  await clock.advance(3 * latencyMs + 1)
  const begin = clock.now()
  const small = send(1, Buffer.alloc(200_000), 30_000)

  await clock.run(() => small.result !== undefined)

  assert.equal(small.result, 'delivered')
  assert.ok((small.at ?? 0) - begin <= 3 * latencyMs, `after ${(small.at ?? 0) - begin} ms`)
})

test('rule 7: a retry is not written when every caller of its batch has a report', async () => {
  const { clock, brokers, send } = await connected(
    { script: ['lose-request', 'lose-request', 'slow-connect', 'slow-connect'] },
    { retryBackoffMs: 50, retryBackoffMaxMs: 50 },
  )
  const short = send(0, 'short', 500)
  const long = send(1, 'long', 5000)

  await clock.run(() => long.result !== undefined)

  assert.deepEqual([short.result, short.at], ['unknown:delivery-unknown', 500])
  assert.equal(long.result, 'delivered')
  assert.deepEqual(
    brokers.logs.map(({ records }) => records.map(({ value }) => value)),
    [[], ['long']],
  )
})

test('rule 7: after a freeze nothing is written whose deadline passed meanwhile', async () => {
  const { clock, brokers, producer, send } = await connected({ script: ['slow-connect'] })
  const sent = send(0, 'late', 500)
  await clock.advance(400)
  clock.freeze(10_000)

  await clock.run(() => sent.result !== undefined)

  assert.equal(sent.result, 'not-sent:deadline')
  assert.deepEqual(brokers.logs[0]?.records, [])
  assert.equal(brokers.produces, 1, 'and nothing is tried until the records are reported')
  assert.equal(producer.metrics().bufferUsed, 0)
})

test('rule 12: a shorter pause that another answer asks for does not end a longer one', () => {
  const inFlight = new InFlight(2)
  inFlight.mute(1, 1000)
  inFlight.mute(1, 400)
  assert.equal(inFlight.mutedUntil(1), 1000)
  inFlight.mute(1, 1500)
  assert.equal(inFlight.mutedUntil(1), 1500)
})
