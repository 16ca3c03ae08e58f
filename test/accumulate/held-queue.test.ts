import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HeldQueue } from '../../lib/accumulate/held-queue.ts'
import { VirtualClock } from '../../lib/testing/virtual-clock.ts'
import { pendingRecord } from '../support/pending-record.ts'

test('the held queues of all partitions count their records together, until none is left', () => {
  const clock = new VirtualClock()
  const total = { count: 0 }
  const [one, other] = [new HeldQueue(total), new HeldQueue(total)]
  const [a, b, c] = [pendingRecord(clock, 'a'), pendingRecord(clock, 'b'), pendingRecord(clock, 'c')]
  one.push(a)
  one.push(b)
  other.push(c)
  assert.equal(total.count, 3)
  one.delete(b)
  assert.equal(total.count, 2)
  assert.deepEqual([...one.takeAll(), ...other.takeAll()], [a, c])
  assert.equal(total.count, 0)
})
