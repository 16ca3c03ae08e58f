// Brokers in three racks, as in three availability zones, and sandboxes that all run in the first: which broker gets
// how many bytes, counted by a proxy in front of each. docs/connections.md has the figures that this test prints.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { ProducerOptions } from '../../lib/config/producer-options.ts'
import { type ProxiedKafka, startProxiedKafka } from '../../local/faults/proxied-kafka.ts'
import { createTopics, partitionsOf, readTopic, untilInSync } from '../../local/kafka/admin.ts'
import { producerOf, summaryOf } from '../support/producer-of.ts'
import { pause } from '../support/time.ts'

const RACKS = ['use1-az1', 'use1-az2', 'use1-az3'] as const
const RACK_AWARE = { partitionerRackAware: true, clientRack: RACKS[0] } as const
const SANDBOXES = 60
const RECORDS = 20
/** 1,000 bytes of JSON. */
const VALUE = JSON.stringify({ place: '7 km W of Cobb, CA', text: 'x'.repeat(960) })

let rig: ProxiedKafka
before(async () => {
  rig = await startProxiedKafka(3, undefined, { racks: RACKS })
})
after(() => rig.stop())

async function createTopic(topic: string): Promise<void> {
  const { bootstrapServers } = rig.kafka
  await createTopics(bootstrapServers, [{ topic, partitions: 6, replicas: 3 }])
  await untilInSync(bootstrapServers, topic, 3)
}

/** Runs each sandbox once: a new producer sends records and ends. Returns the bytes that each broker got from them. */
async function bytesPerBroker(topic: string, options: ProducerOptions, key?: (n: number) => string): Promise<number[]> {
  const before = rig.proxies.map(({ bytesFromClients }) => bytesFromClients)
  let n = 0
  for (let sandbox = 0; sandbox < SANDBOXES; sandbox++) {
    const producer = producerOf(rig.bootstrapServers.split(','), options)
    try {
      const records = Array.from({ length: RECORDS }, () => ({
        topic,
        value: VALUE,
        ...(key ? { key: key(n++) } : {}),
      }))
      const reports = await producer.sendAll(records)
      assert.deepEqual(new Set(reports.map(summaryOf)), new Set(['delivered']))
    } finally {
      await producer.close()
    }
  }
  return rig.proxies.map(({ bytesFromClients }, index) => bytesFromClients - (before[index] as number))
}

const shareOfOthers = ([own = 0, ...others]: readonly number[]) => {
  const bytes = others.reduce((sum, each) => sum + each, 0)
  return bytes / (own + bytes)
}

test('records without a key reach other racks only where partitioner.rack.aware is off', async t => {
  await createTopic('costs')
  const off = await bytesPerBroker('costs', {})
  const on = await bytesPerBroker('costs', RACK_AWARE)
  const keyed = await bytesPerBroker('costs', RACK_AWARE, n => `k${n}`)
  for (const [what, bytes] of Object.entries({ off, on, keyed }))
    t.diagnostic(`${what}: ${bytes.join(', ')} bytes; to other racks ${(100 * shareOfOthers(bytes)).toFixed(1)} %`)

  assert.ok(shareOfOthers(off) > 0.4, `${off}`)
  assert.ok(shareOfOthers(on) < 0.05, `${on}`)
  assert.ok(shareOfOthers(keyed) > 0.4, `${keyed}`)
  assert.equal((await readTopic(rig.kafka.bootstrapServers, 'costs')).length, 3 * SANDBOXES * RECORDS)
})

test('when the only broker of the rack stops, records go to the other racks; when it leads again, to it', async () => {
  const topic = 'moves'
  await createTopic(topic)
  const producer = producerOf(rig.bootstrapServers.split(','), { ...RACK_AWARE, metadataMaxAgeMs: 200 })
  const leadersOfNext = async () => {
    // The first looks at metadata that is too old, and asks for new.
    const reports = []
    for (let i = 0; i < 10; i++) reports.push(...(await producer.sendAll([{ topic, value: 'x'.repeat(16_384) }])))
    assert.deepEqual(new Set(reports.map(summaryOf)), new Set(['delivered']))
    const leaders = new Map(
      (await partitionsOf(rig.kafka.bootstrapServers, topic)).map(({ partition, leader }) => [partition, leader]),
    )
    await pause(300)
    const last = (await producer.sendAll([{ topic, value: 'x'.repeat(16_384) }]))[0]
    return last?.kind === 'delivered' ? leaders.get(last.metadata.partition) : undefined
  }
  try {
    assert.equal(await leadersOfNext(), 1)
    await rig.kafka.stopBroker(1)
    assert.notEqual(await leadersOfNext(), 1)
    await rig.kafka.startBroker(1)
    await untilInSync(rig.kafka.bootstrapServers, topic, 3)
    await rig.kafka.electPreferredLeaders()
    await pause(500)
    assert.equal(await leadersOfNext(), 1)
  } finally {
    await producer.close()
  }
})

test('a leader of the rack that freezes is avoided after partitioner.availability.timeout.ms', async () => {
  const topic = 'freezes'
  await createTopic(topic)
  const producer = producerOf(rig.bootstrapServers.split(','), { ...RACK_AWARE, partitionerAvailabilityTimeoutMs: 300 })
  try {
    const [first] = await producer.sendAll([{ topic, value: '0' }])
    assert.equal(summaryOf(first), 'delivered')
    const inRack = (await partitionsOf(rig.kafka.bootstrapServers, topic))
      .filter(({ leader }) => leader === 1)
      .map(each => each.partition)
    assert.deepEqual([...(await producer.partitionsFor(topic)).preferred].sort(), inRack)
    rig.kafka.freezeBroker(1)
    const partition = first?.kind === 'delivered' ? first.metadata.partition : Number.NaN
    let isOver = false
    const stuck = producer.sendAll([{ topic, partition, value: '1' }]).finally(() => {
      isOver = true
    })
    await pause(400)
    const { preferred } = await producer.partitionsFor(topic)
    assert.ok(preferred.length > 0 && inRack.every(each => !preferred.includes(each)), `${inRack} in ${preferred}`)
    assert.equal(isOver, false, 'the frozen leader has not answered')
    rig.kafka.thawBroker(1)
    assert.deepEqual((await stuck).map(summaryOf), ['delivered'])
  } finally {
    rig.kafka.thawBroker(1)
    await producer.close()
  }
})
