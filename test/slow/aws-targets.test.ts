// S3 and DynamoDB as targets, on a server that others wrote (moto): stored once, too large, not there, slow, in a chain.
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, test } from 'node:test'
import { CreateTableCommand, DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb'
import { CreateBucketCommand, GetObjectCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3'
import { DeadLetters } from '../../lib/dead-letter/dead-letter-chain.ts'
import { DynamoDbDeadLetter } from '../../lib/dead-letter/dynamodb-dead-letter.ts'
import { S3DeadLetter } from '../../lib/dead-letter/s3-dead-letter.ts'
import { DeadLetterError } from '../../lib/errors.ts'
import { systemClock } from '../../lib/time/clock.ts'
import { Deadline } from '../../lib/time/deadline.ts'
import { letterOf } from '../fakes/letter.ts'
import { AWS_TEST_KEYS, type Moto, startMoto } from '../fakes/moto.ts'

const soon = () => Deadline.after(systemClock, 5000)
let moto: Moto
let s3: S3Client
let dynamodb: DynamoDBClient
before(async () => {
  moto = await startMoto()
  Object.assign(process.env, AWS_TEST_KEYS, { AWS_ENDPOINT_URL_S3: moto.url, AWS_ENDPOINT_URL_DYNAMODB: moto.url })
  s3 = new S3Client({ forcePathStyle: true })
  dynamodb = new DynamoDBClient({})
  await s3.send(new CreateBucketCommand({ Bucket: 'letters' }))
  const key = { AttributeName: 'letterId', KeyType: 'HASH' } as const
  await dynamodb.send(
    new CreateTableCommand({ TableName: 'letters', KeySchema: [key], AttributeDefinitions: [{ AttributeName: 'letterId', AttributeType: 'S' }], BillingMode: 'PAY_PER_REQUEST' }),
  )
})
after(() => {
  s3.destroy()
  dynamodb.destroy()
  moto.stop()
})

test('S3: one object per letter, put once; its receipt says where', async () => {
  const target = new S3DeadLetter('letters', 'prod/chat')
  const letters = Array.from({ length: 20 }, (_, i) => letterOf(`s3-${i}`))
  const receipts = await target.store(letters, soon())
  assert.deepEqual(await target.store(letters, soon()), receipts)
  const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket: 'letters', Prefix: 'prod/chat/' }))
  assert.equal(Contents.length, 20)
  assert.equal(receipts[0], `s3://letters/prod/chat/${letters[0]?.letterId}.json`)
  const object = await s3.send(new GetObjectCommand({ Bucket: 'letters', Key: `prod/chat/${letters[0]?.letterId}.json` }))
  assert.deepEqual(JSON.parse((await object.Body?.transformToString()) ?? ''), letters[0])
  await target.close()
})

test('DynamoDB: one item per letter, put once', async () => {
  const target = new DynamoDbDeadLetter('letters')
  const letters = Array.from({ length: 20 }, (_, i) => letterOf(`db-${i}`))
  const receipts = await target.store(letters, soon())
  assert.deepEqual(await target.store(letters, soon()), receipts)
  const { Item } = await dynamodb.send(new GetItemCommand({ TableName: 'letters', Key: { letterId: { S: letters[3]?.letterId as string } } }))
  assert.deepEqual(JSON.parse(Item?.letter?.S ?? ''), letters[3])
  assert.equal(Item?.code?.S, 'unreachable')
  await target.close()
})

test('too large for an item: the value is a claim in the next target that can, else the whole letter is', async () => {
  const large = letterOf('large', Buffer.alloc(500_000, 'x'))
  const chain = DeadLetters.of([
    { kind: 'dynamodb', table: 'letters' },
    { kind: 's3', bucket: 'letters', prefix: '' },
  ])
  assert.equal((await chain.store([large]))[0], `dynamodb:letters#${large.letterId}`)
  const { Item } = await dynamodb.send(new GetItemCommand({ TableName: 'letters', Key: { letterId: { S: large.letterId } } }))
  const { record, claimCheck } = JSON.parse(Item?.letter?.S ?? '')
  assert.deepEqual([record.value, claimCheck.target, claimCheck.bytes], [null, `s3://letters/claims/${large.letterId}`, 500_000])
  const claim = await s3.send(new GetObjectCommand({ Bucket: 'letters', Key: `claims/${large.letterId}` }))
  assert.equal((await claim.Body?.transformToByteArray())?.length, 500_000)
  await chain.close()

  const alone = new DynamoDbDeadLetter('letters')
  const [result] = await alone.store([letterOf('large-2', Buffer.alloc(500_000, 'x'))], soon())
  assert.ok(result instanceof DeadLetterError && result.code === 'letter-too-large')
  await alone.close()
})

test('a bucket or a table that is not there, and a service that stays silent: the next target has the letters', async () => {
  for (const first of [
    { kind: 's3', bucket: 'nowhere', prefix: '' },
    { kind: 'dynamodb', table: 'nowhere' },
  ] as const) {
    const chain = DeadLetters.of([first, { kind: 's3', bucket: 'letters', prefix: 'next' }])
    assert.match(String((await chain.store([letterOf(`next-${first.kind}`)], soon()))[0]), /^s3:\/\/letters\/next\//)
    await chain.close()
  }
  const silent = createServer(() => undefined)
  await new Promise<void>(resolve => silent.listen(0, '127.0.0.1', resolve))
  process.env.AWS_ENDPOINT_URL_DYNAMODB = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`
  const chain = DeadLetters.of([
    { kind: 'dynamodb', table: 'letters' },
    { kind: 's3', bucket: 'letters', prefix: 'slow' },
  ])
  const begin = performance.now()
  assert.match(String((await chain.store([letterOf('slow')], Deadline.after(systemClock, 2000)))[0]), /^s3:\/\/letters\/slow\//)
  assert.ok(performance.now() - begin < 2000)
  await chain.close()
  silent.closeAllConnections()
  silent.close()
})
