// client.rack with partitioner.rack.aware (KIP-1123): which leaders get records without a key.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseConfig } from '../../lib/config/parse-config.ts'
import type { ProducerOptions } from '../../lib/config/producer-options.ts'
import { KafkaProducer } from '../../lib/kafka-producer.ts'
import { createKafkaJsClient } from '../../lib/producer-factory.ts'
import { VirtualClock } from '../../lib/testing/virtual-clock.ts'
import { RacksCluster } from '../fakes/racks-cluster.ts'
import { ScriptedBrokers } from '../fakes/scripted-brokers.ts'
import { summaryOf } from '../support/producer-of.ts'
import { whenDone } from '../support/time.ts'

const RACKS = [
  [0, 'use1-az1'],
  [1, 'use1-az2'],
  [2, 'use1-az3'],
] as const
const IN_AZ2 = { partitionerRackAware: true, clientRack: 'use1-az2' } as const

function setUp(
  options: ProducerOptions,
  leaders: readonly number[],
  racks: Iterable<readonly [number, string]> = RACKS,
) {
  const clock = new VirtualClock()
  const cluster = new RacksCluster(clock, leaders, racks)
  const config = parseConfig({ bootstrapServers: ['a:1', 'b:1'], ...options }, {}, () => undefined)
  const warnings: string[] = []
  const producer = new KafkaProducer(config, { client: cluster, clock, warn: text => warnings.push(text) })
  let sent = 0
  /** Sends records without a key that each fill a batch, so that each is for another partition. */
  const send = async (count: number, key?: string) => {
    const value = () => `${sent++}`.padEnd(16_384, '.')
    const records = Array.from({ length: count }, () => ({ topic: 't', value: value(), ...(key ? { key } : {}) }))
    return (await whenDone(clock, producer.sendAll(records))).map(summaryOf)
  }
  /** Sends records that see the change, then others. Returns the partitions of the others. */
  const afterChange = async (seeing: number, others: number) => {
    await send(seeing)
    cluster.appended.length = 0
    await send(others)
    return cluster.partitions
  }
  return { clock, cluster, producer, send, afterChange, warnings }
}

test('records without a key go to leaders in client.rack: settings from the environment, real answers', async t => {
  const cluster = await ScriptedBrokers.start({ leaders: [0, 1, 2, 0, 1, 2], brokers: 3 })
  t.after(() => cluster.stop())
  cluster.racks = ['use1-az1', 'use1-az2', null]
  const config = parseConfig(
    {},
    {
      KAFKA_BOOTSTRAP_SERVERS: cluster.addresses.join(),
      KAFKA_CLIENT_RACK: ' use1-az2 ',
      KAFKA_PARTITIONER_RACK_AWARE: 'true',
    },
  )
  const producer = new KafkaProducer(config, { client: createKafkaJsClient(config) })
  t.after(() => producer.close())
  const value = 'x'.repeat(16_384)
  const reports = await producer.sendAll(Array.from({ length: 40 }, () => ({ topic: 't', value })))

  assert.deepEqual([...new Set(reports.map(summaryOf))], ['delivered'])
  assert.deepEqual(
    cluster.leaders.map((_, partition) => cluster.log(partition).records.length > 0),
    [false, true, false, false, true, false],
  )
  assert.equal((await producer.partitionsFor('t')).preferred.length, 2)
})

test('without the settings, records without a key go to the leaders of every rack', async () => {
  const { cluster, producer, send } = setUp({}, [0, 1, 2])
  await send(60)
  assert.deepEqual(cluster.partitions, [0, 1, 2])
  const { available, preferred } = await producer.partitionsFor('t')
  assert.equal(preferred, available)
})

test('records with a key stay with their partition in whatever rack its leader is', async () => {
  const { cluster, send } = setUp(IN_AZ2, [0, 0, 0, 0, 1])
  const { cluster: plain, send: sendPlain } = setUp({}, [0, 0, 0, 0, 1])
  for (const key of ['a', 'b', 'c', 'd', 'e', 'f']) {
    await send(1, key)
    await sendPlain(1, key)
  }
  assert.deepEqual(
    cluster.appended.map(({ partition }) => partition),
    plain.appended.map(({ partition }) => partition),
  )
  assert.ok(cluster.partitions.length > 1)
})

for (const [what, rack, racks] of [
  ['no broker is in the rack', 'use1-az9', RACKS],
  ['no broker has a rack', 'use1-az2', []],
  ['a rack differs in case', 'USE1-AZ2', RACKS],
  ['a rack is named like a property of objects', '__proto__', RACKS],
  ['only a follower’s broker is in the rack', 'use1-az4', [...RACKS, [3, 'use1-az4'] as const]],
] as const)
  test(`where ${what}, records without a key go to every leader`, async () => {
    const { cluster, send } = setUp({ ...IN_AZ2, clientRack: rack }, [0, 1, 2], racks)
    assert.deepEqual(new Set(await send(60)), new Set(['delivered']))
    assert.deepEqual(cluster.partitions, [0, 1, 2])
  })

test('a rack may have any name', async () => {
  for (const rack of ['r:1,2;3', '__proto__', 'Ζώνη 😀', 'x'.repeat(10_000), '0', '-1']) {
    const { cluster, send } = setUp(
      { ...IN_AZ2, clientRack: rack },
      [0, 1, 2],
      [
        [0, 'other'],
        [1, rack],
      ],
    )
    await send(10)
    assert.deepEqual(cluster.partitions, [1], rack.slice(0, 20))
  }
})

test('when leaders move, the next records follow the leaders of the rack', async () => {
  const { cluster, send, afterChange } = setUp({ ...IN_AZ2, metadataMaxAgeMs: 1 }, [0, 1, 2])
  await send(5)
  assert.deepEqual(cluster.partitions, [1])
  cluster.moveLeader(1, 0)
  cluster.moveLeader(2, 1)
  assert.deepEqual(await afterChange(2, 5), [2])
})

test('when a broker changes its rack, the next records follow', async () => {
  const { cluster, send, afterChange, clock } = setUp({ ...IN_AZ2, metadataMaxAgeMs: 1 }, [0, 1, 2])
  await send(5)
  cluster.racks = new Map([
    [0, 'use1-az2'],
    [1, 'use1-az1'],
  ])
  await clock.advance(10)
  assert.deepEqual(await afterChange(2, 5), [0])
})

test('when the last leader of the rack is gone, records go to the others; when there is one again, to it', async () => {
  const { cluster, send, afterChange, clock } = setUp({ ...IN_AZ2, metadataMaxAgeMs: 1 }, [0, 1, 2])
  await send(3)
  cluster.moveLeader(1, -1)
  await clock.advance(10)
  assert.deepEqual(await afterChange(1, 60), [0, 2])
  cluster.moveLeader(1, 1)
  assert.deepEqual(await afterChange(2, 5), [1])
})

test('records without a key share a partition of the rack for 16 KiB, also while other leaders move', async () => {
  const { cluster, producer, clock } = setUp({ ...IN_AZ2, metadataMaxAgeMs: 1 }, [1, 1, 1, 1, 1, 1, 0])
  for (let i = 0; i < 20; i++) {
    cluster.moveLeader(6, i % 2 === 0 ? 2 : 0)
    const sending = producer.send({ topic: 't', value: 'x' })
    await clock.advance(20)
    await sending
  }
  assert.equal(cluster.partitions.length, 1)
})

test('a client.rack in which no broker is causes one warning, which names the racks that there are', async () => {
  for (const [racks, others] of [
    [RACKS, 'they are in use1-az1, use1-az2, use1-az3'],
    [[], 'none has a rack'],
  ] as const) {
    const { send, warnings } = setUp({ ...IN_AZ2, clientRack: 'us-east-1b', metadataMaxAgeMs: 1 }, [0, 1, 2], racks)
    for (let i = 0; i < 5; i++) await send(2)
    assert.deepEqual(warnings, [
      `client.rack (KAFKA_CLIENT_RACK) us-east-1b: no broker is there (${others}). Records without a key go to the ` +
        'leaders of every rack.',
    ])
  }
  const { send, warnings, cluster } = setUp(IN_AZ2, [0, 2])
  await send(3)
  assert.deepEqual([warnings, cluster.partitions.length > 0], [[], true], 'a broker is there that leads nothing')
})
