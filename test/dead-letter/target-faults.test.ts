// Each target with each failure: with a disk target behind it, the dead letter is on disk once; without one, the record
// is returned to its source and no notification is sent.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, test } from 'node:test'
import type { DeadLetter } from '../../lib/dead-letter/dead-letter.ts'
import { DiskDeadLetterStore } from '../../lib/dead-letter/disk/store.ts'
import { DiskDeadLetterTarget } from '../../lib/dead-letter/disk/target.ts'
import { publishFailures } from '../../lib/dead-letter/publish-failures.ts'
import type { DeadLetterTargetConfig } from '../../lib/dead-letter/target-kinds.ts'
import { notSent } from '../../lib/delivery/delivery-report.ts'
import { DeadLetterError, TransportError } from '../../lib/errors.ts'
import { temporaryFolder } from '../../local/processes.ts'
import { type Script, ScriptedBrokers } from '../fakes/scripted-brokers.ts'
import { deadLetterOf } from '../support/dead-letter.ts'
import { producerOf } from '../support/producer-of.ts'
import { publisherOf } from '../support/publisher-of.ts'
import { deadlineIn } from '../support/time.ts'

const folder = temporaryFolder()
const servers: (() => void)[] = []
after(() => {
  for (const stop of servers) stop()
  rmSync(folder, { recursive: true, force: true })
})
Object.assign(process.env, {
  AWS_ACCESS_KEY_ID: 'k',
  AWS_SECRET_ACCESS_KEY: 's',
  AWS_REGION: 'us-east-1',
  AWS_MAX_ATTEMPTS: '2',
})

type TargetFailure = 'down' | 'slow' | 'throttled' | 'too large' | 'partial failure'
type Answer = (request: IncomingMessage, response: ServerResponse, body: string) => void
type Target = DeadLetterTargetConfig

interface Entry {
  readonly Id: string
  readonly MessageBody: string
}

/** With the checksum of the body, which the client checks. */
const stored = ({ Id, MessageBody }: Entry) => ({
  Id,
  MessageId: `m-${Id}`,
  MD5OfMessageBody: createHash('md5').update(MessageBody).digest('hex'),
})

async function serve(answer: Answer): Promise<{ url: string; stop(): void }> {
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', chunk => {
      body += chunk
    })
    request.on('end', () => answer(request, response, body))
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const stop = () => {
    server.closeAllConnections()
    server.close()
  }
  servers.push(stop)
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, stop }
}

const json = (response: ServerResponse, status: number, body: object) =>
  response.writeHead(status, { 'content-type': 'application/x-amz-json-1.0' }).end(JSON.stringify(body))
const xml = (response: ServerResponse, status: number, code: string) =>
  response
    .writeHead(status, { 'content-type': 'application/xml' })
    .end(`<Error><Code>${code}</Code><Message>m</Message></Error>`)

let requests = 0
/** The error of each service for a failure; `partial failure`: every second entry or request fails. */
const services: Record<'sqs' | 's3' | 'dynamodb', Partial<Record<TargetFailure, Answer>>> = {
  sqs: {
    throttled: (_, response) => json(response, 400, { __type: 'com.amazonaws.sqs#RequestThrottled', message: 'm' }),
    'partial failure': (_, response, body) => {
      const { Entries } = JSON.parse(body) as { Entries: Entry[] }
      const failed = Entries.filter(({ Id }) => Number(Id) % 2 === 1).map(({ Id }) => ({
        Id,
        Code: 'InternalError',
        SenderFault: false,
      }))
      const good = Entries.filter(({ Id }) => Number(Id) % 2 === 0).map(stored)
      json(response, 200, { Successful: good, Failed: failed })
    },
  },
  s3: {
    throttled: (_, response) => xml(response, 503, 'SlowDown'),
    'partial failure': (_, response) =>
      requests++ % 4 < 2 ? xml(response, 503, 'SlowDown') : response.writeHead(200).end(),
  },
  dynamodb: {
    throttled: (_, response) =>
      json(response, 400, { __type: 'com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException' }),
    'partial failure': (_, response) =>
      requests++ % 4 < 2
        ? json(response, 400, { __type: 'com.amazonaws.dynamodb.v20120810#ThrottlingException' })
        : json(response, 200, {}),
  },
}

function target(kind: string, url: string): Target {
  if (kind === 'sqs') return { kind, queueUrl: `${url}/000000000000/letters` }
  process.env.AWS_ENDPOINT_URL_S3 = url
  process.env.AWS_ENDPOINT_URL_DYNAMODB = url
  return kind === 's3' ? { kind, bucket: 'letters', prefix: '' } : { kind: 'dynamodb', table: 'letters' }
}

const deadLetters = (count = 4, bytes = 10): DeadLetter[] =>
  Array.from({ length: count }, (_, i) => deadLetterOf(`id-${i}`, Buffer.alloc(bytes, 'x')))
/** Until the deadline of a target that uses all of its time. */
const SLOW_MS = 2000

/** Stores dead letters in a chain before a disk, then in the target alone. @returns the ids that are on the disk */
async function storeBeforeDisk(
  first: Target,
  stored: readonly DeadLetter[],
  budgetMs = 20_000,
): Promise<{ results: readonly unknown[]; onDisk: string[]; alone: readonly unknown[] }> {
  const place = join(folder, Math.random().toString(36).slice(2))
  const createProducer = (servers: readonly string[] | undefined) =>
    producerOf(servers ?? [], { maxBlockMs: 400, deliveryTimeoutMs: 3000 })
  const chain = publisherOf([first, { kind: 'disk', folder: place }], { createProducer })
  const results = await chain.store(stored, deadlineIn(budgetMs))
  await chain.close()
  const only = publisherOf([first], { createProducer })
  const alone = await only.store(stored, deadlineIn(budgetMs))
  await only.close()
  const onDisk = (await Array.fromAsync(new DiskDeadLetterStore(place).deadLetters()))
    .map(({ deadLetter }) => deadLetter.recordId)
    .sort()
  return { results, onDisk, alone }
}

for (const kind of ['sqs', 's3', 'dynamodb'] as const) {
  test(`${kind} × down: the next target stores every dead letter; alone, none has a location`, async () => {
    const { results, onDisk, alone } = await storeBeforeDisk(target(kind, 'http://127.0.0.1:9'), deadLetters())
    assert.ok(results.every(result => String(result).startsWith('disk:')))
    assert.deepEqual(onDisk, ['id-0', 'id-1', 'id-2', 'id-3'])
    assert.ok(alone.every(result => result instanceof DeadLetterError))
  })

  test(`${kind} × slow: the next target has time to store every dead letter`, async () => {
    const server = await serve(() => undefined)
    const { results, onDisk, alone } = await storeBeforeDisk(target(kind, server.url), deadLetters(), SLOW_MS)
    server.stop()
    assert.ok(results.every(result => String(result).startsWith('disk:')))
    assert.equal(onDisk.length, 4)
    assert.ok(alone.every(result => result instanceof DeadLetterError))
  })

  test(`${kind} × throttled: the next target stores every dead letter`, async () => {
    const server = await serve(services[kind].throttled as Answer)
    const { results, onDisk, alone } = await storeBeforeDisk(target(kind, server.url), deadLetters())
    server.stop()
    assert.ok(results.every(result => String(result).startsWith('disk:')))
    assert.equal(onDisk.length, 4)
    assert.ok(alone.every(result => result instanceof DeadLetterError))
  })

  test(`${kind} × partial failure: each dead letter has one location, from the target that has it`, async () => {
    requests = 0
    const server = await serve(services[kind]['partial failure'] as Answer)
    const { results, onDisk } = await storeBeforeDisk(target(kind, server.url), deadLetters())
    server.stop()
    const locations = results.map(String)
    assert.equal(onDisk.length, locations.filter(location => location.startsWith('disk:')).length)
    assert.ok(locations.every(location => /^(disk|sqs|s3|dynamodb):/.test(location)))
    if (kind === 'sqs') assert.equal(onDisk.length, 2)
  })
}

test('sqs, dynamodb × too large: the value is a claim in the next target; alone, it is not stored', async () => {
  const bodies: string[] = []
  const server = await serve((_, response, body) => {
    bodies.push(body)
    const { Entries } = JSON.parse(body) as { Entries?: Entry[] }
    json(response, 200, Entries ? { Successful: Entries.map(stored), Failed: [] } : {})
  })
  for (const [kind, bytes] of [
    ['sqs', 900_000],
    ['dynamodb', 500_000],
  ] as const) {
    bodies.length = 0
    const { results, onDisk, alone } = await storeBeforeDisk(target(kind, server.url), deadLetters(1, bytes))
    assert.match(String(results[0]), new RegExp(`^${kind}:`))
    assert.deepEqual(onDisk, [])
    assert.match(bodies[0] ?? '', /claims/)
    assert.ok(alone[0] instanceof DeadLetterError && alone[0].code === 'dead-letter-too-large')
  }
  server.stop()
})

const kafkaFaults: Record<TargetFailure, { readonly script: Script | undefined; readonly onDisk: number }> = {
  down: { script: undefined, onDisk: 4 },
  slow: { script: { onAnswer: () => 'drop' }, onDisk: 4 },
  throttled: { script: { onProduce: () => ({ errorCode: 89 }) }, onDisk: 4 },
  'too large': { script: { onProduce: () => ({ errorCode: 10 }) }, onDisk: 4 },
  // The broker names one record of the batch.
  'partial failure': {
    script: { onProduce: ({ attempt }) => (attempt === 0 ? { errorCode: 87, recordErrors: [1] } : 'append') },
    onDisk: 1,
  },
}

for (const [fault, { script, onDisk: expected }] of Object.entries(kafkaFaults))
  test(`kafka × ${fault}: the next target stores what Kafka does not`, async () => {
    const cluster = script && (await ScriptedBrokers.start({ topic: 'chat-dlt', leaders: [0], brokers: 1, script }))
    const { results, onDisk, alone } = await storeBeforeDisk(
      { kind: 'kafka', pattern: '{topic}-dlt', servers: cluster?.addresses ?? ['127.0.0.1:9'] },
      deadLetters(),
      ['slow', 'throttled'].includes(fault) ? SLOW_MS : undefined,
    )
    await cluster?.stop()
    assert.equal(onDisk.length, expected)
    assert.equal(results.filter(result => String(result).startsWith('disk:')).length, expected)
    if (fault !== 'partial failure') assert.ok(alone.every(result => result instanceof DeadLetterError))
  })

test('disk × full (maxBytes, a small tmpfs): exactly the dead letters with a location are stored', async t => {
  const capped = new DiskDeadLetterTarget(join(folder, 'capped'), { maxBytes: 4000 })
  const locations: string[] = []
  const failure = await (async () => {
    for (let n = 0; ; n++) locations.push(...(await capped.store([deadLetterOf(`c-${n}`)])))
  })().catch((error: unknown) => error)
  assert.ok(failure instanceof DeadLetterError && /KAFKA_DEAD_LETTER_DISK_MAX_BYTES is 4000/.test(failure.message))
  assert.deepEqual([failure.code, failure.retriable], ['dead-letter', true])
  const bytes = readdirSync(join(folder, 'capped')).reduce(
    (sum, name) => sum + statSync(join(folder, 'capped', name)).size,
    0,
  )
  assert.ok(bytes <= 4000 && locations.length > 2)
  assert.equal(
    (await Array.fromAsync(new DiskDeadLetterStore(join(folder, 'capped')).deadLetters())).length,
    locations.length,
  )

  const place = join(folder, 'tmpfs')
  mkdirSync(place)
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', place], { stdio: 'ignore' })
  } catch {
    t.diagnostic('skipped the tmpfs: no right to mount')
    return
  }
  try {
    const disk = new DiskDeadLetterTarget(place)
    const stored: string[] = []
    const full = await (async () => {
      for (let n = 0; ; n++) {
        await disk.store([deadLetterOf(`t-${n}`, Buffer.alloc(2000, 'x'))])
        stored.push(`t-${n}`)
      }
    })().catch((error: unknown) => error)
    assert.ok(full instanceof DeadLetterError && /ENOSPC|Short write|error/.test(full.message))
    assert.ok(stored.length > 5)
    const storedIds = new Set(
      (await Array.fromAsync(new DiskDeadLetterStore(place).deadLetters())).map(
        ({ deadLetter }) => deadLetter.recordId,
      ),
    )
    for (const id of stored) assert.ok(storedIds.has(id), id)
    await disk.close()
    execFileSync('mount', ['-o', 'remount,ro', place])
    await assert.rejects(
      new DiskDeadLetterTarget(place).store([deadLetterOf('ro')]),
      (error: unknown) => error instanceof DeadLetterError && /EROFS/.test(error.message),
    )
  } finally {
    execFileSync('umount', ['-l', place])
  }
})

test('sqlite × locked, and not a database: the next target stores the dead letter', async () => {
  const file = join(folder, 'locked.db')
  const holder = new DatabaseSync(file)
  holder.exec('CREATE TABLE t (a); BEGIN EXCLUSIVE')
  const locked = await storeBeforeDisk({ kind: 'sqlite', file }, deadLetters(1), SLOW_MS)
  holder.exec('ROLLBACK')
  holder.close()
  assert.deepEqual(locked.onDisk, ['id-0'])
  const none = join(folder, 'none.db')
  writeFileSync(none, 'x'.repeat(5000))
  const broken = await storeBeforeDisk({ kind: 'sqlite', file: none }, deadLetters(1))
  assert.deepEqual(broken.onDisk, ['id-0'])
  assert.ok(broken.alone[0] instanceof DeadLetterError)
})

test('when every target fails, the record is reported as returned with its own code', async () => {
  const failed = notSent({ topic: 'chat', value: 'v' }, undefined, new TransportError('unreachable', 'down'), 1)
  const chain = publisherOf([target('sqs', 'http://127.0.0.1:9')])
  const failures: unknown[] = []
  const fates = await publishFailures([failed], {
    deadLetters: chain,
    sourceOf: () => ({ trigger: 'http', id: 'r', index: 0, function: 'http', arn: null, receiveCount: null }),
    idOf: () => 'r',
    unencodedOf: () => ({ key: null }),
    deadline: deadlineIn(20_000),
    onFailure: error => failures.push(error),
  })
  await chain.close()
  assert.deepEqual(fates.get(0), { fate: 'returned', outcome: 'not-sent', code: 'unreachable' })
  assert.equal(failures.length, 1)
})

test('notifications are sent after the dead letters are stored; a failed one changes no result', async () => {
  const notified: string[] = []
  const failures: unknown[] = []
  const place = join(folder, 'notified')
  const notifiers = [
    {
      notify: async (notes: readonly { deadLetter: DeadLetter; location: string }[]) => {
        const stored = await Array.fromAsync(new DiskDeadLetterStore(place).deadLetters())
        assert.equal(stored.length, notes.length)
        notified.push(...notes.map(({ location }) => location))
      },
    },
    { notify: () => Promise.reject(new Error('no')) },
    { notify: () => new Promise<void>(() => {}) },
  ]
  const chain = publisherOf(
    [{ kind: 'disk', folder: place }],
    {},
    {
      notifiers,
      onNotifyFailure: error => failures.push(error),
    },
  )
  const results = await chain.store(deadLetters(2), deadlineIn(1500))
  await chain.close()
  assert.deepEqual(notified, results)
  assert.equal(failures.length, 2)
})
