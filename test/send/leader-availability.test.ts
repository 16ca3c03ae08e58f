// partitioner.availability.timeout.ms (KIP-794): records without a key avoid leaders that take no batches.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseConfig } from '../../lib/config/parse-config.ts'
import type { ProducerOptions } from '../../lib/config/producer-options.ts'
import { KafkaProducer } from '../../lib/kafka-producer.ts'
import { LeaderAvailability } from '../../lib/send/leader-availability.ts'
import { VirtualClock } from '../../lib/testing/virtual-clock.ts'
import type { ProduceOutcome } from '../../lib/transport/kafka-client.ts'
import { failure } from '../../lib/transport/produce-outcome.ts'
import { RacksCluster } from '../fakes/racks-cluster.ts'
import { summaryOf } from '../support/producer-of.ts'
import { whenDone } from '../support/time.ts'

const TIMEOUT_MS = 200
/** How long ago the last look at who is unavailable may be. */
const LOOK_MS = 10
const ON = { partitionerAvailabilityTimeoutMs: TIMEOUT_MS } as const

function setUp(options: ProducerOptions, leaders = [0, 1, 2]) {
  const clock = new VirtualClock()
  const cluster = new RacksCluster(clock, leaders, [
    [0, 'a'],
    [1, 'b'],
    [2, 'c'],
  ])
  const config = parseConfig({ bootstrapServers: ['a:1', 'b:1'], ...options }, {}, () => undefined)
  const producer = new KafkaProducer(config, { client: cluster, clock })
  /** Sends one record to each partition by its number: a request to each leader is then under way. */
  const touchAll = () => cluster.leaders.map((_, partition) => producer.send({ topic: 't', partition, value: 'named' }))
  /** Where records without a key would go now. */
  const chosen = async () => {
    await clock.advance(LOOK_MS)
    const { preferred } = await producer.partitionsFor('t')
    return [...preferred].sort((a, b) => a - b)
  }
  return { clock, cluster, producer, touchAll, chosen }
}

const finish = (clock: VirtualClock, sends: readonly Promise<unknown>[]) => whenDone(clock, Promise.allSettled(sends))

test('a leader that answers no request for longer than the timeout is avoided until it answers', async () => {
  const { clock, cluster, touchAll, chosen, producer } = setUp(ON)
  await finish(clock, touchAll())
  cluster.silent.add(1)
  const sends = touchAll()
  await clock.advance(TIMEOUT_MS - 2 * LOOK_MS)
  assert.deepEqual(await chosen(), [0, 1, 2])
  await clock.advance(20)
  assert.deepEqual(await chosen(), [0, 2])

  const keyless = producer.sendAll(Array.from({ length: 40 }, () => ({ topic: 't', value: 'x'.padEnd(16_384, '.') })))
  await clock.advance(50)
  assert.deepEqual(new Set((await keyless).map(summaryOf)), new Set(['delivered']))

  // Its retries go on; the first that it answers makes it available.
  await clock.advance(10_000)
  assert.deepEqual(await chosen(), [0, 2])
  cluster.silent.delete(1)
  await finish(clock, sends)
  assert.deepEqual(await chosen(), [0, 1, 2])
})

test('with the default, 0, no leader is avoided', async () => {
  const { clock, cluster, touchAll, chosen } = setUp({})
  await finish(clock, touchAll())
  cluster.silent.add(1)
  const sends = touchAll()
  await clock.advance(2900)
  assert.deepEqual(await chosen(), [0, 1, 2])
  cluster.silent.delete(1)
  await finish(clock, sends)
})

test('a leader that nobody can connect to is avoided while records wait for it, then tried again', async () => {
  const { clock, cluster, touchAll, chosen } = setUp({ ...ON, deliveryTimeoutMs: 5000 })
  await finish(clock, touchAll())
  cluster.down.add(2)
  const sends = touchAll()
  await clock.advance(TIMEOUT_MS + 50)
  assert.deepEqual(await chosen(), [0, 1])
  await clock.advance(4000)
  assert.deepEqual(await chosen(), [0, 1])
  await finish(clock, sends)
  await clock.advance(2000)
  assert.deepEqual(await chosen(), [0, 1, 2])
})

test('a leader that asks for a long pause is avoided until the pause ends', async () => {
  const { clock, cluster, touchAll, chosen } = setUp(ON)
  cluster.throttleMs.set(0, 1000)
  await finish(clock, touchAll())
  assert.deepEqual(await chosen(), [0, 1, 2])
  await clock.advance(TIMEOUT_MS + 50)
  assert.deepEqual(await chosen(), [1, 2])
  await clock.advance(1000)
  assert.deepEqual(await chosen(), [0, 1, 2])
})

test('where no leader takes batches, none is avoided', async () => {
  const { clock, cluster, touchAll, chosen } = setUp(ON)
  await finish(clock, touchAll())
  for (const broker of [0, 1, 2]) cluster.silent.add(broker)
  const sends = touchAll()
  await clock.advance(TIMEOUT_MS + 50)
  assert.deepEqual(await chosen(), [0, 1, 2])
  cluster.silent.clear()
  await finish(clock, sends)
})

test('when every leader of the rack takes no batches, records go to other racks, and back when one does', async () => {
  const rack = { partitionerRackAware: true, clientRack: 'b' } as const
  const { clock, cluster, touchAll, chosen } = setUp({ ...ON, ...rack }, [0, 1, 2, 1])
  await finish(clock, touchAll())
  assert.deepEqual(await chosen(), [1, 3])
  cluster.silent.add(1)
  const sends = touchAll()
  await clock.advance(TIMEOUT_MS + 50)
  assert.deepEqual(await chosen(), [0, 2])
  cluster.silent.add(0).add(2)
  const more = touchAll()
  await clock.advance(TIMEOUT_MS + 50)
  assert.deepEqual(await chosen(), [1, 3])
  cluster.silent.clear()
  await finish(clock, [...sends, ...more])
  assert.deepEqual(await chosen(), [1, 3])
})

test('a leader that refuses batches takes them: it is not avoided', async () => {
  const { clock, cluster, touchAll, chosen } = setUp({ ...ON, deliveryTimeoutMs: 5000 })
  await finish(clock, touchAll())
  // The metadata names broker 1, which says that it is not the leader.
  const leaders = cluster.leaders
  cluster.refusing.add(1)
  const sends = touchAll()
  await clock.advance(1000)
  assert.deepEqual(await chosen(), [0, 1, 2])
  assert.deepEqual(cluster.leaders, leaders)
  cluster.refusing.clear()
  await finish(clock, sends)
})

test('a request that was not written, since a record left its batch, is no failure of the leader', async () => {
  const clock = new VirtualClock()
  const availability = new LeaderAvailability({ timeoutMs: TIMEOUT_MS, retryBackoffMaxMs: 1000, clock })
  const unavailableAfter = async (outcome: ProduceOutcome) => {
    for (let request = 0; request < 3; request++) {
      availability.began(7)
      await clock.advance(TIMEOUT_MS - 1)
      availability.ended(7, clock.now() - TIMEOUT_MS + 1, [outcome])
    }
    return [...availability.unavailable]
  }
  assert.deepEqual(await unavailableAfter(failure('not-sent', 'BATCH_CHANGED', true)), [])
  assert.deepEqual(await unavailableAfter(failure('not-sent', 'THROTTLED', true)), [])
  assert.deepEqual(await unavailableAfter(failure('not-sent', 'UNREACHABLE', true)), [7])
})

/** An availability of its own, so that its first look is at the moment that a test asks about. */
function direct(timeoutMs = TIMEOUT_MS) {
  const clock = new VirtualClock()
  const availability = new LeaderAvailability({ timeoutMs, retryBackoffMaxMs: 1000, clock })
  const at = async (moment: number) => {
    await clock.advance(moment - clock.now())
    return [...availability.unavailable]
  }
  return { clock, availability, at }
}
const acked: ProduceOutcome = { kind: 'acked', baseOffset: 0n, logAppendTime: null, proof: 'all' }
const unreachable = failure('not-sent', 'UNREACHABLE', true)

test('a leader is avoided after more than the timeout without an answer, seen at most 10 ms later', async () => {
  const { availability, at } = direct()
  availability.began(7)
  assert.deepEqual(await at(TIMEOUT_MS), [])
  const before = availability.unavailable
  assert.deepEqual(await at(TIMEOUT_MS + LOOK_MS - 1), [])
  assert.equal(availability.unavailable, before)
  assert.deepEqual(await at(TIMEOUT_MS + LOOK_MS), [7])
  const after = availability.unavailable
  assert.deepEqual(await at(TIMEOUT_MS + 10 * LOOK_MS), [7])
  assert.equal(availability.unavailable, after, 'the same set as long as its content is the same')
  const late = direct()
  late.availability.began(7)
  assert.deepEqual(await late.at(TIMEOUT_MS + 1), [7])
})

test('one unavailable leader instead of another is another set', async () => {
  const { availability, at } = direct()
  availability.began(7)
  assert.deepEqual(await at(TIMEOUT_MS + 1), [7])
  availability.began(8)
  await at(2 * TIMEOUT_MS)
  availability.ended(7, 0, [acked])
  assert.deepEqual(await at(2 * TIMEOUT_MS + LOOK_MS), [8])
})

test('the wait for an answer begins with the first request, and again with each answer', async () => {
  const { availability, at } = direct()
  availability.began(7)
  await at(100)
  availability.began(7)
  await at(150)
  availability.ended(7, 0, [unreachable, acked])
  assert.deepEqual(await at(150 + TIMEOUT_MS), [], 'a response that has one answer is one')
  assert.deepEqual(await at(150 + TIMEOUT_MS + LOOK_MS), [7], 'the second request waits since the answer')
  const second = direct()
  second.availability.began(7)
  await second.at(100)
  second.availability.began(7)
  assert.deepEqual(await second.at(TIMEOUT_MS + 1), [7], 'a second request does not begin the wait again')
})

test('a leader without a request is not waited for, however long ago its last answer was', async () => {
  const { availability, at } = direct()
  availability.began(7)
  await at(5)
  availability.ended(7, 0, [acked])
  assert.deepEqual(await at(10 * TIMEOUT_MS), [])
  availability.began(7)
  assert.deepEqual(await at(11 * TIMEOUT_MS), [])
  assert.deepEqual(await at(11 * TIMEOUT_MS + LOOK_MS), [7])
})

test('a leader whose requests fail is avoided until an answer, or until no batch can wait for it', async () => {
  const { availability, at } = direct()
  availability.began(7)
  await at(150)
  availability.ended(7, 0, [unreachable])
  assert.deepEqual(await at(TIMEOUT_MS), [])
  assert.deepEqual(await at(TIMEOUT_MS + LOOK_MS), [7])
  assert.deepEqual(await at(1150), [7], 'the longest back-off after the failure')
  assert.deepEqual(await at(1151 + LOOK_MS), [])
  availability.began(7)
  assert.deepEqual(await at(1300), [7], 'the next attempt: still no answer since the first failure')
})

test('failures in a row count from the begin of the first', async () => {
  const { availability, at } = direct()
  for (const begin of [0, 150]) {
    await at(begin)
    availability.began(7)
    await at(begin + 50)
    availability.ended(7, begin, [unreachable])
  }
  assert.deepEqual(await at(TIMEOUT_MS + LOOK_MS), [7])
})

for (const [what, outcome] of [
  ['an acknowledgement', acked],
  ['a refusal', failure('rejected', 'NOT_LEADER_OR_FOLLOWER', true)],
  ['an answer of unknown outcome that asks for no pause', { ...failure('unknown', 'CODE', true), throttleTimeMs: 0 }],
] as const)
  test(`${what} ends the failures before it`, async () => {
    const { availability, at } = direct()
    availability.began(7)
    await at(50)
    availability.ended(7, 0, [unreachable])
    await at(100)
    availability.began(7)
    await at(150)
    availability.ended(7, 100, [outcome])
    assert.deepEqual(await at(TIMEOUT_MS + 100), [])
  })

test('a request that has no answer, and asks for no pause, is a failure', async () => {
  const { availability, at } = direct()
  availability.began(7)
  await at(50)
  availability.ended(7, 0, [failure('unknown', 'REQUEST_TIMEOUT', true)])
  assert.deepEqual(await at(TIMEOUT_MS + 1), [7])
})

test('pauses that follow each other are one, which lasts until the latest moment asked for', async () => {
  for (const [what, pauses, moment, expected] of [
    ['one pause', [[0, 1000]], TIMEOUT_MS, []],
    ['one pause, longer than the timeout', [[0, 1000]], TIMEOUT_MS + 1, [7]],
    ['just before its end', [[0, 1000]], 999, [7]],
    ['its end', [[0, 1000]], 1000, []],
    [
      'one that another prolongs',
      [
        [0, 150],
        [140, 1000],
      ],
      TIMEOUT_MS + 1,
      [7],
    ],
    [
      'one that begins when the other ends',
      [
        [0, 150],
        [150, 1000],
      ],
      TIMEOUT_MS + 1,
      [7],
    ],
    [
      'one that begins later',
      [
        [0, 150],
        [151, 1000],
      ],
      TIMEOUT_MS + 1,
      [],
    ],
    [
      'a shorter one within a longer one',
      [
        [0, 1000],
        [10, 100],
      ],
      TIMEOUT_MS + 1,
      [7],
    ],
  ] as const) {
    const { availability, at, clock } = direct()
    for (const [begin, until] of pauses) {
      await clock.advance(begin - clock.now())
      availability.paused(7, until)
    }
    assert.deepEqual(await at(moment), expected, what)
  }
})

test('a timeout of 0 records nothing about a leader', async () => {
  const { availability, at } = direct(0)
  availability.began(7)
  availability.began(8)
  availability.paused(9, 10_000)
  await at(10)
  availability.ended(8, 0, [unreachable])
  assert.deepEqual(await at(500), [])
})
