// Whatever text arrives, each record has one result: a value in Kafka is the sender's own text, everything else is
// refused or becomes a dead letter with a code, and neither the log nor a response quotes it.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { handleSqs } from '../../functions/sqs/handle-sqs.ts'
import { ERROR_CODES } from '../../lib/errors.ts'
import { contractsOf } from '../support/contracts.ts'
import { functionHarness, httpHarness, recordsOf } from '../support/function-harness.ts'
import { hostileJson, hostileRecord } from '../support/hostile-json.ts'

const numRuns = Math.min(5000, Number(process.env.FAST_CHECK_RUNS ?? 150))
const schema = { type: ['object', 'array', 'string', 'number', 'null'], properties: { room: { type: 'string' } } }
const from = { sqs: [{ queue: 'q' }] }
const contracts = contractsOf([{ topic: 't', json: { key: { required: false }, value: { schema }, from } }])
const codes: ReadonlySet<string> = new Set([...ERROR_CODES['invalid-record'], ...ERROR_CODES.request])
const GOOD = '{"room":"good"}'

function assertQuiet(text: string): void {
  assert.doesNotMatch(text, /\n\s+at |node:internal|Error:/, 'no stack')
}

test('HTTP: a hostile record beside a good one has its own answer, or the request has one', async () => {
  await fc.assert(
    fc.asyncProperty(hostileRecord, async record => {
      const harness = httpHarness({ contracts })
      // The client's own encoder replaces lone surrogates.
      const written = record.toWellFormed()
      const body = `{"records":[{"value":${GOOD}},${written}]}`
      const answer = await harness.post('t', body)
      const sent = recordsOf(harness).map(({ value }) => String(value))
      assertQuiet(JSON.stringify(answer.body) + harness.logged.join('\n'))
      if (answer.body.records === undefined) {
        assert.ok(codes.has(answer.body.code), JSON.stringify(answer.body))
        assert.deepEqual(sent, [])
        return
      }
      const [good, bad] = answer.body.records
      assert.equal(good.fate, 'delivered')
      assert.ok(bad.fate === 'delivered' || codes.has(bad.code), JSON.stringify(bad))
      for (const value of sent) assert.ok(value === GOOD || written.includes(value), 'the sender’s own text')
      assert.equal(sent.length, bad.fate === 'delivered' ? 2 : 1)
    }),
    { numRuns },
  )
})

test('SQS: a hostile message beside a good one is sent as it is, or is a dead letter by name', async () => {
  await fc.assert(
    fc.asyncProperty(hostileJson, hostileJson, async (body, attribute) => {
      const harness = functionHarness(handleSqs, { contracts })
      const message = (messageId: string, text: string, stringValue: string) => ({
        messageId,
        body: text,
        eventSourceARN: 'arn:aws:sqs:us-east-1:0:q',
        messageAttributes: { a: { dataType: 'String', stringValue } },
      })
      const records = [message('bad', body, attribute), message('good', GOOD, 'v')]
      assert.deepEqual(await harness.invoke({ Records: records }), { batchItemFailures: [] })
      const sent = recordsOf(harness).map(({ value }) => String(value))
      const deadLetters = harness.deadLetters.deadLetters.map(({ failure }) => failure.code)
      assertQuiet(harness.logged.join('\n'))
      assert.ok(sent.includes(GOOD))
      assert.equal(sent.length + deadLetters.length, 2)
      for (const value of sent) assert.ok(value === GOOD || value === body)
      for (const code of deadLetters) assert.ok(codes.has(code), code)
    }),
    { numRuns },
  )
})
