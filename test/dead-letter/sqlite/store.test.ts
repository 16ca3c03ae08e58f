// The content of a database may be damaged, half written, or forged by anybody who may write to it.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { closeSync, copyFileSync, openSync, readFileSync, rmSync, statSync, writeSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, test } from 'node:test'
import type { DeadLetter } from '../../../lib/dead-letter/dead-letter.ts'
import { redriveRunning } from '../../../lib/dead-letter/dead-letter-store.ts'
import { SqliteDeadLetterStore } from '../../../lib/dead-letter/sqlite/store.ts'
import { SqliteDeadLetterTarget } from '../../../lib/dead-letter/sqlite/target.ts'
import { noted } from '../../../lib/redrive/retried-dead-letter.ts'
import { temporaryFolder } from '../../../local/processes.ts'
import { deadLetterOf } from '../../support/dead-letter.ts'

const folder = temporaryFolder()
after(() => rmSync(folder, { recursive: true, force: true }))

async function databaseOf(name: string, deadLetters: readonly DeadLetter[]): Promise<string> {
  const file = join(folder, name)
  await store(file, deadLetters)
  return file
}

async function store(file: string, deadLetters: readonly DeadLetter[]): Promise<void> {
  const target = new SqliteDeadLetterTarget(file)
  await target.store(deadLetters)
  await target.close()
}

async function readAll(file: string) {
  const reader = new SqliteDeadLetterStore(file)
  let unreadable = 0
  const places: string[] = []
  const open = await Array.fromAsync(
    reader.deadLetters({
      onUnreadable: ({ location, reason, count }) => {
        unreadable += count
        places.push(`${location} ${reason}`)
      },
    }),
  )
  await reader.close()
  return { deadLetters: open.map(({ deadLetter }) => deadLetter), unreadable, places }
}

const several = (count: number) => Array.from({ length: count }, (_, n) => deadLetterOf(`id-${n}`, 'x'.repeat(300)))

// The original bug: every command ended with "can't be read" until a function wrote to the file again.
test('an unfinished transaction of a killed writer is rolled back by the next reader', async () => {
  const file = await databaseOf('killed.db', several(3))
  const program = `
    const database = new (require('node:sqlite').DatabaseSync)(${JSON.stringify(file)})
    database.exec('PRAGMA cache_size = 10; BEGIN IMMEDIATE')
    const insert = database.prepare("INSERT INTO letters (letter_id, code, letter) VALUES (?, 'c', ?)")
    for (let n = 0; n < 50; n++) insert.run('x' + n, 'y'.repeat(20000))
    process.kill(process.pid, 'SIGKILL')`
  assert.equal(spawnSync(process.execPath, ['-e', program]).signal, 'SIGKILL')
  assert.ok(readFileSync(`${file}-journal`).length > 0)
  assert.equal((await readAll(file)).deadLetters.length, 3)
  const lease = await new SqliteDeadLetterStore(file).lease()
  await lease.release()
})

test('rows with any number are read', async () => {
  const file = await databaseOf('numbers.db', several(4))
  const database = new DatabaseSync(file)
  const numbers = [2n ** 63n - 1n, -(2n ** 63n), 2n ** 60n, -5n]
  for (const [index, number] of numbers.entries())
    database.prepare('UPDATE letters SET rowid = ? WHERE rowid = ?').run(number, index + 1)
  database.close()
  const { deadLetters, unreadable } = await readAll(file)
  assert.deepEqual([deadLetters.map(({ recordId }) => recordId), unreadable], [['id-1', 'id-3', 'id-2', 'id-0'], 0])
})

test('a damaged page costs the rows in it, which are counted, and no others', async () => {
  const file = await databaseOf('whole.db', several(200))
  const bytes = readFileSync(file)
  const pageSize = bytes.readUInt16BE(16)
  const damaged = join(folder, 'damaged.db')
  let pages = 0
  for (let page = 1; page * pageSize < bytes.length; page++) {
    // A leaf of the table of the rows.
    if (bytes[page * pageSize] !== 0x0d || !bytes.includes('"schemaVersion"', page * pageSize)) continue
    copyFileSync(file, damaged)
    const handle = openSync(damaged, 'r+')
    writeSync(handle, Buffer.from([0xf2]), 0, 1, page * pageSize)
    closeSync(handle)
    const { deadLetters, unreadable, places } = await readAll(damaged)
    if (deadLetters.length === 200) continue
    pages++
    for (const place of places) assert.match(place, /damaged\.db#row \d+ it lies in a damaged page$/)
    assert.equal(deadLetters.length + unreadable, 200, `page ${page}`)
    assert.ok(deadLetters.length > 150, `page ${page}: ${deadLetters.length}`)
  }
  assert.ok(pages > 10, `${pages} pages`)
})

test('rows whose numbers are lost, because their index is damaged too, are reported as one place', async () => {
  const file = await databaseOf('index.db', several(200))
  const bytes = readFileSync(file)
  const pageSize = bytes.readUInt16BE(16)
  const isFirstLeaf = (page: number) => bytes[page * pageSize] === 0x0d && bytes.includes('id-0"', page * pageSize)
  const isOfIndex = (page: number) => [0x02, 0x0a].includes(bytes[page * pageSize] as number)
  const pages = Array.from({ length: bytes.length / pageSize - 1 }, (_, n) => n + 1)
  const handle = openSync(file, 'r+')
  for (const page of pages)
    if (isFirstLeaf(page) || isOfIndex(page)) writeSync(handle, Buffer.from([0xf2]), 0, 1, page * pageSize)
  closeSync(handle)
  const { places } = await readAll(file)
  assert.deepEqual(places, [`sqlite:${file} a damaged page hides which rows exist`])
})

test('room for the notes of all dead letters is reserved before they are sent, and only once', async () => {
  const file = await databaseOf('room.db', several(200))
  const redriving = new SqliteDeadLetterStore(file)
  const open = await Array.fromAsync(redriving.deadLetters({ purpose: 'redrive' }))
  const needed = open.reduce((sum, { deadLetter }) => sum + JSON.stringify(deadLetter).length + 1024, 0)
  const database = new DatabaseSync(file)
  const number = (name: string) => Number(Object.values(database.prepare(`PRAGMA ${name}`).get() ?? {})[0])
  assert.equal(number('freelist_count'), 0)
  await redriving.reserve(open)
  const [free, pages] = [number('freelist_count') * number('page_size'), number('page_count')]
  assert.ok(free > needed - number('page_size') && free < needed + 100_000, `${free} of ${needed}`)
  await redriving.reserve(open)
  assert.ok(number('page_count') <= pages + 1)
  database.close()
  await redriving.close()
})

// The original bug: the note replaced the whole dead letter, and the record was sent a second time without searching
// the log.
test('a note on a dead letter keeps the doubt that was stored since it was read', async () => {
  const [deadLetter] = several(1) as [DeadLetter]
  const file = await databaseOf('doubt.db', [deadLetter])
  const redriving = new SqliteDeadLetterStore(file)
  const [open] = await Array.fromAsync(redriving.deadLetters({ purpose: 'redrive' }))
  assert.ok(open)
  const now = new Date().toISOString()
  const doubt = { partition: 2, producerId: 1, producerEpoch: 0, baseSequence: 0, indexInBatch: 0, from: now, to: now }
  const failure = { ...deadLetter.failure, outcome: 'unknown' as const, lastAt: now }
  await store(file, [{ ...deadLetter, failure, inDoubt: doubt }])
  await redriving.replace(open, noted(open.deadLetter, 'retention-unknown'))
  await redriving.close()
  const [stored] = (await readAll(file)).deadLetters
  assert.deepEqual(
    [stored?.failure.outcome, stored?.inDoubt?.partition, stored?.redrive.lastCode],
    ['unknown', 2, 'retention-unknown'],
  )
})

const changed = (deadLetter: DeadLetter): DeadLetter => noted(deadLetter, 'retention-unknown')

test('a dead letter that was found by its location, not read, is replaced as it is given', async () => {
  const [deadLetter] = several(1) as [DeadLetter]
  const file = await databaseOf('with#found.db', [deadLetter])
  const location = `sqlite:${file}#${deadLetter.deadLetterId}`
  const redriving = new SqliteDeadLetterStore(file)
  const open = await redriving.find(deadLetter, location)
  assert.deepEqual(open, { deadLetter, location, verified: true, handle: { id: deadLetter.deadLetterId } })
  const tried = { ...deadLetter, redrive: { count: 3, lastAt: new Date(0).toISOString(), lastCode: 'quota' as const } }
  await redriving.replace(open, tried)
  assert.deepEqual((await readAll(file)).deadLetters, [tried])
  await redriving.complete([{ open, location: 'kafka:chat-0@1' }])
  assert.deepEqual((await readAll(file)).deadLetters, [])
  await redriving.close()
})

test('what was not stored again since it was read is replaced without being merged', async () => {
  const [deadLetter] = several(1) as [DeadLetter]
  const file = await databaseOf('unchanged.db', [deadLetter])
  const redriving = new SqliteDeadLetterStore(file)
  const [open] = await Array.fromAsync(redriving.deadLetters({ purpose: 'redrive' }))
  assert.ok(open)
  const tried = { ...deadLetter, redrive: { count: 3, lastAt: new Date(0).toISOString(), lastCode: 'quota' as const } }
  await redriving.replace(open, tried)
  assert.deepEqual((await readAll(file)).deadLetters, [tried])
  await redriving.close()
})

test('a row that was removed, or damaged, since it was read does not stop the replacement of others', async () => {
  const letters = several(3)
  const file = await databaseOf('gone.db', letters)
  const redriving = new SqliteDeadLetterStore(file)
  const open = await Array.fromAsync(redriving.deadLetters({ purpose: 'redrive' }))
  const database = new DatabaseSync(file)
  database.prepare('DELETE FROM letters WHERE letter_id = ?').run(letters[0]?.deadLetterId ?? '')
  database.prepare('UPDATE letters SET letter = ? WHERE letter_id = ?').run('{"no', letters[1]?.deadLetterId ?? '')
  database.close()
  await redriving.replaceAll(open.map(each => ({ open: each, deadLetter: changed(each.deadLetter) })))
  const after = (await readAll(file)).deadLetters
  assert.deepEqual(
    after.map(({ recordId, redrive }) => [recordId, redrive.lastCode]),
    [
      ['id-1', 'retention-unknown'],
      ['id-2', 'retention-unknown'],
    ],
  )
  await redriving.close()
})

test('an edited dead letter is a new row, and the old one says so for a day', async () => {
  const [deadLetter] = several(1) as [DeadLetter]
  const file = await databaseOf('edited.db', [deadLetter])
  const redriving = new SqliteDeadLetterStore(file)
  const [open] = await Array.fromAsync(redriving.deadLetters())
  assert.ok(open)
  const edited = deadLetterOf('edited')
  const begin = Date.now()
  await redriving.replace(open, edited)
  await redriving.close()
  const database = new DatabaseSync(file)
  const rows = database.prepare('SELECT letter_id, topic, code, closed, closed_at FROM letters').all()
  database.close()
  assert.deepEqual(
    rows.map(({ closed_at: at, ...row }) => [{ ...row }, at === null ? null : Number(at) >= begin]),
    [
      [{ letter_id: deadLetter.deadLetterId, topic: 'chat', code: 'unreachable', closed: 'replaced' }, true],
      [{ letter_id: edited.deadLetterId, topic: 'chat', code: 'unreachable', closed: null }, null],
    ],
  )
})

test('what a redrive is sending is one note, which the next one replaces and the end removes', async () => {
  const file = await databaseOf('sending.db', several(1))
  const redriving = new SqliteDeadLetterStore(file)
  const { sending } = redriving
  assert.equal(await sending.read(), undefined)
  await sending.write('first')
  await sending.write('second')
  assert.equal(await sending.read(), 'second')
  await sending.remove()
  assert.equal(await sending.read(), undefined)
  await redriving.close()
  // A database of version 0.1 has no such table, and reading adds none.
  const old = new DatabaseSync(join(folder, 'old-sending.db'))
  old.exec('CREATE TABLE letters (letter_id TEXT PRIMARY KEY, topic TEXT, code TEXT, letter TEXT, closed TEXT)')
  const looking = new SqliteDeadLetterStore(join(folder, 'old-sending.db'))
  assert.equal(await looking.sending.read(), undefined)
  await looking.close()
  assert.equal(old.prepare('SELECT count(*) AS n FROM sqlite_master WHERE type = ?').get('table')?.n, 1)
  old.close()
})

test('reading ends when it is asked to', async () => {
  const file = await databaseOf('aborted.db', several(5))
  const reader = new SqliteDeadLetterStore(file)
  const abort = new AbortController()
  const ids: string[] = []
  for await (const { deadLetter } of reader.deadLetters({ signal: abort.signal })) {
    ids.push(deadLetter.recordId)
    if (ids.length === 2) abort.abort()
  }
  assert.deepEqual(ids, ['id-0', 'id-1'])
  await reader.close()
})

test('the error for a file without the table, and for one that is missing, says what is wrong', async () => {
  const file = join(folder, 'other.db')
  const database = new DatabaseSync(file)
  database.exec('CREATE TABLE mine (a)')
  database.close()
  const foreign = new SqliteDeadLetterStore(file)
  await assert.rejects(Array.fromAsync(foreign.deadLetters()), {
    name: 'DeadLetterError',
    code: 'dead-letter',
    retriable: true,
    message: 'The SQLite target can’t be read.',
  })
  const missing = new SqliteDeadLetterStore(join(folder, 'missing.db'))
  for (const work of [() => Array.fromAsync(missing.deadLetters()), () => missing.lease(), () => missing.requestStop()])
    await assert.rejects(work(), {
      name: 'DeadLetterError',
      code: 'not-found',
      message: `sqlite:${join(folder, 'missing.db')}: expected a database; the file does not exist.`,
    })
})

test('an error of the consumer stays what it is; one of SQLite says that the target can’t be read', async () => {
  const file = await databaseOf('failing.db', several(3))
  const reader = new SqliteDeadLetterStore(file)
  const lost = redriveRunning('database')
  const database = new DatabaseSync(file)
  database.exec("UPDATE letters SET letter = 'no' WHERE rowid = 2")
  const onUnreadable = () => {
    throw lost
  }
  await assert.rejects(Array.fromAsync(reader.deadLetters({ onUnreadable })), error => error === lost)
  database.exec('DROP TABLE letters')
  database.close()
  await assert.rejects(Array.fromAsync(reader.deadLetters()), { message: 'The SQLite target can’t be read.' })
  await reader.close()
})

test('tidying returns the pages of what it removed to the file system', async () => {
  const file = await databaseOf('vacuum.db', several(500))
  const { size } = statSync(file)
  const redriving = new SqliteDeadLetterStore(file)
  const open = await Array.fromAsync(redriving.deadLetters())
  await redriving.complete(open.map(each => ({ open: each, location: 'kafka:chat-0@1' })))
  await redriving.tidy()
  assert.ok(statSync(file).size >= size)
  const database = new DatabaseSync(file)
  const day = 24 * 3_600_000
  const set = (ms: number) => database.prepare('UPDATE letters SET closed_at = ?').run(Date.now() - ms)
  set(day - 10_000)
  await redriving.tidy()
  assert.equal(database.prepare('SELECT count(*) AS n FROM letters').get()?.n, 500)
  set(day + 10_000)
  await redriving.tidy()
  assert.equal(database.prepare('SELECT count(*) AS n FROM letters').get()?.n, 0)
  database.close()
  await redriving.close()
  assert.ok(statSync(file).size < size / 2, `${statSync(file).size} of ${size}`)
})

test('a request to stop reaches a redrive that runs, or may run on another machine', async () => {
  const file = await databaseOf('stop.db', several(1))
  const asking = new SqliteDeadLetterStore(file)
  assert.equal(await asking.requestStop(), 'not-running')
  const database = new DatabaseSync(file)
  const here = `uuid@${hostname()}`
  const requests = () =>
    database
      .prepare('SELECT holder FROM stop_requests')
      .all()
      .map(({ holder }) => holder)
  for (const [holder, leftMs, answer] of [
    [here, 50_000, 'requested'],
    ['of an earlier release', 50_000, 'requested'],
    [here, -1000, 'not-running'],
    [here, 110_000, 'requested'],
    // The clock was set back.
    [here, 130_000, 'not-running'],
    ['uuid@elsewhere', -90_000, 'requested'],
    ['of an earlier release', -1000, 'not-running'],
  ] as const) {
    database.exec('DELETE FROM stop_requests')
    database
      .prepare('INSERT OR REPLACE INTO lease (only, holder, until) VALUES (1, ?, ?)')
      .run(holder, Date.now() + leftMs)
    assert.equal(await asking.requestStop(), answer, `${holder} ${leftMs}`)
    assert.equal(await asking.requestStop(), answer)
    assert.deepEqual(requests(), answer === 'requested' ? [holder] : [])
  }
  // A request that was meant for an earlier holder is removed.
  database.exec("INSERT INTO stop_requests (holder) VALUES ('earlier'); DELETE FROM lease")
  assert.equal(await asking.requestStop(), 'not-running')
  assert.deepEqual(requests(), [])
  database.close()
  await asking.close()
})

test('a released lease leaves no row and no request to stop', async () => {
  const file = await databaseOf('released.db', several(1))
  const redriving = new SqliteDeadLetterStore(file)
  const lease = await redriving.lease()
  await redriving.requestStop()
  await lease.release()
  const database = new DatabaseSync(file)
  assert.equal(database.prepare('SELECT count(*) AS n FROM lease').get()?.n, 0)
  assert.equal(database.prepare('SELECT count(*) AS n FROM stop_requests').get()?.n, 0)
  const before = Date.now()
  // Another redrive's lease is not its own.
  const next = await redriving.lease()
  await lease.release()
  await next.check()
  const { holder, until } = database.prepare('SELECT holder, until FROM lease').get() as Record<string, unknown>
  assert.deepEqual([String(holder).slice(36), String(holder).slice(0, 36).split('-').length], [`@${hostname()}`, 5])
  assert.ok(Number(until) >= before + 60_000 && Number(until) <= Date.now() + 60_000, String(until))
  database.close()
  await redriving.close()
})
