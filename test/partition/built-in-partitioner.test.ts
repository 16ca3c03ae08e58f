// The built-in partitioner: keys as in Java, and records without a key.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BuiltInPartitioner } from '../../lib/partition/built-in-partitioner.ts'
import { murmur2 } from '../../lib/partition/murmur2.ts'
import { counting, isLinear } from '../support/counting.ts'
import { ACKED, leadersOf } from '../support/leaders.ts'

// From UtilsTest.testMurmur2 of the Java client.
const VECTORS: [string, number][] = [
  ['21', -973932308],
  ['foobar', -790332482],
  ['a-little-bit-long-string', -985981536],
  ['a-little-bit-longer-string', -1486304829],
  ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
  ['abc', 479470107],
]

test('a key has the partition that Java chooses', () => {
  for (const [key, hash] of VECTORS) assert.equal(murmur2(Buffer.from(key)), hash)

  const partitioner = new BuiltInPartitioner()
  const record = { topic: 't', key: Buffer.from('foobar'), value: null, headers: [], wireSize: 30 }
  assert.equal(
    partitioner.partition(record, { count: 7, available: [0], preferred: [0] }),
    (-790332482 & 0x7fffffff) % 7,
  )
})

test('records without a key go to one available partition for 16 KiB, then to another', () => {
  const picks = [0, 0.99]
  const partitioner = new BuiltInPartitioner(false, () => picks.shift() ?? 0)
  const record = { topic: 't', key: null, value: null, headers: [], wireSize: 8192 }
  const chosen = [1, 2, 3].map(() => partitioner.partition(record, { count: 5, available: [1, 3], preferred: [1, 3] }))

  assert.deepEqual(chosen, [1, 1, 3])
})

test('records without a key leave a partition that loses its leader', () => {
  const partitioner = new BuiltInPartitioner(false, () => 0.99)
  const record = { topic: 't', key: null, value: null, headers: [], wireSize: 30 }
  const lists = [[0, 1, 2, 3], [0, 1, 2], [], [0, 2]]
  const chosen = lists.map(available => partitioner.partition(record, { count: 4, available, preferred: available }))
  assert.deepEqual(chosen, [3, 2, 2, 2])
  assert.equal(
    partitioner.partition(record, { count: 2, available: [], preferred: [] }),
    1,
    'the topic was made anew with fewer',
  )
})

// The original bug: the list of all partitions with a leader was searched for each record, 3.6 µs at 5,000 partitions.
test('records without a key cost the same in a topic of many partitions', () => {
  const record = { topic: 't', key: null, value: null, headers: [], wireSize: 1 }
  assert.ok(
    isLinear(count => {
      const counter = { reads: 0 }
      const available = counting(
        Array.from({ length: count }, (_, partition) => partition),
        counter,
      )
      const partitioner = new BuiltInPartitioner(false, () => 0.99)
      for (let records = 0; records < count; records++)
        partitioner.partition(record, { count, available, preferred: available })
      assert.ok(counter.reads > 0)
      return counter.reads
    }),
  )
})

test('the preferred partitions of a large topic are looked for once per change, not per record', () => {
  assert.ok(
    isLinear(count => {
      const counter = { reads: 0 }
      const { clock, availability, preference, newTopic } = leadersOf({ rack: 'a', timeoutMs: 100 })
      preference.learnRacks(new Map([[1, 'a']]))
      const topic = newTopic()
      const partitions = Array.from({ length: count }, (_, partition) =>
        counting({ partition, leader: partition % 3, leaderEpoch: 0 }, counter),
      )
      topic.learn({ topic: 't', error: null, partitions })
      const partitioner = new BuiltInPartitioner()
      const record = { topic: 't', key: null, value: null, headers: [], wireSize: 5000 }
      for (let records = 0; records < count; records++) {
        // The leader stops taking batches once, and goes on once.
        if (records === 100) availability.began(1)
        if (records === 120) availability.ended(1, 0, [ACKED])
        clock.freeze(10)
        const partition = partitioner.partition(record, topic.partitions)
        assert.equal(partition % 3 === 1, records < 110 || records >= 120, `${records}`)
      }
      return counter.reads
    }),
  )
})

test('leaders that alternate between slower and faster than the timeout cause few scans of the partitions', () => {
  const count = 5000
  const looks = 1000
  const leaders = 100
  const counter = { reads: 0 }
  const { clock, availability, newTopic } = leadersOf({ timeoutMs: 1 })
  const topic = newTopic()
  const partitions = Array.from({ length: count }, (_, partition) =>
    counting({ partition, leader: partition % leaders, leaderEpoch: 0 }, counter),
  )
  topic.learn({ topic: 't', error: null, partitions })
  const lists = new Set<readonly number[]>()
  const before = counter.reads
  for (let look = 0; look < looks; look++) {
    // Each becomes unavailable for a while, one at each look.
    availability.began(look % leaders)
    if (look >= 50) availability.ended((look - 50) % leaders, 0, [ACKED])
    clock.freeze(0.5)
    lists.add(topic.partitions.preferred)
  }
  assert.ok(lists.size > 10, 'they are avoided and not avoided by turns')
  const perLook = (counter.reads - before) / count / looks
  assert.ok(perLook < 0.5, `${perLook} reads of each partition per look`)
})

test('many new leaders named by error responses are learnt in linear time', () => {
  assert.ok(
    isLinear(count => {
      const counter = { reads: 0 }
      const topic = leadersOf().newTopic()
      const partitions = Array.from({ length: count }, (_, partition) =>
        counting({ partition, leader: 1, leaderEpoch: 0 }, counter),
      )
      topic.learn({ topic: 't', error: null, partitions })
      for (let partition = 0; partition < count; partition++)
        topic.learnLeader(partition, { leader: 2, leaderEpoch: 1 })
      assert.equal(topic.partitions.available.length, count)
      return counter.reads
    }),
  )
})
