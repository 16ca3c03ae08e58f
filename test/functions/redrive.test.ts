// The redrive function over scripted brokers: manual, scheduled, for an SQS batch, stopped, and short of time.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import type { Context } from 'aws-lambda'
import { handleRedrive, type RedriveServices } from '../../functions/redrive/handle-redrive.ts'
import { parseConfig } from '../../lib/config/parse-config.ts'
import { DiskDeadLetterStore } from '../../lib/dead-letter/disk/store.ts'
import type { RedriveResult } from '../../lib/redrive/redrive.ts'
import { ScriptedBrokers } from '../fakes/scripted-brokers.ts'
import { contractsFedBy } from '../support/contracts.ts'
import { deadLetterOf } from '../support/dead-letter.ts'
import { placeOf } from '../support/stored-dead-letters.ts'
import { until } from '../support/time.ts'

const brokers = await ScriptedBrokers.start({ topic: 'chat', leaders: [0, 1] })
brokers.topicSettings = { 'retention.ms': '-1', 'cleanup.policy': 'delete', 'message.timestamp.type': 'CreateTime' }
after(() => brokers.stop())

const QUEUE = 'arn:aws:sqs:eu-west-1:123456789012:chat-failures'
const contracts = contractsFedBy({ chat: { sqs: [{ queue: 'chat' }] } })

function servicesOf(deadLetter: string, redriveFrom?: string) {
  const logged: (readonly RedriveResult[])[] = []
  const options = { bootstrapServers: brokers.addresses, deadLetter, ...(redriveFrom ? { redriveFrom } : {}) }
  const log = { redrive: (results: readonly RedriveResult[]) => void logged.push(results), warn: assert.fail }
  const services: RedriveServices = { config: parseConfig(options, {}), contracts, log }
  const invoke = (event: unknown, ms = 60_000) =>
    handleRedrive(event, { getRemainingTimeInMillis: () => ms } as Context, services)
  return { logged, invoke }
}

/** The values that the work sends. */
async function sentDuring(work: () => Promise<unknown>): Promise<string[]> {
  const before = brokers.values()
  await work()
  const after = brokers.values()
  for (const value of before) after.splice(after.indexOf(value), 1)
  return after
}

test('an invocation sends what its targets hold, returns and logs the counts, and closes its connections', async () => {
  const [first, second] = [await placeOf([deadLetterOf('a', 'a'), deadLetterOf('b', 'b')]), await placeOf([])]
  const { logged, invoke } = servicesOf(`disk:${first},disk:${second}`)
  let answer: unknown
  const sent = await sentDuring(async () => {
    answer = await invoke({})
  })
  assert.deepEqual(sent, ['a', 'b'])
  assert.deepEqual(answer, { results: logged[0] })
  assert.equal(logged.length, 1)
  assert.deepEqual(
    logged[0]?.map(({ seen, resent, stopped }) => [seen, resent, stopped]),
    [
      [2, 2, undefined],
      [0, 0, undefined],
    ],
  )
  assert.deepEqual(await sentDuring(() => invoke({})), [])
  await until(() => brokers.openConnections === 0)
})

test('an event may choose dead letters and a configured place, and no other place', async () => {
  const [first, second] = [await placeOf([deadLetterOf('c', 'c')]), await placeOf([deadLetterOf('d', 'd')])]
  const other = await placeOf([deadLetterOf('e', 'e')])
  const { invoke, logged } = servicesOf(`disk:${first},disk:${second}`)
  assert.deepEqual(await sentDuring(() => invoke({ from: `disk:${second}`, dryRun: true })), [])
  assert.deepEqual(await sentDuring(() => invoke({ from: `disk:${second}` })), ['d'])
  assert.deepEqual(
    logged.map(results => results.map(({ seen, tried, resent }) => [seen, tried, resent])),
    [[[1, 1, 0]], [[1, 1, 1]]],
  )
  await assert.rejects(invoke({ from: `disk:${other}` }), /from: expected one of KAFKA_DEAD_LETTER/)
})

const recordOf = (messageId: string, body: string, attributes: object = {}) => ({
  messageId,
  body,
  attributes,
  messageAttributes: {},
  eventSource: 'aws:sqs',
  eventSourceARN: QUEUE,
})

test('a dead letter that two targets hold is sent once, and completed in both', async () => {
  const [first, second] = [deadLetterOf('k', 'k'), deadLetterOf('l', 'l')]
  const { invoke, logged } = servicesOf(`disk:${await placeOf([first])},disk:${await placeOf([first, second])}`)
  assert.deepEqual(await sentDuring(() => invoke({})), ['k', 'l'])
  assert.deepEqual(
    logged[0]?.map(({ resent, found }) => [resent, found]),
    [
      [1, 0],
      [1, 1],
    ],
  )
  assert.deepEqual(await sentDuring(() => invoke({})), [])
})

test('an SQS batch of dead letters is sent; SQS gets back only those that were not', async () => {
  const { logged, invoke } = servicesOf('sqs:https://sqs.eu-west-1.amazonaws.com/123456789012/chat-failures')
  const [good, unknown] = [deadLetterOf('f', 'f'), deadLetterOf('g', 'g', 'no-contract')]
  const Records = [
    recordOf('m-1', JSON.stringify(good)),
    recordOf('m-2', JSON.stringify(unknown)),
    recordOf('m-3', 'not a dead letter'),
  ]
  let answer: unknown
  const sent = await sentDuring(async () => {
    answer = await invoke({ Records })
  })
  assert.deepEqual(sent, ['f'])
  assert.deepEqual(answer, { batchItemFailures: [{ itemIdentifier: 'm-2' }, { itemIdentifier: 'm-3' }] })
  const [results] = logged
  assert.deepEqual(
    results?.map(({ seen, resent, unreadable, failed }) => [seen, resent, unreadable, failed]),
    [[2, 1, 1, { 'unknown-topic': 1 }]],
  )
})

test('a batch of a source DLQ holds messages, which become records of their topic', async () => {
  const { invoke } = servicesOf(
    `disk:${await placeOf([])}`,
    'source-dlq:https://sqs.eu-west-1.amazonaws.com/123456789012/{queue}-failures',
  )
  const SentTimestamp = String(Date.now())
  let answer: unknown
  const sent = await sentDuring(async () => {
    answer = await invoke({ Records: [recordOf('m-4', '{"text":"h"}', { SentTimestamp })] })
  })
  assert.deepEqual([sent, answer], [['{"text":"h"}'], { batchItemFailures: [] }])
})

test('a batch with something that has no id is refused: an answer could not name it', async () => {
  const { invoke } = servicesOf(`disk:${await placeOf([])}`)
  for (const record of ['text', null, {}, { messageId: 7 }])
    await assert.rejects(invoke({ Records: [recordOf('m-5', '{}'), record] }), {
      code: 'bad-value',
      message: 'event: expected an SQS batch, Records with a messageId each.',
    })
})

test('an invocation without 10 s for the work in progress is refused, and says which setting to change', async () => {
  const { invoke, logged } = servicesOf(`disk:${await placeOf([deadLetterOf('i', 'i')])}`)
  await assert.rejects(invoke({}, 10_000), {
    code: 'deadline-too-short',
    message: 'The redrive function has 10000 ms left, expected more than 10000. Raise its timeout.',
  })
  assert.deepEqual(logged, [])
  assert.deepEqual(await sentDuring(() => invoke({}, 40_000)), ['i'])
})

test('the request that stops a redrive goes to its target, and begins none', async () => {
  const place = await placeOf([deadLetterOf('j', 'j')])
  const { invoke, logged } = servicesOf(`disk:${place}`)
  const lease = await new DiskDeadLetterStore(place).lease()
  // It needs no time of the invocation.
  assert.deepEqual(await invoke({ stop: true }, 1), { stops: [{ target: `disk:${place}`, result: 'requested' }] })
  await assert.rejects(lease.check(), { code: 'stop-requested' })
  await lease.release()
  await assert.rejects(invoke({ stop: 'yes' }), /stop: expected true/)
  await assert.rejects(invoke({ stop: true, from: 'disk:/elsewhere' }), /from: expected one of/)
  assert.deepEqual(logged, [])
})
