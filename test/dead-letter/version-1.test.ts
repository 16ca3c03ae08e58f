// Dead letters that 0.1 stored are read from every target, completed and replaced. The samples were written by the code
// of 0.1 (commit 370dcbc); in those on disk, in SQLite and in Kafka a sixth dead letter is completed already.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { cpSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, test } from 'node:test'
import type { DeadLetter } from '../../lib/dead-letter/dead-letter.ts'
import type { DeadLetterStore } from '../../lib/dead-letter/dead-letter-store.ts'
import { DiskDeadLetterStore } from '../../lib/dead-letter/disk/store.ts'
import { DynamoDbDeadLetterStore } from '../../lib/dead-letter/dynamodb/store.ts'
import { readKafkaDeadLetter } from '../../lib/dead-letter/kafka/read-kafka-dead-letter.ts'
import { KafkaDeadLetterStore } from '../../lib/dead-letter/kafka/store.ts'
import { readDeadLetter } from '../../lib/dead-letter/read-dead-letter.ts'
import { S3DeadLetterStore } from '../../lib/dead-letter/s3/store.ts'
import { SqliteDeadLetterStore } from '../../lib/dead-letter/sqlite/store.ts'
import { SqsDeadLetterStore } from '../../lib/dead-letter/sqs/store.ts'
import { fromBase64 } from '../../lib/record/base64.ts'
import { tried } from '../../lib/redrive/retried-dead-letter.ts'
import { temporaryFolder } from '../../local/processes.ts'
import { DeadLetterTopic } from '../fakes/dead-letter-topic.ts'

const SAMPLES = 'test/dead-letter/samples-0.1'
const NAMES = ['unknown', 'invalid-record', 'invalid-schema', 'claim-check', 'redriven-twice'] as const

const textOf = (name: string) => readFileSync(join(SAMPLES, name), 'utf8')
const expected = NAMES.map(name => readDeadLetter(textOf(`${name}.json`)) as DeadLetter)

const folder = temporaryFolder()
const servers: (() => void)[] = []
after(() => {
  for (const stop of servers) stop()
  rmSync(folder, { recursive: true, force: true })
})
Object.assign(process.env, { AWS_ACCESS_KEY_ID: 'k', AWS_SECRET_ACCESS_KEY: 's', AWS_REGION: 'us-east-1' })

interface Call {
  readonly operation: string
  readonly body: {
    readonly Key: Record<string, { readonly S: string }>
    readonly ExpressionAttributeValues: Record<string, { readonly S: string }>
    readonly UpdateExpression: string
    readonly MessageBody: string
    readonly Entries: readonly { readonly Id: string; readonly ReceiptHandle: string }[]
  }
}
type Answer = { readonly status?: number; readonly body: object | string }

/** A service with scripted answers. */
async function serve(answer: (call: Call) => Answer): Promise<{ readonly url: string; readonly calls: Call[] }> {
  const calls: Call[] = []
  const server = createServer((request, response) => {
    let text = ''
    request.on('data', chunk => {
      text += chunk
    })
    request.on('end', () => {
      const [, target] = String(request.headers['x-amz-target'] ?? '').split('.')
      const operation = target ?? `${request.method} ${request.url}`
      const call = { operation, body: text.startsWith('{') ? JSON.parse(text) : {} }
      calls.push(call)
      const { status = 200, body } = answer(call)
      const isText = typeof body === 'string'
      response.writeHead(status, { 'content-type': isText ? 'application/xml' : 'application/x-amz-json-1.0' })
      response.end(isText ? body : JSON.stringify(body))
    })
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  servers.push(() => {
    server.closeAllConnections()
    server.close()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, calls }
}

const byRecordId = (a: DeadLetter, b: DeadLetter) => (a.recordId < b.recordId ? -1 : 1)

async function listed(store: DeadLetterStore): Promise<DeadLetter[]> {
  const deadLetters = await Array.fromAsync(store.deadLetters(), ({ deadLetter }) => deadLetter)
  return deadLetters.sort(byRecordId)
}

/** Completes all listed dead letters except the last one, which is replaced by a version with one more attempt. */
async function completeAllButOne(store: DeadLetterStore): Promise<DeadLetter> {
  const open = await Array.fromAsync(store.deadLetters())
  const last = open.pop()
  assert.ok(last)
  await store.complete(open.map(each => ({ open: each, location: 'kafka:chat-2@18' })))
  const replacement = tried(last.deadLetter, 'quota')
  await store.replace(last, replacement)
  return replacement
}

const all = [...expected].sort(byRecordId)

test('names and codes of version 1 become those of version 2; nothing else changes', () => {
  for (const [index, name] of NAMES.entries()) {
    const { letterId, failure, redrive, ...rest } = JSON.parse(textOf(`${name}.json`))
    const { fault, brokerCode, ...sameFailure } = failure
    const isInvalid = fault === 'record'
    assert.deepEqual(expected[index], {
      ...rest,
      schemaVersion: 2,
      deadLetterId: letterId,
      failure: {
        ...sameFailure,
        kind: isInvalid ? 'invalid-record' : 'delivery-failure',
        class: isInvalid ? 'InvalidRecordError' : failure.class,
        code: name === 'invalid-record' ? 'rejected-by-broker' : failure.code,
        causeCode: brokerCode,
      },
      redrive: { ...redrive, lastCode: name === 'redriven-twice' ? 'rejected-by-broker' : redrive.lastCode },
    })
  }
  const [unknown, invalid, , claim, twice] = expected as [DeadLetter, DeadLetter, DeadLetter, DeadLetter, DeadLetter]
  assert.deepEqual([unknown.failure.outcome, unknown.inDoubt?.baseSequence], ['unknown', 77])
  assert.deepEqual([invalid.failure.code, invalid.failure.causeCode], ['rejected-by-broker', 'INVALID_RECORD'])
  assert.deepEqual([claim.record.value, claim.claimCheck?.bytes], [null, 64])
  assert.equal(twice.redrive.count, 2)
})

test('disk: a segment of 0.1 is read, and its dead letters are completed and replaced', async () => {
  const place = join(folder, 'disk')
  cpSync(join(SAMPLES, 'disk'), place, { recursive: true })
  const store = new DiskDeadLetterStore(place)
  assert.deepEqual(await listed(store), all)
  const replacement = await completeAllButOne(store)
  await store.close()
  assert.deepEqual(await listed(new DiskDeadLetterStore(place)), [replacement])
  // What 0.1 completed as well is noted where it reads, and what it would not understand is written elsewhere.
  const files = readdirSync(place)
  assert.deepEqual([files.filter(name => name.endsWith('.seg')).length, files.length], [3, 4])
})

test('sqlite: a file of 0.1 is read, and its dead letters are completed and replaced', async () => {
  const file = join(folder, 'dead-letters.db')
  cpSync(join(SAMPLES, 'dead-letters.db'), file)
  const store = new SqliteDeadLetterStore(file)
  assert.deepEqual(await listed(store), all)
  const replacement = await completeAllButOne(store)
  assert.deepEqual(await listed(store), [replacement])
  await store.close()
  const database = new DatabaseSync(file)
  const closed = database.prepare('SELECT closed, count(*) AS count FROM letters GROUP BY closed ORDER BY closed').all()
  database.close()
  assert.deepEqual(
    closed.map(row => [row.closed, row.count]),
    [
      [null, 1],
      ['kafka:chat-2@17', 1],
      ['kafka:chat-2@18', 4],
    ],
  )
})

const md5 = (text: string) => createHash('md5').update(text).digest('hex')

test('sqs: messages of 0.1 are read and deleted once completed', async () => {
  const messages = NAMES.map((name, index) => {
    const Body = textOf(`${name}.json`)
    return { MessageId: `m-${index}`, ReceiptHandle: `h-${index}`, Body, MD5OfBody: md5(Body) }
  })
  const sent: object[] = []
  let received = false
  const { url, calls } = await serve(({ operation, body }) => {
    if (operation === 'SendMessage') {
      sent.push(JSON.parse(body.MessageBody))
      return { body: { MessageId: 'm-new', MD5OfMessageBody: md5(body.MessageBody) } }
    }
    if (operation !== 'ReceiveMessage')
      return { body: { Successful: (body.Entries ?? []).map(({ Id }) => ({ Id })), Failed: [] } }
    const Messages = received ? [] : messages
    received = true
    return { body: { Messages } }
  })
  const store = new SqsDeadLetterStore(`${url}/1/dead-letters`, { role: { kind: 'sqs' } })
  const open = await Array.fromAsync(store.deadLetters({ purpose: 'redrive' }))
  assert.deepEqual(open.map(({ deadLetter }) => deadLetter).sort(byRecordId), all)
  await store.complete(open.slice(0, 4).map(each => ({ open: each, location: 'kafka:chat-2@18' })))
  const replacement = tried(open[4]?.deadLetter as DeadLetter, 'quota')
  await store.replace(open[4] as (typeof open)[number], replacement)
  await store.close()
  assert.deepEqual(sent, [replacement])
  const deleted = calls
    .filter(({ operation }) => operation === 'DeleteMessageBatch')
    .flatMap(({ body }) => body.Entries)
  assert.deepEqual(deleted.map(({ ReceiptHandle }) => ReceiptHandle).sort(), ['h-0', 'h-1', 'h-2', 'h-3', 'h-4'])
})

test('s3: objects of 0.1 are read and deleted once completed', async () => {
  const keys = new Map(expected.map(({ deadLetterId }, index) => [`prod/${deadLetterId}.json`, NAMES[index]]))
  const { url, calls } = await serve(({ operation }) => {
    const [method, path = ''] = operation.split(' ')
    const contents = [...keys.keys()].map(key => `<Contents><Key>${key}</Key></Contents>`)
    if (path.includes('list-type')) return { body: `<ListBucketResult>${contents.join('')}</ListBucketResult>` }
    const name = keys.get(path.split('?')[0]?.slice('/dead-letters/'.length) ?? '')
    return { body: method === 'GET' && name ? textOf(`${name}.json`) : '' }
  })
  process.env.AWS_ENDPOINT_URL_S3 = url
  const store = new S3DeadLetterStore('dead-letters', 'prod')
  const open = await Array.fromAsync(store.deadLetters())
  assert.deepEqual(open.map(({ deadLetter }) => deadLetter).sort(byRecordId), all)
  await store.complete(open.map(each => ({ open: each, location: 'kafka:chat-2@18' })))
  await store.close()
  const deleted = calls.flatMap(({ operation }) => /^DELETE \/dead-letters\/([^?]+)/.exec(operation)?.[1] ?? [])
  assert.deepEqual(deleted.sort(), [...keys.keys()].sort())
})

/** A table refuses calls with another partition key than its own. */
for (const tableKey of ['letterId', 'deadLetterId'])
  test(`dynamodb: items of 0.1 are completed and replaced in a table with the key ${tableKey}`, async () => {
    const items = JSON.parse(textOf('dynamodb-items.json')) as Record<string, { S: string }>[]
    const stored = new Map(
      items.map(item => [item.letterId?.S, { ...item, [tableKey]: item.letterId as { S: string } }]),
    )
    const { url } = await serve(({ operation, body }) => {
      if (operation === 'Scan') return { body: { Items: [...stored.values()] } }
      const id = body.Key[tableKey]?.S
      if (id === undefined || Object.keys(body.Key).length !== 1)
        return { status: 400, body: { __type: 'com.amazon.coral.validate#ValidationException', message: 'no key' } }
      if (operation === 'DeleteItem') stored.delete(id)
      const item = stored.get(id)
      if (operation === 'UpdateItem' && item) {
        const { letter: _letter, ...rest } = item
        assert.match(body.UpdateExpression, /^SET deadLetter = :deadLetter REMOVE letter$/)
        stored.set(id, {
          ...rest,
          deadLetter: body.ExpressionAttributeValues[':deadLetter'] as { S: string },
        } as typeof item)
      }
      return { body: {} }
    })
    process.env.AWS_ENDPOINT_URL_DYNAMODB = url
    const store = new DynamoDbDeadLetterStore('dead-letters')
    assert.deepEqual(await listed(store), all)
    const replacement = await completeAllButOne(store)
    assert.deepEqual(await listed(store), [replacement])
    await store.close()
  })

interface StoredRecord {
  readonly topic: string
  readonly key: string | null
  readonly value: string | null
  readonly headers: readonly (readonly [string, string | null])[]
}

test('kafka: records of 0.1 are read by their header kp-letter, completed and replaced', async () => {
  const topic = new DeadLetterTopic('chat-dlt')
  for (const { key, value, headers } of JSON.parse(textOf('kafka-records.json')) as StoredRecord[])
    topic.append({
      key: fromBase64(key),
      value: fromBase64(value),
      headers: headers.map(([name, text]) => [name, fromBase64(text)] as const),
    })
  assert.ok(topic.records.slice(0, 6).every(({ headers }) => headers.some(([name]) => name === 'kp-letter')))
  assert.deepEqual(
    topic.records.slice(0, 5).map(readKafkaDeadLetter),
    expected.map(deadLetter => ({ kind: 'dead-letter', deadLetter, verified: deadLetter.claimCheck === null })),
  )
  const store = new KafkaDeadLetterStore({
    pattern: '{topic}-dlt',
    reader: topic.reader,
    producer: { sendAll: topic.sendAll, close: async () => {} },
    closeReader: async () => {},
  })
  assert.deepEqual(await listed(store), all)
  const replacement = await completeAllButOne(store)
  assert.deepEqual(await listed(store), [replacement])
  await store.close()
})
