// What a target writes into a bucket for each dead letter, and for the values of other targets.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { after, afterEach, before, beforeEach, test } from 'node:test'
import type { DeadLetter } from '../../../lib/dead-letter/dead-letter.ts'
import { createS3Target, type S3DeadLetterTarget } from '../../../lib/dead-letter/s3/target.ts'
import { DeadLetterError } from '../../../lib/errors.ts'
import { S3Server } from '../../fakes/s3-server.ts'
import { deadLetterOf } from '../../support/dead-letter.ts'
import { deadlineIn } from '../../support/time.ts'

const server = new S3Server('letters')
before(() => server.start())
after(() => server.stop())

let target: S3DeadLetterTarget
beforeEach(() => {
  server.reset()
  target = createS3Target({ kind: 's3', bucket: 'letters', prefix: 'prod' })
})
afterEach(() => target.close())

const store = (...deadLetters: DeadLetter[]) => target.store(deadLetters, deadlineIn(20_000))

function inDoubt(deadLetter: DeadLetter, producerId: number): DeadLetter {
  const { lastAt: from } = deadLetter.failure
  const numbers = { partition: 0, producerId, producerEpoch: 0, baseSequence: 0, indexInBatch: 0 }
  return { ...deadLetter, inDoubt: { ...numbers, from, to: from } }
}

test('a dead letter is an object with its id as the key, below the prefix if there is one', async () => {
  const deadLetter = deadLetterOf('a')
  const key = `prod/${deadLetter.deadLetterId}.json`
  assert.deepEqual(await store(deadLetter), [`s3://letters/${key}`])
  const without = createS3Target({ kind: 's3', bucket: 'letters', prefix: '' })
  assert.deepEqual(await without.store([deadLetter], deadlineIn(20_000)), [
    `s3://letters/${deadLetter.deadLetterId}.json`,
  ])
  await without.close()
  const text = JSON.stringify(deadLetter)
  assert.deepEqual(server.contents(), { [key]: text, [`${deadLetter.deadLetterId}.json`]: text })
})

test('a dead letter that is stored already stays as it is', async () => {
  const deadLetter = deadLetterOf('a')
  const noted = { ...deadLetter, redrive: { ...deadLetter.redrive, count: 2 } }
  const [location] = await store(noted)
  assert.deepEqual(await store(deadLetter), [location])
  assert.deepEqual(Object.values(server.contents()), [JSON.stringify(noted)])
})

test('each further doubt is stored once beside the dead letter, because its place must not be lost', async () => {
  const deadLetter = deadLetterOf('a')
  const [first, second] = [inDoubt(deadLetter, 1), inDoubt(deadLetter, 2)]
  const key = (doubt?: DeadLetter) => {
    const hash = createHash('sha256')
      .update(JSON.stringify(doubt?.inDoubt ?? null))
      .digest('base64url')
      .slice(0, 11)
    return `prod/${deadLetter.deadLetterId}${doubt ? `-${hash}` : ''}.json`
  }
  assert.deepEqual(await store(first), [`s3://letters/${key()}`])
  assert.equal(server.requests.length, 1)
  for (let n = 0; n < 2; n++) assert.deepEqual(await store(second), [`s3://letters/${key(second)}`])
  assert.deepEqual(server.contents(), { [key()]: JSON.stringify(first), [key(second)]: JSON.stringify(second) })
})

test('a value for another target lies under claims/, and is written again to say that it is in use', async () => {
  const { deadLetterId } = deadLetterOf('a')
  const key = `prod/claims/${deadLetterId}`
  server.put(key, 'value', 60_000)
  assert.equal(await target.storeClaim(deadLetterId, Buffer.from('value')), `s3://letters/${key}`)
  assert.deepEqual(server.contents(), { [key]: 'value' })
  assert.ok(Date.now() - (server.objects.get(key)?.modified ?? 0) < 30_000)
})

test('each dead letter has its own result; an error has the service’s code and may be retried', async () => {
  const [good, bad] = [deadLetterOf('good'), deadLetterOf('bad')]
  server.refused.set(`prod/${bad.deadLetterId}.json`, 'AccessDenied')
  const [first, second] = await store(bad, good)
  assert.equal(second, `s3://letters/prod/${good.deadLetterId}.json`)
  assert.ok(first instanceof DeadLetterError)
  assert.deepEqual(
    [first.code, first.message, first.retriable, (first.cause as Error).name],
    ['dead-letter', 'The S3 target did not store a dead letter (AccessDenied).', true, 'AccessDenied'],
  )
  const missing = createS3Target({ kind: 's3', bucket: 'missing', prefix: '' })
  const [result] = await missing.store([good], deadlineIn(20_000))
  assert.match(String(result), /\(NoSuchBucket\)/)
  await assert.rejects(missing.storeClaim(good.deadLetterId, Buffer.from('v')), { name: 'NoSuchBucket' })
  await missing.close()
})
