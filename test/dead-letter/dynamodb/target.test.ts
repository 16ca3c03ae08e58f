import assert from 'node:assert/strict'
import { after, afterEach, before, beforeEach, test } from 'node:test'
import type { DeadLetter } from '../../../lib/dead-letter/dead-letter.ts'
import { createDynamoDbTarget, type DynamoDbDeadLetterTarget } from '../../../lib/dead-letter/dynamodb/target.ts'
import { VERSION_1_TABLE_KEY } from '../../../lib/dead-letter/version-1.ts'
import { DeadLetterError } from '../../../lib/errors.ts'
import type { Item } from '../../fakes/dynamodb-expressions.ts'
import { DynamoDbServer } from '../../fakes/dynamodb-server.ts'
import { deadLetterOf, withOwnId } from '../../support/dead-letter.ts'
import { deadlineIn } from '../../support/time.ts'

const server = new DynamoDbServer()
before(() => server.start())
after(() => server.stop())

let target: DynamoDbDeadLetterTarget
beforeEach(() => {
  server.reset()
  target = createDynamoDbTarget({ kind: 'dynamodb', table: 'letters' })
})
afterEach(() => target.close())

const store = (...deadLetters: DeadLetter[]) => target.store(deadLetters, deadlineIn(20_000))
const storedIn = (id: string): DeadLetter => JSON.parse(String(server.get(id)?.deadLetter?.S))

function inDoubtAt(deadLetter: DeadLetter, second: number): DeadLetter {
  const at = new Date(1_750_000_000_000 + second * 1000).toISOString()
  const numbers = { partition: 0, producerId: second, producerEpoch: 0, baseSequence: 0, indexInBatch: 0 }
  return {
    ...deadLetter,
    failure: { ...deadLetter.failure, outcome: 'unknown', lastAt: at },
    inDoubt: { ...numbers, from: at, to: at, clusterId: 'c', fromOffset: 7 },
  }
}

for (const key of ['deadLetterId', VERSION_1_TABLE_KEY]) {
  test(`${key}: an item has the envelope, and what people filter by`, async () => {
    server.reset(key)
    const deadLetter = deadLetterOf('a')
    assert.deepEqual(await store(deadLetter), [`dynamodb:letters#${deadLetter.deadLetterId}`])
    const id = { S: deadLetter.deadLetterId }
    assert.deepEqual(server.get(deadLetter.deadLetterId), {
      deadLetterId: id,
      [VERSION_1_TABLE_KEY]: id,
      deadLetter: { S: JSON.stringify(deadLetter) },
      topic: { S: 'chat' },
      code: { S: 'unreachable' },
      outcome: { S: 'not-sent' },
      lastAt: { S: deadLetter.failure.lastAt },
    })
  })

  test(`${key}: a dead letter that is stored already keeps what redrives noted on it`, async () => {
    server.reset(key)
    const deadLetter = deadLetterOf('a')
    await store({ ...deadLetter, redrive: { ...deadLetter.redrive, count: 3 } })
    const before = server.get(deadLetter.deadLetterId)
    assert.deepEqual(await store(deadLetter), [`dynamodb:letters#${deadLetter.deadLetterId}`])
    assert.deepEqual(server.get(deadLetter.deadLetterId), before)
    assert.equal(server.calls.get('PutItem'), 2)
  })

  test(`${key}: a doubt is merged into the dead letter that is stored, also by two at once`, async () => {
    server.reset(key)
    const deadLetter = deadLetterOf('a')
    await store({
      ...deadLetter,
      redrive: { ...deadLetter.redrive, lastCode: 'quota', lastAt: '2026-01-01T00:00:00Z' },
    })
    const locations = await Promise.all([store(inDoubtAt(deadLetter, 20)), store(inDoubtAt(deadLetter, 10))])
    assert.deepEqual(new Set(locations.flat()), new Set([`dynamodb:letters#${deadLetter.deadLetterId}`]))
    const { inDoubt, redrive } = storedIn(deadLetter.deadLetterId)
    assert.deepEqual([inDoubt?.producerId, inDoubt?.from], [20, inDoubtAt(deadLetter, 10).inDoubt?.from])
    assert.equal(redrive.lastCode, 'quota')
  })
}

test('an item of 0.1 is merged like any other, but not one that was changed between reading and writing', async () => {
  server.reset(VERSION_1_TABLE_KEY)
  const deadLetter = deadLetterOf('a')
  const version1 = (changed: DeadLetter): Item => ({
    [VERSION_1_TABLE_KEY]: { S: changed.deadLetterId },
    letter: { S: JSON.stringify(changed) },
  })
  server.put(version1(deadLetter))
  let puts = 0
  server.onCall = operation => {
    if (operation === 'PutItem' && ++puts === 2) server.put(version1(inDoubtAt(deadLetter, 10)))
    return undefined
  }
  await store(inDoubtAt(deadLetter, 20))
  assert.equal(puts, 3)
  const { inDoubt } = storedIn(deadLetter.deadLetterId)
  assert.deepEqual([inDoubt?.producerId, inDoubt?.from], [20, inDoubtAt(deadLetter, 10).inDoubt?.from])
})

test('an item that can’t be read, or has no envelope, is replaced, because its location counts as stored', async () => {
  const deadLetter = deadLetterOf('a')
  const id = { S: deadLetter.deadLetterId }
  for (const unreadable of [
    { deadLetter: { S: 'damaged' } },
    { deadLetter: { N: '1' } },
    {},
    { letter: { S: '{}' } },
  ]) {
    server.put({ deadLetterId: id, ...(unreadable as Item) })
    assert.deepEqual(await store(deadLetter), [`dynamodb:letters#${deadLetter.deadLetterId}`])
    assert.deepEqual(storedIn(deadLetter.deadLetterId), deadLetter)
  }
})

test('a dead letter that was completed between reading and writing is stored anew', async () => {
  const deadLetter = deadLetterOf('a')
  await store(deadLetter)
  let puts = 0
  server.onCall = operation => {
    if (operation === 'PutItem' && ++puts === 2) server.delete(deadLetter.deadLetterId)
    return undefined
  }
  await store(inDoubtAt(deadLetter, 10))
  assert.equal(puts, 2)
  assert.ok(storedIn(deadLetter.deadLetterId).inDoubt)
})

/** 400 KB less room for the other attributes and for what a redrive notes. */
const MAX_BYTES = 400 * 1024 - 2048

/** A dead letter whose envelope has this many bytes; its topic's name fills what base64 leaves. */
function ofSize(bytes: number): DeadLetter {
  const sizeOf = (deadLetter: DeadLetter) => Buffer.byteLength(JSON.stringify(deadLetter))
  const room = bytes - sizeOf(deadLetterOf('a', ''))
  const value = Buffer.alloc(Math.floor(room / 4) * 3, 'x')
  const filled = deadLetterOf('a', value)
  const recordId = `a${'a'.repeat(bytes - sizeOf(filled))}`
  const deadLetter = withOwnId({ ...filled, recordId })
  assert.equal(sizeOf(deadLetter), bytes)
  return deadLetter
}

test('a dead letter fits an item up to 400 KB less room for a note; a larger one is not sent', async () => {
  const largest = ofSize(MAX_BYTES)
  assert.deepEqual(await store(largest), [`dynamodb:letters#${largest.deadLetterId}`])
  server.calls.clear()
  const [result] = await store(ofSize(MAX_BYTES + 1))
  assert.ok(result instanceof DeadLetterError)
  assert.deepEqual(
    [result.code, result.message],
    ['dead-letter-too-large', 'A dead letter exceeds the size limit of a DynamoDB item (400 KB).'],
  )
  assert.equal(server.calls.size, 0)
})

test('the size counts in bytes, not in characters', async () => {
  const deadLetter = ofSize(MAX_BYTES - 10)
  const [result] = await store({ ...deadLetter, source: { ...deadLetter.source, id: 'ü'.repeat(20) } })
  assert.ok(result instanceof DeadLetterError)
})

test('each dead letter has its own result, and an error has the code of the service', async () => {
  const [good, bad] = [deadLetterOf('good'), deadLetterOf('bad')]
  server.onCall = (_operation, { Item }) =>
    Item?.deadLetterId?.S === bad.deadLetterId ? 'AccessDeniedException' : undefined
  const [first, second] = await store(bad, good)
  assert.ok(first instanceof DeadLetterError)
  assert.deepEqual(
    [first.code, first.message, first.retriable, (first.cause as Error).name],
    [
      'dead-letter',
      'The DynamoDB target did not store a dead letter (AccessDeniedException).',
      true,
      'AccessDeniedException',
    ],
  )
  assert.equal(second, `dynamodb:letters#${good.deadLetterId}`)
})
