// What ProducerMetadata tells the Sender about topics, their age and the cluster: virtual time, a scripted client.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LeaderAvailability } from '../../lib/send/leader-availability.ts'
import { LeaderPreference } from '../../lib/send/leader-preference.ts'
import { ProducerMetadata } from '../../lib/send/producer-metadata.ts'
import { VirtualClock } from '../../lib/testing/virtual-clock.ts'
import { Deadline } from '../../lib/time/deadline.ts'
import { ChangingCluster } from '../fakes/changing-cluster.ts'
import { whenDone } from '../support/time.ts'

const BACK_OFF_MS = 100
const MAX_AGE_MS = 60_000
const IDLE_MS = 300_000

function setUp() {
  const clock = new VirtualClock()
  const client = new ChangingCluster(clock, 1)
  const backOff = { retryBackoffMs: BACK_OFF_MS, retryBackoffMaxMs: BACK_OFF_MS, clock }
  const otherClusters: (string | null)[] = []
  const metadata: ProducerMetadata = new ProducerMetadata(client, {
    ...backOff,
    maxAgeMs: MAX_AGE_MS,
    maxBlockMs: 1000,
    requestTimeoutMs: 30_000,
    connectTimeoutMs: 10_000,
    preference: new LeaderPreference(() => undefined, new LeaderAvailability({ ...backOff, timeoutMs: 0 })),
    onChange: () => {},
    onOtherCluster: () => otherClusters.push(metadata.clusterId),
    onNewLogs: () => {},
    hasRecords: () => false,
  })
  const forTopic = (ms = 1000) => whenDone(clock, metadata.forTopic('t', Deadline.after(clock, ms)))
  /** Requests metadata if it is old. @returns the number of requests that follow, with some time for repetitions */
  const refreshed = async () => {
    const before = client.requests.length
    metadata.refreshIfOld()
    await clock.advance(BACK_OFF_MS)
    return client.requests.length - before
  }
  return { clock, client, metadata, otherClusters, forTopic, refreshed }
}

test('a topic is in use for exactly five minutes after its last call', async () => {
  const { clock, client, metadata, forTopic } = setUp()
  await forTopic()
  metadata.partitionsOf('t')
  await clock.advance(IDLE_MS)
  const before = client.requests.length
  metadata.refresh()
  await clock.advance(1)
  assert.deepEqual(
    client.requests.slice(before).map(({ topics }) => topics),
    [['t']],
  )
  await clock.advance(10)
  metadata.refresh()
  await clock.advance(10)
  assert.equal(client.requests.length, before + 1, 'after it, it is not requested')
})

test('brokers with another cluster id are another cluster; its topics are requested anew', async () => {
  const { clock, client, metadata, otherClusters, forTopic } = setUp()
  const answer = client.metadata.bind(client)
  let clusterId: string | null = 'first'
  client.metadata = async (...args) => ({ ...(await answer(...args)), clusterId })
  const refresh = async () => {
    metadata.refresh()
    await clock.advance(10)
  }
  await forTopic()
  assert.deepEqual([metadata.clusterId, otherClusters], ['first', []], 'the first cluster is no other one')
  clusterId = null
  await refresh()
  assert.deepEqual([metadata.clusterId, otherClusters], ['first', []], 'an answer without an id does not say')
  clusterId = 'second'
  client.topics.t = { leaders: [], leaderEpoch: 0 }
  await refresh()
  assert.deepEqual([metadata.clusterId, otherClusters], ['second', ['first']])
  assert.equal(metadata.partitionsOf('t').count, 0, 'one answer of the other cluster decides')
  await refresh()
  assert.deepEqual(otherClusters, ['first'], 'the second answer of a cluster is no news')
})

test('metadata that could not be refreshed is still old, and the next check requests it again', async () => {
  const { clock, client, forTopic, refreshed } = setUp()
  await forTopic()
  await clock.advance(MAX_AGE_MS + 1)
  client.view = () => {
    throw new Error('no answer')
  }
  assert.equal(await refreshed(), 1)
  assert.equal(await refreshed(), 1)
  client.view = topic => client.topics[topic]
  assert.equal(await refreshed(), 1)
  assert.equal(await refreshed(), 0, 'it is new now')
})

test('a failed request for another reason leaves the age of the metadata as it was', async () => {
  const { clock, client, metadata, forTopic, refreshed } = setUp()
  await forTopic()
  client.view = () => {
    throw new Error('no answer')
  }
  metadata.requestRefresh('t')
  await clock.advance(10)
  assert.equal(client.requests.length, 2)
  assert.equal(await refreshed(), 0, 'it is not old yet')
  client.view = topic => client.topics[topic]
  await clock.advance(MAX_AGE_MS)
  assert.equal(await refreshed(), 1)
})

test('a wait for any broker that ends while the first request is in progress says that none answered', async () => {
  const { clock, client, metadata } = setUp()
  client.answerMs = () => 5000
  await assert.rejects(whenDone(clock, metadata.reach(Deadline.after(clock, 1000))), {
    code: 'unreachable',
    causeCode: 'UNREACHABLE',
    message: 'No broker answered before the deadline.',
    retriable: true,
  })
  assert.equal(clock.now(), 1000)
})

test('metadata is old only after more than metadata.max.age.ms, unless a request is in progress', async () => {
  const { clock, client, metadata, forTopic, refreshed } = setUp()
  metadata.refreshIfOld()
  assert.equal(await refreshed(), 0, 'there is none before the first call')
  await forTopic()
  await clock.advance((client.requests[0]?.at ?? 0) + 2 + MAX_AGE_MS - clock.now())
  assert.equal(await refreshed(), 0, 'at its age')
  client.answerMs = () => 1000
  metadata.refreshIfOld()
  assert.equal(await refreshed(), 1)
})

test('a wait for any broker ends with the first answer; waits at the same time share its request', async () => {
  const { clock, client, metadata } = setUp()
  client.answerMs = () => 50
  const reach = () => metadata.reach(Deadline.after(clock, 1000))
  const first = reach()
  await clock.advance(20)
  await whenDone(clock, Promise.all([first, reach()]))
  assert.deepEqual([client.requests.length, clock.now()], [1, 50])
  await whenDone(clock, reach())
  assert.deepEqual([client.requests.length, clock.now()], [2, 100], 'a later one asks again')
})
