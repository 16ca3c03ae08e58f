// The timer that waits a little longer after a freeze, and the clocks behind it.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sendingDeadline } from '../../lib/lambda/remaining-time.ts'
import { VirtualClock } from '../../lib/testing/virtual-clock.ts'
import { elapsedSince, moment } from '../../lib/time/clock.ts'
import { patientTimer } from '../../lib/time/patient-timer.ts'

test('rule 8: a timer that fires on time fires at once', async () => {
  const clock = new VirtualClock()
  let firedAt = -1
  patientTimer(clock, 100, () => {
    firedAt = clock.now()
  })
  await clock.run(() => firedAt >= 0)
  assert.equal(firedAt, 100)
})

test('rule 8: a timer that fires late, after a freeze, waits another 200 ms, once', async () => {
  const clock = new VirtualClock()
  let firedAt = -1
  let graces = 0
  patientTimer(
    clock,
    100,
    () => {
      firedAt = clock.now()
    },
    () => {
      graces++
    },
  )
  clock.freeze(10_000)
  await clock.run(() => firedAt >= 0)
  assert.equal(firedAt, 10_200)
  assert.equal(graces, 1)
})

test('rule 8: an answer that is read in the extra wait cancels the timeout', async () => {
  const clock = new VirtualClock()
  let fired = false
  const cancel = patientTimer(
    clock,
    100,
    () => {
      fired = true
    },
    () => clock.setTimeout(() => cancel(), 50),
  )
  clock.freeze(10_000)
  await clock.advance(1000)
  assert.equal(fired, false)
})

test('rule 8: a timer that starts after its time fires at once: that is no freeze', async () => {
  const clock = new VirtualClock()
  let firedAt = -1
  patientTimer(clock, -10_000, () => {
    firedAt = clock.now()
  })
  await clock.run(() => firedAt >= 0)
  assert.equal(firedAt, 1)
})

test('elapsed time is the larger difference of the two clocks', () => {
  const clock = new VirtualClock()
  const start = moment(clock)
  clock.freeze(5000)
  assert.equal(elapsedSince(clock, start), 5000)
  assert.equal(
    elapsedSince({ ...clock, now: () => start.now, epochMs: () => start.epochMs + 7000 } as VirtualClock, start),
    7000,
  )
})

test('remaining time is read once, then counted on the monotonic clock', () => {
  const clock = new VirtualClock()
  const deadline = sendingDeadline(10_000, { deadlineReserveMs: 3000 }, clock)
  clock.freeze(2000)
  assert.equal(deadline.remaining, 5000)
})
