// What an invocation knows: its trace, its deadline and its id, also if the context is incomplete.
import assert from 'node:assert/strict'
import { AsyncLocalStorage } from 'node:async_hooks'
import { test } from 'node:test'
import { handleEventBridge } from '../../functions/eventbridge/handle-eventbridge.ts'
import { handleHttp } from '../../functions/http/handle-http.ts'
import { handleSqs } from '../../functions/sqs/handle-sqs.ts'
import { invocationId, invocationTrace, remainingMs } from '../../lib/lambda/invocation-facts.ts'
import { contractsOf } from '../support/contracts.ts'
import { functionHarness, recordsOf, v2Event } from '../support/function-harness.ts'

const contracts = contractsOf([
  {
    topic: 't',
    json: { key: { required: false }, from: { eventbridge: [{ source: ['s'] }], sqs: [{ queue: 'q' }] } },
  },
])

// The original bug: two invocations in one process got the trace of the environment, or none.
test('invocations at the same time each have their own trace, in their records too', async () => {
  const store = new AsyncLocalStorage<{ trace: string; values: Map<unknown, unknown> }>()
  const InvokeStore = {
    getXRayTraceId: () => store.getStore()?.trace,
    hasContext: () => store.getStore() !== undefined,
    get: (name: unknown) => store.getStore()?.values.get(name),
    set: (name: unknown, value: unknown) => store.getStore()?.values.set(name, value),
  }
  Object.assign(globalThis, { awslambda: { InvokeStore } })
  process.env.AWS_LAMBDA_MAX_CONCURRENCY = '2'
  process.env._X_AMZN_TRACE_ID = `Root=1-${'9'.repeat(8)}-${'9'.repeat(24)}`
  try {
    const harness = functionHarness(handleEventBridge, { contracts })
    const invoke = (digit: string) => {
      const trace = `Root=1-${digit.repeat(8)}-${digit.repeat(24)};Parent=${digit.repeat(16)};Sampled=1`
      return store.run({ trace, values: new Map() }, () =>
        harness.invoke({ id: digit, source: 's', 'detail-type': 'd', detail: 1 }),
      )
    }
    await Promise.all([invoke('1'), invoke('2')])
    const traces = recordsOf(harness).map(({ headers }) =>
      String(headers.find(([name]) => name === 'traceparent')?.[1]),
    )
    assert.deepEqual(traces.sort(), [
      `00-${'1'.repeat(32)}-${'1'.repeat(16)}-01`,
      `00-${'2'.repeat(32)}-${'2'.repeat(16)}-01`,
    ])
    const logged = harness.logged.flatMap(line => /"xray_trace_id":"([^"]+)"/.exec(line)?.[1] ?? [])
    assert.deepEqual(
      logged.sort().map(id => id[2]),
      ['1', '2'],
    )
    assert.equal(invocationTrace(), undefined)
  } finally {
    Reflect.deleteProperty(globalThis, 'awslambda')
    delete process.env.AWS_LAMBDA_MAX_CONCURRENCY
    delete process.env._X_AMZN_TRACE_ID
  }
})

test('one invocation at a time has the trace of the environment', () => {
  assert.equal(invocationTrace({ _X_AMZN_TRACE_ID: 'Root=1-a-b' }), 'Root=1-a-b')
  assert.equal(invocationTrace({}), undefined)
})

test('a context of a unit test has a new id each time, and the time that is asked for', () => {
  assert.notEqual(invocationId({}), invocationId({}))
  assert.equal(invocationId({ awsRequestId: 'r' }), 'r')
  assert.deepEqual([remainingMs({}, 5), remainingMs({ getRemainingTimeInMillis: () => 0 }, 5)], [5, 0])
})

const MESSAGE = { messageId: 'm', body: '1', eventSourceARN: 'arn:aws:sqs:eu-west-1:1:q' }
for (const [name, handle, event] of [
  [
    'HTTP',
    handleHttp,
    v2Event('POST', '/topics/t', Buffer.from('{"value":1}'), { 'content-type': 'application/json' }),
  ],
  ['SQS', handleSqs, { Records: [MESSAGE] }],
  ['EventBridge', handleEventBridge, { source: 's', 'detail-type': 'd', detail: 1 }],
] as const)
  test(`${name}: a unit test may call the function with an empty event and an empty context`, async () => {
    const harness = functionHarness(handle, { contracts })
    // Each says what it expected: a dead letter or an error by name.
    const [empty] = await Promise.allSettled([harness.invokeIn({}, {})])
    const stored = harness.deadLetters.deadLetters.map(({ failure }) => failure.code)
    assert.deepEqual(empty.status === 'rejected' ? [empty.reason.code, ...stored] : stored, ['bad-value'])
    assert.deepEqual(recordsOf(harness), [])

    await harness.invokeIn({}, event)
    assert.equal(recordsOf(harness).length, 1)
    const ids = harness.logged.flatMap(line => /"requestId":"([^"]+)"/.exec(line)?.[1] ?? [])
    assert.equal(new Set(ids).size, ids.length, 'each invocation has an id of its own')
  })
