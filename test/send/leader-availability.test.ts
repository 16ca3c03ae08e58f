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
