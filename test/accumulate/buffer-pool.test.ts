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

test('a wait that ends at its deadline takes no memory and gives none back', async () => {
  const clock = new VirtualClock()
  let waits = 0
  const pool = new BufferPool(TOTAL, clock, () => waits++)
  assert.ok(pool.take(60))
  const late = pool.wait(50, Deadline.after(clock, 1000))
  const behind = pool.wait(40, Deadline.after(clock, 5000))
  const refused = assert.rejects(late, {
    name: 'BufferExhaustedError',
    message: 'buffer.memory (100 bytes) stayed full for max.block.ms or until the deadline.',
  })
  assert.deepEqual([pool.used, pool.hasWaiters, waits], [60, true, 2])
  await clock.advance(2000)
  await refused
  // The one behind it fits as soon as it is the first.
  await behind
  assert.deepEqual([pool.used, pool.hasWaiters], [100, false])
  pool.release(100)
  assert.equal(pool.used, 0)
})
