// Which topics share a metadata request.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LeaderAvailability } from '../../lib/send/leader-availability.ts'
import { LeaderPreference } from '../../lib/send/leader-preference.ts'
import { MetadataRequests } from '../../lib/send/metadata-requests.ts'
import { KnownTopic } from '../../lib/send/topic-metadata.ts'
import { VirtualClock } from '../../lib/testing/virtual-clock.ts'
import { moment } from '../../lib/time/clock.ts'
import { ChangingCluster } from '../fakes/changing-cluster.ts'

const BACK_OFF_MS = 100

function setUp() {
  const clock = new VirtualClock()
  const client = new ChangingCluster(clock, 1)
  const options = { retryBackoffMs: BACK_OFF_MS, retryBackoffMaxMs: BACK_OFF_MS, clock }
  const preference = new LeaderPreference(() => undefined, new LeaderAvailability({ ...options, timeoutMs: 0 }))
  const topics: KnownTopic[] = []
  const requests = new MetadataRequests(client, {
    ...options,
    requestMs: 1000,
    topics: () => topics,
    isInUse: () => true,
    isWanted: () => true,
    onAnswer: () => {},
    onEnd: () => {},
  })
  const topic = (name: string) => {
    const known = new KnownTopic(name, moment(clock), preference, () => {})
    client.topics[name] = { leaders: [0], leaderEpoch: 0 }
    topics.push(known)
    return known
  }
  /** Needs answers for these topics in the same turn. @returns the topics of the requests that follow */
  const requestsFor = async (...names: readonly KnownTopic[]) => {
    const before = client.requests.length
    for (const one of names) requests.need(one)
    await clock.advance(2 * BACK_OFF_MS)
    return client.requests.slice(before).map(({ topics: list }) => [...list].sort().join())
  }
  return { clock, client, requests, topic, requestsFor }
}

test('a request about a new topic alone leaves the others out', async () => {
  const { topic, requestsFor } = setUp()
  await requestsFor(topic('a'), topic('b'))
  assert.deepEqual(await requestsFor(topic('new')), ['new'])
})

test('a request about a failed leader is about all topics, also if a new topic shares it', async () => {
  const { topic, requestsFor } = setUp()
  const a = topic('a')
  await requestsFor(a, topic('b'))
  assert.deepEqual(await requestsFor(a), ['a,b'])
  assert.deepEqual(await requestsFor(a, topic('new')), ['a,b,new'])
})

test('a request about a failed leader leaves out topics that are in a back-off or in another request', async () => {
  const { clock, client, requests, topic, requestsFor } = setUp()
  const [a, b] = [topic('a'), topic('b')]
  await requestsFor(a, b)
  const needed = async (one: KnownTopic) => {
    requests.need(one)
    await clock.advance(10)
    return client.requests.at(-1)?.topics
  }
  assert.deepEqual(await needed(b), ['b', 'a'])
  client.answerMs = () => 5000
  assert.deepEqual(await needed(a), ['a'], 'the answer did not help b, which is in its back-off')
  await clock.advance(2 * BACK_OFF_MS)
  assert.deepEqual(await needed(b), ['b'], 'a is in the request before')
})

test('a refresh is about all topics, though nobody waits for the answer', async () => {
  const { clock, client, requests, topic, requestsFor } = setUp()
  await requestsFor(topic('a'), topic('b'))
  await requestsFor(topic('c'))
  const before = client.requests.length
  requests.refresh()
  await clock.advance(BACK_OFF_MS)
  assert.deepEqual(
    client.requests.slice(before).map(({ topics }) => topics),
    [['a', 'b', 'c']],
  )
})

test('a refresh whose answer says nothing new delays no later request, and the next broker is the same', async () => {
  const { clock, client, requests, topic, requestsFor } = setUp()
  const a = topic('a')
  await requestsFor(a)
  requests.refresh()
  await clock.advance(10)
  const now = clock.now()
  await requestsFor(a)
  const { at, isElsewhere } = client.requests.at(-1) ?? {}
  assert.deepEqual({ at, isElsewhere }, { at: now, isElsewhere: false })
})

test('whether any broker answers is asked again only while somebody waits for it', async () => {
  const { clock, client, requests } = setUp()
  let count = 0
  client.metadata = async () => {
    count++
    throw new Error('unreachable')
  }
  requests.anyBroker.waiting = 1
  requests.need(requests.anyBroker)
  await clock.advance(10 * BACK_OFF_MS)
  const whileWaiting = count
  assert.ok(whileWaiting > 2, `${whileWaiting} requests`)
  requests.anyBroker.waiting = 0
  await clock.advance(10 * BACK_OFF_MS)
  assert.ok(count <= whileWaiting + 1, `${count - whileWaiting} requests after it`)
})
