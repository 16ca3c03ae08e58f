// Which broker the driver sends a request to, on real sockets with scripted brokers. No test measures time: a response
// that is too late fails the test by its deadline.
import assert from 'node:assert/strict'
import dns from 'node:dns'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import type { Clock } from '../../lib/time/clock.ts'
import { systemClock } from '../../lib/time/clock.ts'
import { KafkaJsClient, type KafkaJsClientOptions } from '../../lib/transport/kafkajs/kafkajs-client.ts'
import { metadata } from '../../lib/transport/kafkajs/metadata-protocol.ts'
import { ScriptedBrokers } from '../fakes/scripted-brokers.ts'
import { producerOf, summaryOf } from '../support/producer-of.ts'
import { deadlineIn, pause, until } from '../support/time.ts'

const METADATA = 3
const INIT_PRODUCER_ID = 22

async function brokers(t: TestContext, options: Parameters<typeof ScriptedBrokers.start>[0]): Promise<ScriptedBrokers> {
  const cluster = await ScriptedBrokers.start(options)
  t.after(() => cluster.stop())
  return cluster
}

function clientOf(
  t: TestContext,
  addresses: readonly string[],
  options: Partial<KafkaJsClientOptions> = {},
): KafkaJsClient {
  const client = new KafkaJsClient({
    bootstrap: () => addresses,
    clientId: 'test',
    connectTimeoutMs: 3000,
    requestTimeoutMs: 3000,
    maxIdleMs: 120_000,
    reconnectBackoffMs: 1,
    reconnectBackoffMaxMs: 1,
    ...options,
  })
  t.after(() => client.close())
  return client
}

/** Accepts connections and never answers. */
async function silentServer(
  t: TestContext,
  port = 0,
  host = '127.0.0.1',
): Promise<{ server: Server; address: string }> {
  const server = createServer()
  await new Promise<void>(resolve => server.listen(port, host, resolve))
  t.after(() => server.close())
  return { server, address: `${host}:${(server.address() as AddressInfo).port}` }
}

const asked = (cluster: ScriptedBrokers, broker: number, apiKey = METADATA) =>
  cluster.requests.filter(request => request.broker === broker && request.apiKey === apiKey).length

test('rule 6: six silent bootstrap servers do not keep a producer from the seventh', async t => {
  const cluster = await brokers(t, { leaders: [0], brokers: 1 })
  const silent = await Promise.all(Array.from({ length: 6 }, () => silentServer(t)))
  const client = clientOf(t, [...silent.map(({ address }) => address), ...cluster.addresses])

  const { topics } = await client.metadata(['t'], deadlineIn(5000))
  assert.equal(topics[0]?.topic, 't')
})

test('rule 6: a broker with an open connection is asked before all others, also after a pause', async t => {
  let pausedMs = 0
  const clock: Clock = { ...systemClock, now: () => systemClock.now() + pausedMs }
  const cluster = await brokers(t, { leaders: [0], brokers: 1 })
  const silent = await Promise.all(Array.from({ length: 5 }, () => silentServer(t)))
  const addresses = [...cluster.addresses]
  const client = clientOf(t, addresses, { bootstrap: () => addresses, clock })
  await client.metadata(['t'], deadlineIn(5000))
  addresses.push(...silent.map(({ address }) => address))
  let connections = 0
  for (const { server } of silent) server.on('connection', () => connections++)
  for (let n = 0; n < 10; n++) {
    pausedMs += 1500
    await client.metadata(['t'], deadlineIn(5000))
  }
  assert.equal(connections, 0)
  assert.equal(asked(cluster, 0), 11)
})

for (const [name, apiKey] of [
  ['Metadata', METADATA],
  ['InitProducerId', INIT_PRODUCER_ID],
] as const)
  test(`rule 6: an answer to ${name} that takes longer than a second counts, over at most two connections`, async t => {
    const script = { onRequest: (_: number, key: number) => (key === apiKey ? pause(1200) : undefined) }
    const cluster = await brokers(t, { leaders: [0], brokers: 1, script })
    const client = clientOf(t, cluster.addresses)
    const deadline = deadlineIn(6000)
    await (apiKey === METADATA ? client.metadata(['t'], deadline) : client.initProducerId(deadline))
    assert.ok(cluster.connections <= 2, `${cluster.connections} connections`)
    assert.equal(asked(cluster, 0, apiKey), 1)
  })

test('rule 6: after an answer that did not help another broker is asked: a record reaches its new leader', async t => {
  // Broker 0 still says that it leads, and refuses every Produce. Only broker 1 has the new leader.
  const cluster = await brokers(t, {
    leaders: [0],
    brokers: 2,
    script: {
      onRequest: broker => {
        cluster.lag = isLagging && broker === 0 ? { leaders: [0], leaderEpochs: [0] } : undefined
        return undefined
      },
    },
  })
  let isLagging = false
  const producer = producerOf(cluster.addresses.slice(0, 1))
  t.after(() => producer.close())
  await producer.sendAll([{ topic: 't', key: 'k', value: 'warm' }])
  const before = asked(cluster, 0)
  isLagging = true
  cluster.moveLeader(0, 1)

  const [report] = await producer.sendAll([{ topic: 't', key: 'k', value: 'x' }])
  assert.equal(summaryOf(report), 'delivered')
  assert.ok(asked(cluster, 0) - before <= 2, `${asked(cluster, 0) - before} requests to the broker that lags`)
})

test('rule 6: brokers take turns while their answers do not help', async t => {
  const cluster = await brokers(t, { leaders: [0, 1, 2], brokers: 3 })
  const client = clientOf(t, cluster.addresses)
  await client.metadata(['t'], deadlineIn(5000))
  const order: number[] = []
  for (let n = 0; n < 6; n++) {
    const before = cluster.requests.length
    await client.metadata(['t'], deadlineIn(5000), { isElsewhere: true })
    const request = cluster.requests.slice(before).find(({ apiKey }) => apiKey === METADATA)
    order.push(request?.broker ?? -1)
  }
  assert.equal(new Set(order.slice(0, 3)).size, 3, order.join(' '))
  assert.deepEqual(order.slice(0, 3), order.slice(3), order.join(' '))
})

test('rule 6: a broker that left the cluster is forgotten; bootstrap servers are kept', async t => {
  const cluster = await brokers(t, { leaders: [0], brokers: 3 })
  const [first = '', second = ''] = cluster.addresses
  const [port0 = 0] = cluster.ports
  // Broker 1 is a bootstrap server, broker 2 only advertised.
  const client = clientOf(t, [first, second])
  await client.metadata(['t'], deadlineIn(5000))
  for (const id of [0, 1, 2]) await client.request(id, metadata(['t']), deadlineIn(5000))
  assert.equal(client.stats.openConnections, 3)

  cluster.members = [{ id: 0, port: port0 }]
  await client.metadata(['t'], deadlineIn(5000))
  assert.deepEqual([...client.advertised.keys()], [0])
  assert.equal(client.stats.openConnections, 2)

  cluster.members = undefined
  await client.metadata(['t'], deadlineIn(5000))
  assert.deepEqual([...client.advertised.keys()], [0, 1, 2])
})

test('rule 6: when all connections are dead, a new one is made at once, not after a second for each', async t => {
  // Timers of a second or more never fire.
  const clock: Clock = {
    ...systemClock,
    setTimeout: (callback, ms) => (ms < 900 ? systemClock.setTimeout(callback, ms) : undefined),
  }
  const cluster = await brokers(t, { leaders: [0], brokers: 3, script: { onProduce: () => ({ errorCode: 0 }) } })
  const client = clientOf(t, cluster.addresses, { clock })
  await client.metadata(['t'], deadlineIn(5000))
  for (const id of [0, 1, 2]) await client.request(id, metadata(['t']), deadlineIn(5000))
  const produce = async () => {
    const [outcome] = await client.produce(0, [{ topic: 't', partition: 0, bytes: Buffer.alloc(61) }], {
      acks: -1,
      idempotent: true,
      ackTimeoutMs: 100,
      connectTimeoutMs: 500,
      requestTimeoutMs: 100,
      beginWrite: () => true,
    })
    return outcome
  }
  await produce()
  cluster.muteConnections()
  assert.equal((await produce())?.kind, 'unknown')

  await client.metadata(['t'], deadlineIn(5000))
})

test('rule 6: a broker that answers with an error is asked once per round', async t => {
  const cluster = await brokers(t, { leaders: [0], brokers: 2 })
  const client = clientOf(t, cluster.addresses)
  for (const id of [0, 1]) {
    await client.metadata(['t'], deadlineIn(5000))
    await client.request(id, metadata(['t']), deadlineIn(5000))
  }
  cluster.initProducerIdError = 15
  await assert.rejects(client.initProducerId(deadlineIn(5000)), { causeCode: 'COORDINATOR_NOT_AVAILABLE' })
  assert.deepEqual([asked(cluster, 0, INIT_PRODUCER_ID), asked(cluster, 1, INIT_PRODUCER_ID)], [1, 1])
})

test('rule 6: a connection that breaks under a request is replaced at once', async t => {
  let closes = 0
  const cluster = await brokers(t, {
    leaders: [0],
    brokers: 1,
    script: {
      onRequest: (_, apiKey) => {
        if (apiKey === INIT_PRODUCER_ID && closes++ === 0) cluster.closeConnections()
        return undefined
      },
    },
  })
  const client = clientOf(t, cluster.addresses)
  await client.metadata(['t'], deadlineIn(5000))
  assert.ok((await client.initProducerId(deadlineIn(5000))).producerId > 0n)
})

test('rule 6: requests at a cold start share the connection that is being made', async t => {
  // However slow this machine is, no question takes a quarter of a second.
  const clock: Clock = {
    ...systemClock,
    setTimeout: (callback, ms) => (ms === 250 ? undefined : systemClock.setTimeout(callback, ms)),
  }
  const cluster = await brokers(t, { leaders: [0], brokers: 3 })
  const client = clientOf(t, cluster.addresses, { clock })
  await Promise.all([client.metadata(['t'], deadlineIn(5000)), client.initProducerId(deadlineIn(5000))])
  assert.equal(cluster.connections, 1)
})

test('rule 7: an abandoned request is dropped where it was sent, also when the broker’s id has moved', async t => {
  const cluster = await brokers(t, {
    leaders: [0],
    brokers: 2,
    script: { onProduce: () => ({ errorCode: 0 }), onAnswer: () => 'drop' },
  })
  const [, port1 = 0] = cluster.ports
  const client = clientOf(t, cluster.addresses.slice(0, 1))
  await client.metadata(['t'], deadlineIn(5000))
  const outcome = client.produce(0, [{ topic: 't', partition: 0, bytes: Buffer.alloc(61) }], {
    acks: -1,
    idempotent: true,
    ackTimeoutMs: 2500,
    requestTimeoutMs: 600_000,
    connectTimeoutMs: 3000,
    beginWrite: () => true,
  })
  await until(() => cluster.requests.some(({ apiKey }) => apiKey === 0))
  cluster.members = [{ id: 0, port: port1 }]
  await client.metadata(['t'], deadlineIn(5000))
  await client.dropConnections('deadline', 0)
  assert.equal((await outcome)[0]?.kind, 'unknown')
})

type OnAddresses = (error: NodeJS.ErrnoException | null, addresses: dns.LookupAddress[]) => void

test('rule 9: of a name with two addresses, the first of which is silent, the second is reached', async t => {
  const cluster = await brokers(t, { leaders: [0], brokers: 1 })
  const [port = 0] = cluster.ports
  await silentServer(t, port, '127.0.0.2')
  const lookup = dns.lookup
  t.mock.method(dns, 'lookup', (name: string, options: dns.LookupOptions, callback: OnAddresses) => {
    if (name !== 'two.test') return lookup(name, { ...options, all: true }, callback)
    callback(
      null,
      ['127.0.0.2', '127.0.0.1'].map(address => ({ address, family: 4 })),
    )
  })
  const client = clientOf(t, [`two.test:${port}`], { connectTimeoutMs: 200 })
  await assert.rejects(client.metadata(['t'], deadlineIn(5000)))
  await client.metadata(['t'], deadlineIn(5000))
  assert.equal(asked(cluster, 0), 1)
})

// The original bug: the socket and the timer of the attempt stayed until the attempt timed out.
test('close ends a connection attempt that is in progress', async t => {
  const { server, address } = await silentServer(t)
  const accepted = new Promise<Socket>(resolve => server.on('connection', resolve))
  const client = clientOf(t, [address], { connectTimeoutMs: 50_000 })
  const asking = client.metadata(['t'], deadlineIn(50_000)).then(
    () => 'answered',
    error => error.causeCode,
  )
  const socket = await accepted
  const closed = new Promise<void>(resolve => socket.on('close', () => resolve()))
  socket.resume()
  socket.on('error', () => {})

  await client.close()

  await closed
  assert.equal(await asking, 'CLOSED')
  assert.equal(client.stats.openConnections, 0)
})

// The original bug: a leader that takes 8 s for Metadata kept a Produce waiting behind that request until the record's
// deadline: `unknown`.
for (const held of [1, 2])
  test(`rule 6: a Produce is not written behind a slow question, with ${held} of them at its broker`, async t => {
    const answer = Promise.withResolvers<void>()
    let isSlow = false
    const script = { onRequest: (_: number, key: number) => (isSlow && key === METADATA ? answer.promise : undefined) }
    const cluster = await brokers(t, { leaders: [0], brokers: 1, script })
    const producer = producerOf(cluster.addresses)
    t.after(() => producer.close({ timeoutMs: 0 }))
    await producer.sendAll([{ topic: 't', key: 'k', value: 'warm' }])
    isSlow = true
    void producer.sendAll([{ topic: 'other', key: 'k', value: 'x' }], deadlineIn(20_000))
    const before = asked(cluster, 0)
    await until(() => asked(cluster, 0) === before + held)

    const send = () => producer.sendAll([{ topic: 't', key: 'k', value: 'x' }], deadlineIn(8000))
    const reports = [...(await send()), ...(await send())]

    assert.deepEqual(reports.map(summaryOf), ['delivered', 'delivered'])
    assert.equal(cluster.connections, 1 + held)
    isSlow = false
    answer.resolve()
    await until(() => producer.metrics().connections <= 2)
  })

/** Holds the first request of this kind, and those behind it on its connection. */
function holdFirst(apiKey: number): { onRequest: (broker: number, key: number) => Promise<void> | undefined } {
  let isHeld = false
  return {
    onRequest: (_, key) => {
      if (isHeld || key !== apiKey) return undefined
      isHeld = true
      return new Promise(() => {})
    },
  }
}

// Timers of a second or more never fire: nothing here waits for the silence of a broker.
const impatient: Clock = {
  ...systemClock,
  setTimeout: (callback, ms) => (ms < 900 ? systemClock.setTimeout(callback, ms) : undefined),
}

// At a cold start both requests use the first connection. The original bug: metadata waited behind a slow
// InitProducerId.
for (const brokerCount of [1, 3])
  for (const [name, slow] of [
    ['InitProducerId', INIT_PRODUCER_ID],
    ['Metadata', METADATA],
  ] as const)
    test(`rule 6: a question behind a slow ${name} is asked elsewhere, with ${brokerCount} brokers`, async t => {
      const cluster = await brokers(t, { leaders: [0], brokers: brokerCount, script: holdFirst(slow) })
      const client = clientOf(t, cluster.addresses, { clock: impatient })
      const metadataAnswer = client.metadata(['t'], deadlineIn(10_000))
      const id = client.initProducerId(deadlineIn(10_000))
      const [first, second] = slow === METADATA ? [metadataAnswer, id] : [id, metadataAnswer]
      first.catch(() => undefined)

      await second

      assert.ok(cluster.connections <= 2, `${cluster.connections} connections`)
    })

test('rule 6: a slow InitProducerId is asked of one more broker before a second is over', async t => {
  const cluster = await brokers(t, { leaders: [0], brokers: 3, script: holdFirst(INIT_PRODUCER_ID) })
  const client = clientOf(t, cluster.addresses, { clock: impatient })
  assert.ok((await client.initProducerId(deadlineIn(10_000))).producerId > 0n)
  assert.equal(cluster.requests.filter(({ apiKey }) => apiKey === INIT_PRODUCER_ID).length, 2)
})

// The original bug: the producer id came from another broker, and the first Produce was written behind the slow
// request.
test('rule 6: the first Produce of a connection is not written behind a slow question', async t => {
  const cluster = await brokers(t, { leaders: [0, 1, 2], brokers: 3, script: holdFirst(INIT_PRODUCER_ID) })
  const producer = producerOf(cluster.addresses)
  t.after(() => producer.close({ timeoutMs: 0 }))
  const records = [0, 1, 2].map(partition => ({ topic: 't', partition, key: 'k', value: 'x' }))
  const reports = await producer.sendAll(records, deadlineIn(20_000))
  assert.deepEqual(reports.map(summaryOf), Array(3).fill('delivered'))
})

// The original bug: the pause in these responses was ignored, so the next requests went to a broker that reads none.
test('rule 12: a broker that asks for a pause in its metadata gets no question, and others are asked', async t => {
  const cluster = await brokers(t, { leaders: [0], brokers: 2 })
  cluster.questionThrottleMs = broker => (broker === 0 ? 2 ** 31 - 1 : 0)
  const [first = ''] = cluster.addresses
  let addresses = [first]
  const client = clientOf(t, [], { bootstrap: () => addresses })
  await client.metadata(['t'], deadlineIn(5000))
  assert.deepEqual([asked(cluster, 0), asked(cluster, 1)], [1, 0])
  addresses = [...cluster.addresses]
  for (let n = 0; n < 3; n++) await client.metadata(['t'], deadlineIn(5000))
  await client.initProducerId(deadlineIn(5000))
  assert.deepEqual([asked(cluster, 0), asked(cluster, 1)], [1, 3])
  assert.equal(asked(cluster, 0, INIT_PRODUCER_ID), 0)
  await assert.rejects(client.request(0, metadata(['t']), deadlineIn(100)), { causeCode: 'THROTTLED' })
})

for (const [what, apiKey] of [
  ['metadata', METADATA],
  ['a producer id', INIT_PRODUCER_ID],
] as const)
  test(`rule 12: a pause that comes with ${what} delays the Produce to its broker, and metrics have it`, async t => {
    const cluster = await brokers(t, { leaders: [0], brokers: 1 })
    const producer = producerOf(cluster.addresses)
    t.after(() => producer.close({ timeoutMs: 0 }))
    const send = (ms: number) => producer.sendAll([{ topic: 't', key: 'k', value: 'x' }], deadlineIn(ms))
    const [before, last] = [() => producer.partitionsFor('t'), () => producer.connect()]
    await (apiKey === METADATA ? last() : before())
    cluster.questionThrottleMs = () => 300
    await (apiKey === METADATA ? before() : last())
    cluster.questionThrottleMs = () => 0

    assert.deepEqual((await send(60)).map(summaryOf), ['not-sent:quota'])
    assert.deepEqual((await send(10_000)).map(summaryOf), ['delivered'])
    assert.ok(producer.metrics().throttledRequests > 0)
    assert.deepEqual(cluster.values(), ['x'])
  })
