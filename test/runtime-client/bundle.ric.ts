// The built bundles under the real Lambda runtime client (aws-lambda-ric), on the local stack: cold start, warm reuse,
// freezes, a timeout kill, SIGTERM. .ci/run runs it after `npm ci` in this folder, because the install compiles native
// code.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { SendMessageCommand } from '@aws-sdk/client-sqs'
import { readTopic } from '../../local/kafka/admin.ts'
import type { LocalKafka } from '../../local/kafka/cluster.ts'
import { temporaryFolder } from '../../local/processes.ts'
import { Sandbox } from '../../local/runtime/sandbox.ts'
import { type Stack, startStack } from '../../local/stack.ts'
import { pause } from '../support/time.ts'
import { ric } from './ric.ts'

const folder = temporaryFolder()
const output: string[] = []
let stack: Stack
before(async () => {
  stack = await startStack({
    brokers: 1,
    port: 3300,
    concurrency: 1,
    queueTimeoutMs: 4000,
    visibilityS: 5,
    log: line => void output.push(line),
    onOutput: line => void output.push(line),
    runtime: ric,
    // Without a reserve the deadline is the timeout itself, so the kill comes first.
    env: { KAFKA_DEAD_LETTER: `disk:${folder}`, KAFKA_DEADLINE_RESERVE_MS: '0' },
  })
})
after(() => stack.stop())

const kafka = () => stack.kafka as LocalKafka
const signalBroker = (signal: NodeJS.Signals) => process.kill(kafka().pid(1), signal)

async function post(id: string): Promise<{ status: number; fate: string; outcome?: string }> {
  const response = await fetch(`${stack.url}/topics/chat`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': id },
    body: JSON.stringify({ value: { room: 'lobby', user: 'ada', text: id } }),
  })
  const { records } = (await response.json()) as { records: { fate: string; outcome?: string }[] }
  return { status: response.status, ...(records[0] as { fate: string; outcome?: string }) }
}

async function copies(topic: string, id: string): Promise<number> {
  return (await readTopic(stack.bootstrapServers, topic)).filter(
    ({ headers }) => String(headers['kp-id']).split(':')[0] === id,
  ).length
}

const connectionAttempts = () =>
  output
    .filter(line => line.includes('"_aws"'))
    .reduce((sum, line) => sum + ((JSON.parse(line) as { ConnectionAttempts?: number }).ConnectionAttempts ?? 0), 0)

test('a cold start and three warm invocations connect once', async () => {
  for (const id of ['cold', 'warm-1', 'warm-2', 'warm-3']) assert.equal((await post(id)).status, 200, output.join('\n'))
  assert.equal(connectionAttempts(), 1)
})

test('after a freeze of 10 s while idle, the next record is delivered', async () => {
  await pause(10_000)
  const begin = performance.now()
  assert.equal((await post('after-idle')).status, 200)
  assert.ok(performance.now() - begin < 3000)
})

test('after a freeze of 10 s during a send, the reported fate agrees with the log', async () => {
  signalBroker('SIGSTOP')
  const answer = post('mid-send')
  await pause(500)
  const [sandbox] = stack.functions.http.sandboxes
  sandbox?.freeze()
  signalBroker('SIGCONT')
  await pause(10_000)
  sandbox?.thaw()
  const { fate, outcome } = await answer
  const inLog = await copies('chat', 'mid-send')
  assert.ok(
    fate === 'delivered' ? inLog === 1 : fate === 'dead-lettered' && (outcome === 'unknown' || inLog === 0),
    `${fate} ${outcome}, ${inLog} in the log`,
  )
})

test('after a kill at the timeout during a send, SQS redelivers the message, and it is in the log', async () => {
  signalBroker('SIGSTOP')
  const feature = { type: 'Feature', id: 'killed', properties: {}, geometry: { type: 'Point', coordinates: [1, 2, 3] } }
  const { MessageId = '' } = await stack.sqs.client.send(
    new SendMessageCommand({ QueueUrl: stack.sqs.queueUrl('earthquakes'), MessageBody: JSON.stringify(feature) }),
  )
  for (const end = Date.now() + 20_000; !output.some(line => line.includes('Task timed out')) && Date.now() < end; )
    await pause(100)
  assert.ok(
    output.some(line => line.includes('Task timed out')),
    output.join('\n'),
  )
  signalBroker('SIGCONT')
  for (const end = Date.now() + 40_000; (await stack.sqs.depth('earthquakes')) > 0 && Date.now() < end; )
    await pause(500)
  assert.equal(await stack.sqs.depth('earthquakes'), 0)
  assert.ok((await copies('earthquakes', MessageId)) >= 1)
})

test('SIGTERM: with the alternative runtime client the process closes its connections and exits', async () => {
  const { command, args, env } = ric('dist/functions/http/index.mjs')
  const sandbox = await Sandbox.start({
    name: 'http',
    command,
    args,
    timeoutMs: 29_000,
    onOutput: line => void output.push(line),
    env: {
      PATH: process.env.PATH ?? '',
      ...env,
      AWS_LAMBDA_NODEJS_USE_ALTERNATIVE_CLIENT_1: 'true',
      KAFKA_BOOTSTRAP_SERVERS: stack.bootstrapServers,
      KAFKA_DEAD_LETTER: `disk:${folder}`,
    },
  })
  const health = {
    version: '2.0',
    rawPath: '/health',
    headers: {},
    requestContext: {
      requestId: 'r',
      timeEpoch: Date.now(),
      stage: '$default',
      http: { method: 'GET', path: '/health' },
    },
  }
  assert.equal(((await sandbox.invoke(health)) as { statusCode: number }).statusCode, 200)
  assert.equal(await sandbox.stop(), 0, 'status of the process')
})
