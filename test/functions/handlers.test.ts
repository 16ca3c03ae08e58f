// The modules that Lambda loads: each makes its services of the environment, sends an event of its trigger, and closes
// its connections on SIGTERM.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, beforeEach, test } from 'node:test'
import { ScriptedBrokers } from '../fakes/scripted-brokers.ts'
import { SqsServer } from '../fakes/sqs-server.ts'
import { provideContracts } from '../support/compiled-contracts.ts'
import { contractsFedBy } from '../support/contracts.ts'
import { deadLetterOf } from '../support/dead-letter.ts'
import { sqsMessage, v2Event } from '../support/function-harness.ts'
import { placeOf } from '../support/stored-dead-letters.ts'
import { until } from '../support/time.ts'

const TOPIC_AUTHORIZATION_FAILED = 29
const brokers = await ScriptedBrokers.start({ topic: 'chat', leaders: [0, 1] })
brokers.topicSettings = { 'retention.ms': '-1', 'cleanup.policy': 'delete', 'message.timestamp.type': 'CreateTime' }
const sqs = await SqsServer.start('work')
const folder = mkdtempSync(join(tmpdir(), 'handlers-'))
after(async () => {
  await brokers.stop()
  sqs.close()
  rmSync(folder, { recursive: true })
})
provideContracts(contractsFedBy({ chat: { sqs: [{ queue: 'work' }], eventbridge: [{ source: ['shop'] }] } }))
Object.assign(process.env, {
  AWS_ENDPOINT_URL_SQS: new URL(sqs.url).origin,
  KAFKA_BOOTSTRAP_SERVERS: brokers.addresses.join(),
  KAFKA_DEAD_LETTER: `disk:${folder}`,
  KAFKA_SQS_RETURN_DELAY_MAX_MS: '30500',
  POWERTOOLS_DEV: 'true',
})
let logged: string[] = []
// The line of an invocation goes to standard output as it is.
const { write } = process.stdout
process.stdout.write = ((...args: Parameters<typeof write>) =>
  String(args[0]).startsWith('{"level":')
    ? logged.push(String(args[0])) > 0
    : write.apply(process.stdout, args)) as typeof write
for (const method of ['log', 'info', 'warn', 'error'] as const)
  console[method] = (...args: unknown[]) => void logged.push(args.map(String).join(' '))
beforeEach(() => {
  logged = []
})

const CONTEXT = { awsRequestId: 'aws-1', functionName: 'f', getRemainingTimeInMillis: () => 60_000 }
type Handler = (event: unknown, context: typeof CONTEXT) => Promise<unknown>

async function load(name: string): Promise<Handler> {
  const { handler } = (await import(`../../functions/${name}`)) as { handler: Handler }
  return handler
}

/** The name of the function in its log line about the invocation. */
const loggedBy = (message = 'invocation'): unknown =>
  logged.flatMap(line => (line.startsWith('{') ? [JSON.parse(line)] : [])).find(line => line.message === message)
    ?.service

test('the HTTP function', async () => {
  const handler = await load('http/handler.ts')
  const body = Buffer.from('{"value":"http"}')
  const event = v2Event('POST', '/topics/chat', body, { 'content-type': 'application/json' })
  const { statusCode } = (await handler(event, CONTEXT)) as { statusCode: number }
  assert.equal(statusCode, 200)
  assert.deepEqual([loggedBy(), brokers.values().includes('"http"')], ['http', true])
})

test('the SQS function, whose failed messages stay hidden for the limit of KAFKA_SQS_RETURN_DELAY_MAX_MS', async () => {
  const handler = await load('sqs/handler.ts')
  assert.deepEqual(await handler({ Records: [sqsMessage('work', '"sqs"')] }, CONTEXT), { batchItemFailures: [] })
  assert.deepEqual([loggedBy(), brokers.values().includes('"sqs"')], ['sqs', true])
  brokers.script = { onProduce: () => ({ errorCode: TOPIC_AUTHORIZATION_FAILED }) }
  const failing = sqsMessage('work', '1', {
    receiptHandle: 'unknown',
    attributes: { ApproximateReceiveCount: '9' },
  })
  const answer = await handler({ Records: [failing] }, CONTEXT)
  brokers.script = {}
  assert.deepEqual(answer, { batchItemFailures: [{ itemIdentifier: 'm-1' }] })
  const [change] = sqs.callsOf('ChangeMessageVisibilityBatch').map(({ body }) => body.Entries)
  const [{ VisibilityTimeout }] = change as [{ VisibilityTimeout: number }]
  assert.ok(VisibilityTimeout >= 24 && VisibilityTimeout <= 30, String(VisibilityTimeout))
  assert.match(logged.join(), /The visibility of returned messages was not changed/)
})

test('the EventBridge function', async () => {
  const handler = await load('eventbridge/handler.ts')
  await handler({ id: 'e', source: 'shop', 'detail-type': 'Order', detail: { from: 'eventbridge' } }, CONTEXT)
  assert.deepEqual([loggedBy(), brokers.values().includes('{"from":"eventbridge"}')], ['eventbridge', true])
})

test('the redrive function', async () => {
  process.env.KAFKA_DEAD_LETTER = `disk:${await placeOf([deadLetterOf('r', 'redrive')])}`
  const handler = await load('redrive/handler.ts')
  const { results } = (await handler({}, CONTEXT)) as { results: readonly { resent: number }[] }
  assert.deepEqual(
    results.map(({ resent }) => resent),
    [1],
  )
  assert.deepEqual([loggedBy('redrive'), brokers.values().includes('redrive')], ['redrive', true])
})

test('the redrive function has the name of POWERTOOLS_SERVICE_NAME, and refuses what no function accepts', async () => {
  process.env.POWERTOOLS_SERVICE_NAME = 'mine'
  await (await load('redrive/handler.ts?named'))({}, CONTEXT)
  assert.equal(loggedBy('redrive'), 'mine')
  process.env.KAFKA_ACKS = '1'
  await assert.rejects(load('redrive/handler.ts?refused'), { name: 'ConfigError', message: /acks \(KAFKA_ACKS\)/ })
})

test('on SIGTERM each function closes its connections and ends', async t => {
  const exits: unknown[] = []
  t.mock.method(process, 'exit', (code: unknown) => void exits.push(code))
  assert.ok(brokers.openConnections > 0)
  process.emit('SIGTERM')
  await until(() => exits.length === 3)
  assert.deepEqual(exits, [0, 0, 0])
  await until(() => brokers.openConnections === 0)
})
