// An error while one record is read affects only that record: the others get their result.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { handleSqs } from '../../functions/sqs/handle-sqs.ts'
import { sourceRecord } from '../../lib/lambda/source-record.ts'
import { contractsOf } from '../support/contracts.ts'
import { functionHarness, recordsOf } from '../support/function-harness.ts'

test('a record whose reading throws an unexpected error is invalid', () => {
  const incomplete = { topic: 't', value: null }
  const { record, error } = sourceRecord('id', incomplete, () => {
    throw new RangeError('secret')
  })
  assert.equal(record, incomplete)
  assert.equal(error?.code, 'bad-value')
  assert.equal(error.message, 'record: reading it threw an error (RangeError).')
})

const contracts = contractsOf([
  { topic: 'open', json: { key: { required: false }, from: { sqs: [{ queue: 'open' }, { queue: 'open.fifo' }] } } },
])
const message = (messageId: string, fields = {}) => ({
  messageId,
  body: '1',
  attributes: { MessageGroupId: messageId },
  messageAttributes: {},
  eventSourceARN: 'arn:aws:sqs:us-east-1:0:open.fifo',
  ...fields,
})
const deep = JSON.parse(`${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}`)
const NO_PRIMITIVE = { toString: 1, valueOf: 1 }

for (const [what, bad, codes] of [
  ['an attribute without a type', { messageAttributes: { x: { stringValue: 'v' } } }, ['bad-value']],
  ['an attribute of null', { messageAttributes: { x: null } }, ['bad-value']],
  ['attributes of 20,000 levels', { messageAttributes: { x: deep } }, ['bad-value']],
  ['attributes that are no object', { messageAttributes: 'x' }, ['bad-value']],
  ['a group that has no text', { attributes: { MessageGroupId: NO_PRIMITIVE } }, []],
  ['a count that is no number', { attributes: { ApproximateReceiveCount: NO_PRIMITIVE } }, []],
  ['a trace that is no text', { attributes: { AWSTraceHeader: NO_PRIMITIVE } }, []],
] as const)
  test(`SQS: a message with ${what} costs the message beside it nothing`, async () => {
    const harness = functionHarness(handleSqs, { contracts })
    const odd = message('odd', bad)
    assert.deepEqual(await harness.invoke({ Records: [odd, message('good'), odd] }), { batchItemFailures: [] })
    assert.deepEqual(
      harness.deadLetters.deadLetters.map(({ failure }) => failure.code),
      codes,
    )
    assert.equal(recordsOf(harness).length, 2 - codes.length)
  })
