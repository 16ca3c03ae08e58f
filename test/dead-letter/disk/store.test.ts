// The folder of dead letters: reading changes nothing, what a redrive may remove, the lease, the size limit, and room
// for notes.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import type { DeadLetter } from '../../../lib/dead-letter/dead-letter.ts'
import type { OpenDeadLetter, Unreadable } from '../../../lib/dead-letter/dead-letter-store.ts'
import { encodeEntry, entryBytes } from '../../../lib/dead-letter/disk/segment.ts'
import { DiskDeadLetterStore, openStore } from '../../../lib/dead-letter/disk/store.ts'
import { DiskDeadLetterTarget } from '../../../lib/dead-letter/disk/target.ts'
import { VERSION_1_TABLE_KEY } from '../../../lib/dead-letter/version-1.ts'
import { DeadLetterError } from '../../../lib/errors.ts'
import { temporaryFolder } from '../../../local/processes.ts'
import { deadLetterOf } from '../../support/dead-letter.ts'
import { newFolder } from '../../support/new-folder.ts'
import { pause } from '../../support/time.ts'

const HOUR = 3_600_000
const root = temporaryFolder()
after(() => rmSync(root, { recursive: true, force: true }))

async function storeIn(folder: string, deadLetters: readonly DeadLetter[]): Promise<string[]> {
  const target = new DiskDeadLetterTarget(folder)
  const locations = await target.store(deadLetters)
  await target.close()
  return locations
}

type Handle = readonly string[]

async function listIn(folder: string): Promise<{ open: OpenDeadLetter<Handle>[]; unreadable: Unreadable[] }> {
  const unreadable: Unreadable[] = []
  const open = await Array.fromAsync(
    new DiskDeadLetterStore(folder).deadLetters({ onUnreadable: each => unreadable.push(each) }),
  )
  return { open, unreadable }
}

const idsIn = async (folder: string) => (await listIn(folder)).open.map(({ deadLetter }) => deadLetter.recordId)

async function completeAll(folder: string, store = new DiskDeadLetterStore(folder)): Promise<void> {
  const { open } = await listIn(folder)
  await store.complete(open.map(each => ({ open: each, location: 'kafka:chat-0@1' })))
  await store.close()
}

/** Makes all files of a folder older. */
function age(folder: string, ms: number): void {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name)
    const then = new Date(statSync(path).mtimeMs - ms)
    utimesSync(path, then, then)
  }
}

/** As if its holder had written it so long ago, by the file system and by the machine. */
function ageLock(folder: string, ms: number): void {
  const lock = join(folder, 'redrive.lock')
  const { mtimeMs } = statSync(lock)
  const [holder, boot, upMs] = readFileSync(lock, 'utf8').split(' ')
  writeFileSync(lock, `${holder} ${boot} ${String(Number(upMs) - ms).padStart(13, '0')}`)
  utimesSync(lock, new Date(mtimeMs - ms), new Date(mtimeMs - ms))
}

const segmentsOf = (folder: string) => readdirSync(folder).filter(name => /\.seg2?$/.test(name))

/** Names, contents and times of a folder. */
function snapshot(folder: string): unknown[] {
  return readdirSync(folder).map(name => {
    const path = join(folder, name)
    const { mtimeMs, size, mode } = statSync(path)
    return [name, mtimeMs, size, mode, readFileSync(path, 'hex')]
  })
}

test('reading changes nothing, even if everything is completed and old', async () => {
  const folder = newFolder()
  await storeIn(folder, [deadLetterOf('a'), deadLetterOf('b')])
  await completeAll(folder)
  await storeIn(folder, [deadLetterOf('c')])
  age(folder, 100 * HOUR)
  const before = snapshot(folder)
  const folderTime = statSync(folder).mtimeMs
  const store = new DiskDeadLetterStore(folder)
  assert.equal((await Array.fromAsync(store.deadLetters({ purpose: 'look' }))).length, 1)
  await store.close()
  assert.deepEqual(snapshot(folder), before)
  assert.equal(statSync(folder).mtimeMs, folderTime)
})

test('a missing folder is `not-found`, and is not created', async () => {
  writeFileSync(join(root, 'file'), '')
  for (const folder of [join(root, 'nowhere', 'deep'), join(root, 'file')]) {
    const store = new DiskDeadLetterStore(folder)
    await assert.rejects(Array.fromAsync(store.deadLetters()), { name: 'DeadLetterError', code: 'not-found' })
    await assert.rejects(store.lease(), { name: 'DeadLetterError', code: 'not-found' })
    await store.close()
  }
  assert.ok(!existsSync(join(root, 'nowhere')))
})

test('a broken link, a directory and a named pipe among the segments are reported; the others are read', async () => {
  const folder = newFolder()
  await storeIn(folder, [deadLetterOf('a')])
  symlinkSync('/nowhere/at/all', join(folder, '1-link.seg2'))
  mkdirSync(join(folder, '2-directory.seg'))
  execFileSync('mkfifo', [join(folder, '3-pipe.seg')])
  const { open, unreadable } = await listIn(folder)
  assert.equal(open.length, 1)
  assert.deepEqual(unreadable, [
    { location: join(folder, '1-link.seg2'), reason: "it can't be opened (ENOENT)", count: 1 },
    { location: join(folder, '2-directory.seg'), reason: "it can't be opened (EISDIR)", count: 1 },
    { location: join(folder, '3-pipe.seg'), reason: "it can't be opened (ENOTSUP)", count: 1 },
  ])
})

test('the folder is 0700, and everything in it 0600', async () => {
  const folder = join(root, 'private', 'deep')
  const target = new DiskDeadLetterTarget(folder)
  await target.store([deadLetterOf('a')])
  await target.storeClaim('4mQzX0c9T2uYk1rVbN7aWg', Buffer.from('value'))
  const store = new DiskDeadLetterStore(folder)
  const lease = await store.lease()
  await completeAll(folder, store)
  await store.tidy()
  const modes = (path: string) => (statSync(path).mode & 0o777).toString(8)
  for (const path of [join(root, 'private'), folder, join(folder, 'claims')]) assert.equal(modes(path), '700', path)
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter(entry => entry.isFile())
  assert.ok(files.length >= 4)
  for (const { parentPath, name } of files) assert.equal(modes(join(parentPath, name)), '600', name)
  await lease.release()
  await target.close()
})

test('entries with one id are merged only if their records are equal; each is completed separately', async () => {
  const folder = newFolder()
  const plain = deadLetterOf('a')
  const traced = {
    ...plain,
    record: { ...plain.record, headers: [{ name: 'traceparent', value: 'AA==' }] },
  }
  const later = { ...plain, record: { ...plain.record, timestamp: 17 } }
  const elsewhere = { ...plain, record: { ...plain.record, partition: 3, partitionFixedBy: 'partitioner' as const } }
  const tried = { ...plain, redrive: { count: 2, lastAt: new Date(0).toISOString(), lastCode: 'quota' } }
  const locations = await storeIn(folder, [plain, traced, later, elsewhere, tried, deadLetterOf('b')])
  const { open } = await listIn(folder)
  assert.deepEqual(
    open.map(({ location, handle }) => [location, [...handle].sort()]),
    [
      // The first one stands for all of the same record, whatever its span, partition and attempts.
      [locations[0], [locations[0], locations[1], locations[3], locations[4]].map(String).sort()],
      [locations[2], [locations[2]]],
      [locations[5], [locations[5]]],
    ],
  )
  const store = new DiskDeadLetterStore(folder)
  await store.complete([{ open: open[0] as OpenDeadLetter<Handle>, location: 'kafka:chat-0@1' }])
  await store.close()
  assert.deepEqual(
    (await listIn(folder)).open.map(({ location }) => location),
    [locations[2], locations[5]],
  )
})

test('of two copies, the one that may be in the log stands for both', async () => {
  const folder = newFolder()
  const plain = deadLetterOf('a')
  const window = { from: plain.failure.firstAt, to: plain.failure.lastAt }
  const doubtful: DeadLetter = {
    ...plain,
    failure: { ...plain.failure, outcome: 'unknown' },
    inDoubt: { partition: 0, producerId: 1, producerEpoch: 0, baseSequence: 0, indexInBatch: 0, ...window },
  }
  await storeIn(folder, [doubtful, { ...plain, redrive: { ...plain.redrive, count: 4 } }])
  assert.deepEqual(
    (await listIn(folder)).open.map(({ deadLetter, handle }) => [deadLetter.failure.outcome, handle.length]),
    [['unknown', 2]],
  )
})

test('tidy removes completed segments after a day, with their notes, and nothing else', async () => {
  const folder = newFolder()
  await storeIn(folder, [deadLetterOf('a')])
  await storeIn(folder, [deadLetterOf('b')])
  await completeAll(folder)
  const store = new DiskDeadLetterStore(folder)
  await store.tidy()
  assert.equal(segmentsOf(folder).length, 3)
  age(folder, 23 * HOUR)
  await storeIn(folder, [deadLetterOf('c')])
  await store.tidy()
  assert.equal(segmentsOf(folder).length, 4)
  age(folder, 2 * HOUR)
  await store.tidy()
  assert.equal(segmentsOf(folder).length, 1)
  assert.deepEqual(await idsIn(folder), ['c'])
  await store.close()
})

test('a note is kept as long as the dead letters that it completes; a crash of tidy opens none again', async () => {
  const folder = newFolder()
  // The notes are in a file with an older name than the dead letters.
  const notes = new DiskDeadLetterStore(folder)
  const [first] = await storeIn(folder, [deadLetterOf('a')])
  await completeAll(folder, notes)
  await storeIn(folder, [deadLetterOf('b')])
  renameSync(join(folder, segmentsOf(folder)[1] as string), join(folder, '0-notes.seg2'))
  const name = String(first).slice('disk:'.length, -'#0'.length)
  age(folder, 48 * HOUR)
  // Still written to, so that it stays.
  utimesSync(join(folder, name), new Date(), new Date())
  const store = new DiskDeadLetterStore(folder)
  await store.tidy()
  assert.deepEqual([existsSync(join(folder, '0-notes.seg2')), await idsIn(folder)], [true, ['b']])
  age(folder, 48 * HOUR)
  await store.tidy()
  assert.deepEqual([existsSync(join(folder, '0-notes.seg2')), existsSync(join(folder, name))], [false, false])
  assert.deepEqual(await idsIn(folder), ['b'])
  await store.close()
})

test('a writer whose segment was removed stores in a new one what it appends', async () => {
  const folder = newFolder()
  const target = new DiskDeadLetterTarget(folder)
  await target.store([deadLetterOf('a')])
  await completeAll(folder)
  age(folder, 48 * HOUR)
  const store = new DiskDeadLetterStore(folder)
  await store.tidy()
  assert.deepEqual(segmentsOf(folder), [])
  const [location] = await target.store([deadLetterOf('b')])
  const { open } = await listIn(folder)
  assert.deepEqual(
    open.map(each => [each.deadLetter.recordId, each.location]),
    [['b', location]],
  )
  await target.close()
})

test('a removal that was interrupted is taken back by the next lease', async () => {
  const folder = newFolder()
  await storeIn(folder, [deadLetterOf('a')])
  const [name = ''] = segmentsOf(folder)
  renameSync(join(folder, name), join(folder, `${name}.removed`))
  const lease = await new DiskDeadLetterStore(folder).lease()
  await lease.release()
  assert.deepEqual(await idsIn(folder), ['a'])
})

/** The rule by which 0.1 removes segments: it sees `.seg` only, and takes what it can't read for nothing. */
function removeAs01(folder: string): string[] {
  const segments = readdirSync(folder)
    .filter(name => name.endsWith('.seg'))
    .map(name => {
      const bytes = readFileSync(join(folder, name))
      const open: string[] = []
      const closes: string[] = []
      for (let offset = 0; offset + 8 <= bytes.length; ) {
        const length = bytes.readUInt32BE(offset)
        if (length > 64 * 1024 * 1024 || offset + 8 + length > bytes.length) break
        // 0.1 throws here where the JSON is empty: then it can't read the folder at all.
        const json = JSON.parse(bytes.toString('utf8', offset + 8, offset + 8 + length))
        if (json.schemaVersion === 1 && VERSION_1_TABLE_KEY in json) open.push(`disk:${name}#${offset}`)
        else if (Array.isArray(json.of)) closes.push(...json.of)
        offset += 8 + length
      }
      return { name, open, closes }
    })
  const closed = new Set(segments.flatMap(({ closes }) => closes))
  let done = segments.filter(({ open }) => open.every(location => closed.has(location)))
  const isStaying = (name: string) => segments.some(each => each.name === name && !done.includes(each))
  for (let before = -1; before !== done.length; ) {
    before = done.length
    done = done.filter(({ closes }) => !closes.some(location => isStaying(location.slice(5, location.indexOf('#')))))
  }
  for (const { name } of done) rmSync(join(folder, name))
  const gone = new Set(done.map(({ name }) => name))
  return segments.flatMap(({ name, open }) => (gone.has(name) ? [] : open.filter(each => !closed.has(each))))
}

test('rollback: 0.1 removes nothing of this version, and does not send again what this version completed', async () => {
  const folder = newFolder()
  const samples = 'test/dead-letter/samples-0.1/disk'
  for (const name of readdirSync(samples)) writeFileSync(join(folder, name), readFileSync(join(samples, name)))
  const before = (await listIn(folder)).open
  assert.equal(before.length, 5)
  await storeIn(folder, [deadLetterOf('new')])

  const store = new DiskDeadLetterStore(folder)
  const lease = await store.lease()
  await store.reserve(before)
  await store.complete(before.slice(0, 3).map(open => ({ open, location: 'kafka:chat-0@1' })))
  const replaced = before[3] as OpenDeadLetter<Handle>
  await store.replace(replaced, { ...replaced.deadLetter, redrive: { ...replaced.deadLetter.redrive, count: 4 } })
  // Killed here: 0.1 meets the room that was reserved.
  const openIn01 = removeAs01(folder)
  assert.deepEqual(openIn01, [before[4]?.location])
  const after01 = (await listIn(folder)).open
  assert.deepEqual(
    after01.map(({ deadLetter }) => [deadLetter.recordId, deadLetter.redrive.count]).sort(),
    [
      [before[4]?.deadLetter.recordId, before[4]?.deadLetter.redrive.count],
      [replaced.deadLetter.recordId, 4],
      ['new', 0],
    ].sort(),
  )
  await store.close()
  await lease.release()
})

test('another redrive gets the lease once it is released, or a minute after its holder died', async () => {
  const folder = newFolder()
  const [one, other] = [new DiskDeadLetterStore(folder), new DiskDeadLetterStore(folder)]
  const lease = await one.lease()
  await lease.check()
  await lease.renew()
  await assert.rejects(other.lease(), { code: 'redrive-running' })
  ageLock(folder, 59_000)
  await assert.rejects(other.lease(), { code: 'redrive-running' })
  ageLock(folder, 2000)
  const next = await other.lease()
  // Asked before its next batch, the first holder hears of it, and leaves the lock to the other.
  await assert.rejects(lease.check(), { code: 'redrive-running' })
  await assert.rejects(lease.renew(), { code: 'redrive-running' })
  await assert.rejects(lease.release(), { code: 'redrive-running' })
  await next.check()
  await next.release()
  await next.release()
  assert.deepEqual(readdirSync(folder), [])
})

test('a lock with a future time, after the clock was set back, does not block a redrive', async () => {
  for (const content of ['somebody', '']) {
    const folder = newFolder()
    const lock = join(folder, 'redrive.lock')
    writeFileSync(lock, content)
    const tomorrow = new Date(Date.now() + 24 * HOUR)
    utimesSync(lock, tomorrow, tomorrow)
    const lease = await new DiskDeadLetterStore(folder).lease()
    await lease.check()
    await lease.release()
    assert.deepEqual(readdirSync(folder), [])
  }
})

test('after the clock is set forward, a living holder keeps its lease', async () => {
  const folder = newFolder()
  const [one, other] = [new DiskDeadLetterStore(folder), new DiskDeadLetterStore(folder)]
  const lease = await one.lease()
  age(folder, 24 * HOUR)
  await assert.rejects(other.lease(), { code: 'redrive-running' })
  await lease.check()
  await lease.renew()
  // Of another machine, or of 0.1, only the time of the file is known.
  for (const content of ['somebody', `somebody ${'0'.repeat(36)} ${'9'.repeat(13)}`, 'somebody - 9999999999999']) {
    writeFileSync(join(folder, 'redrive.lock'), content)
    age(folder, 61_000)
    await (await other.lease()).release()
  }
})

test('the lease is renewed by the clock of the file system', async () => {
  const folder = newFolder()
  const lease = await new DiskDeadLetterStore(folder).lease()
  age(folder, 50_000)
  const before = statSync(join(folder, 'redrive.lock')).mtimeMs
  await lease.renew()
  assert.ok(statSync(join(folder, 'redrive.lock')).mtimeMs >= before + 50_000)
  await lease.release()
})

test('the limit counts open dead letters: once all are completed, the same amount can be stored again', async () => {
  const folder = newFolder()
  const maxBytes = 20_000
  const fill = async (name: string) => {
    const target = new DiskDeadLetterTarget(folder, { maxBytes })
    let stored = 0
    for (;;) {
      const result = await target.store([deadLetterOf(`${name}-${stored}`)]).catch((error: unknown) => error)
      if (result instanceof DeadLetterError) break
      stored++
    }
    await target.close()
    return stored
  }
  const first = await fill('a')
  assert.ok(first > 20)
  const store = openStore({ kind: 'disk', folder, maxBytes })
  const lease = await store.lease()
  await completeAll(folder, store)
  await store.tidy()
  assert.equal(await fill('b'), first)

  // A cap that can't be looked up counts everything.
  writeFileSync(join(folder, 'completed-bytes.json'), '{"broken')
  assert.equal(await fill('c'), 0)
  await completeAll(folder, store)
  age(folder, HOUR)
  await store.tidy()
  // With a cap, what is completed goes as soon as its writer has left it.
  assert.deepEqual(segmentsOf(folder), [])
  await lease.release()
})

test('what the cap does not count is, per segment, the completed dead letters and the notes', async () => {
  const folder = newFolder()
  const deadLetters = ['a', 'b', 'c', 'd'].map(id => deadLetterOf(id, `value of ${id}`.repeat(id === 'a' ? 9 : 1)))
  await storeIn(folder, deadLetters)
  const [segment = ''] = segmentsOf(folder)
  const store = openStore({ kind: 'disk', folder })
  const lease = await store.lease()
  const { open } = await listIn(folder)
  const completed = open.filter(({ deadLetter: { recordId } }) => ['a', 'c'].includes(recordId))
  await store.complete(completed.map(each => ({ open: each, location: 'kafka:chat-0@1' })))
  await store.tidy()
  await lease.release()
  const notes = segmentsOf(folder).filter(name => name !== segment)
  assert.equal(notes.length, 1)
  const [first, , third] = deadLetters
  assert.deepEqual(JSON.parse(readFileSync(join(folder, 'completed-bytes.json'), 'utf8')), {
    [segment]: entryBytes('seg2', first) + entryBytes('seg2', third),
    [notes[0] as string]: statSync(join(folder, notes[0] as string)).size,
  })
})

test('room for the notes is reserved before anything is sent: on a full disk the batch is refused', async t => {
  const folder = newFolder()
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', folder], { stdio: 'ignore' })
  } catch {
    t.diagnostic('not tried: no right to mount')
    return
  }
  const ballast = join(folder, 'ballast')
  try {
    await storeIn(
      folder,
      [1, 2, 3, 4].map(n => deadLetterOf(`id-${n}`, 'x'.repeat(4000))),
    )
    const { open } = await listIn(folder)
    const store = new DiskDeadLetterStore(folder)
    const fillUp = (keepFree: number) => {
      rmSync(ballast, { force: true })
      const { bavail, bsize } = statfs(folder)
      writeFileSync(ballast, Buffer.alloc(Math.max(0, bavail * bsize - keepFree)))
    }
    fillUp(0)
    const before = readdirSync(folder).sort()
    await assert.rejects(store.lease(), { name: 'DeadLetterError', code: 'dead-letter', message: /ENOSPC/ })
    assert.deepEqual(readdirSync(folder).sort(), before)

    fillUp(8192)
    const lease = await store.lease()
    await assert.rejects(store.reserve(open), { name: 'DeadLetterError', code: 'dead-letter', message: /ENOSPC/ })
    assert.equal((await listIn(folder)).open.length, 4)
    assert.equal(segmentsOf(folder).length, 1)

    // What was reserved is there although others take the rest.
    fillUp(100_000)
    await store.reserve(open)
    writeFileSync(join(folder, 'more'), Buffer.alloc(statfs(folder).bavail * statfs(folder).bsize))
    assert.equal(statfs(folder).bavail, 0)
    const [first, second, ...others] = open as [OpenDeadLetter<Handle>, OpenDeadLetter<Handle>]
    await store.replace(first, { ...first.deadLetter, redrive: { ...first.deadLetter.redrive, count: 1 } })
    await store.replace(second, { ...second.deadLetter, redrive: { ...second.deadLetter.redrive, count: 1 } })
    await store.complete(others.map(each => ({ open: each, location: 'kafka:chat-0@1' })))
    await store.tidy()
    await lease.release()
    const { open: left, unreadable } = await listIn(folder)
    assert.deepEqual(
      left.map(({ deadLetter }) => [deadLetter.recordId, deadLetter.redrive.count]),
      [
        ['id-1', 1],
        ['id-2', 1],
      ],
    )
    assert.deepEqual(unreadable, [])
  } finally {
    execFileSync('umount', ['-l', folder])
  }
})

function statfs(folder: string): { readonly bavail: number; readonly bsize: number } {
  const [bavail = 0, bsize = 0] = execFileSync('stat', ['-f', '-c', '%a %S', folder], { encoding: 'utf8' })
    .split(' ')
    .map(Number)
  return { bavail, bsize }
}

test('room that was reserved and not used is released', async () => {
  const folder = newFolder()
  await storeIn(folder, [deadLetterOf('a')])
  const { open } = await listIn(folder)
  const store = new DiskDeadLetterStore(folder)
  await store.reserve(open)
  assert.deepEqual((await listIn(folder)).unreadable, [])
  await store.close()
  assert.equal(segmentsOf(folder).length, 1)
  await store.reserve(open)
  await store.complete(open.map(each => ({ open: each, location: 'kafka:chat-0@1' })))
  await store.close()
  const sizes = segmentsOf(folder).map(name => statSync(join(folder, name)).size)
  assert.ok((sizes[1] ?? 0) < 300, String(sizes))
})

test('a note about a missing entry completes nothing', async () => {
  const folder = newFolder()
  const [location = ''] = await storeIn(folder, [deadLetterOf('a')])
  const of = ['disk:../x.seg2#0', 'disk:nowhere.seg2#0', location.replace('#0', '#1'), 'nonsense', null, 7]
  const note = encodeEntry('seg2', { closed: 'x', of, location: 'kafka:chat-0@1' })
  writeFileSync(join(folder, '1-notes.seg2'), Buffer.concat(note))
  assert.deepEqual(await idsIn(folder), ['a'])
})

/** A note of the greatest length, for which room is reserved. */
const longestNote = (deadLetter: DeadLetter, of: readonly string[]) => ({
  closed: deadLetter.deadLetterId,
  of,
  location: 'x'.repeat(320),
})

test('the room for a batch is that of its notes, and of each dead letter in a new version', async () => {
  const folder = newFolder()
  const samples = 'test/dead-letter/samples-0.1/disk'
  for (const name of readdirSync(samples)) writeFileSync(join(folder, name), readFileSync(join(samples, name)))
  await storeIn(folder, [deadLetterOf('twice'), deadLetterOf('twice'), deadLetterOf('once')])
  const before = new Set(segmentsOf(folder))
  const { open } = await listIn(folder)
  const store = new DiskDeadLetterStore(folder)
  await store.reserve(open)
  const sizes = Object.fromEntries(
    segmentsOf(folder)
      .filter(name => !before.has(name))
      .map(name => [name.slice(name.lastIndexOf('.') + 1), statSync(join(folder, name)).size]),
  )
  const expected = { seg: 0, seg2: 0 }
  for (const { deadLetter, handle } of open) {
    const format = /\.seg#/.test(handle.join()) ? 'seg' : 'seg2'
    expected[format] += entryBytes(format, longestNote(deadLetter, handle))
    expected.seg2 += entryBytes('seg2', deadLetter) + 2048
  }
  assert.ok(expected.seg > 0)
  assert.deepEqual(sizes, expected)
  await store.close()
  assert.deepEqual(new Set(segmentsOf(folder)), before)
  await store.reserve([])
  assert.deepEqual(new Set(segmentsOf(folder)), before)
})

test('reading ends when it is asked to, and skips a segment that was removed meanwhile', async () => {
  const folder = newFolder()
  await storeIn(folder, [deadLetterOf('a'), deadLetterOf('b')])
  await pause(2)
  await storeIn(folder, [deadLetterOf('c')])
  const idsUntil = async (id: string, act: (abort: AbortController) => void) => {
    const abort = new AbortController()
    const ids: string[] = []
    const unreadable: Unreadable[] = []
    const store = new DiskDeadLetterStore(folder)
    const options = { signal: abort.signal, onUnreadable: (each: Unreadable) => unreadable.push(each) }
    for await (const { deadLetter } of store.deadLetters(options)) {
      ids.push(deadLetter.recordId)
      if (deadLetter.recordId === id) act(abort)
    }
    assert.deepEqual(unreadable, [])
    return ids
  }
  assert.deepEqual(await idsUntil('a', abort => abort.abort()), ['a'])
  assert.deepEqual(await idsUntil('', () => {}), ['a', 'b', 'c'])
  assert.deepEqual(await idsUntil('a', () => rmSync(join(folder, segmentsOf(folder)[1] as string))), ['a', 'b'])
})

test('what changes while it is read, and a dead letter with such a copy, is reported and not given', async () => {
  const folder = newFolder()
  // More than a chunk apart, so that none of them is read ahead.
  const large = (id: string) => deadLetterOf(id, 'x'.repeat(300_000))
  const locations = await storeIn(folder, [large('a'), large('b'), large('copied'), large('copied'), large('c')])
  const [name = ''] = segmentsOf(folder)
  const path = join(folder, name)
  const offsets = locations.map(location => Number(location.slice(location.indexOf('#') + 1)))
  const unreadable: Unreadable[] = []
  const ids: string[] = []
  const store = new DiskDeadLetterStore(folder)
  for await (const { deadLetter } of store.deadLetters({ onUnreadable: each => unreadable.push(each) })) {
    ids.push(deadLetter.recordId)
    if (deadLetter.recordId !== 'a') continue
    const bytes = readFileSync(path)
    for (const at of [1, 3]) bytes[(offsets[at] as number) + 100_000] = 0
    writeFileSync(path, bytes)
  }
  assert.deepEqual(ids, ['a', 'c'])
  assert.deepEqual(unreadable, [
    { location: `${path} at byte ${offsets[1]}`, reason: 'it changed while it was read', count: 1 },
    { location: `disk:${name}#${offsets[2]}`, reason: 'a copy of it can’t be read', count: 1 },
  ])
})

test('the errors of a folder say what could not be done, and why', async () => {
  const missing = new DiskDeadLetterStore(join(root, 'missing'))
  const message = `There is no folder ${join(root, 'missing')}: no dead letter was stored there.`
  for (const work of [() => Array.fromAsync(missing.deadLetters()), () => missing.lease(), () => missing.tidy()])
    await assert.rejects(work(), { code: 'not-found', message })
  const folder = newFolder()
  const store = new DiskDeadLetterStore(folder)
  mkdirSync(join(folder, 'redrive.stop'))
  const lease = await store.lease()
  await assert.rejects(store.requestStop(), {
    code: 'dead-letter',
    retriable: true,
    message: 'The request to stop can’t be written (EISDIR).',
  })
  rmSync(join(folder, 'redrive.stop'), { recursive: true })
  await lease.release()
  mkdirSync(join(folder, 'redrive.sending'))
  const sending = 'The redrive can’t write to disk which dead letters it is sending, so it sends nothing'
  await assert.rejects(store.sending.read(), { code: 'dead-letter', message: `${sending} (EISDIR).` })
  await assert.rejects(store.sending.write('x'), { code: 'dead-letter', message: `${sending} (EISDIR).` })
  await assert.rejects(store.sending.remove(), { code: 'dead-letter', message: `${sending} (ERR_FS_EISDIR).` })
  rmSync(join(folder, 'redrive.sending'), { recursive: true })
  assert.equal(await store.sending.read(), undefined)
  await store.sending.write('note')
  assert.equal(await store.sending.read(), 'note')
  await store.sending.remove()
  await store.sending.remove()
  assert.deepEqual(readdirSync(folder), [])
})

test('a found dead letter is completed at its location; one with a claim check is not verified', async () => {
  const folder = newFolder()
  const store = new DiskDeadLetterStore(folder)
  const deadLetter = deadLetterOf('found')
  const claimed = { ...deadLetter, claimCheck: { target: 'disk:/x', sha256: '0'.repeat(64), bytes: 5 } }
  const location = 'disk:a.seg2#7'
  assert.deepEqual(await store.find(deadLetter, location), { deadLetter, location, verified: true, handle: [location] })
  assert.equal((await store.find(claimed, location)).verified, false)
})
