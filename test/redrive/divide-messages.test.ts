// A message of a source may hold several records. The original bug: an invalid record kept the message in its queue, so
// every run sent the valid ones again and counted them as sent.
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { DeadLetter } from '../../lib/dead-letter/dead-letter.ts'
import type { DeadLetterStore } from '../../lib/dead-letter/dead-letter-store.ts'
import { SqsDeadLetterStore } from '../../lib/dead-letter/sqs/store.ts'
import { DeadLetterError, DeliveryError } from '../../lib/errors.ts'
import { EventDeadLetterStore } from '../../lib/redrive/event-dead-letters.ts'
import { type RedriveOptions, redrive } from '../../lib/redrive/redrive.ts'
import { createSourceMessageReader } from '../../lib/redrive/source-messages.ts'
import { SqsServer } from '../fakes/sqs-server.ts'
import { contractsOf } from '../support/contracts.ts'

const contracts = contractsOf([
  {
    topic: 'uploads',
    json: {
      key: { required: false },
      value: { schema: { type: 'object', required: ['id'] } },
      from: { sqs: [{ queue: 'uploads', unwrap: 's3' }] },
    } as never,
  },
])
const reader = createSourceMessageReader(contracts, { defaultTopic: undefined, maxRequestSize: 1_000_000 })
const body = (...records: unknown[]) => JSON.stringify({ Records: records })

/** Accepts all records, except that nothing is known of those that hold `unknown`. */
function producerOf() {
  const sent: string[] = []
  const sendAll: RedriveOptions['producer']['sendAll'] = async records =>
    records.map(record => {
      const value = String(record.value)
      sent.push(value)
      if (!value.includes('unknown')) {
        const metadata = { topic: record.topic, partition: 0, offset: 0n, timestamp: 0 }
        return { kind: 'delivered', record, metadata, attempts: 1 } as never
      }
      const inDoubt = { producerId: 1n, epoch: 0, baseSequence: 0, indexInBatch: 0, clusterId: 'c', fromOffset: 7n }
      return {
        kind: 'failed',
        record,
        serialized: { ...record, partition: 0 },
        failureKind: 'delivery-failure',
        outcome: 'unknown',
        code: 'delivery-unknown',
        error: new DeliveryError('delivery-unknown', 'No answer.', { outcome: 'unknown' }),
        inDoubt,
        firstAt: 0,
        lastAt: 1000,
      } as never
    })
  return { sent, producer: { sendAll, isReachable: async () => true } }
}

function targetsOf(isOn: boolean, isBroken = false) {
  const stored: DeadLetter[] = []
  return {
    stored,
    isOn,
    store: async (deadLetters: readonly DeadLetter[]) => {
      if (isBroken) return deadLetters.map(() => new DeadLetterError('dead-letter', 'It is full.'))
      stored.push(...deadLetters)
      return deadLetters.map(({ deadLetterId }) => `disk:x#${deadLetterId}`)
    },
  }
}

async function queueOf(t: TestContext, ...bodies: string[]) {
  const sqs = await SqsServer.start('uploads-failures')
  for (const each of bodies) sqs.add(each)
  t.after(() => sqs.close())
  const run = async (options: Partial<RedriveOptions>) => {
    const { sent, producer } = producerOf()
    const role = { kind: 'source-dlq', sourceQueue: 'uploads' } as const
    const store = new SqsDeadLetterStore(sqs.url, { role, readSourceMessage: reader, clock: sqs.clock })
    const result = await redrive(store, { producer, contracts, ...options })
    await store.close()
    return { sent, result }
  }
  return { sqs, run }
}

test('the invalid record of a message becomes a dead letter of its own, and the message is deleted', async t => {
  const { sqs, run } = await queueOf(t, body({ id: 'good' }, { noid: 1 }), body({ id: 'alone' }))
  const deadLetterTargets = targetsOf(true)
  const { sent, result } = await run({ deadLetterTargets })
  assert.deepEqual(sent, ['{"id":"good"}', '{"id":"alone"}'])
  assert.deepEqual([result.resent, result.invalid, result.moved, result.notCompleted], [2, 1, 1, 0])
  assert.deepEqual(
    deadLetterTargets.stored.map(({ failure, source, recordId }) => [failure.code, source.trigger, recordId]),
    [['schema', 'sqs', 'm-0:1']],
  )
  assert.equal(sqs.messages.length, 0)
})

test('without a target such a message stays whole, and nothing of it is sent', async t => {
  const { sqs, run } = await queueOf(t, body({ id: 'good' }, { noid: 1 }), body({ id: 'a' }, { id: 'b' }))
  // A message whose records can all be sent is sent whole, also past the limit.
  for (const [deadLetterTargets, expected] of [
    [{ deadLetterTargets: targetsOf(false) }, ['{"id":"a"}', '{"id":"b"}']],
    [{}, []],
  ] as const) {
    const { sent, result } = await run({ ...deadLetterTargets, limit: 1 })
    assert.deepEqual(sent, expected)
    assert.deepEqual([result.failed, result.invalid, result.notCompleted], [{ 'message-not-whole': 1 }, 1, 0])
    assert.equal(sqs.messages.length, 1)
  }
})

test('where the target refuses the rest, the message stays and its sent records are counted', async t => {
  const { sqs, run } = await queueOf(t, body({ id: 'good' }, { noid: 1 }))
  const { result } = await run({ deadLetterTargets: targetsOf(true, true) })
  assert.deepEqual([result.resent, result.moved, result.notCompleted, sqs.messages.length], [1, 0, 1, 1])
})

// The original bug: the next run sent the record once more without searching its topic.
test('a record that ends in doubt goes to the target, with where it may be', async t => {
  const { sqs, run } = await queueOf(t, body({ id: 'unknown' }))
  const deadLetterTargets = targetsOf(true)
  const { result } = await run({ deadLetterTargets })
  assert.deepEqual(
    deadLetterTargets.stored.map(({ failure, inDoubt }) => [failure.outcome, inDoubt?.fromOffset]),
    [['unknown', 7]],
  )
  assert.deepEqual([result.failed, result.moved, sqs.messages.length], [{ 'delivery-unknown': 1 }, 1, 0])
})

test('the function does the same for a batch that SQS gives it', async () => {
  const record = {
    messageId: 'm',
    body: body({ id: 'good' }, { noid: 1 }),
    attributes: { DeadLetterQueueSourceArn: 'arn:aws:sqs:eu-west-1:123456789012:uploads' },
    messageAttributes: {},
    eventSourceARN: 'arn:aws:sqs:eu-west-1:123456789012:uploads-failures',
  }
  for (const isOn of [true, false]) {
    const deadLetterTargets = targetsOf(isOn)
    const store = new EventDeadLetterStore([record], [], reader)
    const { sent, producer } = producerOf()
    await redrive(store as DeadLetterStore, { producer, contracts, deadLetterTargets })
    assert.deepEqual([sent.length, deadLetterTargets.stored.length], isOn ? [1, 1] : [0, 0])
    assert.deepEqual(store.returned, isOn ? [] : ['m'])
  }
})
