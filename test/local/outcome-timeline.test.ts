// The chart of the console: what happened to records per second, over five minutes.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { OutcomeTimeline } from '../../local/outcome-timeline.ts'

function timeline() {
  const clock = { ms: 1_000_000_000 }
  return { clock, outcomes: new OutcomeTimeline(() => clock.ms) }
}

const invocation = (outcomes: object) => JSON.stringify({ message: 'invocation', outcomes, _aws: {} })

test('outcomes count in the second of their log line; other lines are ignored', () => {
  const { clock, outcomes } = timeline()
  outcomes.addLine(invocation({ delivered: 3, refused: 1 }))
  outcomes.addLine(invocation({ refusedRequests: 2 }))
  clock.ms += 2000
  outcomes.addLine(invocation({ 'dead-lettered': 1, returned: 4, __proto__: 9 }))
  for (const line of [
    'text with "outcomes"',
    '{"message":"redrive","outcomes":{"delivered":5}}',
    '{"message":"invocation","outcomes":null}',
    invocation({ delivered: 'many', returned: -1, refused: 1e99 }),
    '["outcomes"]',
  ])
    outcomes.addLine(line)
  const view = outcomes.view()
  assert.equal(view.second, 1_000_002)
  assert.deepEqual(view.outcomes.delivered.slice(-3), [3, 0, 0])
  assert.deepEqual(view.outcomes.refused.slice(-3), [3, 0, 0])
  assert.deepEqual(view.outcomes['dead-lettered'].slice(-3), [0, 0, 1])
  assert.deepEqual(view.outcomes.returned.slice(-3), [0, 0, 4])
})

test('a second leaves after five minutes, also when nothing was counted for longer', () => {
  const { clock, outcomes } = timeline()
  outcomes.add('delivered', 7)
  clock.ms += 299_000
  assert.equal(outcomes.view().outcomes.delivered[0], 7)
  clock.ms += 1000
  assert.ok(outcomes.view().outcomes.delivered.every(count => count === 0))
  outcomes.add('delivered', 1)
  clock.ms += 3_600_000
  assert.deepEqual(outcomes.view().outcomes.delivered, new Array(300).fill(0))
})

test('the brokers that are not up hold until the next sample; a second has its largest number', () => {
  const { clock, outcomes } = timeline()
  outcomes.setNotUp(0)
  clock.ms += 1000
  outcomes.setNotUp(3)
  outcomes.setNotUp(1)
  clock.ms += 3000
  outcomes.setNotUp(0)
  clock.ms += 1000
  assert.deepEqual(outcomes.view().notUp.slice(-6), [0, 3, 1, 1, 1, 0])
})

test('a clock that goes back changes no second', () => {
  const { clock, outcomes } = timeline()
  outcomes.add('delivered', 1)
  clock.ms -= 10_000
  outcomes.add('delivered', 1)
  assert.equal(outcomes.view().outcomes.delivered.at(-1), 2)
})
