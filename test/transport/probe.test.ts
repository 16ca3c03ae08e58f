// The probe of a connection that was idle: its limit was 500 ms for every broker, and it was also sent behind a Produce
// in flight, so that it waited for followers. Both closed healthy connections.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AnswerTimes } from '../../lib/transport/answer-times.ts'
import { ScriptedBrokers } from '../fakes/scripted-brokers.ts'
import { producerOf, summaryOf } from '../support/producer-of.ts'
import { pause } from '../support/time.ts'
import { produces } from '../support/with-producer.ts'

test('the limit of a probe follows the median of the last answers', () => {
  const times = new AnswerTimes()
  assert.equal(times.probeLimitMs, 500)
  for (const ms of [1, 2, 3]) times.add(ms)
  assert.equal(times.probeLimitMs, 500, 'a fast broker')
  times.add(600_000)
  assert.equal(times.probeLimitMs, 500, 'one answer that waited for a frozen process')
  for (let n = 0; n < 5; n++) times.add(800)
  assert.equal(times.probeLimitMs, 3200, 'a broker on object storage')
  for (let n = 0; n < 5; n++) times.add(9000)
  assert.equal(times.probeLimitMs, 5000)
  for (let n = 0; n < 5; n++) times.add(1)
  assert.equal(times.probeLimitMs, 500, 'fast again')
})

test('rule 8: with a Produce in flight, a later one is not preceded by a probe', async t => {
  const script = { onAnswer: () => pause(700) }
  const cluster = await ScriptedBrokers.start({ leaders: [0, 0], brokers: 1, script })
  t.after(() => cluster.stop())
  const producer = producerOf(cluster.addresses, { maxInFlightRequestsPerConnection: 2 })
  t.after(() => producer.close())
  await producer.connect()
  const first = producer.sendAll([{ topic: 't', partition: 0, value: 'a' }])
  await pause(150)
  const second = producer.sendAll([{ topic: 't', partition: 1, value: 'b' }])
  const reports = [...(await first), ...(await second)]
  assert.deepEqual(
    reports.map(report => [summaryOf(report), report.attempts]),
    [
      ['delivered', 1],
      ['delivered', 1],
    ],
  )
  assert.deepEqual([cluster.connections, produces(cluster).length], [1, 2])
})

test('rule 8: a broker that needs 600 ms for every answer gets each record once', async t => {
  const cluster = await ScriptedBrokers.start({ leaders: [0], brokers: 1, script: { onRequest: () => pause(600) } })
  t.after(() => cluster.stop())
  const producer = producerOf(cluster.addresses)
  t.after(() => producer.close())
  for (const value of ['a', 'b', 'c']) {
    const [report] = await producer.sendAll([{ topic: 't', value }])
    assert.deepEqual([summaryOf(report), report?.attempts], ['delivered', 1])
    await pause(150)
  }
  assert.equal(produces(cluster).length, 3)
})
