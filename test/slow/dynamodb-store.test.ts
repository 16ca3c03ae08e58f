// The items of a table are untrusted: none of them stops the reading, and no item can complete another one.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type AttributeValue, DynamoDBClient, PutItemCommand, ScanCommand } from '@aws-sdk/client-dynamodb'
import type { DeadLetter } from '../../lib/dead-letter/dead-letter.ts'
import type { Unreadable } from '../../lib/dead-letter/dead-letter-store.ts'
import { openStore } from '../../lib/dead-letter/dynamodb/store.ts'
import { DynamoDbDeadLetterTarget } from '../../lib/dead-letter/dynamodb/target.ts'
import { VERSION_1_TABLE_KEY } from '../../lib/dead-letter/version-1.ts'
import { DeadLetterError } from '../../lib/errors.ts'
import { tried } from '../../lib/redrive/retried-dead-letter.ts'
import { deadLetterOf } from '../support/dead-letter.ts'
import { createTable } from '../support/dynamodb-table.ts'
import { AWS_TEST_KEYS, type Moto, startMoto } from '../support/moto.ts'
import { deadlineIn } from '../support/time.ts'

let moto: Moto
let client: DynamoDBClient
before(async () => {
  moto = await startMoto()
  Object.assign(process.env, AWS_TEST_KEYS, { AWS_ENDPOINT_URL_DYNAMODB: moto.url })
  client = new DynamoDBClient({})
})
after(() => {
  client.destroy()
  moto.stop()
})

let tables = 0
/** The key's name is that of this release or that of 0.1. */
async function newTable(key: string) {
  const TableName = `table-${++tables}`
  await createTable(client, TableName, key)
  const put = (id: string, deadLetter: unknown, others: Record<string, AttributeValue> = {}) =>
    client.send(
      new PutItemCommand({
        TableName,
        Item: { [key]: { S: id }, deadLetter: { S: JSON.stringify(deadLetter) }, ...others },
      }),
    )
  const keys = async () =>
    ((await client.send(new ScanCommand({ TableName }))).Items ?? []).map(item => item[key]?.S ?? '').sort()
  return { TableName, put, keys, store: openStore({ kind: 'dynamodb', table: TableName }) }
}

for (const key of ['deadLetterId', VERSION_1_TABLE_KEY]) {
  test(`${key}: items that can’t be read are counted and stay; the others are given`, async () => {
    const { TableName, put, keys, store } = await newTable(key)
    const [good, newer, forged] = ['good', 'newer', 'forged'].map(id => deadLetterOf(id)) as [
      DeadLetter,
      DeadLetter,
      DeadLetter,
    ]
    await put(good.deadLetterId, good)
    await put('a newer one', { ...newer, schemaVersion: 3 })
    await put('a forged one', { ...forged, recordId: 'of another' })
    await put('a number', 7)
    await client.send(
      new PutItemCommand({ TableName, Item: { [key]: { S: 'of others' }, deadLetter: { N: '1' }, letter: { L: [] } } }),
    )
    const lease = await store.lease()
    const unreadable: Unreadable[] = []
    const open = await Array.fromAsync(store.deadLetters({ onUnreadable: each => unreadable.push(each) }))
    assert.deepEqual(
      open.map(({ deadLetter, location }) => [deadLetter.recordId, location]),
      [['good', `dynamodb:${TableName}#${good.deadLetterId}`]],
    )
    assert.deepEqual(unreadable.map(({ location, reason, count }) => [location.split('#')[1], reason, count]).sort(), [
      ['a forged one', 'its id does not match its record', 1],
      ['a newer one', 'version 3 of the envelope is newer than this release supports (2)', 1],
      ['a number', 'it is no dead letter', 1],
      ['of others', 'it is no dead letter', 1],
    ])
    await lease.release()
    assert.deepEqual(await keys(), [good.deadLetterId, 'a newer one', 'a forged one', 'a number', 'of others'].sort())
    await store.close()
  })

  test(`${key}: an item that has the id of another one ends only itself`, async () => {
    const { put, keys, store } = await newTable(key)
    const victim = deadLetterOf('victim')
    const other = key === 'deadLetterId' ? VERSION_1_TABLE_KEY : 'deadLetterId'
    await put(victim.deadLetterId, victim)
    // Under the other name of the key it has the victim's id.
    const forged = { ...victim, record: { ...victim.record, timestamp: 1, partition: 3 } }
    await put('forged', forged, { [other]: { S: victim.deadLetterId } })
    const open = await Array.fromAsync(store.deadLetters())
    assert.equal(open.length, 2)
    const mine = open.find(({ deadLetter }) => deadLetter.record.timestamp === 1)
    assert.ok(mine)
    await store.replace(mine, tried(mine.deadLetter, 'quota'))
    await store.complete([{ open: mine, location: 'kafka:chat-0@1' }])
    assert.deepEqual(await keys(), [victim.deadLetterId])
    const [left] = await Array.fromAsync(store.deadLetters())
    assert.deepEqual(left?.deadLetter, victim)
    await store.close()
  })

  test(`${key}: equal copies are given once and deleted together; an edited one lies under its new id`, async () => {
    const { TableName, put, keys, store } = await newTable(key)
    const [twice, edited] = [deadLetterOf('twice', 'old'), deadLetterOf('twice', 'new')]
    for (const id of ['copy', twice.deadLetterId, 'another copy']) await put(id, twice)
    const [open, ...others] = await Array.fromAsync(store.deadLetters())
    assert.ok(open)
    assert.deepEqual(others, [])
    await store.replace(open, edited)
    assert.deepEqual(await keys(), [edited.deadLetterId])
    const target = new DynamoDbDeadLetterTarget(TableName)
    await target.store([twice], deadlineIn(5000))
    await target.close()
    assert.deepEqual(await keys(), [edited.deadLetterId, twice.deadLetterId].sort())
    await store.complete(
      (await Array.fromAsync(store.deadLetters())).map(each => ({ open: each, location: 'discarded' })),
    )
    assert.deepEqual(await keys(), [])
    await store.close()
  })

  // The original bug: two machines with clocks 90 s apart both held the lease to the end, and sent 1,090 records of
  // 600.
  test(`${key}: the lease goes by the time of DynamoDB, and one that is lost is not taken back`, async t => {
    const { TableName, store } = await newTable(key)
    const lease = await store.lease()
    const now = Date.now
    let aheadMs = 0
    t.mock.method(Date, 'now', () => now() + aheadMs)
    for (aheadMs of [90_000, -90_000])
      await assert.rejects(openStore({ kind: 'dynamodb', table: TableName }).lease(), { code: 'redrive-running' })
    t.mock.restoreAll()
    await lease.check()
    const other = { holder: { S: 'another' }, until: { N: String(Date.now() - 90_000) } }
    const ids = { deadLetterId: { S: 'redrive-lease' }, [VERSION_1_TABLE_KEY]: { S: 'redrive-lease' } }
    await client.send(new PutItemCommand({ TableName, Item: { ...ids, ...other } }))
    await assert.rejects(lease.check(), { code: 'redrive-running' })
    await store.close()
  })

  test(`${key}: a lease of a wrong clock or form is taken over; a running one is not`, async () => {
    const { TableName, store } = await newTable(key)
    const leased = (until: AttributeValue) =>
      client.send(
        new PutItemCommand({
          TableName,
          Item: {
            deadLetterId: { S: 'redrive-lease' },
            [VERSION_1_TABLE_KEY]: { S: 'redrive-lease' },
            holder: { S: 'another' },
            until,
          },
        }),
      )
    const atMs = (ms: number) => ({ N: String(Date.now() + ms) })
    const isRunning = { code: 'redrive-running' }
    for (const running of [atMs(30_000), atMs(90_000)]) {
      await leased(running)
      await assert.rejects(store.lease(), isRunning)
    }
    for (const broken of [atMs(-2000), atMs(3_600_000), { N: '9000000000000000' }, { S: '9' }]) {
      await leased(broken)
      await (await store.lease()).release()
    }
    const lease = await store.lease()
    await lease.check()
    await leased(atMs(30_000))
    await assert.rejects(lease.check(), isRunning)
    await assert.rejects(lease.release())
    await store.close()
  })
}

test('a table is read page by page', async () => {
  const { TableName, store } = await newTable('deadLetterId')
  const target = new DynamoDbDeadLetterTarget(TableName)
  const deadLetters = Array.from({ length: 30 }, (_, i) => deadLetterOf(`n-${i}`, Buffer.alloc(100_000, 'x')))
  const locations = await target.store(deadLetters, deadlineIn(20_000))
  await target.close()
  assert.equal(locations.filter(location => typeof location === 'string').length, 30)
  const ids = await Array.fromAsync(store.deadLetters(), ({ deadLetter }) => deadLetter.recordId)
  assert.equal(new Set(ids).size, 30)
  await store.close()
})

test('a table that does not exist is not found', async () => {
  const store = openStore({ kind: 'dynamodb', table: 'missing' })
  const isMissing = (error: unknown) => error instanceof DeadLetterError && error.code === 'not-found'
  await assert.rejects(Array.fromAsync(store.deadLetters()), isMissing)
  await assert.rejects(store.lease(), isMissing)
  await store.close()
})

// The original bug: if a record failed without being sent and then with an unknown outcome, the second dead letter was
// lost, and the record was sent again.
for (const key of ['deadLetterId', VERSION_1_TABLE_KEY])
  test(`${key}: a dead letter in doubt is merged into the one that is stored`, async () => {
    const { TableName, put, store } = await newTable(key)
    const target = new DynamoDbDeadLetterTarget(TableName)
    const notSent = deadLetterOf('twice')
    const doubt = { partition: 0, producerEpoch: 0, baseSequence: 0, indexInBatch: 0, clusterId: 'c', fromOffset: 7 }
    const inDoubtAt = (seconds: number): DeadLetter => ({
      ...notSent,
      failure: { ...notSent.failure, outcome: 'unknown' },
      inDoubt: {
        ...doubt,
        producerId: seconds,
        from: new Date(seconds * 1000).toISOString(),
        to: new Date(seconds * 1000 + 500).toISOString(),
      },
    })
    const doubts = async () =>
      (await Array.fromAsync(store.deadLetters())).map(({ deadLetter: { inDoubt } }) => [
        inDoubt?.producerId,
        inDoubt?.from,
      ])
    const storeIt = async (deadLetter: DeadLetter) => {
      const [location] = await target.store([deadLetter], deadlineIn(20_000))
      assert.equal(location, `dynamodb:${TableName}#${notSent.deadLetterId}`)
    }
    await storeIt(notSent)
    await Promise.all([storeIt(inDoubtAt(20)), storeIt(inDoubtAt(10))])
    const first = new Date(10_000).toISOString()
    assert.deepEqual(await doubts(), [[20, first]])
    await storeIt({ ...notSent, redrive: { ...notSent.redrive, count: 1 } })
    assert.deepEqual(await doubts(), [[20, first]])
    // What can't be read does not stand for the record.
    await put(notSent.deadLetterId, 'damaged')
    await storeIt(notSent)
    assert.equal((await Array.fromAsync(store.deadLetters())).length, 1)
    await Promise.all([target.close(), store.close()])
  })

// The original bug: the note replaced the whole dead letter, and the record was sent a second time without searching
// the log.
test('a note on a dead letter keeps the doubt that was stored since it was read', async () => {
  const { TableName, store } = await newTable('deadLetterId')
  const target = new DynamoDbDeadLetterTarget(TableName)
  const deadLetter = deadLetterOf('doubted')
  await target.store([deadLetter], deadlineIn(20_000))
  const [open] = await Array.fromAsync(store.deadLetters())
  assert.ok(open)
  const now = new Date().toISOString()
  const doubt = { partition: 2, producerId: 1, producerEpoch: 0, baseSequence: 0, indexInBatch: 0, from: now, to: now }
  const failure = { ...deadLetter.failure, outcome: 'unknown' as const, lastAt: now }
  await target.store([{ ...deadLetter, failure, inDoubt: doubt }], deadlineIn(20_000))
  await target.close()
  await store.replace(open, tried(open.deadLetter, 'schema'))
  const [stored] = await Array.fromAsync(store.deadLetters(), each => each.deadLetter)
  await store.close()
  assert.deepEqual(
    [stored?.failure.outcome, stored?.inDoubt?.partition, stored?.redrive.lastCode],
    ['unknown', 2, 'schema'],
  )
})
