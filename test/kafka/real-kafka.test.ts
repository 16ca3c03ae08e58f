// On a real Kafka: the contract of KafkaClient, and behaviour that only a real broker shows.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { kafkaOf, readTopic, untilInSync } from '../../local/kafka/admin.ts'
import { kafkaClientContract } from '../kafka-client.contract.ts'
import { producerOf, summaryOf } from '../support/producer-of.ts'
import { contractCluster, newTopic, sharedClusterServers } from '../support/real-kafka.ts'

const servers = sharedClusterServers()

kafkaClientContract('real Kafka', () => contractCluster(servers))

test('keys, values, headers, partitions and timestamps are read as they were sent', async () => {
  const topic = await newTopic(servers)
  const producer = producerOf(servers.split(','))
  const reports = await producer.sendAll([
    { topic, key: 'k', value: 'v', headers: [['h', Buffer.from('x')]], timestamp: 1517966773840 },
    { topic, key: null, value: null, partition: 2 },
  ])
  const records = await readTopic(servers, topic)
  await producer.close()

  for (const report of reports) {
    assert.ok(report.kind === 'delivered')
    const stored = records.find(
      ({ partition, offset }) => partition === report.metadata.partition && offset === report.metadata.offset,
    )
    assert.equal(stored?.key?.toString(), report.record.key ?? undefined)
    assert.equal(stored?.value?.toString(), report.record.value ?? undefined)
    assert.equal(stored?.timestamp, report.metadata.timestamp)
  }
  assert.equal(records.find(({ key }) => key !== null)?.timestamp, 1517966773840)
})

test('of a batch only the record over the topic’s max.message.bytes is rejected', async () => {
  const topic = await newTopic(servers, { 'max.message.bytes': '2000' }, 1)
  const producer = producerOf(servers.split(','))
  const reports = await producer.sendAll(['a', 'x'.repeat(5000), 'b', 'c'].map(value => ({ topic, value })))
  const values = (await readTopic(servers, topic)).map(({ value }) => value?.toString())
  await producer.close()

  assert.deepEqual(reports.map(summaryOf), ['delivered', 'rejected:record-too-large', 'delivered', 'delivered'])
  assert.deepEqual(values, ['a', 'b', 'c'])
})

test('of a batch for a compacted topic only the record without a key is rejected', async () => {
  const topic = await newTopic(servers, { 'cleanup.policy': 'compact' }, 1)
  const producer = producerOf(servers.split(','))
  const reports = await producer.sendAll([
    { topic, key: 'a', value: '1' },
    { topic, value: '2', partition: 0 },
    { topic, key: 'c', value: '3' },
  ])
  await producer.close()

  assert.deepEqual(reports.map(summaryOf), ['delivered', 'rejected:key-missing', 'delivered'])
})

test('a missing topic fails after max.block.ms and does not delay another topic', async () => {
  const topic = await newTopic(servers)
  const producer = producerOf(servers.split(','), { maxBlockMs: 1500 })
  const order: string[] = []
  const reported = async (name: string, sending: ReturnType<typeof producer.sendAll>) => {
    const [report] = await sending
    order.push(`${name} ${summaryOf(report)}`)
  }
  await Promise.all([
    reported('missing', producer.sendAll([{ topic: 'not-there', value: 'x' }])),
    reported('other', producer.sendAll([{ topic, key: 'k', value: 'x' }])),
  ])
  assert.deepEqual(order, ['other delivered', 'missing not-sent:topic-not-on-cluster'])
  await producer.close()
})

test('ten thousand records of one call are in the log once, in order per key', async () => {
  const topic = await newTopic(servers, {}, 6)
  const producer = producerOf(servers.split(','))
  const reports = await producer.sendAll(
    Array.from({ length: 10_000 }, (_, i) => ({ topic, key: `k${i % 50}`, value: String(i) })),
  )
  const records = await readTopic(servers, topic)
  await producer.close()

  assert.ok(reports.every(({ kind }) => kind === 'delivered'))
  assert.equal(new Set(records.map(({ value }) => String(value))).size, 10_000)
  assert.equal(records.length, 10_000)
  const last = new Map<string, number>()
  for (const { key, value } of records) {
    assert.ok(Number(value) > (last.get(String(key)) ?? -1))
    last.set(String(key), Number(value))
  }
})

test('added partitions are used: an explicit one at once, and by keys', async () => {
  const topic = await newTopic(servers, {}, 1)
  // A partition beyond the count is waited for so long.
  const producer = producerOf(servers.split(','), { maxBlockMs: 1000 })
  const sent = async (record: object) => (await producer.sendAll([{ topic, value: 'v', ...record }]))[0]
  assert.equal(summaryOf(await sent({ partition: 3 })), 'not-sent:partition-out-of-range')
  assert.equal((await producer.partitionsFor(topic)).count, 1)
  const admin = kafkaOf(servers).admin()
  await admin.connect()
  await admin.createPartitions({ topicPartitions: [{ topic, count: 6 }] })
  await admin.disconnect()
  await untilInSync(servers, topic, 1)

  for (let tries = 0; summaryOf(await sent({ partition: 3 })) !== 'delivered'; tries++) assert.ok(tries < 20)
  const keys = Array.from({ length: 30 }, (_, i) => `k${i}`)
  const reports = await producer.sendAll(keys.map(key => ({ topic, key, value: key })))
  await producer.close()
  const partitions = new Set(reports.map(report => (report.kind === 'delivered' ? report.metadata.partition : -1)))
  assert.ok(partitions.size > 1 && !partitions.has(-1), `${[...partitions]}`)
})
