// Every accepted setting takes effect, as scripted brokers show.
import assert from 'node:assert/strict'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { test } from 'node:test'
import { parseConfig } from '../../lib/config/parse-config.ts'
import type { KafkaProducer } from '../../lib/kafka-producer.ts'
import { gatewayWait } from '../../lib/lambda/gateway-wait.ts'
import { sendingDeadline } from '../../lib/lambda/remaining-time.ts'
import { VirtualClock } from '../../lib/testing/virtual-clock.ts'
import { type Script, ScriptedBrokers } from '../fakes/scripted-brokers.ts'
import { producerOf, summaryOf } from '../support/producer-of.ts'
import { pause } from '../support/time.ts'
import { produces, withProducer } from '../support/with-producer.ts'

const send = async (producer: KafkaProducer, value = 'v') =>
  summaryOf((await producer.sendAll([{ topic: 't', value }]))[0])

test('client.id, acks and timeout.ms are in the Produce request', async () => {
  await withProducer({ clientId: 'me', ackTimeoutMs: 1234 }, {}, async (producer, cluster) => {
    await send(producer)
    assert.deepEqual(
      produces(cluster).map(({ clientId, acks, ackTimeoutMs }) => ({ clientId, acks, ackTimeoutMs })),
      [{ clientId: 'me', acks: -1, ackTimeoutMs: 1234 }],
    )
  })
})

test('request.timeout.ms bounds the wait for a broker’s answer', async () => {
  await withProducer(
    { requestTimeoutMs: 300, ackTimeoutMs: 200, retries: 0 },
    { onAnswer: () => 'drop' },
    async producer => {
      const begin = performance.now()
      assert.equal(await send(producer), 'unknown:delivery-unknown')
      const took = performance.now() - begin
      assert.ok(took >= 290 && took < 2500, `${took} ms`)
    },
  )
})

test('delivery.timeout.ms bounds the time until a record has its outcome', async () => {
  await withProducer(
    { deliveryTimeoutMs: 400, requestTimeoutMs: 300, ackTimeoutMs: 200 },
    { onProduce: () => ({ errorCode: 19 }) },
    async producer => {
      const begin = performance.now()
      // At its deadline an attempt may be under way: then the record is unknown.
      assert.match(await send(producer), /^(?:rejected:unavailable|unknown:delivery-unknown)$/)
      const took = performance.now() - begin
      assert.ok(took >= 390 && took < 10_000, `${took} ms`)
    },
  )
})

test('retry.backoff.ms and retry.backoff.max.ms set the pause before a retry', async () => {
  const refuseTwice: Script = { onProduce: ({ attempt }) => (attempt < 2 ? { errorCode: 19 } : 'append') }
  await withProducer({ retryBackoffMs: 300, retryBackoffMaxMs: 300 }, refuseTwice, async (producer, cluster) => {
    await send(producer)
    const [first, second] = produces(cluster)
    const gap = (second?.at ?? 0) - (first?.at ?? 0)
    assert.ok(gap >= 290 && gap < 10_000, `${gap} ms`)
  })
})

test('reconnect.backoff.ms sets the pause before the next connection attempt', async () => {
  const closeFirst: Script = { onAnswer: (_, n) => (n === 1 ? 'drop' : 'send') }
  await withProducer(
    {
      requestTimeoutMs: 200,
      ackTimeoutMs: 100,
      reconnectBackoffMs: 500,
      reconnectBackoffMaxMs: 500,
      retryBackoffMs: 1,
      retryBackoffMaxMs: 1,
    },
    closeFirst,
    async (producer, cluster) => {
      assert.equal(await send(producer), 'delivered')
      const [first, second] = produces(cluster)
      const gap = (second?.at ?? 0) - (first?.at ?? 0)
      assert.ok(gap >= 680 && gap < 10_000, `${gap} ms`)
    },
  )
})

test('batch.size limits the size of a batch', async () => {
  await withProducer({ batchSize: 500 }, {}, async (producer, cluster) => {
    await producer.sendAll(Array.from({ length: 10 }, () => ({ topic: 't', value: 'x'.repeat(200), partition: 0 })))
    assert.ok(cluster.log(0).batches.length >= 5)
    assert.ok(cluster.log(0).batches.every(({ records }) => records.length <= 2))
  })
})

test('max.request.size refuses a larger record before anything is sent', async () => {
  await withProducer({ maxRequestSize: 10_000, batchSize: 10_000 }, {}, async (producer, cluster) => {
    assert.equal(await send(producer, 'x'.repeat(10_000)), 'not-sent:record-too-large')
    assert.equal(cluster.connections, 0)
  })
})

test('max.block.ms bounds the wait for metadata', async () => {
  await withProducer(
    { maxBlockMs: 400 },
    { onRequest: (_, apiKey) => (apiKey === 3 ? new Promise(() => {}) : undefined) },
    async producer => {
      const begin = performance.now()
      assert.equal(await send(producer), 'not-sent:unreachable')
      const took = performance.now() - begin
      assert.ok(took >= 390 && took < 4500, `${took} ms`)
    },
  )
})

test('metadata.max.age.ms sets when metadata is refreshed', async () => {
  await withProducer({ metadataMaxAgeMs: 100 }, {}, async (producer, cluster) => {
    await send(producer)
    const before = cluster.requests.filter(({ apiKey }) => apiKey === 3).length
    await pause(200)
    await send(producer)
    await pause(50)
    assert.ok(cluster.requests.filter(({ apiKey }) => apiKey === 3).length > before)
  })
})

test('connections.max.idle.ms: a connection that was idle for longer is replaced before it is used', async () => {
  await withProducer({ connectionsMaxIdleMs: 150 }, {}, async (producer, cluster) => {
    await send(producer)
    await pause(300)
    assert.equal(await send(producer), 'delivered')
    assert.equal(cluster.connections, 2)
    assert.deepEqual(producer.metrics().connectionAttemptsByReason, { FIRST: 1, IDLE: 1 })
  })
})

test('socket.connection.setup.timeout.ms bounds a connection attempt that gets no answer', async () => {
  const accepted: number[] = []
  const mute = createServer(() => accepted.push(performance.now()))
  await new Promise<void>(resolve => mute.listen(0, '127.0.0.1', resolve))
  const producer = producerOf([`127.0.0.1:${(mute.address() as AddressInfo).port}`], {
    socketConnectionSetupTimeoutMs: 200,
    reconnectBackoffMs: 1,
    reconnectBackoffMaxMs: 1,
    maxBlockMs: 1500,
  })
  await send(producer)
  await producer.close()
  mute.close()

  const gaps = accepted.slice(1).map((at, index) => at - (accepted[index] as number))
  assert.ok(accepted.length >= 2 && gaps.every(gap => gap >= 190), `${gaps}`)
})

test('bootstrap.servers: an unreachable first broker does not matter', async () => {
  const cluster = await ScriptedBrokers.start({ leaders: [0], brokers: 1 })
  const producer = producerOf(['127.0.0.1:1', ...cluster.addresses])
  assert.equal(await send(producer), 'delivered')
  await producer.close()
  await cluster.stop()
})

test('KAFKA_DEADLINE_RESERVE_MS, KAFKA_HTTP_DEADLINE_MS and _IDLE_TIMEOUT_MS set when sending ends', () => {
  const now = 1_790_000_000_000
  const v2 = { requestContext: { http: {}, timeEpoch: now - 5000 } }
  const alb = { requestContext: { elb: {} } }
  const configOf = (options: object) => parseConfig({ bootstrapServers: 'a:1,b:1', ...options }, {})
  const leaves = (event: unknown, options: object) => gatewayWait(event, configOf(options), now)?.remainingMs
  assert.equal(leaves(v2, { httpDeadlineMs: 20_000 }), 15_000)
  assert.equal(leaves(alb, { httpDeadlineMs: 20_000 }), 20_000)
  assert.equal(leaves(alb, { httpIdleTimeoutMs: 10_000 }), 9000)
  const clock = new VirtualClock()
  assert.equal(sendingDeadline(10_000, configOf({ deadlineReserveMs: 4000 }), clock).remaining, 6000)
})
