import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BufferPool } from '../../lib/accumulate/buffer-pool.ts'
import { VirtualClock } from '../../lib/testing/virtual-clock.ts'
import { Deadline } from '../../lib/time/deadline.ts'

const TOTAL = 100

test('records may fill buffer.memory to its last byte, without a wait and after one', async () => {
  const clock = new VirtualClock()
  const pool = new BufferPool(TOTAL, clock, () => {})
  assert.ok(pool.take(TOTAL))
  assert.equal(pool.take(1), false)
  const wait = pool.wait(TOTAL - 1, Deadline.after(clock, 1000))
  pool.release(TOTAL - 2)
  assert.equal(pool.used, 2, 'a byte is missing')
  pool.release(1)
  await wait
  assert.deepEqual([pool.used, pool.hasWaiters], [TOTAL, false])
})
