// A store or target that is closed has no connection open any more; if it is used again, it opens new ones.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { DeadLetterTarget } from '../../lib/dead-letter/dead-letter-target.ts'
import { openStore as openTable } from '../../lib/dead-letter/dynamodb/store.ts'
import { createDynamoDbTarget } from '../../lib/dead-letter/dynamodb/target.ts'
import { openStore as openBucket } from '../../lib/dead-letter/s3/store.ts'
import { createS3Target } from '../../lib/dead-letter/s3/target.ts'
import { SqsDeadLetterStore } from '../../lib/dead-letter/sqs/store.ts'
import { createSqsTarget } from '../../lib/dead-letter/sqs/target.ts'
import { DynamoDbServer } from '../fakes/dynamodb-server.ts'
import { S3Server } from '../fakes/s3-server.ts'
import { SqsServer } from '../fakes/sqs-server.ts'
import { deadLetterOf } from '../support/dead-letter.ts'
import { deadlineIn, pause } from '../support/time.ts'

const [s3, dynamodb] = [new S3Server('letters'), new DynamoDbServer()]
let sqs: SqsServer
before(async () => {
  await Promise.all([s3.start(), dynamodb.start()])
  sqs = await SqsServer.start('letters')
})
after(() => {
  s3.stop()
  dynamodb.stop()
  sqs.close()
})

interface Closable {
  use(): Promise<unknown>
  close(): Promise<void>
}

const rows: readonly [string, () => { connections(): Promise<number> }, () => { store: Closable; target: Closable }][] =
  [
    [
      's3',
      () => s3,
      () => ({
        store: using(openBucket({ kind: 's3', bucket: 'letters', prefix: '' })),
        target: storing(createS3Target({ kind: 's3', bucket: 'letters', prefix: '' })),
      }),
    ],
    [
      'dynamodb',
      () => dynamodb,
      () => ({
        store: using(openTable({ kind: 'dynamodb', table: 't' })),
        target: storing(createDynamoDbTarget({ kind: 'dynamodb', table: 't' })),
      }),
    ],
    [
      'sqs',
      () => sqs,
      () => ({
        store: using(new SqsDeadLetterStore(sqs.url, { role: { kind: 'sqs' } })),
        target: storing(createSqsTarget({ kind: 'sqs', queueUrl: sqs.url })),
      }),
    ],
  ]

function using(store: { deadLetters(): AsyncIterable<unknown>; close(): Promise<void> }): Closable {
  return { use: () => Array.fromAsync(store.deadLetters()), close: () => store.close() }
}

function storing(target: DeadLetterTarget): Closable {
  const use = async () => {
    const [result] = await target.store([deadLetterOf('a')], deadlineIn(20_000))
    assert.equal(typeof result, 'string')
  }
  return { use, close: () => target.close() }
}

for (const [name, server, create] of rows)
  for (const part of ['target', 'store'] as const)
    test(`${name}: a ${part} that is closed leaves no connection open`, async () => {
      const closable = create()[part]
      // The store of a queue is closed for good: what it held is visible to others.
      const times = name === 'sqs' && part === 'store' ? 1 : 2
      for (let n = 0; n < times; n++) {
        await closable.use()
        assert.ok((await server().connections()) > 0)
        await closable.close()
        for (let wait = 0; (await server().connections()) > 0; wait++) {
          assert.ok(wait < 200, 'a connection is still open')
          await pause(10)
        }
      }
      await closable.close()
    })
