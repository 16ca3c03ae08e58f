// How long an invocation may send, when its dead letters must be stored, and how long returned messages stay hidden.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { answerDeadline, sendingDeadline } from '../../lib/lambda/remaining-time.ts'
import { receivesInOutage, returnDelayS } from '../../lib/lambda/return-delay.ts'
import { VirtualClock } from '../../lib/testing/virtual-clock.ts'

const left = (deadlineOf: typeof answerDeadline, remainingMs: number, deadlineReserveMs: number) =>
  deadlineOf(remainingMs, { deadlineReserveMs }, new VirtualClock()).remaining

test('sending ends before the reserve, and dead letters are stored 250 ms before the end', () => {
  assert.equal(left(sendingDeadline, 10_000, 3000), 7000)
  assert.equal(left(answerDeadline, 10_000, 3000), 9750)
})

test('with a reserve below 250 ms, dead letters have all the time that the reserve leaves', () => {
  assert.equal(left(answerDeadline, 10_000, 100), 9900)
  assert.equal(left(answerDeadline, 10_000, 0), 10_000)
})

test('a message is hidden at least as long as on its first receive, in whole seconds', () => {
  const without = () => 0
  assert.deepEqual(
    [-1, 0, 1, 2].map(count => returnDelayS(count, 360, without)),
    [10, 10, 10, 20],
  )
  assert.equal(
    returnDelayS(1, 360, () => 0.5),
    9,
  )
  assert.equal(
    returnDelayS(1, 360, () => 0.3),
    10,
  )
  assert.equal(returnDelayS(5, 15, without), 15)
  for (let n = 0; n < 100; n++) {
    const delayS = returnDelayS(3, 360)
    assert.ok(delayS >= 32 && delayS <= 40 && Number.isInteger(delayS))
  }
})

test('an outage takes as many receives as its shortest delays, at least one and at most 1000', () => {
  assert.deepEqual(
    [0, 1, 8, 9, 24, 25].map(outageS => receivesInOutage(outageS, 360)),
    [1, 1, 1, 2, 2, 3],
  )
  assert.equal(receivesInOutage(10_000_000, 360), 1000)
})
