// Wherever leaders and brokers are: a key's partition never depends on client.rack or on who takes batches, records
// without a key go to preferred partitions only, and without the settings to every partition with a leader.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { BuiltInPartitioner } from '../../lib/partition/built-in-partitioner.ts'
import { murmur2 } from '../../lib/partition/murmur2.ts'
import type { KnownTopic } from '../../lib/send/topic-metadata.ts'
import { ACKED, leadersOf } from '../support/leaders.ts'

const RUNS = Number(process.env.FAST_CHECK_RUNS ?? 300)
const TIMEOUT_MS = 100

const rackName = fc.oneof(fc.constantFrom('a', 'b', 'A', '', ' a', '__proto__'), fc.string({ unit: 'binary' }))
const broker = fc.integer({ min: 0, max: 4 })
const cluster = fc.record({
  leaders: fc.array(fc.oneof(broker, fc.constant(-1)), { minLength: 1, maxLength: 12 }),
  racks: fc.array(fc.tuple(broker, rackName), { maxLength: 6 }),
  silent: fc.uniqueArray(broker, { maxLength: 5 }),
})
const scenario = fc.record({
  /** Undefined: partitioner.rack.aware is off. */
  rack: fc.option(rackName, { nil: undefined }),
  timeoutMs: fc.constantFrom(0, TIMEOUT_MS),
  states: fc.array(cluster, { minLength: 1, maxLength: 6 }),
  keys: fc.array(fc.uint8Array({ maxLength: 8 }), { maxLength: 4 }),
})
type Cluster = typeof cluster extends fc.Arbitrary<infer T> ? T : never

/** By the definition of the two settings, not by the code under test. */
function expected({ leaders, racks, silent }: Cluster, rack: string | undefined, timeoutMs: number): number[] {
  const rackOf = new Map(racks.filter(([, name]) => name !== ''))
  const led = leaders.flatMap((leader, partition) => (leader < 0 ? [] : [{ leader, partition }]))
  const taking = led.filter(({ leader }) => timeoutMs === 0 || !silent.includes(leader))
  const candidates = taking.length > 0 ? taking : led
  const near = candidates.filter(({ leader }) => rack !== undefined && rackOf.get(leader) === rack)
  return (near.length > 0 ? near : candidates).map(({ partition }) => partition)
}

test('keys never move, and records without a key go to preferred partitions only', () => {
  fc.assert(
    fc.property(scenario, ({ rack, timeoutMs, states, keys }) => {
      const { clock, availability, preference, newTopic } = leadersOf({ rack, timeoutMs })
      const partitioner = new BuiltInPartitioner()
      let epoch = 0
      let begun: readonly number[] = []
      let topic: KnownTopic | undefined
      let count = 0
      for (const state of states) {
        // Partitions are only added: with fewer it would be another topic.
        if (state.leaders.length < count || !topic) topic = newTopic()
        count = state.leaders.length
        const now = clock.now()
        for (const leader of begun) availability.ended(leader, now, [ACKED])
        begun = state.silent
        for (const leader of begun) availability.began(leader)
        clock.freeze(TIMEOUT_MS + 1)
        preference.learnRacks(new Map(state.racks.filter(([, name]) => name !== '')))
        epoch++
        const partitions = state.leaders.map((leader, partition) => ({ partition, leader, leaderEpoch: epoch }))
        topic.learn({ topic: 't', error: null, partitions })
        const view = topic.partitions
        assert.equal(topic.partitions, view, 'nothing changed')
        assert.deepEqual(view.preferred, expected(state, rack, timeoutMs))
        for (const key of keys) {
          const record = { topic: 't', key, value: null, headers: [], wireSize: 30 }
          assert.equal(partitioner.partition(record, view), (murmur2(key) & 0x7fffffff) % count)
        }
        for (let i = 0; i < 20; i++) {
          const record = { topic: 't', key: null, value: null, headers: [], wireSize: i % 2 === 0 ? 20_000 : 10 }
          const partition = partitioner.partition(record, view)
          if (view.preferred.length > 0) assert.ok(view.preferred.includes(partition))
          else assert.ok(partition >= 0 && partition < count)
        }
      }
    }),
    { numRuns: RUNS },
  )
})

test('without the settings every partition with a leader gets records without a key', () => {
  fc.assert(
    fc.property(cluster, fc.infiniteStream(fc.double({ min: 0, max: 0.99, noNaN: true })), (state, random) => {
      const { preference, newTopic } = leadersOf()
      preference.learnRacks(new Map(state.racks))
      const topic = newTopic()
      const partitions = state.leaders.map((leader, partition) => ({ partition, leader, leaderEpoch: 1 }))
      topic.learn({ topic: 't', error: null, partitions })
      const { available, preferred } = topic.partitions
      assert.equal(preferred, available)
      // Each n-th of the range of the random number is one partition.
      const offset = random.next().value
      const reached = available.map((_, index) => {
        const partitioner = new BuiltInPartitioner(false, () => (index + offset) / available.length)
        const record = { topic: 't', key: null, value: null, headers: [], wireSize: 10 }
        return partitioner.partition(record, topic.partitions)
      })
      assert.deepEqual(reached, available)
    }),
    { numRuns: RUNS },
  )
})
