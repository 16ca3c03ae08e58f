// How segment files are written: their bytes and names, what is flushed, reserved room, and what a failure leaves.
import assert from 'node:assert/strict'
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import {
  encodeEntry,
  entryBytes,
  formatOf,
  ifMissing,
  SegmentWriter,
  writeDurably,
} from '../../../lib/dead-letter/disk/segment.ts'
import { SegmentAppender } from '../../../lib/dead-letter/disk/segment-appender.ts'
import { DeadLetterError } from '../../../lib/errors.ts'
import { systemClock } from '../../../lib/time/clock.ts'
import { crc32c } from '../../../lib/wire-format/crc32c.ts'
import { newFolder } from '../../support/new-folder.ts'

/** What all file handles have their methods from. */
async function handles(): Promise<Awaited<ReturnType<typeof open>>> {
  const handle = await open(newFolder())
  await handle.close()
  return Object.getPrototypeOf(handle)
}

/** Makes one call of a method of file handles fail. */
async function failOnce(t: TestContext, method: 'datasync' | 'sync' | 'stat' | 'writev', code: string): Promise<void> {
  const mocked = t.mock.method(await handles(), method)
  mocked.mock.mockImplementationOnce(() => Promise.reject(Object.assign(new Error('of the disk'), { code })))
}

test('an entry is its header and JSON: length and checksums, big-endian, and the magic in the newer format', () => {
  const entry = { text: 'é' }
  const json = Buffer.from('{"text":"é"}')
  const numbers = (...values: number[]) => {
    const bytes = Buffer.alloc(4 * values.length)
    for (const [at, value] of values.entries()) bytes.writeUInt32BE(value, at * 4)
    return bytes
  }
  const fields = numbers(json.length, crc32c(json))
  assert.deepEqual(Buffer.concat(encodeEntry('seg', entry)), Buffer.concat([fields, json]))
  const checked = Buffer.concat([Buffer.from('fffe4b50444c', 'hex'), fields])
  assert.deepEqual(Buffer.concat(encodeEntry('seg2', entry)), Buffer.concat([checked, numbers(crc32c(checked)), json]))
  assert.deepEqual([entryBytes('seg', entry), entryBytes('seg2', entry)], [8 + 13, 18 + 13])
})

test('the format of a file is in its name', () => {
  assert.deepEqual(
    ['a.seg', 'a.seg2', 'a.seg3', 'a.seg.removed', 'seg', 'a.seg2x', 'completed-bytes.json'].map(formatOf),
    ['seg', 'seg2', undefined, undefined, undefined, undefined, undefined],
  )
})

test('a writer appends behind what it has written, and flushes each append if it is configured to', async t => {
  const folder = newFolder()
  const flush = t.mock.method(await handles(), 'datasync')
  const writer = await SegmentWriter.create(join(folder, 'a.seg2'))
  const [a, b, c] = [{ a: 1 }, { b: 'x'.repeat(100) }, { c: 3 }]
  const first = entryBytes('seg2', a)
  assert.deepEqual(await writer.append([a, b]), [0, first])
  assert.deepEqual(await writer.append([c]), [first + entryBytes('seg2', b)])
  assert.equal(flush.mock.callCount(), 2)
  await writer.close()
  assert.deepEqual(readFileSync(writer.path), Buffer.concat([a, b, c].flatMap(each => encodeEntry('seg2', each))))
  const quick = await SegmentWriter.create(join(folder, 'b.seg'), false)
  await quick.append([a])
  await quick.close()
  assert.equal(flush.mock.callCount(), 2)
  assert.deepEqual(readFileSync(quick.path), Buffer.concat(encodeEntry('seg', a)))
})

test('a new segment flushes its folder, and the parent of each folder that it made', async t => {
  const flush = t.mock.method(await handles(), 'sync')
  const flushes = async (path: string, fsync = true) => {
    const before = flush.mock.callCount()
    const writer = await SegmentWriter.create(path, fsync)
    await writer.close()
    return flush.mock.callCount() - before
  }
  const folder = newFolder()
  assert.equal(await flushes(join(folder, 'a.seg2')), 1)
  // `deep`, `new` and the folder above both.
  assert.equal(await flushes(join(folder, 'new', 'deep', 'a.seg2')), 3)
  assert.equal(await flushes(join(folder, 'other', 'a.seg2'), false), 0)
})

test('a segment whose folder can’t be flushed is not left behind', async t => {
  const folder = newFolder()
  await failOnce(t, 'sync', 'EIO')
  await assert.rejects(SegmentWriter.create(join(folder, 'a.seg2')), { code: 'EIO' })
  assert.deepEqual(readdirSync(folder), [])
})

test('reserved room is filler that later entries overwrite; closing gives back what is left', async () => {
  const folder = newFolder()
  const path = join(folder, 'a.seg2')
  const writer = await SegmentWriter.create(path)
  const entry = { text: 'x'.repeat(100) }
  const bytes = entryBytes('seg2', entry)
  const states = () => [statSync(path).size, writer.hasReserved]
  assert.deepEqual(states(), [0, false])
  await writer.reserve(bytes + 10)
  assert.deepEqual(states(), [bytes + 10, true])
  assert.ok(readFileSync(path).every(byte => byte === 0xff))
  // As much again is there already, and less is too.
  await writer.reserve(bytes + 10)
  await writer.reserve(5)
  assert.deepEqual(states(), [bytes + 10, true])
  await writer.append([entry])
  assert.deepEqual(states(), [bytes + 10, true])
  const content = readFileSync(path)
  assert.deepEqual(content.subarray(0, bytes), Buffer.concat(encodeEntry('seg2', entry)))
  assert.ok(content.subarray(bytes).every(byte => byte === 0xff))
  await writer.append([entry])
  assert.deepEqual(states(), [2 * bytes, false])
  await writer.reserve(7)
  assert.deepEqual(states(), [2 * bytes + 7, true])
  await writer.close()
  assert.equal(statSync(path).size, 2 * bytes)
})

test('room of more than a megabyte is reserved to the byte', async () => {
  const folder = newFolder()
  for (const bytes of [1024 * 1024 - 1, 1024 * 1024, 1024 * 1024 + 1, 2 * 1024 * 1024 + 5]) {
    const path = join(folder, `${bytes}.seg2`)
    const writer = await SegmentWriter.create(path)
    await writer.reserve(bytes)
    assert.equal(statSync(path).size, bytes)
    await writer.close()
    assert.equal(existsSync(path), false)
  }
})

test('a write of which the disk takes only a part is an error, as on a full disk', async t => {
  const folder = newFolder()
  const writer = await SegmentWriter.create(join(folder, 'a.seg2'))
  const writev = t.mock.method(await handles(), 'writev')
  writev.mock.mockImplementationOnce(async buffers => ({ bytesWritten: 7, buffers }))
  await assert.rejects(writer.append([{ a: 1 }]), { code: 'ENOSPC', message: 'Short write: 7 of 25 bytes.' })
  // The next append begins where this one did.
  assert.deepEqual(await writer.append([{ a: 1 }]), [0])
  await writer.close()
})

test('an entry that was written in part is cut off by closing, and a file without an entry is removed', async () => {
  const folder = newFolder()
  const path = join(folder, 'a.seg2')
  const writer = await SegmentWriter.create(path)
  const entry = { a: 1 }
  await writer.append([entry])
  writeFileSync(path, 'part of an entry', { flag: 'a' })
  await writer.close()
  assert.equal(statSync(path).size, entryBytes('seg2', entry))
  const empty = await SegmentWriter.create(join(folder, 'b.seg2'))
  await empty.close()
  assert.deepEqual(readdirSync(folder), ['a.seg2'])
})

test('a segment never replaces a file', async () => {
  const folder = newFolder()
  const path = join(folder, 'a.seg2')
  writeFileSync(path, 'there')
  await assert.rejects(SegmentWriter.create(path), { code: 'EEXIST' })
  assert.equal(readFileSync(path, 'utf8'), 'there')
})

test('a file is written as a whole or not at all, and leaves nothing else behind', async t => {
  const folder = newFolder()
  const path = join(folder, 'new', 'note')
  const flush = t.mock.method(await handles(), 'sync')
  await writeDurably(path, 'first')
  // The file, its folder and the folder above.
  assert.equal(flush.mock.callCount(), 3)
  await writeDurably(path, Buffer.from('second'))
  assert.equal(readFileSync(path, 'utf8'), 'second')
  assert.equal(statSync(path).mode & 0o777, 0o600)
  flush.mock.mockImplementationOnce(() => Promise.reject(Object.assign(new Error('of the disk'), { code: 'EIO' })))
  await assert.rejects(writeDurably(path, 'third'), { code: 'EIO' })
  assert.deepEqual([readFileSync(path, 'utf8'), readdirSync(join(folder, 'new'))], ['second', ['note']])
  mkdirSync(join(folder, 'taken'))
  await assert.rejects(writeDurably(join(folder, 'taken'), 'x'), { code: 'EISDIR' })
  assert.deepEqual(readdirSync(folder).sort(), ['new', 'taken'])
})

test('only a missing file is none; any other error stays', () => {
  for (const code of ['ENOENT', 'ENOTDIR']) assert.equal(ifMissing(Object.assign(new Error(code), { code })), undefined)
  const error = Object.assign(new Error('no right'), { code: 'EACCES' })
  assert.throws(
    () => ifMissing(error),
    thrown => thrown === error,
  )
})

test('a segment is named by its time, its process and a random part, and entries by file and offset', async () => {
  const folder = newFolder()
  const appender = new SegmentAppender(folder)
  const begin = new Date().toISOString().replaceAll(/[-:.]/g, '')
  const [first, second] = await appender.append([{ a: 1 }, { b: 2 }])
  await appender.close()
  const [name = ''] = readdirSync(folder)
  const [, time = '', process_ = ''] = /^(\d{8}T\d{9}Z)-(\d+)-[0-9a-f]{8}\.seg2$/.exec(name) ?? []
  assert.ok(time >= begin && time <= new Date().toISOString().replaceAll(/[-:.]/g, ''), name)
  assert.equal(process_, String(process.pid))
  assert.deepEqual([first, second], [`disk:${name}#0`, `disk:${name}#${entryBytes('seg2', { a: 1 })}`])
  const old = new SegmentAppender(folder, { format: 'seg' })
  assert.match(String(await old.append([{ a: 1 }])), /^disk:\d{8}T\d{9}Z-\d+-[0-9a-f]{8}\.seg#0$/)
  await old.close()
})

test('after ten minutes a new segment begins, unless the old one has reserved room', async t => {
  let passedMs = 0
  const { now } = systemClock
  t.mock.method(systemClock, 'now', () => now() + passedMs)
  const folder = newFolder()
  const appender = new SegmentAppender(folder)
  const append = async () => {
    await appender.append([{ a: 1 }])
    return readdirSync(folder).length
  }
  assert.equal(await append(), 1)
  passedMs = 10 * 60_000 - 5000
  assert.equal(await append(), 1)
  passedMs = 10 * 60_000 + 1000
  assert.equal(await append(), 2)
  passedMs *= 2
  await appender.reserve(0)
  assert.equal(await append(), 3)
  await appender.reserve(1000)
  passedMs *= 2
  assert.equal(await append(), 3)
  await appender.close()
  assert.equal(await append(), 4)
  await appender.close()
})

test('appends go one after the other; one that fails stores nothing and the next uses a new file', async t => {
  const folder = newFolder()
  const appender = new SegmentAppender(folder)
  await failOnce(t, 'datasync', 'EIO')
  const results = await Promise.allSettled([appender.append([{ a: 1 }]), appender.append([{ b: 2 }])])
  const [failed, stored] = results
  assert.equal(failed?.status, 'rejected')
  const error = failed.reason as DeadLetterError
  assert.ok(error instanceof DeadLetterError)
  assert.deepEqual(
    [error.code, error.message, error.retriable, (error.cause as { code?: string }).code],
    ['dead-letter', 'The disk target did not store the dead letters (EIO).', true, 'EIO'],
  )
  assert.equal(stored?.status, 'fulfilled')
  const [name = ''] = readdirSync(folder)
  assert.deepEqual([readdirSync(folder).length, stored.value], [1, [`disk:${name}#0`]])
  assert.deepEqual(readFileSync(join(folder, name)), Buffer.concat(encodeEntry('seg2', { b: 2 })))
  await appender.close()
})

test('where every new segment is removed, an append ends after three attempts', async t => {
  const folder = newFolder()
  const inPlace = t.mock.method(SegmentWriter.prototype, 'isInPlace', async () => false)
  const appender = new SegmentAppender(folder)
  const error = await appender.append([{ a: 1 }]).catch((thrown: unknown) => thrown)
  assert.ok(error instanceof DeadLetterError)
  assert.equal(error.message, 'The disk target did not store the dead letters (error).')
  assert.equal(
    (error.cause as Error).message,
    'Every new segment was removed by another process while it was written to.',
  )
  assert.deepEqual([inPlace.mock.callCount(), readdirSync(folder).length], [3, 3])
  let isFirst = true
  inPlace.mock.mockImplementation(async () => {
    const isThere = !isFirst
    isFirst = false
    return isThere
  })
  const [location = ''] = await appender.append([{ a: 1 }])
  assert.equal(location, `disk:${readdirSync(folder).sort().at(-1)}#0`)
  await appender.close()
})

test('the error of reserving or closing says which of them failed', async t => {
  const folder = newFolder()
  const appender = new SegmentAppender(folder)
  await failOnce(t, 'writev', 'ENOSPC')
  await assert.rejects(appender.reserve(10), {
    code: 'dead-letter',
    message: 'The disk has no room for the redrive’s notes; nothing of this batch was sent (ENOSPC).',
  })
  assert.deepEqual(readdirSync(folder), [])
  await appender.append([{ a: 1 }])
  await failOnce(t, 'stat', 'EIO')
  await assert.rejects(appender.close(), { message: 'A segment file could not be closed (EIO).' })
  await appender.close()
})

test('an append asks for room first, and keeps that error', async () => {
  const folder = newFolder()
  const asked: unknown[] = []
  const full = new DeadLetterError('dead-letter', 'It is full.')
  const appender = new SegmentAppender(folder, {
    checkRoom: async entries => {
      asked.push(entries)
      if (asked.length > 1) throw full
    },
  })
  await appender.append([{ a: 1 }])
  await assert.rejects(appender.append([{ b: 2 }]), error => error === full)
  assert.deepEqual(asked, [[{ a: 1 }], [{ b: 2 }]])
  await appender.close()
})

test('a folder that exists keeps its mode', async () => {
  const folder = newFolder()
  chmodSync(folder, 0o750)
  const writer = await SegmentWriter.create(join(folder, 'a.seg2'))
  await writer.append([{ a: 1 }])
  await writer.close()
  assert.deepEqual([statSync(folder).mode & 0o777, statSync(writer.path).mode & 0o777], [0o750, 0o600])
})
