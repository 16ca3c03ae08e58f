// Timers of the system clock that are longer than Node.js supports.
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { systemClock } from '../../lib/time/clock.ts'

const MAX_MS = 2 ** 31 - 1

function fakeTimers(context: TestContext) {
  context.mock.timers.enable({ apis: ['setTimeout'] })
  return context.mock.timers
}

// Node.js fires such a timer after 1 ms. The original bug: `close({ timeoutMs: Infinity })` did not wait at all.
test('a timer of the system clock may be longer than 24.8 days', t => {
  const timers = fakeTimers(t)
  let fired = 0
  systemClock.setTimeout(() => fired++, 2 * MAX_MS + 5)
  for (const ms of [MAX_MS, MAX_MS, 4]) timers.tick(ms)
  assert.equal(fired, 0)
  timers.tick(1)
  assert.equal(fired, 1)
})

test('a timer of infinite length never fires, and a long one can be cleared after days', t => {
  const timers = fakeTimers(t)
  let fired = 0
  systemClock.setTimeout(() => fired++, Number.POSITIVE_INFINITY)
  const cleared = systemClock.setTimeout(() => fired++, MAX_MS + 5)
  timers.tick(MAX_MS + 1)
  systemClock.clearTimeout(cleared)
  for (let n = 0; n < 10; n++) timers.tick(MAX_MS)
  assert.equal(fired, 0)
})
