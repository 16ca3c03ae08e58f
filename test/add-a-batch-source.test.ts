// AGENTS.md, "To add a batch source": a parser and an answer are enough for rounds, order, dead letters and what goes
// back. The source is a stream: a shard goes back from its first record that is neither delivered nor stored.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { handleBatch } from '../functions/batch/handle-batch.ts'
import type { BatchSource, SourceItem } from '../functions/batch/source-item.ts'
import { sourceRecord, standardHeaders } from '../lib/lambda/source-record.ts'
import { contractsOf } from './support/contracts.ts'
import { functionHarness, type HarnessOptions, recordsOf } from './support/function-harness.ts'

interface StreamEvent {
  readonly shard: string
  readonly number: number
  readonly value: unknown
}
type Item = SourceItem & Pick<StreamEvent, 'shard' | 'number'>
/** By shard, the number from which on it goes back. */
type Answer = Readonly<Record<string, number>>

const contracts = contractsOf([
  { topic: 'ticks', json: { key: { required: false }, value: { schema: { type: 'integer' } } } },
])

function stream(onFailure: 'return' | 'dead-letter'): BatchSource<Item, Answer> {
  return {
    trigger: 'sqs',
    policy: { onFailure, onInvalid: 'continue' },
    parse: event =>
      (event as readonly StreamEvent[]).map(({ shard, number, value }) => {
        const id = `${shard}-${number}`
        const record = { topic: 'ticks', key: null, value, headers: standardHeaders(id, 'stream'), orderGroup: shard }
        const records = [sourceRecord(id, record, () => record)]
        return { id, arn: shard, receiveCount: null, orderGroup: shard, records, shard, number }
      }),
    respond: results => {
      const from: Record<string, number> = {}
      for (const { item, isReturned } of results)
        if (isReturned) from[item.shard] = Math.min(from[item.shard] ?? Number.POSITIVE_INFINITY, item.number)
      return from
    },
  }
}

const EVENT: readonly StreamEvent[] = [
  { shard: 'a', number: 1, value: 1 },
  { shard: 'a', number: 2, value: 'two' },
  { shard: 'a', number: 3, value: 3 },
  { shard: 'b', number: 7, value: 7 },
]

function streamHarness(onFailure: 'return' | 'dead-letter', options: HarnessOptions = {}) {
  const source = stream(onFailure)
  return functionHarness((event, context, services) => handleBatch(event, context, services, source), {
    contracts,
    ...options,
  })
}
const valuesOf = (harness: ReturnType<typeof streamHarness>) => recordsOf(harness).map(({ value }) => String(value))

test('valid records are delivered, an invalid one becomes a dead letter, and its shard goes on', async () => {
  const harness = streamHarness('return')
  assert.deepEqual(await harness.invoke(EVENT), {})
  assert.deepEqual(valuesOf(harness).sort(), ['1', '3', '7'])
  assert.deepEqual(
    harness.deadLetters.deadLetters.map(({ recordId, failure, source }) => [recordId, failure.code, source.arn]),
    [['a-2', 'schema', 'a']],
  )
})

test('without brokers every shard goes back from its first record, and nothing of it is stored', async () => {
  const harness = streamHarness('return', { script: Array(40).fill('refuse') })
  assert.deepEqual(await harness.invoke(EVENT), { a: 1, b: 7 })
  assert.deepEqual(harness.deadLetters.deadLetters, [])
})

test('where dead letters are stored, the first of a shard is, and the rest of it goes back', async () => {
  const harness = streamHarness('dead-letter', { script: Array(40).fill('refuse') })
  assert.deepEqual(await harness.invoke(EVENT), { a: 2 })
  assert.deepEqual(
    harness.deadLetters.deadLetters.map(({ recordId }) => recordId),
    ['a-1', 'b-7'],
  )
})
