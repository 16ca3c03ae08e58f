// Dead letters in a database: one row each, which survive a kill; errors where they can't be written.
import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { DatabaseSync, type SQLInputValue } from 'node:sqlite'
import { after, test } from 'node:test'
import { Worker } from 'node:worker_threads'
import type { Unreadable } from '../../../lib/dead-letter/dead-letter-store.ts'
import { DiskDeadLetterTarget } from '../../../lib/dead-letter/disk/target.ts'
import { takeLease } from '../../../lib/dead-letter/sqlite/lease.ts'
import { SqliteDeadLetterStore } from '../../../lib/dead-letter/sqlite/store.ts'
import { SqliteDeadLetterTarget } from '../../../lib/dead-letter/sqlite/target.ts'
import { DeadLetterError } from '../../../lib/errors.ts'
import { deadLetterOf } from '../../support/dead-letter.ts'
import { publisherOf } from '../../support/publisher-of.ts'
import { deadlineIn, pause } from '../../support/time.ts'

const folder = mkdtempSync(join(tmpdir(), 'sqlite-'))
after(() => rmSync(folder, { recursive: true }))

async function idsOf({ file }: SqliteDeadLetterTarget): Promise<string[]> {
  const store = new SqliteDeadLetterStore(file)
  const open = await Array.fromAsync(store.deadLetters())
  await store.close()
  return open.map(({ deadLetter }) => deadLetter.recordId)
}

test('a dead letter is stored once, listed in order, completed, and open again once it is stored again', async () => {
  const file = join(folder, 'new', 'letters.db')
  const target = new SqliteDeadLetterTarget(file)
  const [a, b] = [deadLetterOf('a'), deadLetterOf('b')]
  const locations = await target.store([a, b])
  assert.deepEqual(locations, [`sqlite:${file}#${a.deadLetterId}`, `sqlite:${file}#${b.deadLetterId}`])
  assert.deepEqual(await target.store([a]), [locations[0]])
  await target.close()

  const again = new SqliteDeadLetterTarget(file)
  assert.deepEqual(await idsOf(again), ['a', 'b'])
  const store = new SqliteDeadLetterStore(file)
  const [open] = await Array.fromAsync(store.deadLetters())
  assert.ok(open)
  await store.complete([{ open, location: 'kafka:chat-0@1' }])
  await store.close()
  assert.deepEqual(await idsOf(again), ['b'])
  await again.store([a])
  assert.deepEqual(await idsOf(again), ['a', 'b'])
  assert.match(await again.storeClaim(a.deadLetterId, Buffer.from('large')), /#claims\//)
  await again.close()
})

test('two writers share a file', async () => {
  const file = join(folder, 'shared.db')
  const writers = [new SqliteDeadLetterTarget(file), new SqliteDeadLetterTarget(file)]
  await Promise.all(
    writers.flatMap((writer, w) => Array.from({ length: 20 }, (_, i) => writer.store([deadLetterOf(`${w}-${i}`)]))),
  )
  assert.equal((await idsOf(writers[0] as SqliteDeadLetterTarget)).length, 40)
  await Promise.all(writers.map(writer => writer.close()))
})

test('every dead letter with a location survives kill -9', async () => {
  const file = join(folder, 'killed.db')
  const program = `
    import { writeSync } from 'node:fs'
    import { SqliteDeadLetterTarget } from './lib/dead-letter/sqlite/target.ts'
    import { deadLetterOf } from './test/support/dead-letter.ts'
    const target = new SqliteDeadLetterTarget(${JSON.stringify(file)})
    for (let n = 0; ; n++) {
      await target.store([deadLetterOf(String(n))])
      writeSync(1, n + '\\n')
      await new Promise(setImmediate)
    }`
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', '--input-type=module-typescript', '-e', program],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  let output = ''
  child.stdout.on('data', chunk => {
    output += chunk
  })
  while (output.split('\n').length < 30) await once(child.stdout, 'data')
  child.kill('SIGKILL')
  await once(child, 'close')
  const located = output
    .split('\n')
    .filter(line => line !== '')
    .slice(0, -1)
  const target = new SqliteDeadLetterTarget(file)
  const stored = new Set(await idsOf(target))
  await target.close()
  assert.ok(located.length >= 28)
  for (const id of located) assert.ok(stored.has(id), id)
})

test('a file that can’t be written is a DeadLetterError, and the next target stores the dead letter', async () => {
  const broken = new SqliteDeadLetterTarget(join(folder, 'shared.db', 'letters.db'))
  await assert.rejects(broken.store([deadLetterOf('a')]), (error: unknown) => error instanceof DeadLetterError)
  const file = join(folder, 'next.db')
  const chain = publisherOf([
    { kind: 'sqlite', file: join(folder, 'shared.db', 'letters.db') },
    { kind: 'sqlite', file },
  ])
  assert.match(String((await chain.store([deadLetterOf('a')]))[0]), /next\.db/)
  await chain.close()
})

test('a database that may not grow any more says that no room is left, and keeps what it has', async () => {
  const file = join(folder, 'full.db')
  const target = new SqliteDeadLetterTarget(file)
  await target.store([deadLetterOf('a')])
  const database = await target.open()
  const { page_count: pages } = database.prepare('PRAGMA page_count').get() as { page_count: number }
  database.exec(`PRAGMA max_page_count = ${pages}`)
  await assert.rejects(target.store([deadLetterOf('b', 'x'.repeat(100_000))]), {
    code: 'dead-letter',
    retriable: true,
    message: 'The SQLite target did not store the dead letters: no room is left.',
  })
  database.exec(`PRAGMA max_page_count = ${pages + 1000}`)
  await target.store([deadLetterOf('c')])
  assert.deepEqual(await idsOf(target), ['a', 'c'])
  await target.close()
})

test('a file of 0600 in a folder of 0700, also one that 0.1 left open to others', async () => {
  const mode = (path: string) => statSync(path).mode & 0o777
  const file = join(folder, 'private', 'letters.db')
  const target = new SqliteDeadLetterTarget(file)
  await target.store([deadLetterOf('a')])
  assert.deepEqual([mode(dirname(file)), mode(file)], [0o700, 0o600])
  await target.close()
  chmodSync(file, 0o644)
  const again = new SqliteDeadLetterTarget(file)
  await again.store([deadLetterOf('b')])
  assert.equal(mode(file), 0o600)
  await again.close()
})

// The original bug: run as root, it set the mode of /dev/null to 0600.
test('a file that is not a database is an error and is not changed; a typo creates nothing', async () => {
  const foreign = join(folder, 'foreign.txt')
  writeFileSync(foreign, 'hello', { mode: 0o644 })
  const pipe = join(folder, 'pipe')
  execFileSync('mkfifo', ['-m', '644', pipe])
  const modes = () => [foreign, pipe, '/dev/null'].map(file => statSync(file).mode)
  const before = modes()
  for (const file of [foreign, pipe, '/dev/null', folder]) {
    const target = new SqliteDeadLetterTarget(file)
    await assert.rejects(target.store([deadLetterOf('a')]), /expected a SQLite database or no file/)
    const store = new SqliteDeadLetterStore(file)
    await assert.rejects(Array.fromAsync(store.deadLetters()), /expected a SQLite database or no file/)
    await assert.rejects(store.lease(), /expected a SQLite database or no file/)
  }
  assert.deepEqual(modes(), before)
  const typo = join(folder, 'typo', 'letters.db')
  await assert.rejects(new SqliteDeadLetterStore(typo).lease(), { code: 'not-found' })
  assert.equal(existsSync(dirname(typo)), false)
  // Node's recursive mkdir never returned there.
  await assert.rejects(new SqliteDeadLetterTarget('/proc/x/letters.db').store([deadLetterOf('a')]), DeadLetterError)
  await assert.rejects(new DiskDeadLetterTarget('/proc/x').store([deadLetterOf('a')]), DeadLetterError)
})

test('no write-ahead log is used, also where 0.1 used one', async () => {
  const file = join(folder, 'wal.db')
  const old = new DatabaseSync(file)
  old.exec(`PRAGMA journal_mode = WAL; CREATE TABLE letters
    (letter_id TEXT PRIMARY KEY, topic TEXT, code TEXT NOT NULL, letter TEXT NOT NULL, closed TEXT)`)
  old.close()
  const target = new SqliteDeadLetterTarget(file)
  await target.store([deadLetterOf('a')])
  const mode = (await target.open()).prepare('PRAGMA journal_mode').get()
  assert.deepEqual({ ...mode }, { journal_mode: 'delete' })
  assert.deepEqual(await idsOf(target), ['a'])
  await target.close()
})

// The original bug: 200 dead letters of 1 MB were read at once, so a function with 512 MB ran out of memory at every
// schedule.
test('large dead letters are read a few at a time', async () => {
  const file = join(folder, 'large.db')
  const target = new SqliteDeadLetterTarget(file)
  const value = Buffer.alloc(1_000_000, 'x')
  for (let n = 0; n < 20; n++) await target.store([deadLetterOf(`large-${n}`, value)])
  await target.store(Array.from({ length: 450 }, (_, n) => deadLetterOf(`small-${n}`)))
  await target.close()
  const store = new SqliteDeadLetterStore(file)
  const prepare = DatabaseSync.prototype.prepare
  const bytes: number[] = []
  DatabaseSync.prototype.prepare = function (sql) {
    const statement = prepare.call(this, sql)
    const all = statement.all.bind(statement)
    return Object.assign(statement, {
      all: (...parameters: SQLInputValue[]) => {
        const rows = all(...parameters)
        bytes.push(rows.reduce((sum, { letter }) => sum + String(letter ?? '').length, 0))
        return rows
      },
    })
  }
  try {
    assert.equal((await Array.fromAsync(store.deadLetters())).length, 470)
  } finally {
    DatabaseSync.prototype.prepare = prepare
    await store.close()
  }
  assert.ok(Math.max(...bytes) < 5_000_000, String(Math.max(...bytes)))
  // Sizes and rows of seven pages of large ones, and of three pages of 200 small ones.
  assert.ok(bytes.length <= 2 * (7 + 3) + 1, `${bytes.length} queries`)
})

// The original bug: if two redrives started at once, the one that opened the database while the other wrote failed.
test('a target that opens the database while another process has it locked waits for it', async () => {
  const file = join(folder, 'opened-while-locked.db')
  const first = new SqliteDeadLetterTarget(file)
  await first.store([deadLetterOf('a')])
  await first.close()
  const holder = new Worker(
    `const { DatabaseSync } = require('node:sqlite')
    const { parentPort, workerData } = require('node:worker_threads')
    const database = new DatabaseSync(workerData)
    database.exec('BEGIN EXCLUSIVE')
    parentPort.postMessage('locked')
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300)
    database.exec('COMMIT')
    database.close()`,
    { eval: true, workerData: file },
  )
  await once(holder, 'message')
  const second = new SqliteDeadLetterTarget(file)
  assert.equal((await second.store([deadLetterOf('b')])).length, 1)
  await second.close()
  assert.deepEqual(await idsOf(second), ['a', 'b'])
})

test('looking creates nothing: a file that is not there is not found', async () => {
  const file = join(folder, 'typo', 'letters.db')
  const store = new SqliteDeadLetterStore(file)
  await assert.rejects(Array.fromAsync(store.deadLetters()), { code: 'not-found' })
  await store.close()
  assert.equal(existsSync(dirname(file)), false)
})

test('rows that can’t be used are reported and stay; the others are listed', async () => {
  const file = join(folder, 'damaged.db')
  const target = new SqliteDeadLetterTarget(file)
  const [good, other] = [deadLetterOf('good'), deadLetterOf('other')]
  await target.store([good])
  const put = async (id: string, letter: string) =>
    target.inTransaction(
      database =>
        void database.prepare('INSERT INTO letters (letter_id, code, letter) VALUES (?, ?, ?)').run(id, 'c', letter),
    )
  await put('not-json', '{"schema')
  await put('newer', JSON.stringify({ ...good, schemaVersion: 3 }))
  await put('forged', JSON.stringify({ ...other, deadLetterId: good.deadLetterId }))
  const store = new SqliteDeadLetterStore(file)
  const unreadable: string[] = []
  const onUnreadable = ({ location, reason }: Unreadable) =>
    unreadable.push(`${location.slice(location.indexOf('#'))} ${reason}`)
  const open = await Array.fromAsync(store.deadLetters({ onUnreadable }))
  assert.deepEqual(
    open.map(({ deadLetter }) => deadLetter.recordId),
    ['good'],
  )
  assert.deepEqual(unreadable, [
    '#not-json no dead letter',
    '#newer version 3 of the envelope is newer than this release supports (2)',
    '#forged its id does not match its record',
  ])
  await store.close()
  await target.close()
})

test('a row is completed by its own key, not by the id in its envelope', async () => {
  const file = join(folder, 'key.db')
  const target = new SqliteDeadLetterTarget(file)
  const victim = deadLetterOf('victim')
  await target.store([victim])
  await target.inTransaction(
    database =>
      void database
        .prepare("INSERT INTO letters (letter_id, code, letter) VALUES ('stranger', 'c', ?)")
        .run(JSON.stringify(victim)),
  )
  const store = new SqliteDeadLetterStore(file)
  const open = await Array.fromAsync(store.deadLetters())
  assert.equal(open.length, 2)
  const stranger = open.find(({ handle }) => handle.id === 'stranger')
  assert.ok(stranger)
  await store.complete([{ open: stranger, location: 'kafka:chat-0@1' }])
  const left = await Array.fromAsync(store.deadLetters())
  assert.deepEqual(
    left.map(({ handle }) => handle.id),
    [victim.deadLetterId],
  )
  await store.close()
  await target.close()
})

test('completed rows go a day later, and those that 0.1 completed a day after they were first seen', async () => {
  const file = join(folder, 'tidy.db')
  const target = new SqliteDeadLetterTarget(file)
  await target.store(['new', 'old', 'open', 'of 0.1'].map(id => deadLetterOf(id)))
  const store = new SqliteDeadLetterStore(file)
  for await (const open of store.deadLetters())
    if (open.deadLetter.recordId !== 'open') await store.complete([{ open, location: 'kafka:chat-0@1' }])
  const database = await target.open()
  const change = (id: string, closedAt: number | null) =>
    database
      .prepare('UPDATE letters SET closed_at = ? WHERE letter_id = ?')
      .run(closedAt, deadLetterOf(id).deadLetterId)
  change('old', Date.now() - 25 * 3_600_000)
  change('of 0.1', null)
  await store.tidy()
  const rows = database
    .prepare('SELECT letter_id FROM letters')
    .all()
    .map(row => row.letter_id)
  const idOf = (id: string) => deadLetterOf(id).deadLetterId
  assert.deepEqual(rows.sort(), [idOf('new'), idOf('open'), idOf('of 0.1')].sort())
  await store.close()
  await target.close()
})

test('checking a lease writes nothing while more than half of its time is left; then it renews it', async () => {
  const file = join(folder, 'checks.db')
  const target = new SqliteDeadLetterTarget(file)
  await target.store([deadLetterOf('a')])
  const store = new SqliteDeadLetterStore(file)
  const lease = await store.lease()
  const database = await target.open()
  const writes = () => database.prepare('PRAGMA data_version').get()
  const before = writes()
  for (let batch = 0; batch < 10; batch++) await lease.check()
  assert.deepEqual(writes(), before)
  const until = () => Number(database.prepare('SELECT until FROM lease').get()?.until)
  const end = until()
  database.prepare('UPDATE lease SET until = ?').run(end - 40_000)
  await lease.check()
  assert.ok(until() >= end)
  database.exec("UPDATE lease SET holder = 'other'")
  await assert.rejects(lease.check(), { code: 'redrive-running' })
  await store.close()
  await target.close()
})

// The original bug: two machines with clocks 90 s apart both held the lease to the end, and sent 1,090 records of 600.
test('a lease of another machine has ended only if nobody renews it; one that is lost is not taken back', async () => {
  const file = join(folder, 'two-machines.db')
  const target = new SqliteDeadLetterTarget(file)
  await target.store([deadLetterOf('a')])
  const database = await target.open()
  const ended = Date.now() - 90_000
  const put = database.prepare('INSERT OR REPLACE INTO lease (only, holder, until) VALUES (1, ?, ?)')
  put.run('uuid@elsewhere', ended)
  const watching = takeLease(target, {}, 300)
  await pause(50)
  put.run('uuid@elsewhere', ended + 15_000)
  await assert.rejects(watching, { code: 'redrive-running' })
  const said: string[] = []
  const interrupted = { mayGoOn: () => false, onWait: (text: string) => said.push(text) }
  await assert.rejects(takeLease(target, interrupted), { code: 'redrive-running' })
  assert.deepEqual(said, ['Another redrive of this database may still be running: waiting up to 60 s for its lease.'])
  const lease = await takeLease(target, {}, 10)
  await lease.check()
  // The other one runs ahead: its lease has ended by the clock here.
  put.run('uuid@elsewhere', ended)
  await assert.rejects(lease.check(), { code: 'redrive-running' })
  await assert.rejects(lease.renew(), { code: 'redrive-running' })
  await target.close()
})

test('a lease of a clock that was set back does not block for longer than a lease lasts', async () => {
  const file = join(folder, 'lease.db')
  const target = new SqliteDeadLetterTarget(file)
  await target.store([deadLetterOf('a')])
  const database = await target.open()
  const set = (until: number) =>
    database.exec(`INSERT OR REPLACE INTO lease (only, holder, until) VALUES (1, 'other', ${until})`)
  const store = new SqliteDeadLetterStore(file)
  set(Date.now() + 50_000)
  await assert.rejects(store.lease(), { code: 'redrive-running' })
  set(Date.now() + 86_400_000)
  const lease = await store.lease()
  await lease.check()
  set(Date.now() + 50_000)
  await assert.rejects(lease.check(), { code: 'redrive-running' })
  await store.close()
  await target.close()
})

test('a database that stays locked until the deadline is an error that says so; nothing is stored', async () => {
  const file = join(folder, 'stays-locked.db')
  const target = new SqliteDeadLetterTarget(file)
  await target.store([deadLetterOf('a')])
  const other = new DatabaseSync(file)
  other.exec('BEGIN EXCLUSIVE')
  const begin = performance.now()
  await assert.rejects(target.store([deadLetterOf('b')], deadlineIn(200)), {
    name: 'DeadLetterError',
    code: 'dead-letter',
    retriable: true,
    message: 'The SQLite target did not store the dead letters: another process has it locked.',
  })
  assert.ok(performance.now() - begin >= 200)
  other.exec('ROLLBACK')
  other.close()
  assert.deepEqual(await idsOf(target), ['a'])
  await target.close()
})

test('work that fails is rolled back and not run again; an error of this library stays what it is', async () => {
  const target = new SqliteDeadLetterTarget(join(folder, 'failing.db'))
  let runs = 0
  const failWith = (error: Error) =>
    target.inTransaction(database => {
      runs++
      database.exec("INSERT INTO letters (letter_id, code, letter) VALUES ('x', 'c', '{}')")
      throw error
    })
  const own = new DeadLetterError('redrive-running', 'Another one runs.')
  await assert.rejects(failWith(own), error => error === own)
  const foreign = new RangeError('of the work')
  await assert.rejects(failWith(foreign), (error: unknown) => {
    assert.ok(error instanceof DeadLetterError)
    assert.deepEqual(
      [error.code, error.message, error.retriable, error.cause],
      ['dead-letter', 'The SQLite target did not store the dead letters.', true, foreign],
    )
    return true
  })
  assert.equal(runs, 2)
  const database = await target.open()
  assert.equal(database.isTransaction, false)
  assert.equal(database.prepare('SELECT count(*) AS n FROM letters').get()?.n, 0)
  await target.close()
})

test('a target that could not open its file, or was closed, opens it again', async () => {
  const file = join(folder, 'opened-again.db')
  writeFileSync(file, 'not a database')
  const target = new SqliteDeadLetterTarget(file)
  await assert.rejects(target.store([deadLetterOf('a')]), {
    code: 'dead-letter',
    message: `sqlite:${file}: expected a SQLite database or no file, got something else. Nothing was changed.`,
  })
  // An empty file may become a database.
  writeFileSync(file, '')
  await target.store([deadLetterOf('a')])
  await target.close()
  await target.close()
  await target.store([deadLetterOf('b')])
  assert.deepEqual(await idsOf(target), ['a', 'b'])
  await target.close()
})

test('a row has the topic and the code of its dead letter, and is open again once it is stored again', async () => {
  const file = join(folder, 'columns.db')
  const old = new DatabaseSync(file)
  old.exec(`CREATE TABLE letters
    (letter_id TEXT PRIMARY KEY, topic TEXT, code TEXT NOT NULL, letter TEXT NOT NULL, closed TEXT)`)
  old.close()
  const target = new SqliteDeadLetterTarget(file)
  const plain = deadLetterOf('a')
  const unrouted = { ...deadLetterOf('b'), record: { ...deadLetterOf('b').record, topic: null } }
  await target.store([plain, unrouted])
  const store = new SqliteDeadLetterStore(file)
  const [open] = await Array.fromAsync(store.deadLetters())
  assert.ok(open)
  const database = await target.open()
  const rows = () =>
    database
      .prepare('SELECT letter_id, topic, code, closed, closed_at, letter FROM letters ORDER BY rowid')
      .all()
      .map(({ letter, closed_at: at, ...row }) => ({
        ...row,
        at: at === null ? null : 'set',
        ...JSON.parse(String(letter)),
      }))
      .map(({ letter_id: id, topic, code, closed, at, recordId }) => [id, topic, code, closed, at, recordId])
  const row = (closed: string | null, at: string | null) => [
    [plain.deadLetterId, 'chat', 'unreachable', closed, at, 'a'],
    [unrouted.deadLetterId, null, 'unreachable', null, null, 'b'],
  ]
  await store.complete([{ open, location: 'kafka:chat-0@1' }])
  assert.deepEqual(rows(), row('kafka:chat-0@1', 'set'))
  await target.store([plain])
  assert.deepEqual(rows(), row(null, null))
  await store.close()
  await target.close()
})

test('a claim keeps its first value, and storing it again opens it again', async () => {
  const target = new SqliteDeadLetterTarget(join(folder, 'claims.db'))
  const { deadLetterId: id } = deadLetterOf('a')
  assert.equal(await target.storeClaim(id, Buffer.from('first')), `sqlite:${target.file}#claims/${id}`)
  const database = await target.open()
  const completed = () => database.prepare('SELECT letter_id FROM completed_claims').all().length
  database.prepare('INSERT INTO completed_claims (letter_id, at) VALUES (?, 1)').run(id)
  database.prepare("INSERT INTO completed_claims (letter_id, at) VALUES ('other', 1)").run()
  assert.equal(completed(), 2)
  await target.storeClaim(id, Buffer.from('second'))
  assert.equal(completed(), 1)
  const values = database.prepare('SELECT value FROM claims').all()
  assert.deepEqual(
    values.map(({ value }) => Buffer.from(value as Uint8Array).toString()),
    ['first'],
  )
  await target.close()
})

test('the lease of this machine that has ended is taken at once, and that of another one is watched', async () => {
  const target = new SqliteDeadLetterTarget(join(folder, 'watched.db'))
  await target.store([deadLetterOf('a')])
  const database = await target.open()
  const put = (holder: string, until: number) =>
    database.prepare('INSERT OR REPLACE INTO lease (only, holder, until) VALUES (1, ?, ?)').run(holder, until)
  const said: string[] = []
  const wait = { onWait: (text: string) => said.push(text) }
  for (const holder of [`uuid@${hostname()}`, 'of an earlier release']) {
    put(holder, Date.now() - 1)
    await (await takeLease(target, wait, 60_000)).release()
  }
  await (await takeLease(target, wait, 60_000)).release()
  assert.deepEqual(said, [])
  // One that ends too far ahead was taken before the clock was set back, also on another machine.
  put('uuid@elsewhere', Date.now() + 130_000)
  const begin = performance.now()
  const lease = await takeLease(target, wait, 200)
  assert.ok(performance.now() - begin >= 200)
  assert.equal(said.length, 1)
  await lease.check()
  put('uuid@elsewhere', Date.now() + 110_000)
  await assert.rejects(takeLease(target, wait, 200), { code: 'redrive-running' })
  assert.equal(said.length, 1)
  await target.close()
})
