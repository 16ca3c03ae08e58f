// When the Sender runs, and which partitions a run checks.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RunSchedule } from '../../lib/send/run-schedule.ts'
import { VirtualClock } from '../../lib/testing/virtual-clock.ts'

function setUp() {
  const clock = new VirtualClock()
  const runs: string[] = []
  const schedule = new RunSchedule(clock, scope => runs.push(`${scope} at ${clock.now()}`))
  /** Lets time pass. @returns the runs in it */
  const during = async (ms: number) => {
    await clock.advance(ms)
    return runs.splice(0)
  }
  return { clock, runs, schedule, during }
}

test('a turn has one run at its end, over everything that one of its requests asked for', async () => {
  const { runs, schedule, during } = setUp()
  for (const [scopes, expected] of [
    [['changed'], 'changed at 0'],
    [['changed', 'changed'], 'changed at 0'],
    [['changed', 'all'], 'all at 0'],
    [['all', 'changed'], 'all at 0'],
  ] as const) {
    for (const scope of scopes) schedule.request(scope)
    assert.deepEqual(runs, [], 'not within the turn')
    assert.deepEqual(await during(0), [expected], scopes.join())
  }
})

test('a moment has one run over what changed, however often it is asked for, and can be asked for again', async () => {
  const { schedule, during } = setUp()
  schedule.wakeAt(50)
  schedule.wakeAt(50)
  assert.deepEqual(await during(100), ['changed at 50'])
  schedule.wakeAt(150)
  assert.deepEqual(await during(100), ['changed at 150'])
  schedule.wakeAt(150)
  assert.deepEqual(await during(100), ['changed at 201'], 'a moment that has passed comes with the next timer')
})

test('only the last moment counts, and none after Infinity or the end', async () => {
  const { schedule, during } = setUp()
  schedule.wakeAt(50)
  schedule.wakeAt(20)
  assert.deepEqual(await during(100), ['changed at 20'])
  schedule.wakeAt(150)
  schedule.wakeAt(Number.POSITIVE_INFINITY)
  assert.deepEqual(await during(100), [])
  schedule.wakeAt(250)
  schedule.close()
  assert.deepEqual(await during(100), [])
})
