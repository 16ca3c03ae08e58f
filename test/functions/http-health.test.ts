// GET /health on real sockets: it reports the current state, not the result of an earlier attempt.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Context } from 'aws-lambda'
import type { Services } from '../../functions/create-services.ts'
import { handleHttp } from '../../functions/http/handle-http.ts'
import type { KafkaProducer } from '../../lib/kafka-producer.ts'
import type { KafkaContext } from '../../lib/lambda/kafka-producer-middleware.ts'
import { systemClock } from '../../lib/time/clock.ts'
import { Deadline } from '../../lib/time/deadline.ts'
import { ScriptedBrokers } from '../fakes/scripted-brokers.ts'
import { v2Event } from '../support/function-harness.ts'
import { producerOf } from '../support/producer-of.ts'

/** @param answerMs what the invocation has left */
async function health(producer: KafkaProducer, answerMs = 28_000): Promise<readonly unknown[]> {
  const kafka = { producer, answerBy: Deadline.after(systemClock, answerMs) }
  const result = (await handleHttp(
    v2Event('GET', '/health', Buffer.from(''), {}),
    { kafka } as unknown as Context & KafkaContext,
    { config: { httpBasePath: '' } } as Services,
  )) as { statusCode: number; headers: Record<string, string>; body: string }
  assert.equal(result.headers['content-type'], 'application/json')
  return [result.statusCode, JSON.parse(result.body)]
}

const OK = [200, { status: 'ok' }]
const UNAVAILABLE = [503, { status: 'unavailable' }]

for (const outage of ['the brokers close every connection', 'the brokers are silent'] as const)
  test(`while ${outage}, /health says so, and the first check after it is right`, async t => {
    let isDown = false
    const onConnection = () => (isDown ? (outage === 'the brokers are silent' ? 'hang' : 0) : 'serve')
    const cluster = await ScriptedBrokers.start({ leaders: [0], brokers: 3, script: { onConnection } })
    t.after(() => cluster.stop())
    const producer = producerOf(cluster.addresses)
    t.after(() => producer.close())
    assert.deepEqual(await health(producer), OK)

    isDown = true
    cluster.closeConnections()
    for (let check = 0; check < 4; check++) assert.deepEqual(await health(producer, 500), UNAVAILABLE)
    isDown = false
    assert.deepEqual(await health(producer), OK)
  })

test('a check that is in progress when the brokers return says that they are there', async t => {
  let isDown = true
  const cluster = await ScriptedBrokers.start({
    leaders: [0],
    brokers: 2,
    script: { onConnection: () => (isDown ? 0 : 'serve') },
  })
  t.after(() => cluster.stop())
  const producer = producerOf(cluster.addresses)
  t.after(() => producer.close())
  const checks = [health(producer), health(producer)]
  while (cluster.connections === 0) await new Promise(resolve => setImmediate(resolve))
  isDown = false
  assert.deepEqual(await Promise.all(checks), [OK, OK])
})
