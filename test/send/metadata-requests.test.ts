// Which topics share a metadata request.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TransportError } from '../../lib/errors.ts'
import { LeaderAvailability } from '../../lib/send/leader-availability.ts'
import { LeaderPreference } from '../../lib/send/leader-preference.ts'
import { MetadataRequests } from '../../lib/send/metadata-requests.ts'
import { KnownTopic } from '../../lib/send/topic-metadata.ts'
import { VirtualClock } from '../../lib/testing/virtual-clock.ts'
import { moment } from '../../lib/time/clock.ts'
import { ChangingCluster } from '../fakes/changing-cluster.ts'

const BACK_OFF_MS = 100

function setUp({ retryBackoffMaxMs = BACK_OFF_MS, isWanted = (_topic: KnownTopic): boolean => true } = {}) {
  const clock = new VirtualClock()
  const client = new ChangingCluster(clock, 1)
  const options = { retryBackoffMs: BACK_OFF_MS, retryBackoffMaxMs, clock }
  const preference = new LeaderPreference(() => undefined, new LeaderAvailability({ ...options, timeoutMs: 0 }))
  const topics: KnownTopic[] = []
  const requests = new MetadataRequests(client, {
    ...options,
    requestMs: 1000,
    topics: () => topics,
    isInUse: () => true,
    isWanted,
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
  /** The time between one request and the next. */
  const gaps = () => client.requests.slice(1).map(({ at }, index) => at - (client.requests[index]?.at ?? 0))
  return { clock, client, requests, topic, requestsFor, gaps }
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

test('an error of a client is kept until an answer; one that is no TransportError is its cause', async () => {
  const { clock, client, requests, topic, requestsFor } = setUp()
  const answer = client.metadata.bind(client)
  const errors = [new TypeError('of a client'), new TransportError('authentication', 'SASL failed.')]
  const lastErrors: unknown[] = []
  client.metadata = async (...args) => {
    lastErrors.push(requests.lastError)
    const error = errors.shift()
    if (error) throw error
    return answer(...args)
  }
  await requestsFor(topic('a'))
  await clock.advance(BACK_OFF_MS)
  const [none, first, second] = lastErrors
  assert.equal(none, undefined)
  assert.ok(first instanceof TransportError)
  const { code, causeCode, message, retriable, cause } = first
  assert.deepEqual(
    { code, causeCode, message, retriable, cause },
    {
      code: 'unreachable',
      causeCode: 'UNREACHABLE',
      message: 'No broker answered a metadata request.',
      retriable: true,
      cause: new TypeError('of a client'),
    },
  )
  assert.ok(second instanceof TransportError)
  assert.equal(second.message, 'SASL failed.')
  assert.equal(requests.lastError, undefined, 'the last request was answered')
})

test('the back-off after unhelpful answers grows once, however many there are', async t => {
  t.mock.method(Math, 'random', () => 0.5)
  const { clock, client, requests, topic, gaps } = setUp({ retryBackoffMaxMs: 100 * BACK_OFF_MS })
  const a = topic('a')
  client.answerMs = () => 0
  requests.need(a)
  await clock.advance(1)
  for (let count = 1; count < 6; count++) {
    requests.need(a)
    await clock.run(() => client.requests.length > count)
  }
  assert.deepEqual(gaps(), [1, ...[1.5, 2.5, 2.5, 2.5].map(factor => factor * BACK_OFF_MS)])
})

test('the back-off doubles with each failed request in a row, and begins anew after an answer', async t => {
  t.mock.method(Math, 'random', () => 0.5)
  const { clock, client, requests, topic, gaps } = setUp({ retryBackoffMaxMs: 100 * BACK_OFF_MS })
  const a = topic('a')
  client.answerMs = () => 0
  const answered = new Set([4, 5])
  client.view = name => {
    if (answered.has(client.requests.length)) return client.topics[name]
    throw new Error('no answer')
  }
  requests.need(a)
  await clock.run(() => client.requests.length === 4)
  await clock.advance(1)
  client.topics.a = { leaders: [1], leaderEpoch: 1 }
  requests.need(a)
  await clock.advance(1)
  client.topics.a = { leaders: [0], leaderEpoch: 2 }
  requests.need(a)
  await clock.run(() => client.requests.length === 7)
  assert.deepEqual(gaps(), [150, 250, 450, 1, 1, 150])
})

test('after the end no timer is left, also of a topic that waited for a later moment than another', async () => {
  const { clock, client, requests, topic } = setUp()
  const [a, b] = [topic('a'), topic('b')]
  client.answerMs = () => 0
  for (const one of [a, b]) requests.need(one)
  await clock.advance(1)
  requests.need(a)
  await clock.advance(1)
  for (const one of [a, b]) {
    requests.need(one)
    await clock.advance(1)
  }
  requests.close()
  const closedAt = clock.now()
  await assert.rejects(
    clock.run(() => false),
    /No timer is left/,
  )
  assert.equal(clock.now(), closedAt)
})

test('a topic that no broker ever answered for is requested no more when nobody waits for it', async () => {
  let isWanted = true
  const { clock, client, requests, topic } = setUp({ isWanted: ({ name }) => name !== 'bad' || isWanted })
  const [good, bad] = [topic('good'), topic('bad')]
  client.answerMs = () => 0
  client.view = name => {
    if (name === 'bad') throw new Error('the broker closes the connection')
    return client.topics[name]
  }
  const during = async (ms: number) => {
    const before = client.requests.length
    await clock.advance(ms)
    return client.requests.slice(before).map(({ topics }) => [...topics].sort().join())
  }
  requests.need(good)
  await during(1)
  requests.need(bad)
  const whileWanted = await during(5 * BACK_OFF_MS)
  assert.ok(whileWanted.length > 2 && whileWanted.every(names => names.includes('bad')), whileWanted.join(' '))
  isWanted = false
  await during(2 * BACK_OFF_MS)
  assert.deepEqual(await during(10 * BACK_OFF_MS), [])
  requests.need(good)
  assert.deepEqual(await during(1), ['good'], 'it does not make the requests about others fail')
  requests.refresh()
  assert.deepEqual(await during(2 * BACK_OFF_MS), ['good'])
  isWanted = true
  client.view = name => client.topics[name]
  requests.need(bad)
  assert.deepEqual(await during(1), ['bad,good'], 'when somebody waits, it is requested again')
})
