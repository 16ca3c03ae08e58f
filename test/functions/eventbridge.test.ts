// The EventBridge function: the result of each outcome; detail or whole event; scheduled events and replays.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { handleEventBridge } from '../../functions/eventbridge/handle-eventbridge.ts'
import { contractsOf } from '../support/contracts.ts'
import { functionHarness, type HarnessOptions, recordsOf } from '../support/function-harness.ts'

const contracts = contractsOf([
  {
    topic: 'detail',
    json: {
      key: { from: ['value:/id', 'event:/account'] },
      from: { eventbridge: [{ source: ['shop'], 'detail-type': ['Order'] }] },
    },
  },
  {
    topic: 'whole',
    json: {
      key: { from: ['event:/id'] },
      headers: { allow: ['source'] },
      from: {
        eventbridge: [
          { source: ['shop'], 'detail-type': ['Note'], value: 'event' },
          { source: ['aws.events', 'aws.ec2'], value: 'event' },
        ],
      },
    },
  },
  {
    topic: 'strict',
    json: {
      key: { from: ['event:/id'] },
      value: { schema: { type: 'object', required: ['x'] } },
      from: { eventbridge: [{ source: ['strict'] }] },
    },
  },
])
const event = (fields: object = {}) => ({
  version: '0',
  id: 'e-1',
  'detail-type': 'Order',
  source: 'shop',
  account: '123456789012',
  time: '2026-11-24T00:00:00Z',
  region: 'eu-west-1',
  resources: [],
  detail: { id: 'o-1' },
  ...fields,
})
const harnessOf = (options: HarnessOptions = {}) => functionHarness(handleEventBridge, { contracts, ...options })
const REFUSED = ['refuse', 'refuse', 'refuse'] as const
const LOST = ['lose-answer', 'lose-request', 'lose-request'] as const

test('the detail is the value; source, detail-type, time and id are headers', async () => {
  const harness = harnessOf()
  await harness.invoke(event({ 'replay-name': 'again' }))
  const [record] = recordsOf(harness)
  assert.equal(record?.value, '{"id":"o-1"}')
  assert.equal(record?.key, 'o-1')
  const headers = Object.fromEntries((record?.headers ?? []).map(([name, value]) => [name, String(value)]))
  assert.equal(headers['kp-id'], 'e-1')
  assert.equal(headers['kp-source'], 'eventbridge')
  assert.equal(headers['detail-type'], 'Order')
  assert.equal(headers['replay-name'], 'again')
  assert.equal(headers.time, '2026-11-24T00:00:00Z')
})

test('a contract can take the whole event as the value, and limit the headers', async () => {
  const harness = harnessOf()
  const note = event({ 'detail-type': 'Note' })
  await harness.invoke(note)
  const [record] = recordsOf(harness)
  assert.deepEqual(JSON.parse(record?.value as string), note)
  assert.deepEqual(
    record?.headers.map(([name]) => name),
    ['kp-id', 'kp-source', 'traceparent', 'source'],
  )
})

test('AWS’s samples of a scheduled event and an EC2 event are delivered', async () => {
  for (const name of ['eventbridge-scheduled', 'eventbridge-ec2']) {
    const harness = harnessOf()
    const published = JSON.parse(readFileSync(`test/events/${name}.json`, 'utf8'))
    // The sample of a scheduled event has `detailType` instead.
    const sample = { 'detail-type': published.detailType, ...published }
    await harness.invoke(sample)
    assert.equal(recordsOf(harness)[0]?.key, sample.id, name)
  }
})

test('an invalid record becomes a dead letter, without an error', async () => {
  const harness = harnessOf()
  await harness.invoke(event({ source: 'strict', detail: { y: 1 } }))
  assert.equal(harness.deadLetters.deadLetters[0]?.failure.code, 'schema')
  assert.equal(harness.deadLetters.deadLetters[0]?.record.topic, 'strict')
})

test('an event that no contract claims, or that is malformed, becomes a dead letter without a topic', async () => {
  const harness = harnessOf()
  const unclaimed = event({ source: 'nobody' })
  await harness.invoke(unclaimed)
  for (const wrong of [{}, null, 'text', [1], { source: 's', 'detail-type': 5, detail: {} }])
    await harness.invoke(wrong)
  const [deadLetter, ...rest] = harness.deadLetters.deadLetters
  assert.deepEqual(JSON.parse(Buffer.from(deadLetter?.record.value as string, 'base64').toString()), unclaimed)
  assert.equal(deadLetter?.record.topic, null)
  assert.equal(deadLetter?.failure.code, 'unknown-topic')
  assert.deepEqual(
    rest.map(({ failure, recordId }) => [failure.code, recordId]),
    Array(5).fill(['bad-value', 'aws-1']),
  )
})

test('the default topic gets events that no contract claims', async () => {
  const harness = harnessOf({ options: { defaultTopic: 'whole' } })
  await harness.invoke(event({ source: 'nobody' }))
  assert.equal(recordsOf(harness)[0]?.value, '{"id":"o-1"}')
})

test('a record that was rejected: its dead letter is stored before the function returns', async () => {
  const harness = harnessOf({ script: REFUSED })
  await harness.invoke(event())
  assert.equal(harness.deadLetters.deadLetters[0]?.failure.outcome, 'rejected')
  assert.equal(harness.deadLetters.deadLetters[0]?.source.trigger, 'eventbridge')
})

test('an unknown outcome: a dead letter with that outcome', async () => {
  const harness = harnessOf({ script: LOST })
  await harness.invoke(event())
  assert.equal(harness.deadLetters.deadLetters[0]?.failure.outcome, 'unknown')
})

test('a dead letter that can’t be stored: the function throws, so that Lambda retries the event', async () => {
  const harness = harnessOf({ script: REFUSED })
  harness.deadLetters.fails = true
  await assert.rejects(async () => harness.invoke(event()), { code: 'no-leader' })
  await assert.rejects(async () => harness.invoke(event({ source: 'nobody' })), { code: 'unknown-topic' })
})

test('KAFKA_ON_FAILURE_EVENTBRIDGE=return: delivery failures throw, invalid records become dead letters', async () => {
  const harness = harnessOf({ script: REFUSED, options: { onFailureEventbridge: 'return' } })
  await assert.rejects(async () => harness.invoke(event()), { code: 'no-leader' })
  assert.equal(harness.deadLetters.deadLetters.length, 0)
  await harness.invoke(event({ source: 'strict', detail: {} }))
  assert.equal(harness.deadLetters.deadLetters.length, 1)
})

test('errors and log lines contain nothing of the event’s content', async () => {
  const harness = harnessOf({ script: REFUSED })
  harness.deadLetters.fails = true
  await assert.rejects(
    async () => harness.invoke(event({ detail: { id: 'o-1', secret: 'hunter2' } })),
    error => !JSON.stringify(error, Object.getOwnPropertyNames(error)).includes('hunter2'),
  )
  assert.ok(!harness.logged.join('\n').includes('hunter2'))
})

test('EventBridge Pipes: each event of a list is a record, also of a list of one', async () => {
  const harness = harnessOf()
  const events = ['o-1', 'o-2'].map(id => event({ id: `e-${id}`, detail: { id } }))
  await harness.invoke([...events, event({ id: undefined, source: 'nobody' })])
  await harness.invoke([event({ id: 'e-3', detail: { id: 'o-3' } })])
  const keys = recordsOf(harness).map(({ key }) => key)
  assert.deepEqual(keys.sort(), ['o-1', 'o-2', 'o-3'])
  const [deadLetter, ...others] = harness.deadLetters.deadLetters
  assert.deepEqual([deadLetter?.failure.code, deadLetter?.recordId], ['unknown-topic', 'aws-1:2'])
  assert.deepEqual(deadLetter?.source.index, 2)
  assert.deepEqual(others, [])
})

test('EventBridge Pipes: with KAFKA_ON_FAILURE_EVENTBRIDGE=return a list goes back whole or not at all', async () => {
  const options = { onFailureEventbridge: 'return' } as const
  const bad = event({ source: 'nobody' })
  const failing = harnessOf({ script: Array(9).fill('refuse'), options })
  await assert.rejects(async () => failing.invoke([event(), bad]), { retriable: true })
  assert.deepEqual(failing.deadLetters.deadLetters, [])

  const poison = '{"id":"poison"}'
  const partly = harnessOf({ poison, options })
  await partly.invoke([event(), event({ id: 'e-2', detail: { id: 'poison' } }), bad])
  assert.equal(recordsOf(partly).length, 1)
  assert.equal(partly.deadLetters.deadLetters.length, 2)
})

test('the dead letter of a scheduled event names its rule; other resources are no rule', async () => {
  const arnOf = async (resources: unknown) => {
    const harness = harnessOf()
    await harness.invoke(event({ source: 'nobody', resources }))
    return harness.deadLetters.deadLetters[0]?.source.arn
  }
  const rule = 'arn:aws-us-gov:events:us-gov-west-1:123456789012:rule/nightly'
  assert.equal(await arnOf([rule]), rule)
  assert.equal(await arnOf([5, 'arn:aws:ec2:eu-west-1:123456789012:instance/i-1', rule]), rule)
  for (const resources of [[], [`x${rule}`], ['arn::events:'], ['arn:AWS:events:'], [5], rule, undefined])
    assert.equal(await arnOf(resources), null, JSON.stringify(resources))
})

test('in a list from a pipe each dead letter has the rule of its own event', async () => {
  const harness = harnessOf()
  const ruleOf = (name: string) => `arn:aws:events:eu-west-1:123456789012:rule/${name}`
  await harness.invoke(['a', 'b'].map(name => event({ source: 'nobody', resources: [ruleOf(name)] })))
  assert.deepEqual(
    harness.deadLetters.deadLetters.map(({ source }) => source),
    ['a', 'b'].map((name, index) => ({
      trigger: 'eventbridge',
      function: 'test-function',
      id: 'e-1',
      index,
      arn: ruleOf(name),
      receiveCount: null,
    })),
  )
})

test('the event of another trigger is refused: its source still has it', async () => {
  const batch = { Records: [{ messageId: 'm', body: '1', eventSource: 'aws:sqs' }] }
  await assert.rejects(async () => harnessOf().invoke(batch), {
    code: 'bad-value',
    message: 'event: expected an EventBridge event, got that of another trigger.',
  })
})

test('the error for an event that was not acknowledged has its code, and says that it goes back', async () => {
  const harness = harnessOf({ script: REFUSED, options: { onFailureEventbridge: 'return' } })
  await assert.rejects(async () => harness.invoke(event()), {
    code: 'no-leader',
    message: 'The event was not acknowledged (no-leader); it goes back to its source.',
    retriable: true,
  })
})

test('a warm-up ping is counted, and is no record', async () => {
  const harness = harnessOf()
  await harness.invoke({ source: 'serverless-plugin-warmup' })
  assert.deepEqual(recordsOf(harness), [])
  assert.deepEqual(harness.deadLetters.deadLetters, [])
  assert.equal(harness.logged.filter(line => line.includes('"ignored":{"warm-up":1}')).length, 1)
})

test('an event that two contracts claim by conditions on a list becomes one dead letter without a topic', async () => {
  const claims = (state: string) => ({
    key: { required: false },
    from: { eventbridge: [{ pattern: { source: ['shop'], detail: { states: [state] } } }] },
  })
  const harness = harnessOf({ contracts: contractsOf(['paid', 'sent'].map(topic => ({ topic, json: claims(topic) }))) })
  await harness.invoke(event({ detail: { states: ['paid'] } }))
  await harness.invoke(event({ detail: { states: ['sent', 'paid'] } }))
  assert.equal(recordsOf(harness).length, 1)
  assert.deepEqual(
    harness.deadLetters.deadLetters.map(({ failure, record }) => [failure.code, record.topic]),
    [['unknown-topic', null]],
  )
})
