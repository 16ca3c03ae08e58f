// An event of one trigger that reaches the function of another one. An SQS batch at the HTTP function used to be
// answered with 400, which Lambda treats as a success: the messages were deleted.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import type { Context } from 'aws-lambda'
import { handleEventBridge } from '../../functions/eventbridge/handle-eventbridge.ts'
import { handleHttp } from '../../functions/http/handle-http.ts'
import { handleRedrive } from '../../functions/redrive/handle-redrive.ts'
import { handleSqs } from '../../functions/sqs/handle-sqs.ts'
import { parseConfig } from '../../lib/config/parse-config.ts'
import { functionHarness, type Harness, recordsOf } from '../support/function-harness.ts'

const saved = (name: string) => JSON.parse(readFileSync(`test/events/${name}.json`, 'utf8'))
const SQS_BATCH = saved('sqs-standard')
const Kinesis = { Records: [{ eventSource: 'aws:kinesis', eventID: 'shardId-0:1', kinesis: { data: 'e30=' } }] }
const SNS = { Records: [{ EventSource: 'aws:sns', Sns: { MessageId: 'm', Message: '{}' } }] }
const Pipes = [{ ...SQS_BATCH.Records[0], eventSource: 'aws:sqs' }]
const REQUESTS = {
  'an HTTP API': saved('apigw-v2-post'),
  'a REST API': saved('apigw-v1-post'),
  'an ALB': saved('alb-base'),
}
const MSK = saved('kafka-msk')
const BATCHES = { SQS: SQS_BATCH, Kinesis, MSK, Pipes }
const EVENT = saved('eventbridge-ec2')

async function expectGoesBack(harness: Harness, event: unknown): Promise<void> {
  await assert.rejects(harness.invoke(event), { name: 'KafkaProducerError', code: 'bad-value' })
  assert.deepEqual([recordsOf(harness).length, harness.deadLetters.deadLetters.length], [0, 0])
}

for (const [name, event] of Object.entries({ ...BATCHES, SNS, EventBridge: EVENT, 'an empty batch': { Records: [] } }))
  test(`the HTTP function fails for an event of ${name}, so that it goes back, and logs it`, async () => {
    const harness = functionHarness(handleHttp)
    await expectGoesBack(harness, event)
    const { outcomes, code } = JSON.parse(harness.logged.join())
    assert.deepEqual([outcomes, code], [{ refusedRequests: 1 }, 'bad-value'])
  })

for (const [name, event] of Object.entries({ ...REQUESTS, Kinesis, MSK, SNS, EventBridge: EVENT }))
  test(`the SQS function fails for an event of ${name}`, () => expectGoesBack(functionHarness(handleSqs), event))

for (const [name, event] of Object.entries({ ...REQUESTS, ...BATCHES }))
  test(`the EventBridge function fails for an event of ${name}, which its caller keeps`, () =>
    expectGoesBack(functionHarness(handleEventBridge), event))

test('the EventBridge function stores a notification of SNS as a dead letter: SNS would not take it back', async () => {
  const harness = functionHarness(handleEventBridge)
  await harness.invoke(SNS)
  assert.deepEqual(
    harness.deadLetters.deadLetters.map(({ failure }) => failure.code),
    ['bad-value'],
  )
})

for (const [name, event] of Object.entries({ ...REQUESTS, Kinesis, MSK, Pipes, SNS, EventBridge: EVENT }))
  test(`the redrive function fails for an event of ${name}: no redrive begins`, async () => {
    const config = parseConfig({ bootstrapServers: ['a:1', 'b:1'], deadLetter: 'disk:/tmp/dead-letters' }, {})
    const log = { redrive: () => assert.fail('a redrive ran'), warn: () => {} }
    const context = { getRemainingTimeInMillis: () => 60_000 } as Context
    await assert.rejects(handleRedrive(event, context, { config, contracts: new Map(), log }))
  })
