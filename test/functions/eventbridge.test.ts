// The EventBridge function: the fault table cell by cell; detail or whole event; scheduled events and replays.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { handleEventBridge } from '../../functions/eventbridge/handle-eventbridge.ts'
import { contractsOf } from '../fakes/contracts.ts'
import { functionHarness, type Harness, type HarnessOptions } from '../fakes/function-harness.ts'

const json = (value: object) => value as Record<string, unknown>
const contracts = contractsOf([
  {
    topic: 'detail',
    json: json({
      key: { from: ['value:/id', 'event:/account'] },
      from: { eventbridge: [{ source: ['shop'], 'detail-type': ['Order'] }] },
    }),
  },
  {
    topic: 'whole',
    json: json({
      key: { from: ['event:/id'] },
      headers: { allow: ['source'] },
      from: {
        eventbridge: [
          { source: ['shop'], 'detail-type': ['Note'], value: 'event' },
          { source: ['aws.events', 'aws.ec2'], value: 'event' },
        ],
      },
    }),
  },
  {
    topic: 'strict',
    json: json({
      key: { from: ['event:/id'] },
      value: { schema: { type: 'object', required: ['x'] } },
      from: { eventbridge: [{ source: ['strict'] }] },
    }),
  },
])
const event = (given: object = {}) => ({
  version: '0',
  id: 'e-1',
  'detail-type': 'Order',
  source: 'shop',
  account: '123456789012',
  time: '2026-11-24T00:00:00Z',
  region: 'eu-west-1',
  resources: [],
  detail: { id: 'o-1' },
  ...given,
})
const harnessOf = (options: HarnessOptions = {}) => functionHarness(handleEventBridge, { contracts, ...options })
const recordsOf = ({ client }: Harness) => client.logs.flatMap(({ records }) => records)
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

test('the whole event where the contract asks for it, and only the headers that it allows', async () => {
  const harness = harnessOf()
  const given = event({ 'detail-type': 'Note' })
  await harness.invoke(given)
  const [record] = recordsOf(harness)
  assert.deepEqual(JSON.parse(record?.value as string), given)
  assert.deepEqual(
    record?.headers.map(([name]) => name),
    ['kp-id', 'kp-source', 'traceparent', 'source'],
  )
})

test('published events: a scheduled one and one of EC2', async () => {
  for (const name of ['eventbridge-scheduled', 'eventbridge-ec2']) {
    const harness = harnessOf()
    const published = JSON.parse(readFileSync(`test/events/${name}.json`, 'utf8'))
    // The published scheduled event spells the name as the console's form does.
    const given = { 'detail-type': published.detailType, ...published }
    await harness.invoke(given)
    assert.equal(recordsOf(harness)[0]?.key, given.id, name)
  }
})

test('record fault: a dead letter, no error', async () => {
  const harness = harnessOf()
  await harness.invoke(event({ source: 'strict', detail: { y: 1 } }))
  assert.equal(harness.deadLetters.deadLetters[0]?.failure.code, 'schema')
  assert.equal(harness.deadLetters.deadLetters[0]?.record.topic, 'strict')
})

test('an event that no contract claims, and one that is no event: a dead letter of the raw event without a topic', async () => {
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

test('the default topic takes what no contract claims', async () => {
  const harness = harnessOf({ options: { defaultTopic: 'whole' } })
  await harness.invoke(event({ source: 'nobody' }))
  assert.equal(recordsOf(harness)[0]?.value, '{"id":"o-1"}')
})

test('delivery failure, surely not written: a dead letter before it returns', async () => {
  const harness = harnessOf({ script: REFUSED })
  await harness.invoke(event())
  assert.equal(harness.deadLetters.deadLetters[0]?.failure.outcome, 'rejected')
  assert.equal(harness.deadLetters.deadLetters[0]?.source.trigger, 'eventbridge')
})

test('unknown: a dead letter, marked', async () => {
  const harness = harnessOf({ script: LOST })
  await harness.invoke(event())
  assert.equal(harness.deadLetters.deadLetters[0]?.failure.outcome, 'unknown')
})

test('a dead letter that can not be written: the function throws, so that the event is tried again', async () => {
  const harness = harnessOf({ script: REFUSED })
  harness.deadLetters.fails = true
  await assert.rejects(async () => harness.invoke(event()), { code: 'no-leader' })
  await assert.rejects(async () => harness.invoke(event({ source: 'nobody' })), { code: 'unknown-topic' })
})

test('KAFKA_ON_FAILURE_EVENTBRIDGE=return: an error in place of a dead letter; an invalid record is a dead letter all the same', async () => {
  const harness = harnessOf({ script: REFUSED, options: { onFailureEventbridge: 'return' } })
  await assert.rejects(async () => harness.invoke(event()), { code: 'no-leader' })
  assert.equal(harness.deadLetters.deadLetters.length, 0)
  await harness.invoke(event({ source: 'strict', detail: {} }))
  assert.equal(harness.deadLetters.deadLetters.length, 1)
})

test('no event at fault puts its content into an error or a log', async () => {
  const harness = harnessOf({ script: REFUSED })
  harness.deadLetters.fails = true
  await assert.rejects(
    async () => harness.invoke(event({ detail: { id: 'o-1', secret: 'hunter2' } })),
    error => !JSON.stringify(error, Object.getOwnPropertyNames(error)).includes('hunter2'),
  )
  assert.ok(!harness.logged.join('\n').includes('hunter2'))
})
