// S3 and DynamoDB as targets on moto: stored once, too large, missing, slow, in a chain.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, test } from 'node:test'
import { DynamoDBClient, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb'
import { CreateBucketCommand, GetObjectCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3'
import { DynamoDbDeadLetterStore } from '../../lib/dead-letter/dynamodb/store.ts'
import { DynamoDbDeadLetterTarget } from '../../lib/dead-letter/dynamodb/target.ts'
import { S3DeadLetterTarget } from '../../lib/dead-letter/s3/target.ts'
import { VERSION_1_TABLE_KEY } from '../../lib/dead-letter/version-1.ts'
import { DeadLetterError } from '../../lib/errors.ts'
import { tried } from '../../lib/redrive/retried-dead-letter.ts'
import { deadLetterOf } from '../support/dead-letter.ts'
import { createTable } from '../support/dynamodb-table.ts'
import { AWS_TEST_KEYS, type Moto, startMoto } from '../support/moto.ts'
import { publisherOf } from '../support/publisher-of.ts'
import { deadlineIn } from '../support/time.ts'

let moto: Moto
let s3: S3Client
let dynamodb: DynamoDBClient
before(async () => {
  moto = await startMoto()
  Object.assign(process.env, AWS_TEST_KEYS, { AWS_ENDPOINT_URL_S3: moto.url, AWS_ENDPOINT_URL_DYNAMODB: moto.url })
  s3 = new S3Client({ forcePathStyle: true })
  dynamodb = new DynamoDBClient({})
  await s3.send(new CreateBucketCommand({ Bucket: 'letters' }))
  await createTable(dynamodb, 'letters')
})
after(() => {
  s3.destroy()
  dynamodb.destroy()
  moto.stop()
})

test('S3: a dead letter is one object, stored once, whose location is its URL', async () => {
  const target = new S3DeadLetterTarget('letters', 'prod/chat')
  const deadLetters = Array.from({ length: 20 }, (_, i) => deadLetterOf(`s3-${i}`))
  const locations = await target.store(deadLetters, deadlineIn(5000))
  assert.deepEqual(await target.store(deadLetters, deadlineIn(5000)), locations)
  const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket: 'letters', Prefix: 'prod/chat/' }))
  assert.equal(Contents.length, 20)
  assert.equal(locations[0], `s3://letters/prod/chat/${deadLetters[0]?.deadLetterId}.json`)
  const object = await s3.send(
    new GetObjectCommand({ Bucket: 'letters', Key: `prod/chat/${deadLetters[0]?.deadLetterId}.json` }),
  )
  assert.deepEqual(JSON.parse((await object.Body?.transformToString()) ?? ''), deadLetters[0])
  await target.close()
})

test('DynamoDB: a dead letter is one item, stored once', async () => {
  const target = new DynamoDbDeadLetterTarget('letters')
  const deadLetters = Array.from({ length: 20 }, (_, i) => deadLetterOf(`db-${i}`))
  const locations = await target.store(deadLetters, deadlineIn(5000))
  assert.deepEqual(await target.store(deadLetters, deadlineIn(5000)), locations)
  const { Item } = await dynamodb.send(
    new GetItemCommand({ TableName: 'letters', Key: { deadLetterId: { S: deadLetters[3]?.deadLetterId as string } } }),
  )
  assert.deepEqual(JSON.parse(Item?.deadLetter?.S ?? ''), deadLetters[3])
  assert.equal(Item?.code?.S, 'unreachable')
  await target.close()
})

test('DynamoDB: a table of 0.1, with its old partition key, is read, written, leased and completed', async () => {
  await createTable(dynamodb, 'of-0-1', VERSION_1_TABLE_KEY)
  const items = JSON.parse(readFileSync('test/dead-letter/samples-0.1/dynamodb-items.json', 'utf8'))
  for (const Item of items) await dynamodb.send(new PutItemCommand({ TableName: 'of-0-1', Item }))
  const target = new DynamoDbDeadLetterTarget('of-0-1')
  const added = deadLetterOf('added')
  assert.deepEqual(await target.store([added], deadlineIn(5000)), [`dynamodb:of-0-1#${added.deadLetterId}`])
  await target.close()
  const store = new DynamoDbDeadLetterStore('of-0-1')
  const lease = await store.lease()
  await assert.rejects(new DynamoDbDeadLetterStore('of-0-1').lease(), { code: 'redrive-running' })
  const open = await Array.fromAsync(store.deadLetters())
  assert.equal(open.length, items.length + 1)
  const last = open.find(({ deadLetter }) => deadLetter.failure.outcome === 'unknown')
  assert.ok(last)
  await store.complete(open.filter(each => each !== last).map(each => ({ open: each, location: 'kafka:chat-0@1' })))
  await store.replace(last, tried(last.deadLetter, 'quota'))
  const left = await Array.fromAsync(store.deadLetters(), ({ deadLetter }) => deadLetter.redrive.lastCode)
  assert.deepEqual(left, ['quota'])
  await lease.release()
  await (await store.lease()).release()
  await store.close()
})

test('a value too large for an item is a claim in the next target; without one it is not stored', async () => {
  const large = deadLetterOf('large', Buffer.alloc(500_000, 'x'))
  const chain = publisherOf([
    { kind: 'dynamodb', table: 'letters' },
    { kind: 's3', bucket: 'letters', prefix: '' },
  ])
  assert.equal((await chain.store([large]))[0], `dynamodb:letters#${large.deadLetterId}`)
  const { Item } = await dynamodb.send(
    new GetItemCommand({ TableName: 'letters', Key: { deadLetterId: { S: large.deadLetterId } } }),
  )
  const { record, claimCheck } = JSON.parse(Item?.deadLetter?.S ?? '')
  assert.deepEqual(
    [record.value, claimCheck.target, claimCheck.bytes],
    [null, `s3://letters/claims/${large.deadLetterId}`, 500_000],
  )
  const claim = await s3.send(new GetObjectCommand({ Bucket: 'letters', Key: `claims/${large.deadLetterId}` }))
  assert.equal((await claim.Body?.transformToByteArray())?.length, 500_000)
  await chain.close()

  const alone = new DynamoDbDeadLetterTarget('letters')
  const [result] = await alone.store([deadLetterOf('large-2', Buffer.alloc(500_000, 'x'))], deadlineIn(5000))
  assert.ok(result instanceof DeadLetterError && result.code === 'dead-letter-too-large')
  await alone.close()
})

test('if a bucket or table is missing, or a service is silent, the next target stores the dead letters', async () => {
  for (const first of [
    { kind: 's3', bucket: 'missing', prefix: '' },
    { kind: 'dynamodb', table: 'missing' },
  ] as const) {
    const chain = publisherOf([first, { kind: 's3', bucket: 'letters', prefix: 'next' }])
    assert.match(
      String((await chain.store([deadLetterOf(`next-${first.kind}`)], deadlineIn(5000)))[0]),
      /^s3:\/\/letters\/next\//,
    )
    await chain.close()
  }
  const silent = createServer(() => undefined)
  await new Promise<void>(resolve => silent.listen(0, '127.0.0.1', resolve))
  process.env.AWS_ENDPOINT_URL_DYNAMODB = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`
  const chain = publisherOf([
    { kind: 'dynamodb', table: 'letters' },
    { kind: 's3', bucket: 'letters', prefix: 'slow' },
  ])
  const begin = performance.now()
  assert.match(String((await chain.store([deadLetterOf('slow')], deadlineIn(2000)))[0]), /^s3:\/\/letters\/slow\//)
  assert.ok(performance.now() - begin < 2000)
  await chain.close()
  silent.closeAllConnections()
  silent.close()
})
