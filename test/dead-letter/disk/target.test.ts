// Dead letters on disk: what is stored, its limit, its owner and its errors.
import assert from 'node:assert/strict'
import {
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { open } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { type DeadLetter, deadLetterId, recordOf, toDeadLetter } from '../../../lib/dead-letter/dead-letter.ts'
import type { OpenDeadLetter } from '../../../lib/dead-letter/dead-letter-store.ts'
import { encodeEntry, entryBytes } from '../../../lib/dead-letter/disk/segment.ts'
import { DiskDeadLetterStore } from '../../../lib/dead-letter/disk/store.ts'
import { createDiskTarget, DiskDeadLetterTarget, disk } from '../../../lib/dead-letter/disk/target.ts'
import { DeadLetterError, DeliveryError } from '../../../lib/errors.ts'

function deadLetter(n: number): DeadLetter {
  const serialized = {
    topic: 't',
    partition: 1,
    partitionFixedBy: 'partitioner' as const,
    key: Buffer.from(`k${n}`),
    value: Buffer.from([0, 255, n]),
    headers: [['h', null]] as const,
    wireSize: 50,
  }
  const record = { topic: 't', value: 'x' }
  const inDoubt = { producerId: 9n, epoch: 1, baseSequence: 4, indexInBatch: 0, clusterId: 'c-1', fromOffset: 7n }
  const error = new DeliveryError('delivery-unknown', 'x', { outcome: 'unknown' })
  return toDeadLetter(
    {
      kind: 'failed',
      record,
      serialized,
      failureKind: 'delivery-failure',
      outcome: 'unknown',
      code: 'delivery-unknown',
      causeCode: 'REQUEST_TIMED_OUT',
      error,
      attempts: 2,
      firstAt: 1,
      lastAt: 2,
      inDoubt,
    },
    `id-${n}`,
    { trigger: 'http', id: 'r', index: n, function: 'http', arn: null, receiveCount: null },
  )
}

function listIn(folder: string): Promise<OpenDeadLetter[]> {
  return Array.fromAsync(new DiskDeadLetterStore(folder).deadLetters())
}

async function inFolder(run: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'letters-test-'))
  try {
    await run(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

test('a dead letter is read back with the same bytes', async () => {
  await inFolder(async folder => {
    const disk = new DiskDeadLetterTarget(folder)
    const locations = await disk.store([deadLetter(1), deadLetter(2)])
    const listed = await listIn(folder)

    assert.deepEqual(
      listed.map(({ location }) => location),
      locations,
    )
    assert.deepEqual(recordOf(listed[1]?.deadLetter as DeadLetter).value, Buffer.from([0, 255, 2]))
    assert.deepEqual(recordOf(listed[0]?.deadLetter as DeadLetter).headers, [['h', null]])
    assert.equal(listed[0]?.deadLetter.inDoubt?.producerId, 9)
    const [file = ''] = readdirSync(folder)
    assert.equal(statSync(join(folder, file)).mode & 0o777, 0o600)
    await disk.close()
  })
})

test('a completed dead letter is no longer listed; once stored again, it is open again', async () => {
  await inFolder(async folder => {
    const writer = new DiskDeadLetterTarget(folder)
    const store = new DiskDeadLetterStore(folder)
    const ids = async () => (await listIn(folder)).map(({ deadLetter: { recordId } }) => recordId)
    await writer.store([deadLetter(1), deadLetter(2), deadLetter(1)])
    const [first] = await Array.fromAsync(store.deadLetters())
    assert.ok(first)
    await store.complete([{ open: first, location: 'kafka:t-0@1' }])
    assert.deepEqual(await ids(), ['id-2'])

    await writer.store([deadLetter(1)])
    assert.deepEqual((await ids()).sort(), ['id-1', 'id-2'])
    await writer.close()
    await store.close()
  })
})

test('the same record with the same id has the same dead letter id; other bytes have another', () => {
  const record = {
    topic: 't',
    key: null,
    value: Buffer.from('v'),
    headers: [['traceparent', Buffer.from('a')]] as const,
  }
  assert.equal(
    deadLetterId(record, 'id'),
    deadLetterId({ ...record, headers: [['traceparent', Buffer.from('b')]] }, 'id'),
  )
  assert.notEqual(deadLetterId(record, 'id'), deadLetterId({ ...record, value: null }, 'id'))
  assert.notEqual(deadLetterId(record, 'id'), deadLetterId({ ...record, key: Buffer.alloc(0) }, 'id'))
  assert.equal(deadLetterId(record, 'id').length, 22)
})

test('a folder that can’t be written is a DeadLetterError', async () => {
  await inFolder(async folder => {
    writeFileSync(join(folder, 'file'), '')
    await assert.rejects(new DiskDeadLetterTarget(join(folder, 'file', 'letters')).store([deadLetter(1)]), {
      name: 'DeadLetterError',
    })
  })
})

test('the limit counts what is written, not the room that a redrive has reserved', async () => {
  await inFolder(async folder => {
    const open = Array.from({ length: 50 }, (_, n) => deadLetter(n))
    const target = new DiskDeadLetterTarget(folder, { maxBytes: 100_000 })
    await target.store(open)
    const store = new DiskDeadLetterStore(folder)
    await store.reserve(await Array.fromAsync(store.deadLetters()))
    const sizes = readdirSync(folder).map(name => statSync(join(folder, name)).size)
    assert.ok(sizes.reduce((sum, size) => sum + size, 0) > 100_000, `${sizes}`)
    await target.store([deadLetter(50)])
    await Promise.all([target.close(), store.close()])
  })
})

test('what is written belongs to the owner of the folder', async () => {
  await inFolder(async folder => {
    const { uid } = statSync(folder)
    // Only root may change it.
    if (uid === 0) chownSync(folder, 65_534, 65_534)
    const target = new DiskDeadLetterTarget(folder)
    await target.store([deadLetter(1)])
    await target.close()
    await new DiskDeadLetterStore(folder).sending.write('{}')
    for (const name of readdirSync(folder)) assert.equal(statSync(join(folder, name)).uid, statSync(folder).uid, name)
  })
})

/** What the limit counts in a folder, bytes. */
async function usedIn(folder: string): Promise<number> {
  const target = new DiskDeadLetterTarget(folder, { maxBytes: 1 })
  const error = await target.store([deadLetter(1)]).catch((thrown: unknown) => thrown)
  assert.ok(error instanceof DeadLetterError)
  const [, used] =
    /^The disk target is full: KAFKA_DEAD_LETTER_DISK_MAX_BYTES is 1, (\d+) bytes are in use\.$/.exec(error.message) ??
    []
  assert.deepEqual([error.code, error.retriable], ['dead-letter', true])
  return Number(used)
}

test('the limit is exact, for all dead letters of a call together', async () => {
  await inFolder(async folder => {
    const [a, b, c] = [deadLetter(1), deadLetter(2), deadLetter(3)]
    const bytes = [a, b, c].reduce((sum, each) => sum + entryBytes('seg2', each), 0)
    const small = new DiskDeadLetterTarget(folder, { maxBytes: bytes - 1 })
    await small.store([a])
    await assert.rejects(small.store([b, c]), {
      message:
        `The disk target is full: KAFKA_DEAD_LETTER_DISK_MAX_BYTES is ${bytes - 1}, ` +
        `${entryBytes('seg2', a)} bytes are in use.`,
    })
    const exact = new DiskDeadLetterTarget(folder, { maxBytes: bytes })
    await exact.store([b, c])
    assert.equal(await usedIn(folder), bytes)
    await Promise.all([small.close(), exact.close()])
  })
})

test('of a segment with reserved room, the limit counts what is before that room, to the byte', async () => {
  await inFolder(async folder => {
    const count = async (...parts: Buffer[]) => {
      writeFileSync(join(folder, 'a.seg2'), Buffer.concat(parts))
      return usedIn(folder)
    }
    const filler = (bytes: number) => Buffer.alloc(bytes, 0xff)
    const entry = Buffer.concat(encodeEntry('seg2', { text: 'x'.repeat(77) }))
    assert.equal(await count(), 0)
    for (const bytes of [32, 33, 1000, 100_000]) {
      assert.equal(await count(filler(bytes)), 0, `${bytes}`)
      assert.equal(await count(entry, filler(bytes)), entry.length, `${bytes}`)
      assert.equal(await count(entry, entry, entry, filler(bytes)), 3 * entry.length, `${bytes}`)
      assert.equal(await count(entry, filler(bytes), entry), 2 * entry.length + bytes, `${bytes}`)
    }
    // Less than that may belong to an entry.
    for (const bytes of [1, 31]) {
      assert.equal(await count(filler(bytes)), bytes)
      assert.equal(await count(entry, filler(bytes)), entry.length + bytes)
    }
    // A redrive that runs has written recently.
    for (const [hours, used] of [
      [-1.1, entry.length + 1000],
      [-0.9, entry.length],
      [0.9, entry.length],
      [1.1, entry.length + 1000],
    ] as const) {
      await count(entry, filler(1000))
      const time = new Date(Date.now() + hours * 3_600_000)
      utimesSync(join(folder, 'a.seg2'), time, time)
      assert.equal(await usedIn(folder), used, `${hours}`)
    }
  })
})

test('the limit counts segments of both formats, without what is completed, and no other file', async () => {
  await inFolder(async folder => {
    for (const [name, bytes] of [
      ['a.seg2', 100],
      ['b.seg', 50],
      ['a.seg2.removed', 1000],
      ['claims', 1000],
      ['redrive.lock', 1000],
    ] as const)
      writeFileSync(join(folder, name), Buffer.alloc(bytes, 'x'))
    assert.equal(await usedIn(folder), 150)
    const completed = async (json: unknown) => {
      const text = typeof json === 'string' ? json : JSON.stringify(json)
      writeFileSync(join(folder, 'completed-bytes.json'), text)
      return usedIn(folder)
    }
    assert.equal(await completed({ 'a.seg2': 30 }), 120)
    assert.equal(await completed({ 'a.seg2': 30, 'b.seg': 20, 'gone.seg2': 99 }), 100)
    // More than there is, of another kind, or damaged.
    assert.equal(await completed({ 'a.seg2': 101 }), 50)
    for (const wrong of [{ 'a.seg2': -30 }, { 'a.seg2': '30' }, { 'a.seg2': null }, [30], null, '{"a.seg2":30', ''])
      assert.equal(await completed(wrong), 150, JSON.stringify(wrong))
  })
})

test('without a limit, a target does not look at what is in its folder', async () => {
  await inFolder(async folder => {
    mkdirSync(join(folder, 'completed-bytes.json'))
    const target = new DiskDeadLetterTarget(folder)
    assert.equal((await target.store([deadLetter(1)])).length, 1)
    await target.close()
    const limited = new DiskDeadLetterTarget(folder, { maxBytes: 1_000_000 })
    await assert.rejects(limited.store([deadLetter(1)]), {
      code: 'dead-letter',
      message: 'The disk target did not store the dead letters (EISDIR).',
    })
  })
})

test('the first dead letter of a limited target makes its folder', async () => {
  await inFolder(async folder => {
    const target = createDiskTarget({ kind: 'disk', folder: join(folder, 'new'), maxBytes: 100_000 })
    assert.equal(target.folder, join(folder, 'new'))
    await target.store([deadLetter(1)])
    assert.equal((await listIn(join(folder, 'new'))).length, 1)
    await target.close()
  })
})

test('a target flushes unless it is configured not to', async t => {
  await inFolder(async folder => {
    const handle = await open(folder)
    const flush = t.mock.method(Object.getPrototypeOf(handle), 'datasync')
    await handle.close()
    for (const [options, flushes] of [
      [{}, 1],
      [{ fsync: true }, 1],
      [{ fsync: false }, 0],
    ] as const) {
      const before = flush.mock.callCount()
      const target = createDiskTarget({ kind: 'disk', folder, ...options })
      await target.store([deadLetter(1)])
      await target.close()
      assert.equal(flush.mock.callCount() - before, flushes)
    }
  })
})

test('a claim is a file of its own, which is written again if it is stored again', async () => {
  await inFolder(async folder => {
    const target = new DiskDeadLetterTarget(folder)
    const { deadLetterId: id } = deadLetter(1)
    const path = join(folder, 'claims', id)
    assert.equal(await target.storeClaim(id, Buffer.from('first')), `disk:${path}`)
    await target.storeClaim(id, Buffer.from('first'))
    assert.deepEqual(readdirSync(join(folder, 'claims')), [id])
    assert.equal(readFileSync(path, 'utf8'), 'first')
  })
})

test('the setting of a disk target is a folder; flushing and the limit come from their own settings', () => {
  const context = { use: 'write', isInsideLambda: false, problem: (text: string) => assert.fail(text) } as const
  assert.equal(disk.parse('', context), undefined)
  assert.deepEqual(disk.parse('/mnt/letters', context), { kind: 'disk', folder: '/mnt/letters' })
  assert.deepEqual(disk.parse('/mnt/letters', { ...context, diskFsync: true }), {
    kind: 'disk',
    folder: '/mnt/letters',
  })
  assert.deepEqual(disk.parse('/mnt/letters', { ...context, diskFsync: false, diskMaxBytes: 7 }), {
    kind: 'disk',
    folder: '/mnt/letters',
    fsync: false,
    maxBytes: 7,
  })
})
