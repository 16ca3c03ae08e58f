// On a real SQS server: dead letters in a queue and their locations; the poller, whose batches behave as Lambda's do.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, test } from 'node:test'
import { type Message, PurgeQueueCommand, SendMessageBatchCommand, SendMessageCommand } from '@aws-sdk/client-sqs'
import { type DeadLetter, toDeadLetter } from '../../lib/dead-letter/dead-letter.ts'
import { DeadLetterPublisher } from '../../lib/dead-letter/dead-letter-publisher.ts'
import type { StoreResult } from '../../lib/dead-letter/dead-letter-target.ts'
import { DiskDeadLetterTarget } from '../../lib/dead-letter/disk/target.ts'
import { SqsDeadLetterTarget } from '../../lib/dead-letter/sqs/target.ts'
import { notSent } from '../../lib/delivery/delivery-report.ts'
import { TransportError } from '../../lib/errors.ts'
import { temporaryFolder } from '../../local/processes.ts'
import { type LocalSqs, startSqs } from '../../local/sqs/elasticmq.ts'
import { SqsPoller } from '../../local/sqs/poller.ts'
import { deadlineIn, until } from '../support/time.ts'

Object.assign(process.env, { AWS_ACCESS_KEY_ID: 'local', AWS_SECRET_ACCESS_KEY: 'local', AWS_REGION: 'us-east-1' })
let sqs: LocalSqs
before(async () => {
  sqs = await startSqs([
    { name: 'dead-letters', visibilityS: 30 },
    { name: 'work', visibilityS: 1, redrive: { to: 'work-dlq', maxReceiveCount: 3 } },
    { name: 'work-dlq', visibilityS: 30 },
    { name: 'orders.fifo', visibilityS: 1 },
  ])
})
after(() => sqs.stop())

function deadLetter(n: number, bytes = 10): DeadLetter {
  const record = { topic: 'chat', value: Buffer.alloc(bytes, 'x'), sourceId: `r-${n}` }
  return toDeadLetter(notSent(record, undefined, new TransportError('unreachable', 'down'), Date.now()), `r-${n}`, {
    trigger: 'sqs',
    id: 'm',
    index: 0,
    function: null,
    arn: null,
    receiveCount: 1,
  })
}

test('dead letters are stored in batches of ten, and each location is the id of its message', async () => {
  const target = new SqsDeadLetterTarget(sqs.queueUrl('dead-letters'))
  const deadLetters = Array.from({ length: 25 }, (_, n) => deadLetter(n))
  const locations = await target.store(deadLetters, deadlineIn(10_000))
  await target.close()
  const stored = await sqs.drain('dead-letters')

  assert.deepEqual([...locations].sort(), stored.map(({ MessageId }) => `sqs:${MessageId}`).sort())
  assert.deepEqual(
    stored
      .map(({ Body }) => JSON.parse(Body as string) as DeadLetter)
      .sort((a, b) => Number(a.recordId.slice(2)) - Number(b.recordId.slice(2))),
    deadLetters,
  )
  const attributes = Object.fromEntries(
    Object.entries(stored[0]?.MessageAttributes ?? {}).map(([name, { StringValue }]) => [name, StringValue]),
  )
  assert.deepEqual(Object.keys(attributes).sort(), ['code', 'deadLetterId', 'outcome', 'topic'])
  assert.equal(attributes.code, 'unreachable')
})

test('dead letters larger than a batch may be are split over several', async () => {
  const target = new SqsDeadLetterTarget(sqs.queueUrl('dead-letters'))
  const locations = await target.store(
    Array.from({ length: 6 }, (_, n) => deadLetter(n, 300_000)),
    deadlineIn(10_000),
  )
  await target.close()
  assert.ok(locations.every(location => typeof location === 'string'))
  assert.equal((await sqs.drain('dead-letters')).length, 6)
})

test('a dead letter over 1 MB gets a claim check in the next target, or is not stored without one', async () => {
  const folder = temporaryFolder()
  const big = deadLetter(1, 900_000)
  const chain = new DeadLetterPublisher([
    new SqsDeadLetterTarget(sqs.queueUrl('dead-letters')),
    new DiskDeadLetterTarget(folder),
  ])
  const [location, small] = await chain.store([big, deadLetter(2)], deadlineIn(10_000))
  await chain.close()
  const stored = (await sqs.drain('dead-letters')).map(({ Body }) => JSON.parse(Body as string) as DeadLetter)
  const withClaim = stored.find(({ recordId }) => recordId === 'r-1')

  assert.match(String(location), /^sqs:/)
  assert.match(String(small), /^sqs:/)
  assert.equal(withClaim?.record.value, null)
  assert.equal(withClaim?.claimCheck?.bytes, 900_000)
  assert.deepEqual(
    readFileSync(String(withClaim?.claimCheck?.target).replace(/^disk:/, '')),
    Buffer.alloc(900_000, 'x'),
  )
  rmSync(folder, { recursive: true })

  const alone = new DeadLetterPublisher([new SqsDeadLetterTarget(sqs.queueUrl('dead-letters'))])
  const [result] = await alone.store([big], deadlineIn(10_000))
  await alone.close()
  assert.equal((result as { code?: string }).code, 'dead-letter-too-large')
  assert.deepEqual(await sqs.drain('dead-letters'), [])
})

test('if a queue does not exist or its server is down, the next target stores the dead letters', async () => {
  for (const url of [sqs.queueUrl('missing'), 'http://127.0.0.1:9/000000000000/dead-letters']) {
    const folder = temporaryFolder()
    const chain = new DeadLetterPublisher([new SqsDeadLetterTarget(url), new DiskDeadLetterTarget(folder)])
    const [location] = await chain.store([deadLetter(1)], deadlineIn(10_000))
    await chain.close()
    assert.match(String(location), /^disk:/, url)
    rmSync(folder, { recursive: true })
  }
})

test('entries that the service rejects or leaves out of its answer are reported as not stored', async () => {
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const { Entries } = JSON.parse(Buffer.concat(chunks).toString()) as {
      Entries: { Id: string; MessageBody: string }[]
    }
    const [first, second] = Entries
    response.writeHead(200, { 'content-type': 'application/x-amz-json-1.0' })
    const MD5OfMessageBody = createHash('md5')
      .update(first?.MessageBody ?? '')
      .digest('hex')
    response.end(
      JSON.stringify({
        Successful: [{ Id: first?.Id, MessageId: 'm-1', MD5OfMessageBody }],
        Failed: [{ Id: second?.Id, Code: 'InternalError', SenderFault: false }],
      }),
    )
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const target = new SqsDeadLetterTarget(`http://127.0.0.1:${(server.address() as AddressInfo).port}/000000000000/q`)
  const results = await target.store([deadLetter(1), deadLetter(2), deadLetter(3)], deadlineIn(10_000))
  await target.close()
  server.close()

  assert.equal(results[0], 'sqs:m-1')
  assert.deepEqual(
    results.slice(1).map(result => /\((\w+)\)/.exec((result as Error).message)?.[1]),
    ['InternalError', 'NoEntry'],
  )
})

test('a service that does not answer leaves time for the next target', async () => {
  const server = createServer(() => {})
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const folder = temporaryFolder()
  const chain = new DeadLetterPublisher([
    new SqsDeadLetterTarget(`http://127.0.0.1:${(server.address() as AddressInfo).port}/000000000000/q`),
    new DiskDeadLetterTarget(folder),
  ])
  const begin = performance.now()
  const results: StoreResult[] = await chain.store([deadLetter(1)], deadlineIn(2000))
  assert.match(String(results[0]), /^disk:/)
  assert.ok(performance.now() - begin < 2000)
  await chain.close()
  server.closeAllConnections()
  server.close()
  rmSync(folder, { recursive: true })
})

const send = (queue: string, bodies: readonly string[], group?: string) =>
  sqs.client.send(
    new SendMessageBatchCommand({
      QueueUrl: sqs.queueUrl(queue),
      Entries: bodies.map((MessageBody, index) => ({
        Id: String(index),
        MessageBody,
        ...(group ? { MessageGroupId: group, MessageDeduplicationId: `${group}-${MessageBody}` } : {}),
      })),
    }),
  )

type Batch = { Records: { messageId: string; body: string; attributes: { ApproximateReceiveCount: string } }[] }

test('poller: failed messages are received again up to maxReceiveCount, then moved to the DLQ', async () => {
  const seen: string[] = []
  const poller = new SqsPoller({
    client: sqs.client,
    queue: 'work',
    queueUrl: sqs.queueUrl('work'),
    invoke: async event => {
      const { Records } = event as Batch
      for (const { body, attributes } of Records) seen.push(`${body}@${attributes.ApproximateReceiveCount}`)
      return {
        batchItemFailures: Records.filter(({ body }) => body === 'bad').map(({ messageId }) => ({
          itemIdentifier: messageId,
        })),
      }
    },
  })
  await send('work', ['a', 'bad', 'b'])
  await until(() => seen.includes('bad@3'))
  let dead: Message[] = []
  for (const end = Date.now() + 10_000; dead.length === 0 && Date.now() < end; ) dead = await sqs.drain('work-dlq')
  await poller.stop()

  assert.deepEqual(seen.toSorted(), ['a@1', 'b@1', 'bad@1', 'bad@2', 'bad@3'])
  assert.deepEqual(
    dead.map(({ Body }) => Body),
    ['bad'],
  )
})

test('poller: after an error, or an answer with an unknown id, the whole batch goes back', async () => {
  const receives: Record<string, number> = {}
  const errors: unknown[] = []
  const answers = [
    () => assert.fail('the function failed'),
    () => ({ batchItemFailures: [{ itemIdentifier: 'unknown' }] }),
    () => null,
  ]
  const poller = new SqsPoller({
    client: sqs.client,
    queue: 'work',
    queueUrl: sqs.queueUrl('work'),
    concurrency: 1,
    onError: error => void errors.push(error),
    invoke: async event => {
      for (const { body, attributes } of (event as Batch).Records)
        receives[body] = Number(attributes.ApproximateReceiveCount)
      return answers.shift()?.()
    },
  })
  await sqs.client.send(new SendMessageCommand({ QueueUrl: sqs.queueUrl('work'), MessageBody: 'c' }))
  await until(() => receives.c === 3)
  await poller.stop()
  assert.equal(errors.length, 2)
  await sqs.client.send(new PurgeQueueCommand({ QueueUrl: sqs.queueUrl('work') }))
})

test('poller: after a message went back, its FIFO group is not read further', async () => {
  const seen: string[] = []
  let isFirst = true
  const poller = new SqsPoller({
    client: sqs.client,
    queue: 'orders.fifo',
    queueUrl: sqs.queueUrl('orders.fifo'),
    batchSize: 2,
    concurrency: 1,
    invoke: async event => {
      const { Records } = event as Batch
      seen.push(...Records.map(({ body }) => body))
      const failures = isFirst ? Records : []
      isFirst = false
      return { batchItemFailures: failures.map(({ messageId }) => ({ itemIdentifier: messageId })) }
    },
  })
  await send('orders.fifo', ['1', '2', '3', '4'], 'g')
  await until(() => seen.includes('4'))
  await poller.stop()
  // The server decides how many messages the first receive returns.
  const returned = seen.slice(0, -4)
  assert.deepEqual(seen.slice(-4), ['1', '2', '3', '4'])
  assert.ok(returned.length > 0)
  assert.deepEqual(returned, ['1', '2'].slice(0, returned.length))
})
