// The redrive function: manual, scheduled, for an SQS batch, and for messages in source DLQs and failure destinations.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, test } from 'node:test'
import {
  DeleteMessageCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
} from '@aws-sdk/client-sqs'
import type { Context } from 'aws-lambda'
import { handleRedrive, type RedriveServices } from '../../functions/redrive/handle-redrive.ts'
import { parseConfig } from '../../lib/config/parse-config.ts'
import { loadContracts } from '../../lib/contracts/load-contracts.ts'
import type { DeadLetter } from '../../lib/dead-letter/dead-letter.ts'
import { SqsQueue } from '../../lib/dead-letter/sqs/queue.ts'
import { SqsDeadLetterTarget } from '../../lib/dead-letter/sqs/target.ts'
import { ConfigError } from '../../lib/errors.ts'
import { parseRedriveRequest } from '../../lib/redrive/redrive-request.ts'
import { createTopics, readTopic, untilInSync } from '../../local/kafka/admin.ts'
import { queueArn, startSqs } from '../../local/sqs/elasticmq.ts'
import { deadLetterOf } from '../support/dead-letter.ts'
import { sharedClusterServers } from '../support/real-kafka.ts'
import { deadlineIn, pause } from '../support/time.ts'

const servers = sharedClusterServers()
Object.assign(process.env, { AWS_ACCESS_KEY_ID: 'local', AWS_SECRET_ACCESS_KEY: 'local', AWS_REGION: 'us-east-1' })
const sqs = await startSqs([
  { name: 'dead-letters', visibilityS: 30 },
  { name: 'earthquakes', visibilityS: 0, redrive: { to: 'earthquakes-failures', maxReceiveCount: 1 } },
  { name: 'earthquakes-failures', visibilityS: 30 },
  { name: 'event-failures', visibilityS: 30 },
  { name: 'chat-failures.fifo', visibilityS: 30 },
  { name: 'many-failures.fifo', visibilityS: 30 },
  { name: 'redrive-lease.fifo', visibilityS: 30 },
])
after(() => sqs.stop())

/** The contracts of this repository, with topics of this file's own: other files send to theirs at the same time. */
const suffix = randomBytes(6).toString('hex')
const own = (topic: string) => `${topic}-${suffix}`
const CHAT = own('chat')
const EARTHQUAKES = own('earthquakes')
const contracts = new Map(
  [...(await loadContracts()).values()].map(contract => {
    const topic = own(contract.topic)
    return [topic, { ...contract, topic }]
  }),
)
await createTopics(
  servers,
  [CHAT, EARTHQUAKES].map(topic => ({ topic, partitions: 3 })),
)
for (const topic of [CHAT, EARTHQUAKES]) await untilInSync(servers, topic, 1)

const config = parseConfig(
  {
    bootstrapServers: servers.split(','),
    deadLetter: `sqs:${sqs.queueUrl('dead-letters')}`,
    redriveFrom: [
      `source-dlq:${sqs.queueUrl('{queue}-failures')}`,
      `source-dlq:${sqs.queueUrl('many-failures.fifo')}?source=chat.fifo`,
      `failure-destination:${sqs.queueUrl('event-failures')}`,
    ].join(),
  },
  {},
)
const services: RedriveServices = {
  config,
  contracts,
  log: { redrive: () => {}, warn: () => {} },
}
const context = (ms = 60_000) => ({ getRemainingTimeInMillis: () => ms, functionName: 'redrive' }) as Context
/** Not older than what the topics keep. */
const recent = (id: string, value: string): DeadLetter => {
  const deadLetter = deadLetterOf(id, value, CHAT)
  const now = new Date().toISOString()
  return { ...deadLetter, failure: { ...deadLetter.failure, firstAt: now, lastAt: now } }
}
const quake = (id: string) => ({
  type: 'Feature',
  id,
  properties: { mag: 4.5, time: 1 },
  geometry: { type: 'Point', coordinates: [1, 2, 3] },
})
const send = (queue: string, body: unknown) =>
  sqs.client.send(
    new SendMessageCommand({
      QueueUrl: sqs.queueUrl(queue),
      MessageBody: typeof body === 'string' ? body : JSON.stringify(body),
    }),
  )

async function recordsSentDuring(
  topic: string,
  work: () => Promise<unknown>,
): Promise<{ key: string; value: string; id: string; source: string }[]> {
  const before = new Set((await readTopic(servers, topic)).map(({ partition, offset }) => `${partition} ${offset}`))
  await work()
  const now = await readTopic(servers, topic)
  return now
    .filter(({ partition, offset }) => !before.has(`${partition} ${offset}`))
    .map(({ key, value, headers }) => ({
      key: String(key),
      value: String(value),
      id: String(headers['kp-id']),
      source: String(headers['kp-source']),
    }))
}

const results = (answer: unknown) =>
  (answer as { results: { resent: number; seen: number; failed: object; stopped?: string }[] }).results

test('a manual or scheduled redrive reads the configured targets, with a filter or as a dry run', async () => {
  const deadLetters = new SqsDeadLetterTarget(sqs.queueUrl('dead-letters'))
  await deadLetters.store(
    [recent('a', '{"room":"r","user":"u","text":"a"}'), recent('b', '{"room":"r","user":"u","text":"b"}')],
    deadlineIn(5000),
  )
  await deadLetters.close()
  // Each place that is read costs seconds: an empty queue is asked twice, a second each time.
  const queueOnly = { ...services, config: { ...config, redriveFrom: undefined } }
  assert.equal(results(await handleRedrive({ error: 'quota' }, context(), queueOnly))[0]?.resent, 0)
  assert.equal(results(await handleRedrive({ dryRun: true }, context(), queueOnly))[0]?.resent, 0)
  const schedule = {
    id: 'e',
    source: 'aws.events',
    'detail-type': 'Scheduled Event',
    detail: {},
    time: '2026-11-25T00:00:00Z',
  }
  const sent = await recordsSentDuring(CHAT, async () =>
    assert.equal(results(await handleRedrive(schedule, context(), queueOnly))[0]?.resent, 2),
  )
  assert.equal(sent.length, 2)
  const everywhere = results(await handleRedrive(schedule, context(), services))
  // The queue of dead letters, a source DLQ for each queue of the contracts, one more, and the failure destination.
  assert.deepEqual(
    everywhere.map(({ seen }) => seen),
    [0, 0, 0, 0, 0],
  )
  await assert.rejects(handleRedrive({}, context(5000), services), /Raise its timeout/)
})

test('messages past maxReceiveCount are sent as the SQS function would have sent them', async () => {
  await send('earthquakes', quake('past-1'))
  for (let i = 0; i < 2; i++)
    await sqs.client.send(new ReceiveMessageCommand({ QueueUrl: sqs.queueUrl('earthquakes'), WaitTimeSeconds: 1 }))
  const from = `source-dlq:${sqs.queueUrl('earthquakes-failures')}`
  const sent = await recordsSentDuring(EARTHQUAKES, async () => {
    const [result] = results(await handleRedrive({ from }, context(), services))
    assert.equal(result?.resent, 1, JSON.stringify(result))
  })
  assert.deepEqual(
    sent.map(({ key, source }) => [key, source]),
    [['past-1', 'sqs']],
  )
  assert.equal(sent[0]?.value, JSON.stringify(quake('past-1')))
  assert.equal(results(await handleRedrive({ from }, context(), services))[0]?.seen, 0)
})

test('messages in the DLQ of a FIFO queue are sent in order per group; invalid ones stay', async () => {
  const text = (n: number) => JSON.stringify({ room: 'r', user: 'u', text: `${n}` })
  const put = (id: string, body: string) =>
    sqs.client.send(
      new SendMessageCommand({
        QueueUrl: sqs.queueUrl('chat-failures.fifo'),
        MessageBody: body,
        MessageGroupId: 'g',
        MessageDeduplicationId: id,
      }),
    )
  for (const n of [1, 2, 3]) await put(String(n), text(n))
  await put('wrong', '{"no":1}')
  const request = { from: `source-dlq:${sqs.queueUrl('chat-failures.fifo')}` }
  const sent = await recordsSentDuring(CHAT, async () => {
    const [result] = results(await handleRedrive({ ...request, includeInvalid: true }, context(), services))
    assert.deepEqual([result?.resent, result?.failed], [3, { schema: 1 }], JSON.stringify(result))
  })
  assert.deepEqual(
    sent.map(({ key, value }) => [key, value]),
    [1, 2, 3].map(n => ['g', text(n)]),
  )
  assert.equal(results(await handleRedrive({ ...request, dryRun: true }, context(), services))[0]?.seen, 1)
})

test('300 messages of one group are all sent in one run, in order', async () => {
  const text = (n: number) => JSON.stringify({ room: 'r', user: 'u', text: `many-${n}` })
  for (let n = 0; n < 300; n += 10)
    await sqs.client.send(
      new SendMessageBatchCommand({
        QueueUrl: sqs.queueUrl('many-failures.fifo'),
        Entries: Array.from({ length: 10 }, (_, i) => ({
          Id: String(i),
          MessageBody: text(n + i),
          MessageGroupId: 'many',
          MessageDeduplicationId: `many-${n + i}`,
        })),
      }),
    )
  const from = `source-dlq:${sqs.queueUrl('many-failures.fifo')}`
  const sent = await recordsSentDuring(CHAT, async () => {
    const [result] = results(await handleRedrive({ from }, context(), services))
    assert.deepEqual([result?.resent, result?.stopped], [300, undefined], JSON.stringify(result))
  })
  assert.deepEqual(
    sent.map(({ value }) => value),
    Array.from({ length: 300 }, (_, n) => text(n)),
  )
  assert.equal(await sqs.depth('many-failures.fifo'), 0)
})

// The original bug: a body that looks like a dead letter was sent to any topic under another record's id.
test('a message of a source DLQ that looks like a dead letter goes through the contract of its queue', async () => {
  const forged = { ...quake('posing'), ...recent('victim', '{"room":"lobby","user":"ada","text":"forged"}') }
  await send('earthquakes-failures', forged)
  const from = `source-dlq:${sqs.queueUrl('earthquakes-failures')}`
  let toEarthquakes: readonly { key: string; id: string }[] = []
  const toChat = await recordsSentDuring(CHAT, async () => {
    toEarthquakes = await recordsSentDuring(EARTHQUAKES, () => handleRedrive({ from }, context(), services))
  })
  assert.deepEqual(toChat, [])
  assert.deepEqual(
    toEarthquakes.map(({ key }) => key),
    ['posing'],
  )
  assert.notEqual(toEarthquakes[0]?.id, 'victim')
})

/** As deployed: redrives of the queue of dead letters take the lease. */
const leasedServices = () => ({
  ...services,
  config: parseConfig(
    {
      bootstrapServers: servers.split(','),
      deadLetter: `sqs:${sqs.queueUrl('dead-letters')}`,
      redriveLeaseQueue: sqs.queueUrl('redrive-lease.fifo'),
    },
    {},
  ),
})

test('two redrives at once: one has the lease, the other answers already-running without an error', async () => {
  const leased = leasedServices()
  const deadLetters = new SqsDeadLetterTarget(sqs.queueUrl('dead-letters'))
  const stored = Array.from({ length: 20 }, (_, n) => recent(`l-${n}`, '{"room":"r","user":"u","text":"leased"}'))
  await deadLetters.store(stored, deadlineIn(5000))
  await deadLetters.close()
  let stopped: (string | undefined)[] = []
  const sent = await recordsSentDuring(CHAT, async () => {
    const runs = [1, 2, 3].map(() => handleRedrive({ rate: 20 }, context(), leased))
    stopped = (await Promise.all(runs)).map(answer => results(answer)[0]?.stopped)
  })
  assert.deepEqual(stopped.sort(), ['already-running', 'already-running', undefined])
  assert.equal(sent.length, 20)
})

test('a redrive that runs ends when it is asked to stop, and answers with its counts', async () => {
  const leased = leasedServices()
  const target = 'sqs:…/dead-letters'
  const ask = (of: RedriveServices) => handleRedrive({ stop: true }, context(), of)
  assert.deepEqual(await ask(leased), { stops: [{ target, result: 'not-running' }] })
  const unleased = parseConfig(
    { bootstrapServers: servers.split(','), deadLetter: `sqs:${sqs.queueUrl('dead-letters')}` },
    {},
  )
  assert.deepEqual(await ask({ ...services, config: unleased }), { stops: [{ target, result: 'no-lease' }] })
  const deadLetters = new SqsDeadLetterTarget(sqs.queueUrl('dead-letters'))
  const stored = Array.from({ length: 20 }, (_, n) => recent(`s-${n}`, '{"room":"r","user":"u","text":"stopped"}'))
  await deadLetters.store(stored, deadlineIn(5000))
  await deadLetters.close()
  const sent = await recordsSentDuring(CHAT, async () => {
    const running = handleRedrive({ rate: 2 }, context(), leased)
    const leases = new SqsQueue(sqs.queueUrl('redrive-lease.fifo'))
    while ((await leases.counts()).received === 0) await pause(50)
    await leases.close()
    assert.deepEqual(await ask(leased), { stops: [{ target, result: 'requested' }] })
    const [result] = results(await running)
    assert.equal(result?.stopped, 'stop-requested')
    assert.ok((result?.resent ?? 20) < 20)
    const [rest] = results(await handleRedrive({}, context(), leased))
    assert.deepEqual([rest?.stopped, (result?.resent ?? 0) + (rest?.resent ?? 0)], [undefined, 20])
  })
  assert.equal(sent.length, 20)
  await assert.rejects(handleRedrive({ stop: true, limit: 5 }, context(), leased), /limit: unknown field; with stop/)
  await assert.rejects(
    handleRedrive({ stop: true, from: 'kafka:t@evil:1' }, context(), leased),
    /from: expected one of/,
  )
})

test('events in failure destinations are sent by their contracts; invalid ones stay', async () => {
  const event = (id: string, detail: object) => ({
    version: '0',
    id,
    source: 'usgs.earthquakes',
    'detail-type': 'Earthquake',
    detail,
  })
  await send('event-failures', {
    version: '1.0',
    requestContext: { requestId: 'r-1', condition: 'RetriesExhausted' },
    requestPayload: event('e-1', quake('lambda')),
    responsePayload: {},
  })
  await send('event-failures', event('e-2', quake('rule')))
  await send('event-failures', event('e-3', { wrong: true }))
  await send('event-failures', 'an unknown form')
  const from = `failure-destination:${sqs.queueUrl('event-failures')}`
  const sent = await recordsSentDuring(EARTHQUAKES, async () => {
    const [result] = results(await handleRedrive({ from }, context(), services))
    assert.equal(result?.resent, 2, JSON.stringify(result))
  })
  assert.deepEqual(sent.map(({ key, id }) => [key, id]).sort(), [
    ['lambda', 'e-1'],
    ['rule', 'e-2'],
  ])
  let left = 0
  for (let empty = 0; empty < 2; ) {
    const { Messages = [] } = await sqs.client.send(
      new ReceiveMessageCommand({
        QueueUrl: sqs.queueUrl('event-failures'),
        MaxNumberOfMessages: 10,
        WaitTimeSeconds: 1,
      }),
    )
    for (const { ReceiptHandle } of Messages)
      await sqs.client.send(new DeleteMessageCommand({ QueueUrl: sqs.queueUrl('event-failures'), ReceiptHandle }))
    left += Messages.length
    empty = Messages.length === 0 ? empty + 1 : 0
  }
  assert.equal(left, 2)
})

test('an SQS batch of dead letters and raw messages: the ids of those not sent are returned', async () => {
  const record = (messageId: string, body: unknown, queue = 'dead-letters') => ({
    messageId,
    body: typeof body === 'string' ? body : JSON.stringify(body),
    attributes: {},
    messageAttributes: {},
    eventSource: 'aws:sqs',
    eventSourceARN: queueArn(queue),
  })
  const Records = [
    record('m-1', recent('batch', '{"room":"r","user":"u","text":"t"}')),
    record('m-2', quake('raw'), 'earthquakes-failures'),
    record('m-3', { no: 1 }, 'earthquakes-failures'),
    record('m-4', 'nothing'),
  ]
  const sent = await recordsSentDuring(EARTHQUAKES, async () => {
    assert.deepEqual(await handleRedrive({ Records }, context(), services), {
      batchItemFailures: [{ itemIdentifier: 'm-3' }, { itemIdentifier: 'm-4' }],
    })
  })
  assert.deepEqual(
    sent.map(({ key }) => key),
    ['raw'],
  )
})

test('the doctor runs inside the function on request', async () => {
  Object.assign(process.env, {
    KAFKA_BOOTSTRAP_SERVERS: servers,
    KAFKA_DEAD_LETTER: `sqs:${sqs.queueUrl('dead-letters')}`,
  })
  const answer = (await handleRedrive({ doctor: true }, context(), services)) as {
    healthy: boolean
    checks: { name: string; status: string; detail: string }[]
  }
  assert.equal(answer.healthy, true, JSON.stringify(answer.checks))
  assert.equal(answer.checks.find(({ name }) => name.startsWith('dead letters'))?.detail, 'written and deleted')
  assert.equal(answer.checks.find(({ name }) => name === 'clock')?.status, 'ok')
})

test('an error lists every problem of a request', () => {
  const problems = (event: object) => {
    try {
      parseRedriveRequest(event)
      return ''
    } catch (error) {
      assert.ok(error instanceof ConfigError)
      return error.problems.join('\n')
    }
  }
  assert.match(
    problems({ from: 'ftp:x', limit: 0, since: 'yesterday', colour: 1 }),
    /from[\s\S]*since[\s\S]*limit|colour/,
  )
  assert.equal(problems({ from: 'kafka:{topic}-dlt', since: '24h', limit: '5' }), '')
})
