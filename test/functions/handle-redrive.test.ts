// What the redrive function answers, by the form of its event, where there is nothing to send.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import type { Context } from 'aws-lambda'
import { handleRedrive } from '../../functions/redrive/handle-redrive.ts'
import { parseConfig } from '../../lib/config/parse-config.ts'

const folder = mkdtempSync(join(tmpdir(), 'redrive-function-'))
after(() => rmSync(folder, { recursive: true }))
/** Nobody listens there. */
const config = parseConfig({ bootstrapServers: ['127.0.0.1:1', '127.0.0.1:2'], deadLetter: `disk:${folder}` }, {})

async function handle(event: unknown, remainingMs?: number) {
  const logged: unknown[] = []
  const log = { redrive: (results: unknown) => void logged.push(results), warn: assert.fail }
  const context = remainingMs === undefined ? {} : { getRemainingTimeInMillis: () => remainingMs }
  const answer = await handleRedrive(event, context as Context, { config, contracts: new Map(), log })
  return { answer: answer as unknown as Readonly<Record<string, unknown>>, logged }
}

test('a redrive answers with its results, and logs them', async () => {
  for (const event of [{}, { dryRun: true }]) {
    const { answer, logged } = await handle(event, 60_000)
    const [{ seen, hasMore, failed }] = answer.results as [Record<string, unknown>]
    assert.deepEqual([seen, hasMore, failed], [0, false, {}])
    assert.deepEqual(logged, [answer.results])
  }
})

test('without a clock a redrive has a minute; ten seconds of it are kept for what is in progress', async () => {
  assert.deepEqual(Object.keys((await handle({})).answer), ['results'])
  assert.deepEqual(Object.keys((await handle({}, 10_500)).answer), ['results'])
  await assert.rejects(handle({}, 10_000), {
    code: 'deadline-too-short',
    message: 'The redrive function has 10000 ms left, expected more than 10000. Raise its timeout.',
  })
})

test('of an SQS batch the messages that can’t be read go back', async () => {
  assert.deepEqual((await handle({ Records: [] }, 60_000)).answer, { batchItemFailures: [] })
  const message = { messageId: 'm-1', body: 'no dead letter', eventSourceARN: 'arn:aws:sqs:eu-west-1:1:q' }
  const { answer, logged } = await handle({ Records: [message] }, 60_000)
  assert.deepEqual(answer, { batchItemFailures: [{ itemIdentifier: 'm-1' }] })
  assert.equal(logged.length, 1)
})

test('a batch whose messages have no id is refused as a whole', async () => {
  const message = { messageId: 'm-1', body: 'no dead letter', eventSourceARN: 'arn:aws:sqs:eu-west-1:1:q' }
  for (const Records of [[{}], [null], [message, { messageId: 5 }]])
    await assert.rejects(handle({ Records }, 60_000), {
      code: 'bad-value',
      message: 'event: expected an SQS batch, Records with a messageId each.',
    })
})

test('a stop says of each target whether a redrive was running', async () => {
  const { answer, logged } = await handle({ stop: true })
  assert.deepEqual(answer, { stops: [{ target: `disk:${folder}`, result: 'not-running' }] })
  assert.deepEqual(logged, [])
  await assert.rejects(handle({ stop: 'now' }), { name: 'ConfigError', problems: ['stop: expected true.'] })
})

test('the doctor answers whether all is well, and its checks', async () => {
  const { answer, logged } = await handle({ doctor: true }, 0)
  assert.equal(answer.healthy, false)
  const [check] = answer.checks as [Record<string, unknown>]
  assert.deepEqual([check.name, check.status, logged], ['config', 'failed', []])
  await assert.rejects(handle({ doctor: 'true' }), { name: 'ConfigError', message: /doctor: unknown/ })
})
