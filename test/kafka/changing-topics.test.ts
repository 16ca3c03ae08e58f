// Topics that change under a warm producer, on a real cluster: its brokers learn of a change one after the other.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { type TestContext, test } from 'node:test'
import type { Admin } from 'kafkajs'
import {
  createTopics,
  deleteTopic,
  kafkaOf,
  readTopic,
  untilEachBrokerLists,
  untilInSync,
} from '../../local/kafka/admin.ts'
import { producerOf, summaryOf } from '../support/producer-of.ts'
import { sharedClusterServers } from '../support/real-kafka.ts'
import { pause } from '../support/time.ts'

const servers = sharedClusterServers()

async function adminOf(t: TestContext): Promise<Admin> {
  const admin = kafkaOf(servers).admin()
  await admin.connect()
  t.after(() => admin.disconnect())
  return admin
}

async function newTopic(partitions: number, topic = `test-${randomBytes(6).toString('hex')}`): Promise<string> {
  await createTopics(servers, [{ topic, partitions }])
  await untilInSync(servers, topic, 1)
  return topic
}

test('a record for a partition that was added this moment is delivered, thirty times', async t => {
  const admin = await adminOf(t)
  const topic = await newTopic(1)
  const producer = producerOf(servers.split(','))
  t.after(() => producer.close())
  await producer.sendAll([{ topic, key: 'k', value: 'warm' }])
  const reports = new Map<string, number>()
  for (let count = 2; count <= 31; count++) {
    await admin.createPartitions({ topicPartitions: [{ topic, count }] })
    const [report] = await producer.sendAll([{ topic, key: 'k', value: `v${count}`, partition: count - 1 }])
    reports.set(summaryOf(report), (reports.get(summaryOf(report)) ?? 0) + 1)
  }
  assert.deepEqual([...reports], [['delivered', 30]])
})

/** Deletes the topic and creates it again, and returns once every broker knows the new one and not the former one. */
async function createAnew(topic: string, partitions: number): Promise<void> {
  await deleteTopic(servers, topic)
  await newTopic(partitions, topic)
  await untilEachBrokerLists(servers, topic)
}

/** Gives every partition a leader with a higher epoch than a new topic has. */
async function moveLeaders(admin: Admin, topic: string, partitions: number): Promise<void> {
  const { brokers } = await admin.describeCluster()
  const ids = brokers.map(({ nodeId }) => nodeId)
  for (const turn of [0, 1]) {
    const partitionAssignment = Array.from({ length: partitions }, (_, partition) => ({
      partition,
      replicas: [ids[(partition + turn) % ids.length] as number],
    }))
    await admin.alterPartitionReassignments({ topics: [{ topic, partitionAssignment }] })
    while ((await admin.listPartitionReassignments({})).topics.some(moving => moving.topic === topic)) await pause(50)
  }
}

for (const [title, count] of [
  ['as many', 6],
  ['fewer', 2],
] as const)
  test(`a topic created anew with ${title} partitions is known by its id, after few requests`, async t => {
    const admin = await adminOf(t)
    const topic = await newTopic(6)
    await moveLeaders(admin, topic, 6)
    const producer = producerOf(servers.split(','), { deliveryTimeoutMs: 60_000 })
    t.after(() => producer.close())
    const send = (value: string) =>
      producer.sendAll(Array.from({ length: 6 }, (_, partition) => ({ topic, key: 'k', value, partition })))
    await send('warm')
    await createAnew(topic, count)
    const before = producer.metrics().metadataRefreshes

    const summaries = (await send('anew')).map(summaryOf)
    const requests = producer.metrics().metadataRefreshes - before
    assert.deepEqual(new Set(summaries.slice(0, count)), new Set(['delivered']))
    for (const summary of summaries.slice(count)) assert.match(summary, /^(rejected|not-sent):partition-gone$/)
    assert.ok(requests <= 10, `${requests} metadata requests`)
    assert.deepEqual(
      (await readTopic(servers, topic)).map(({ value }) => value?.toString()),
      Array(count).fill('anew'),
    )
  })

test('a topic that was deleted has the same code for a warm producer as for a new one', async t => {
  const topic = await newTopic(1)
  const options = { deliveryTimeoutMs: 6000 }
  const warm = producerOf(servers.split(','), options)
  const cold = producerOf(servers.split(','), options)
  t.after(() => Promise.all([warm.close(), cold.close()]))
  await warm.sendAll([{ topic, key: 'k', value: 'warm' }])
  // A leader that does not know yet would take the record, and delete it before it is acknowledged: `unknown`.
  await deleteTopic(servers, topic)

  const reports = await Promise.all([warm, cold].map(producer => producer.sendAll([{ topic, key: 'k', value: 'x' }])))
  assert.equal(reports.flat().length, 2)
  for (const report of reports.flat()) assert.match(summaryOf(report), /:topic-not-on-cluster$/)
})
