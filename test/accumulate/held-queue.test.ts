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

test('the first record of a key is the oldest that is held; records without a key have none', () => {
  const clock = new VirtualClock()
  const withKey = (value: string, key: string | null) => {
    const pending = pendingRecord(clock, value)
    return { ...pending, record: { ...pending.record, key: key === null ? null : Buffer.from(key) } }
  }
  const queue = new HeldQueue({ count: 0 })
  const [a, b, c] = [withKey('a', null), withKey('b', 'k'), withKey('c', 'k')]
  assert.equal(queue.firstOfKey(c.record), undefined)
  for (const pending of [a, b, c]) queue.push(pending)
  assert.equal(queue.firstOfKey(a.record), undefined)
  assert.equal(queue.firstOfKey(c.record), b)
  assert.equal(queue.firstOfKey(withKey('d', 'other').record), undefined)
  queue.delete(b)
  assert.equal(queue.firstOfKey(b.record), c)
  queue.delete(c)
  queue.delete(a)
  assert.equal(queue.firstOfKey(b.record), undefined)
})
