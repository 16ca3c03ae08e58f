// Which broker of which cluster answers on a connection: scripted brokers that compare the ids themselves (KIP-1242),
// and brokers that are asked for metadata.
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { ProducerOptions } from '../../lib/config/producer-options.ts'
import type { DeliveryReport } from '../../lib/delivery/delivery-report.ts'
import { decodeBatch } from '../../lib/testing/partition-log.ts'
import { KafkaJsClient } from '../../lib/transport/kafkajs/kafkajs-client.ts'
import { ScriptedBrokers } from '../fakes/scripted-brokers.ts'
import { producerOf, summaryOf } from '../support/producer-of.ts'
import { deadlineIn, pause, until } from '../support/time.ts'
import { produces } from '../support/with-producer.ts'

const [PRODUCE, METADATA, API_VERSIONS, INIT_PRODUCER_ID] = [0, 3, 18, 22]

/** Broker n leads partition n; broker 0 is the bootstrap server. */
async function start(t: TestContext, checksIdentity: boolean, options: ProducerOptions = {}) {
  const cluster = await ScriptedBrokers.start({ leaders: [0, 1], brokers: 2 })
  t.after(() => cluster.stop())
  cluster.checksIdentity = checksIdentity
  const producer = producerOf(cluster.addresses.slice(0, 1), { retryBackoffMs: 20, ...options })
  t.after(() => producer.close())
  const send = (partition: number, value: string) => producer.sendAll([{ topic: 't', partition, key: 'k', value }])
  return { cluster, producer, send }
}

const summaries = (reports: readonly DeliveryReport[]) => reports.map(summaryOf)
const causeCodes = (reports: readonly DeliveryReport[]) =>
  reports.map(report => report.kind === 'failed' && report.causeCode)
const requestsTo = (cluster: ScriptedBrokers, number: number) =>
  cluster.requests.filter(({ broker }) => broker === number)
const connectionsOfProduces = (cluster: ScriptedBrokers, broker: number) =>
  new Set(requestsTo(cluster, broker).flatMap(({ apiKey, connection }) => (apiKey === PRODUCE ? [connection] : [])))
    .size

for (const checksIdentity of [true, false]) {
  const way = checksIdentity ? 'ApiVersions' : 'Metadata'

  test(`rule 16: by ${way}, each connection is asked once, before its first Produce`, async t => {
    const { cluster, send } = await start(t, checksIdentity)
    for (const value of ['a', 'b', 'c'])
      for (const partition of [0, 1]) assert.deepEqual(summaries(await send(partition, value)), ['delivered'])

    const apis = (broker: number) => requestsTo(cluster, broker).map(({ apiKey }) => apiKey)
    const produced = [PRODUCE, PRODUCE, PRODUCE]
    assert.deepEqual(apis(0), [API_VERSIONS, METADATA, INIT_PRODUCER_ID, ...produced], 'its metadata says who it is')
    assert.deepEqual(apis(1), checksIdentity ? [API_VERSIONS, ...produced] : [API_VERSIONS, METADATA, ...produced])
    assert.equal(requestsTo(cluster, 1)[0]?.apiVersion, checksIdentity ? 5 : 2)
  })

  test(`rule 16: by ${way}, another cluster gets new ids, and nothing of what the former one may have`, async t => {
    const { cluster, producer, send } = await start(t, checksIdentity)
    for (const partition of [0, 1]) await send(partition, 'former')
    const former = cluster.log(1)
    const ids: [bigint, number, number][] = []
    let isLost = true
    cluster.script = {
      onProduce: ({ bytes }) => {
        const { producerId, epoch, baseSequence } = decodeBatch(bytes)
        ids.push([producerId, epoch, baseSequence])
        return 'append'
      },
      onAnswer: () => (isLost ? 'drop' : 'send'),
    }
    const inDoubt = send(1, 'in doubt')
    await until(() => former.records.length === 2)
    const waiting = send(1, 'waiting')
    isLost = false
    cluster.makeAnew('other')

    const [doubtful] = await inDoubt
    assert.ok(doubtful?.kind === 'failed')
    assert.deepEqual([summaryOf(doubtful), doubtful.causeCode], ['unknown:delivery-unknown', 'OTHER_CLUSTER'])
    assert.deepEqual([doubtful.inDoubt?.clusterId, doubtful.inDoubt?.fromOffset], ['scripted', 1n])
    assert.deepEqual(summaries(await waiting), ['delivered'])
    assert.deepEqual(summaries([...(await send(0, 'new')), ...(await send(1, 'new'))]), ['delivered', 'delivered'])
    assert.deepEqual(cluster.values(), ['new', 'new', 'waiting'])
    assert.deepEqual(
      ids.slice(1).map(([, epoch, sequence]) => [epoch, sequence]),
      [
        [0, 0],
        [0, 0],
        [0, 1],
      ],
    )
    assert.ok(producer.isUsable)
  })

  test(`rule 16: by ${way}, another broker at the address gets no Produce, and the others go on`, async t => {
    const { cluster, send } = await start(t, checksIdentity, { deliveryTimeoutMs: 4000 })
    await send(0, 'a')
    const [first = 0, second = 0] = cluster.ports
    cluster.identities.set(1, { nodeId: 7 })
    cluster.membersSeenBy.set(1, [
      { id: 0, port: first },
      { id: 7, port: second },
    ])
    const failing = send(1, 'b')
    await until(() => requestsTo(cluster, 1).length > 0)
    assert.deepEqual(summaries(await send(0, 'c')), ['delivered'])
    const reports = await failing
    assert.deepEqual([summaries(reports), causeCodes(reports)], [['not-sent:unreachable'], ['OTHER_BROKER']])
    assert.deepEqual(
      produces(cluster).map(({ broker }) => broker),
      [0, 0],
    )
    assert.equal(connectionsOfProduces(cluster, 0), 1)

    cluster.identities.clear()
    cluster.membersSeenBy.clear()
    assert.deepEqual(summaries(await send(1, 'd')), ['delivered'])
  })

  test(`rule 16: by ${way}, an address that leads to another cluster changes nothing for the others`, async t => {
    const { cluster, producer, send } = await start(t, checksIdentity, {
      deliveryTimeoutMs: 4000,
    })
    await send(0, 'a')
    cluster.identities.set(1, { clusterId: 'foreign' })
    const reports = await send(1, 'b')
    assert.deepEqual([summaries(reports), causeCodes(reports)], [['not-sent:unreachable'], ['OTHER_CLUSTER']])
    assert.deepEqual(summaries(await send(0, 'c')), ['delivered'])
    assert.equal(cluster.requests.filter(({ apiKey }) => apiKey === INIT_PRODUCER_ID).length, 1)
    assert.equal(connectionsOfProduces(cluster, 0), 1)

    cluster.identities.clear()
    assert.deepEqual(summaries(await send(1, 'd')), ['delivered'])
    assert.ok(producer.isUsable)
  })

  test(`rule 16: by ${way}, a cluster without an id is never another one`, async t => {
    const { cluster, send } = await start(t, checksIdentity)
    cluster.clusterId = null
    for (const partition of [0, 1]) assert.deepEqual(summaries(await send(partition, 'a')), ['delivered'])
    assert.deepEqual(
      requestsTo(cluster, 1).map(({ apiKey }) => apiKey),
      [PRODUCE],
      'nothing to compare',
    )
    for (const clusterId of ['known', null, 'known']) {
      cluster.clusterId = clusterId
      cluster.closeConnections()
      await pause(20)
      for (const partition of [0, 1]) assert.deepEqual(summaries(await send(partition, 'a')), ['delivered'])
    }
    assert.equal(cluster.requests.filter(({ apiKey }) => apiKey === INIT_PRODUCER_ID).length, 1)
  })
}

test('rule 16: a producer id is asked only of a broker that is known to be of the cluster', async t => {
  const cluster = await ScriptedBrokers.start({ leaders: [0], brokers: 1 })
  t.after(() => cluster.stop())
  const producer = producerOf(cluster.addresses, { retryBackoffMs: 20 })
  t.after(() => producer.close())
  let isHeld = true
  cluster.script = {
    onRequest: async (_, apiKey) => {
      if (apiKey !== INIT_PRODUCER_ID || !isHeld) return
      isHeld = false
      cluster.makeAnew('other')
    },
  }
  assert.deepEqual(summaries(await producer.sendAll([{ topic: 't', key: 'k', value: 'a' }])), ['delivered'])
  const [first, ...later] = cluster.requests.filter(({ apiKey }) => apiKey === INIT_PRODUCER_ID)
  assert.equal(later.length, 1)
  assert.ok(cluster.requests.some(({ apiKey, connection }) => apiKey === METADATA && connection !== first?.connection))
  assert.deepEqual(cluster.values(), ['a'])
})

test('rule 16: batches with an id of a former cluster are not written to the present one', async t => {
  const cluster = await ScriptedBrokers.start({ leaders: [0], brokers: 1 })
  t.after(() => cluster.stop())
  const client = new KafkaJsClient({
    bootstrap: () => cluster.addresses,
    clientId: 'test',
    connectTimeoutMs: 3000,
    maxIdleMs: 120_000,
    reconnectBackoffMs: 1,
    reconnectBackoffMaxMs: 1,
  })
  t.after(() => client.close())
  await client.metadata(['t'], deadlineIn(5000))
  let writes = 0
  const produce = async (clusterId: string | null) => {
    const [outcome] = await client.produce(0, [{ topic: 't', partition: 0, bytes: Buffer.alloc(61) }], {
      acks: -1,
      idempotent: true,
      clusterId,
      ackTimeoutMs: 100,
      connectTimeoutMs: 3000,
      requestTimeoutMs: 3000,
      beginWrite: () => ++writes > 0,
    })
    return outcome?.kind === 'acked' ? outcome.kind : `${outcome?.kind}:${outcome?.causeCode}`
  }
  cluster.script = { onProduce: () => ({ errorCode: 46 }) }
  assert.deepEqual([await produce('former'), writes], ['not-sent:OTHER_CLUSTER', 0])
  assert.deepEqual([await produce('scripted'), await produce(null), writes], ['acked', 'acked', 2])
})
