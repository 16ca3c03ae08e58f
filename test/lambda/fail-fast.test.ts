// Three invocations in a row in which every record failed, then a pause of 5 to 30 s, and one trial at its end.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { handleSqs } from '../../functions/sqs/handle-sqs.ts'
import { FailFast } from '../../lib/lambda/fail-fast.ts'
import { VirtualClock } from '../../lib/testing/virtual-clock.ts'
import { functionHarness, httpHarness } from '../support/function-harness.ts'

const FAILED = { delivered: 0, deliveryFailures: 3 }

test('rule 15: after three failures it refuses during the pause, then allows one trial', async () => {
  const clock = new VirtualClock()
  const failFast = new FailFast(clock, () => 0)
  for (let n = 0; n < 3; n++) {
    const invocation = {}
    assert.equal(failFast.refusal(invocation), undefined)
    failFast.note(invocation, FAILED)
  }
  assert.match(failFast.refusal({})?.message ?? '', /does not send for up to 30 seconds/)
  await clock.advance(5001)
  const trial = {}
  assert.equal(failFast.refusal(trial), undefined, 'the trial')
  assert.ok(failFast.refusal({}), 'only one')
  failFast.note(trial, FAILED)
  assert.ok(failFast.refusal({}), 'the trial failed')
  await clock.advance(5001)
  const second = {}
  assert.equal(failFast.refusal(second), undefined)
  failFast.note(second, { delivered: 1, deliveryFailures: 0 })
  assert.equal(failFast.refusal({}), undefined, 'sending again')
})

test('rule 15: delivered records between failures, and invocations that sent nothing, start no pause', () => {
  const failFast = new FailFast(new VirtualClock())
  for (let n = 0; n < 10; n++) {
    failFast.note({}, n % 2 === 0 ? FAILED : { delivered: 1, deliveryFailures: 4 })
    failFast.note({}, { delivered: 0, deliveryFailures: 0 })
  }
  assert.equal(failFast.refusal({}), undefined)
})

test('HTTP: the fourth request of an outage becomes a dead letter at once, without an attempt', async () => {
  const harness = httpHarness({ script: Array(9).fill('refuse') })
  const chat = { value: { room: 'lobby', user: 'ada', text: 'hi' } }
  for (let n = 0; n < 3; n++) assert.equal((await harness.post('chat', chat)).body.records[0].code, 'no-leader')
  const produces = harness.client.produces
  const { status, body } = await harness.post('chat', chat)
  assert.equal(status, 202)
  assert.equal(body.records[0].code, 'unavailable')
  assert.equal(harness.client.produces, produces)
})

test('SQS: from the fourth batch on every message goes back at once', async () => {
  const harness = functionHarness(handleSqs, { script: Array(9).fill('refuse') })
  const arn = 'arn:aws:sqs:eu-west-1:123456789012:chat.fifo'
  const message = {
    messageId: 'm',
    body: '{"room":"lobby","user":"ada","text":"hi"}',
    eventSourceARN: arn,
    attributes: { MessageGroupId: 'g' },
  }
  for (let n = 0; n < 4; n++)
    assert.deepEqual(await harness.invoke({ Records: [message] }), { batchItemFailures: [{ itemIdentifier: 'm' }] })
  assert.equal(harness.client.produces, 9)
})
