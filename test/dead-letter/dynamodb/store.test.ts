// What lies in a table may come from anybody with rights to it: nothing of it stops the reading, and no item can end
// another one.
import assert from 'node:assert/strict'
import { after, afterEach, before, beforeEach, test } from 'node:test'
import type { DeadLetter } from '../../../lib/dead-letter/dead-letter.ts'
import { NotCompletedError, type OpenDeadLetter, type Unreadable } from '../../../lib/dead-letter/dead-letter-store.ts'
import { type DynamoDbDeadLetterStore, openStore } from '../../../lib/dead-letter/dynamodb/store.ts'
import { itemOf } from '../../../lib/dead-letter/dynamodb/target.ts'
import { VERSION_1_TABLE_KEY } from '../../../lib/dead-letter/version-1.ts'
import { DeadLetterError } from '../../../lib/errors.ts'
import { tried } from '../../../lib/redrive/retried-dead-letter.ts'
import type { Item } from '../../fakes/dynamodb-expressions.ts'
import { DynamoDbServer } from '../../fakes/dynamodb-server.ts'
import { deadLetterOf } from '../../support/dead-letter.ts'

const server = new DynamoDbServer()
before(() => server.start())
after(() => server.stop())

let store: DynamoDbDeadLetterStore
beforeEach(() => {
  server.reset()
  store = openStore({ kind: 'dynamodb', table: 'letters' })
})
afterEach(() => store.close())

const KEYS = ['deadLetterId', VERSION_1_TABLE_KEY] as const
const RUNNING = { code: 'redrive-running' }

/** An item without the texts that people filter by. */
const put = (id: string, deadLetter: unknown, others: Item = {}) =>
  server.put({ [server.key]: { S: id }, deadLetter: { S: JSON.stringify(deadLetter) }, ...others })

const storedIn = (id: string): DeadLetter => JSON.parse(String(server.get(id)?.deadLetter?.S))

async function readAll() {
  const unreadable: Unreadable[] = []
  const open = await Array.fromAsync(store.deadLetters({ onUnreadable: each => unreadable.push(each) }))
  return { open, unreadable }
}

async function readOne(): Promise<OpenDeadLetter<never>> {
  const { open } = await readAll()
  assert.equal(open.length, 1)
  return open[0] as OpenDeadLetter<never>
}

for (const key of KEYS) {
  test(`${key}: items that can’t be read are counted and stay; the others are given with their location`, async () => {
    server.reset(key)
    const [good, newer, forged] = ['good', 'newer', 'forged'].map(id => deadLetterOf(id)) as [
      DeadLetter,
      DeadLetter,
      DeadLetter,
    ]
    put(good.deadLetterId, good)
    put('a newer one', { ...newer, schemaVersion: 3 })
    put('a forged one', { ...forged, recordId: 'of another' })
    put('a number', 7)
    server.put({ [key]: { S: 'of others' }, deadLetter: { N: '1' }, letter: { L: [] } })
    await store.sending.write('sending')
    const lease = await store.lease()
    const { open, unreadable } = await readAll()
    await lease.release()
    assert.deepEqual(
      open.map(({ deadLetter, location, verified }) => [deadLetter, location, verified]),
      [[good, `dynamodb:letters#${good.deadLetterId}`, true]],
    )
    assert.deepEqual(unreadable.map(({ location, reason, count }) => [location, reason, count]).sort(), [
      ['dynamodb:letters#a forged one', 'its id does not match its record', 1],
      ['dynamodb:letters#a newer one', 'version 3 of the envelope is newer than this release supports (2)', 1],
      ['dynamodb:letters#a number', 'it is no dead letter', 1],
      ['dynamodb:letters#of others', 'it is no dead letter', 1],
    ])
    assert.deepEqual(
      server.keys,
      [good.deadLetterId, 'a newer one', 'a forged one', 'a number', 'of others', 'redrive-sending'].sort(),
    )
  })

  test(`${key}: an item that has the id of another one ends only itself`, async () => {
    server.reset(key)
    const victim = deadLetterOf('victim')
    put(victim.deadLetterId, victim)
    const otherName = KEYS.find(name => name !== key) as string
    const forged = { ...victim, record: { ...victim.record, timestamp: 1, partition: 3 } }
    put('forged', forged, { [otherName]: { S: victim.deadLetterId } })
    const { open } = await readAll()
    assert.equal(open.length, 2)
    const its = open.find(({ deadLetter }) => deadLetter.record.timestamp === 1)
    assert.ok(its)
    await store.replace(its, tried(its.deadLetter, 'quota'))
    assert.equal(storedIn('forged').redrive.lastCode, 'quota')
    await store.complete([{ open: its, location: 'kafka:chat-0@1' }])
    assert.deepEqual(server.keys, [victim.deadLetterId])
    assert.deepEqual(storedIn(victim.deadLetterId), victim)
  })

  test(`${key}: equal copies are given once and deleted together; an edited one lies under its new id`, async () => {
    server.reset(key)
    const [twice, edited] = [deadLetterOf('twice', 'old'), deadLetterOf('twice', 'new')]
    for (const id of ['copy', twice.deadLetterId, 'another copy']) put(id, twice)
    const open = await readOne()
    await store.replace(open, tried(twice, 'quota'))
    assert.deepEqual(server.keys, ['copy'])
    await store.replace(open, edited)
    assert.deepEqual(server.keys, [edited.deadLetterId])
    server.put(itemOf(twice))
    // What was replaced is the edited one: to complete it leaves the one that was stored since.
    await store.complete([{ open, location: 'kafka:chat-0@1' }])
    assert.deepEqual(server.keys, [twice.deadLetterId])
  })

  test(`${key}: what was just stored is found by its location and completed`, async () => {
    server.reset(key)
    const [found, other] = [deadLetterOf('found'), deadLetterOf('other')]
    for (const each of [found, other]) server.put(itemOf(each))
    const open = await store.find(found, `dynamodb:letters#${found.deadLetterId}`)
    assert.deepEqual([open.deadLetter, open.verified], [found, true])
    await store.complete([{ open, location: 'doctor' }])
    assert.deepEqual(server.keys, [other.deadLetterId])
  })

  test(`${key}: a lease is refused to others, lost when another has it, and free after its release`, async () => {
    server.reset(key)
    const lease = await store.lease()
    await assert.rejects(store.lease(), RUNNING)
    await lease.check()
    await lease.renew()
    const own = server.get('redrive-lease') as Item
    server.put({ ...own, holder: { S: 'another' } })
    await assert.rejects(lease.check(), RUNNING)
    await assert.rejects(lease.renew(), RUNNING)
    await assert.rejects(lease.release())
    assert.equal(server.get('redrive-lease')?.holder?.S, 'another')
    server.put(own)
    await lease.release()
    assert.deepEqual(server.keys, [])
    await assert.rejects(lease.check(), RUNNING)
  })

  test(`${key}: the holder of a lease learns that it shall stop, also after it renewed the lease`, async () => {
    server.reset(key)
    assert.equal(await store.requestStop(), 'not-running')
    const lease = await store.lease()
    assert.equal(await store.requestStop(), 'requested')
    await lease.renew()
    await assert.rejects(lease.check(), { code: 'stop-requested' })
    assert.equal(await store.requestStop(), 'requested')
    await assert.rejects(lease.check(), { code: 'stop-requested' })
    await lease.release()
    const next = await store.lease()
    await next.check()
    await next.release()
    assert.equal(await store.requestStop(), 'not-running')
  })
}

test('a lease ends a minute after it was renewed last, by the time of DynamoDB', async () => {
  for (const aheadMs of [-3 * 3_600_000, 0, 3 * 3_600_000]) {
    server.aheadMs = aheadMs
    const lease = await store.lease()
    const endsInMs = Number(server.get('redrive-lease')?.until?.N) - Date.now() - aheadMs
    assert.ok(endsInMs > 57_000 && endsInMs <= 60_000, String(endsInMs))
    assert.equal(await store.requestStop(), 'requested')
    await lease.release()
  }
})

test('whether another redrive runs is decided by the end of its lease, unless that is no sensible time', async () => {
  const leasedUntil = (until: Item[string]) =>
    server.put({ deadLetterId: { S: 'redrive-lease' }, holder: { S: 'another' }, until })
  const atMs = (ms: number) => ({ N: String(Date.now() + ms) })
  for (const running of [atMs(5000), atMs(30_000), atMs(110_000)]) {
    leasedUntil(running)
    await assert.rejects(store.lease(), RUNNING)
    assert.equal(await store.requestStop(), 'requested')
  }
  for (const ended of [atMs(-5000), atMs(130_000), { N: '9000000000000000' }, { S: '9' }]) {
    leasedUntil(ended)
    assert.equal(await store.requestStop(), 'not-running')
    await (await store.lease()).release()
  }
})

test('the clock of this machine counts where the answers of DynamoDB have no date', async () => {
  server.hasDate = false
  const lease = await store.lease()
  const endsInMs = Number(server.get('redrive-lease')?.until?.N) - Date.now()
  assert.ok(endsInMs > 58_000 && endsInMs <= 60_000, String(endsInMs))
  await lease.release()
})

test('a note on a dead letter keeps the doubt that was stored since it was read', async () => {
  const deadLetter = deadLetterOf('doubted')
  server.put(itemOf(deadLetter))
  const open = await readOne()
  const doubted = (lastAt: string): DeadLetter => ({
    ...deadLetter,
    failure: { ...deadLetter.failure, outcome: 'unknown', lastAt },
    inDoubt: {
      partition: 2,
      producerId: 1,
      producerEpoch: 0,
      baseSequence: 0,
      indexInBatch: 0,
      from: lastAt,
      to: lastAt,
    },
  })
  server.put(itemOf(doubted('2026-01-01T00:00:01.000Z')))
  // It fails once more between two attempts to write the note.
  let attempts = 0
  server.onCall = operation => {
    if (operation === 'UpdateItem' && ++attempts === 2) server.put(itemOf(doubted('2026-01-01T00:00:02.000Z')))
    return undefined
  }
  await store.replace(open, tried(open.deadLetter, 'schema'))
  assert.equal(attempts, 3)
  const { inDoubt, redrive } = storedIn(deadLetter.deadLetterId)
  assert.deepEqual(
    [inDoubt?.partition, inDoubt?.to, redrive.lastCode, redrive.count],
    [2, '2026-01-01T00:00:02.000Z', 'schema', 0],
  )
  assert.equal(server.get(deadLetter.deadLetterId)?.lastAt?.S, '2026-01-01T00:00:02.000Z')
})

test('a note replaces an item that became unreadable since it was read', async () => {
  const deadLetter = deadLetterOf('damaged')
  server.put(itemOf(deadLetter))
  const open = await readOne()
  server.put({ ...itemOf(deadLetter), deadLetter: { S: 'damaged' }, lastAt: { S: 'later' } })
  await store.replace(open, tried(deadLetter, 'schema'))
  assert.equal(storedIn(deadLetter.deadLetterId).redrive.lastCode, 'schema')
})

test('a note does not bring back a dead letter that was completed meanwhile', async () => {
  for (const isRead of [true, false]) {
    const deadLetter = deadLetterOf('completed')
    server.put(itemOf(deadLetter))
    const open = isRead ? await readOne() : await store.find(deadLetter, `dynamodb:letters#${deadLetter.deadLetterId}`)
    server.reset()
    await assert.rejects(store.replace(open, tried(deadLetter, 'schema')), {
      code: 'dead-letter',
      message: 'A request to the DynamoDB table failed (ConditionalCheckFailedException).',
    })
    assert.deepEqual(server.keys, [])
  }
})

test('copies that are read after their dead letter was completed are removed by tidying', async () => {
  const twice = deadLetterOf('twice', Buffer.alloc(700_000, 'x'))
  for (const id of ['1', '2', '3']) put(id, twice)
  put('4', deadLetterOf('other'))
  const ids: string[] = []
  for await (const open of store.deadLetters()) {
    ids.push(open.deadLetter.recordId)
    if (open.deadLetter.recordId === 'twice') await store.complete([{ open, location: 'kafka:chat-0@1' }])
  }
  assert.deepEqual(ids, ['twice', 'other'])
  await store.tidy()
  assert.deepEqual(server.keys, ['4'])
  server.calls.clear()
  await store.tidy()
  assert.equal(server.calls.size, 0)
})

test('a table is read page by page, up to date, and only as far as it is asked for', async () => {
  for (let n = 0; n < 6; n++) put(`n-${n}`, deadLetterOf(`n-${n}`, Buffer.alloc(900_000, 'x')))
  const isConsistent: unknown[] = []
  server.onCall = (_operation, { ConsistentRead, TableName }) => {
    isConsistent.push(ConsistentRead, TableName)
    return undefined
  }
  const controller = new AbortController()
  const seen: string[] = []
  for await (const { deadLetter } of store.deadLetters({ signal: controller.signal })) {
    seen.push(deadLetter.recordId)
    if (seen.length === 3) controller.abort()
  }
  assert.deepEqual(seen, ['n-0', 'n-1', 'n-2'])
  assert.equal(server.calls.get('Scan'), 3)
  assert.deepEqual(new Set(isConsistent), new Set([true, 'letters']))
  assert.equal((await readAll()).open.length, 6)
})

test('a dead letter that can’t be deleted is named, after all others are', async () => {
  const all = Array.from({ length: 20 }, (_, n) => deadLetterOf(`d${n}`))
  for (const deadLetter of all) server.put(itemOf(deadLetter))
  const { open } = await readAll()
  const left = (all[7] as DeadLetter).deadLetterId
  server.onCall = (operation, { Key }) =>
    operation === 'DeleteItem' && Key?.deadLetterId?.S === left ? 'AccessDeniedException' : undefined
  await assert.rejects(store.complete(open.map(one => ({ open: one, location: 'kafka:chat-0@1' }))), (error: Error) => {
    assert.ok(error instanceof NotCompletedError && error.cause instanceof DeadLetterError)
    assert.equal(error.cause.message, 'A request to the DynamoDB table failed (AccessDeniedException).')
    assert.deepEqual(
      error.entries.map(entry => entry.open.deadLetter.recordId),
      ['d7'],
    )
    return true
  })
  assert.deepEqual(server.keys, [left])
})

test('a table that does not exist is not found, whatever is asked of it', async () => {
  const missing = openStore({ kind: 'dynamodb', table: 'missing' })
  const notFound = { code: 'not-found', message: /^The DynamoDB table does not exist/ }
  await assert.rejects(Array.fromAsync(missing.deadLetters()), notFound)
  await assert.rejects(missing.lease(), notFound)
  await assert.rejects(missing.requestStop(), notFound)
  await assert.rejects(missing.sending.read(), notFound)
  await assert.rejects(missing.sending.write('x'), notFound)
  await assert.rejects(missing.sending.remove(), notFound)
  await missing.close()
})

test('errors of single calls are those of the table, with the code of the service', async () => {
  const deadLetter = deadLetterOf('a')
  server.put(itemOf(deadLetter))
  const open = await readOne()
  const lease = await store.lease()
  const refuse = (refused: string) => {
    server.onCall = operation => (operation === refused ? 'AccessDeniedException' : undefined)
  }
  const isRefused = {
    code: 'dead-letter',
    message: 'A request to the DynamoDB table failed (AccessDeniedException).',
    retriable: true,
  }
  refuse('PutItem')
  await assert.rejects(store.lease(), isRefused)
  await assert.rejects(lease.renew(), isRefused)
  await assert.rejects(store.replace(open, deadLetterOf('a', 'edited')), isRefused)
  refuse('UpdateItem')
  await assert.rejects(store.requestStop(), isRefused)
  await assert.rejects(store.sending.read(), isRefused)
  await assert.rejects(store.replace(open, tried(deadLetter, 'quota')), isRefused)
  refuse('DeleteItem')
  await assert.rejects(lease.release(), isRefused)
  refuse('')
  await lease.release()
  assert.deepEqual(storedIn(deadLetter.deadLetterId), deadLetter)
})

test('the name of the table’s key is found once, not with every call', async () => {
  server.reset(VERSION_1_TABLE_KEY)
  for (let n = 0; n < 5; n++) {
    await store.sending.write('x')
    await store.sending.remove()
  }
  assert.equal(server.calls.get('DeleteItem'), 6)
  for (const id of ['a', 'b']) put(id, deadLetterOf(id))
  server.calls.clear()
  await store.complete((await readAll()).open.map(open => ({ open, location: 'discarded' })))
  assert.equal(server.calls.get('DeleteItem'), 2)
})

test('a listing that does not ask for what can’t be read skips it', async () => {
  put('garbage', 7)
  put('good', deadLetterOf('good'))
  const open = await Array.fromAsync(store.deadLetters())
  assert.deepEqual(
    open.map(({ deadLetter }) => deadLetter.recordId),
    ['good'],
  )
})
