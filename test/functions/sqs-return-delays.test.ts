// Messages that go back to their queue stay hidden for longer each time; without the permission they are returned
// without a delay.
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, beforeEach, type TestContext, test } from 'node:test'
import { handleSqs } from '../../functions/sqs/handle-sqs.ts'
import { createReturnDelays, planVisibilityChanges } from '../../functions/sqs/return-delays.ts'
import { SqsQueue } from '../../lib/dead-letter/sqs/queue.ts'
import { KafkaProducerError } from '../../lib/errors.ts'
import { returnDelayS } from '../../lib/lambda/return-delay.ts'
import type { SqsMessage } from '../../lib/lambda/sqs-event.ts'
import type { Deadline } from '../../lib/time/deadline.ts'
import { SqsServer } from '../fakes/sqs-server.ts'
import { contractsOf } from '../support/contracts.ts'
import { functionHarness } from '../support/function-harness.ts'
import { deadlineIn, pause } from '../support/time.ts'

const ARN = 'arn:aws:sqs:eu-west-1:000000000000'
const MAX_S = 360
const contracts = contractsOf([
  { topic: 't', json: { key: { required: false }, from: { sqs: [{ queue: 'work' }, { queue: 'work.fifo' }] } } },
])
const noJitter = () => 0
let warnings: string[] = []
let sqs: SqsServer
let queue: SqsQueue
before(async () => {
  sqs = await SqsServer.start('work')
  queue = new SqsQueue(sqs.url)
  process.env.AWS_ENDPOINT_URL_SQS = new URL(sqs.url).origin
})
after(async () => {
  delete process.env.AWS_ENDPOINT_URL_SQS
  await queue.close()
  sqs.close()
})
beforeEach(() => {
  warnings = []
  sqs.messages.length = 0
  sqs.calls.length = 0
  sqs.isMissing = false
})

const delaysWith = (options: object = {}) =>
  createReturnDelays({ maxS: MAX_S, warn: text => void warnings.push(text), random: noJitter, ...options })

/** What Lambda does with the batch: the function is down with Kafka. */
async function receiveAndReturn(name: string, delays = delaysWith()): Promise<unknown> {
  const { invoke } = functionHarness((event, context, services) => handleSqs(event, context, services, delays), {
    contracts,
    script: Array(9).fill('refuse'),
  })
  const Records = (await queue.receive(MAX_S, 0)).map(({ MessageId, ReceiptHandle, Body, Attributes }) => ({
    messageId: MessageId,
    receiptHandle: ReceiptHandle,
    body: Body,
    attributes: Attributes,
    messageAttributes: {},
    eventSourceARN: `${ARN}:${name}`,
  }))
  return invoke({ Records })
}

const message = (fields: Partial<SqsMessage>): SqsMessage => ({
  id: 'm',
  arn: `${ARN}:work`,
  receiveCount: 1,
  receiptHandle: 'h',
  orderGroup: undefined,
  records: [],
  ...fields,
})

test('the delay doubles from 10 s to the limit, shortened by a fifth at most', () => {
  const counts = [1, 2, 3, 4, 5, 6, 7, 8, 1000]
  assert.deepEqual(
    counts.map(count => returnDelayS(count, MAX_S, noJitter)),
    [10, 20, 40, 80, 160, 320, 360, 360, 360],
  )
  assert.deepEqual(
    counts.map(count => returnDelayS(count, MAX_S, () => 1)),
    [8, 16, 32, 64, 128, 256, 288, 288, 288],
  )
})

test('a message that is returned again and again is visible later and later', async () => {
  const id = sqs.add('1')
  const delays: number[] = []
  for (let receives = 0; receives < 4; receives++) {
    assert.deepEqual(await receiveAndReturn('work'), { batchItemFailures: [{ itemIdentifier: id }] })
    const visibleAt = sqs.messages[0]?.visibleAt as number
    delays.push((visibleAt - sqs.now) / 1000)
    sqs.now = visibleAt
  }
  assert.deepEqual(delays, [10, 20, 40, 80])
  assert.deepEqual(warnings, [])
})

test('a delivered batch changes nothing', async () => {
  sqs.add('1')
  const [received] = await queue.receive(MAX_S, 0)
  const { invoke } = functionHarness((event, context, services) => handleSqs(event, context, services, delaysWith()), {
    contracts,
  })
  await invoke({
    Records: [{ messageId: 'm', receiptHandle: received?.ReceiptHandle, body: '1', eventSourceARN: ARN }],
  })
  assert.equal(sqs.callsOf('ChangeMessageVisibilityBatch').length, 0)
})

test('a batch returns as a batch; an order group returns as one, when its most received message does', () => {
  const plan = planVisibilityChanges(
    [
      message({ receiptHandle: 'a' }),
      message({ receiptHandle: 'b' }),
      message({ receiptHandle: 'c', receiveCount: 3 }),
      message({ receiptHandle: 'd', arn: `${ARN}:other` }),
      message({ receiptHandle: 'e', orderGroup: 'g', receiveCount: 4 }),
      message({ receiptHandle: 'f', orderGroup: 'g' }),
      message({ receiptHandle: undefined }),
      message({ receiptHandle: 'g', receiveCount: null }),
    ],
    MAX_S,
    noJitter,
  )
  assert.deepEqual(
    plan.map(({ arn, delayS, receiptHandles }) => [arn.split(':').at(-1), delayS, receiptHandles]),
    [
      ['work', 10, ['a', 'b']],
      ['work', 40, ['c']],
      ['other', 10, ['d']],
      ['work', 80, ['e', 'f']],
    ],
  )
})

test('without the permission messages are returned without a delay; there is one warning per queue', async () => {
  const id = sqs.add('1')
  let now = 0
  const clock = { now: () => now, epochMs: () => now, setTimeout: () => {}, clearTimeout: () => {} }
  const delays = delaysWith({ clock })
  const returned = [message({ receiptHandle: 'unknown' })]
  await delays(returned, deadlineIn(10_000))
  assert.equal(warnings.length, 1)
  assert.equal(
    warnings[0],
    'The visibility of returned messages was not changed (not all were changed); they return after the timeout of ' +
      'their queue. The function needs sqs:ChangeMessageVisibility, or set KAFKA_SQS_RETURN_DELAY_MAX_MS=0.',
  )

  assert.deepEqual(await receiveAndReturn('work', delays), { batchItemFailures: [{ itemIdentifier: id }] })
  assert.equal(sqs.messages[0]?.visibleAt, sqs.now + MAX_S * 1000)
  assert.equal(sqs.callsOf('ChangeMessageVisibilityBatch').length, 1)
  now = 300_000
  await delays(returned, deadlineIn(10_000))
  assert.equal(sqs.callsOf('ChangeMessageVisibilityBatch').length, 2)
})

test('a queue that does not answer does not delay the response', async t => {
  const silent = createServer(() => {})
  await new Promise<void>(done => silent.listen(0, '127.0.0.1', done))
  t.after(() => {
    silent.closeAllConnections()
    silent.close()
    process.env.AWS_ENDPOINT_URL_SQS = new URL(sqs.url).origin
  })
  process.env.AWS_ENDPOINT_URL_SQS = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`
  await delaysWith()([message({})], deadlineIn(600))
  assert.equal(warnings.length, 1)
})

/** What the queue is asked for, by its URL, without sending it. */
function hides(t: TestContext, isHidden: readonly boolean[] | Error = [true]) {
  const asked: [url: string, receiptHandles: readonly string[], delayS: number][] = []
  t.mock.method(SqsQueue.prototype, 'hide', async function (this: SqsQueue, handles: readonly string[], s: number) {
    asked.push([this.url, handles, s])
    if (isHidden instanceof Error) throw isHidden
    return isHidden
  })
  return asked
}

test('the requests go to the queue of the message, in the domain of its region', async t => {
  const asked = hides(t)
  delete process.env.AWS_ENDPOINT_URL_SQS
  t.after(() => {
    process.env.AWS_ENDPOINT_URL_SQS = new URL(sqs.url).origin
  })
  const arns = ['arn:aws:sqs:eu-west-1:1:a', 'arn:aws-cn:sqs:cn-north-1:2:b.fifo']
  await delaysWith()(
    arns.map(arn => message({ arn })),
    deadlineIn(10_000),
  )
  process.env.AWS_ENDPOINT_URL = 'http://127.0.0.1:9'
  t.after(() => {
    delete process.env.AWS_ENDPOINT_URL
  })
  await delaysWith()([message({})], deadlineIn(10_000))
  assert.deepEqual(asked, [
    ['https://sqs.eu-west-1.amazonaws.com/1/a', ['h'], 10],
    ['https://sqs.cn-north-1.amazonaws.com.cn/2/b.fifo', ['h'], 10],
    ['http://127.0.0.1:9/000000000000/work', ['h'], 10],
  ])
})

test('the requests have 2 s, or less if the response is due earlier', async t => {
  const asked = hides(t)
  const times: number[] = []
  t.mock.method(AbortSignal, 'timeout', (ms: number) => {
    times.push(ms)
    return new AbortController().signal
  })
  for (const remaining of [10_000, 1999.9, 500, 499]) await delaysWith()([message({})], { remaining } as Deadline)
  assert.deepEqual([times, asked.length], [[2000, 1999, 500], 3])
  await delaysWith()([], deadlineIn(10_000))
  assert.equal(times.length, 3)
})

test('after a failure a queue gets no request for five minutes; other queues do', async t => {
  const asked = hides(t, [true, false])
  let now = 0
  const clock = { now: () => now, epochMs: () => now, setTimeout: () => {}, clearTimeout: () => {} }
  const delays = delaysWith({ clock })
  const other = message({ arn: `${ARN}:other` })
  // Messages of two receive counts are two requests, whose failures are one warning.
  await delays([message({}), message({ receiveCount: 2 })], deadlineIn(10_000))
  assert.deepEqual([asked.length, warnings.length], [2, 1])
  now = 299_999
  await delays([message({}), other], deadlineIn(10_000))
  assert.deepEqual([asked.length, warnings.length], [3, 2])
  now = 300_000
  await delays([message({}), other], deadlineIn(10_000))
  assert.deepEqual([asked.length, warnings.length], [4, 3])
})

test('the warning has the code of the failure, or the name of an error without one', async t => {
  const codeIn = () => /\((.*?)\);/.exec(warnings.at(-1) ?? '')?.[1]
  sqs.isMissing = true
  await delaysWith()([message({})], deadlineIn(10_000))
  assert.equal(codeIn(), 'QueueDoesNotExist')
  for (const [error, code] of [
    [new TypeError('secret'), 'TypeError'],
    [new KafkaProducerError('unavailable', 'secret'), 'KafkaProducerError'],
  ] as const) {
    hides(t, error)
    await delaysWith()([message({})], deadlineIn(10_000))
    assert.equal(codeIn(), code)
    t.mock.restoreAll()
  }
})

test('no connection to the queue stays open', async () => {
  await delaysWith()([message({})], deadlineIn(10_000))
  assert.equal(sqs.callsOf('ChangeMessageVisibilityBatch').length, 1)
  await queue.close()
  queue = new SqsQueue(sqs.url)
  while ((await sqs.connections()) > 0) await pause(10)
})

test('no request starts shortly before the response is due, or with the setting 0', async () => {
  await delaysWith()([message({})], deadlineIn(400))
  await delaysWith({ maxS: 0 })([message({})], deadlineIn(10_000))
  assert.equal(sqs.calls.length, 0)
  assert.deepEqual(warnings, [])
})
