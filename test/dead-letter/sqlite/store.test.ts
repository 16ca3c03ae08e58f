// The content of a database may be damaged, half written, or forged by anybody who may write to it.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { closeSync, copyFileSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, test } from 'node:test'
import type { DeadLetter } from '../../../lib/dead-letter/dead-letter.ts'
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
