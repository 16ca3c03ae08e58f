// The order in which waiting partitions are examined.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { PartitionState } from '../../lib/send/partition-state.ts'
import { WaitingPartitions } from '../../lib/send/waiting-partitions.ts'

const partitions = Array.from(
  { length: 6 },
  (_, index) => new PartitionState('t', index, { idempotent: true, onEpochBumped: () => {} }),
)
const [first, second, third] = partitions as [PartitionState, PartitionState, PartitionState]

test('a partition is looked at when its last moment has come, and once', () => {
  const moments = fc.array(fc.tuple(fc.constantFrom(...partitions), fc.integer({ min: 1, max: 20 })), { maxLength: 40 })
  fc.assert(
    fc.property(moments, list => {
      const waiting = new WaitingPartitions()
      const expected = new Map<PartitionState, number>()
      for (const [partition, at] of list) {
        waiting.until(partition, at)
        expected.set(partition, at)
      }
      for (let now = 0; now <= 20; now++) {
        const taken = new Set(waiting.take(now))
        assert.deepEqual(taken, new Set([...expected].filter(([, at]) => at === now).map(([partition]) => partition)))
        const later = [...expected.values()].filter(at => at > now)
        assert.equal(waiting.nextAt, Math.min(...later))
      }
    }),
  )
})

test('after an answer the partition that waits longest for the leader comes first', () => {
  const waiting = new WaitingPartitions()
  for (const partition of [second, first, second]) waiting.forLeader(partition, 7)
  waiting.forLeader(third, 8)
  waiting.leaderAnswered(7)
  waiting.changed(third)
  assert.deepEqual(waiting.take(0), [second, first, third])
  assert.equal(waiting.hasChanged, false)
  waiting.leaderAnswered(8)
  waiting.until(first, 5)
  waiting.forLeader(second, 9)
  waiting.clear()
  waiting.leaderAnswered(9)
  assert.deepEqual([waiting.take(9), waiting.nextAt], [[], Number.POSITIVE_INFINITY])
  waiting.until(first, 5)
  assert.deepEqual(waiting.take(5), [first], 'a moment from before does not count')
  waiting.until(first, Number.POSITIVE_INFINITY)
  assert.equal(waiting.nextAt, Number.POSITIVE_INFINITY)
})
