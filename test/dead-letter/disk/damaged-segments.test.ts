// Segments that are cut, damaged or of another version: every intact entry is read, what can't be read is reported, and
// no file with something unread is removed. The original bug: one flipped byte hid 999 dead letters, and `list` then
// deleted the file.
import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import type { DeadLetter } from '../../../lib/dead-letter/dead-letter.ts'
import type { Unreadable } from '../../../lib/dead-letter/dead-letter-store.ts'
import { BufferSource, readSegment, type SegmentSource } from '../../../lib/dead-letter/disk/read-segment.ts'
import { encodeEntry, type SegmentFormat } from '../../../lib/dead-letter/disk/segment.ts'
import { DiskDeadLetterStore } from '../../../lib/dead-letter/disk/store.ts'
import { VERSION_1_TABLE_KEY } from '../../../lib/dead-letter/version-1.ts'
import { deadLetterOf } from '../../support/dead-letter.ts'
import { newFolder } from '../../support/new-folder.ts'

const numRuns = Number(process.env.FAST_CHECK_RUNS ?? 300)

const FORMATS: readonly SegmentFormat[] = ['seg', 'seg2']
const NAME = '20261126T100000000Z-1-00000000'

/** Texts with everything that could be taken for a header: zeros, escapes, braces, many bytes per character. */
const deadLetters = fc
  .array(
    fc.oneof(fc.string({ unit: 'binary', maxLength: 40 }), fc.constantFrom('', '\0\0\0\0{}', 'ÿþKPDL', '{"a":1}')),
    {
      minLength: 1,
      maxLength: 6,
    },
  )
  .map(values => values.map((value, index) => deadLetterOf(`id-${index}-${value}`, value)))

interface Written {
  readonly bytes: Buffer
  /** Where each entry ends. */
  readonly ends: readonly number[]
}

function segmentOf(entries: readonly unknown[], format: SegmentFormat): Written {
  const chunks: Buffer[] = []
  const ends: number[] = []
  for (const entry of entries) {
    chunks.push(...encodeEntry(format, entry))
    ends.push(chunks.reduce((sum, { length }) => sum + length, 0))
  }
  return { bytes: Buffer.concat(chunks), ends }
}

async function read(bytes: Buffer, format: SegmentFormat): Promise<{ ids: string[]; damaged: number }> {
  const ids: string[] = []
  let damaged = 0
  for await (const item of readSegment(new BufferSource(bytes), format)) {
    if (item.kind === 'entry') ids.push((JSON.parse(item.json.toString()) as DeadLetter).recordId)
    else damaged += item.count
  }
  return { ids, damaged }
}

/** What a crash leaves behind an end, or the first bytes of a header that look the same. */
const isBlank = (bytes: Buffer) => bytes.every(byte => byte === 0 || byte === 0xff)
const idsOf = (entries: readonly DeadLetter[]) => entries.map(({ recordId }) => recordId)

for (const format of FORMATS) {
  test(`${format}: cut anywhere, every entry before the cut is read, and a cut entry is counted`, async () => {
    await fc.assert(
      fc.asyncProperty(deadLetters, fc.nat(), async (entries, place) => {
        const { bytes, ends } = segmentOf(entries, format)
        const cut = place % (bytes.length + 1)
        const whole = ends.filter(end => end <= cut).length
        const { ids, damaged } = await read(bytes.subarray(0, cut), format)
        assert.deepEqual(ids, idsOf(entries).slice(0, whole))
        assert.equal(damaged, isBlank(bytes.subarray(ends[whole - 1] ?? 0, cut)) ? 0 : 1)
      }),
      { numRuns },
    )
  })

  test(`${format}: a flipped byte costs the entry it is in, and no other`, async () => {
    await fc.assert(
      fc.asyncProperty(deadLetters, fc.nat(), fc.integer({ min: 1, max: 255 }), async (entries, place, mask) => {
        const { bytes, ends } = segmentOf(entries, format)
        const at = place % bytes.length
        bytes[at] = (bytes[at] as number) ^ mask
        const hit = ends.findIndex(end => at < end)
        const { ids, damaged } = await read(bytes, format)
        assert.deepEqual(
          ids,
          idsOf(entries).filter((_, index) => index !== hit),
        )
        assert.equal(damaged, 1)
      }),
      { numRuns: numRuns * 4 },
    )
  })

  test(`${format}: zeros and reserved room at the end cost nothing; zeros in the middle are counted`, async () => {
    await fc.assert(
      fc.asyncProperty(
        deadLetters,
        fc.oneof(
          { weight: 9, arbitrary: fc.integer({ min: 1, max: 5000 }) },
          { weight: 1, arbitrary: fc.integer({ min: 1, max: 700_000 }) },
        ),
        fc.constantFrom(0, 0xff),
        async (entries, length, filler) => {
          const { bytes } = segmentOf(entries, format)
          const end = Buffer.alloc(length, filler)
          assert.deepEqual(await read(Buffer.concat([bytes, end]), format), { ids: idsOf(entries), damaged: 0 })
          assert.deepEqual(await read(Buffer.concat([bytes, end, bytes]), format), {
            ids: [...idsOf(entries), ...idsOf(entries)],
            damaged: 1,
          })
        },
      ),
      { numRuns: Math.min(numRuns, 100) },
    )
  })

  test(`${format}: entries larger than a chunk are read on both sides of damage`, async () => {
    const entries = [0, 1, 2, 3].map(n => deadLetterOf(`id-${n}`, Buffer.alloc(n === 1 ? 900_000 : 300_000, n)))
    const { bytes, ends } = segmentOf(entries, format)
    bytes[(ends[0] as number) + 500_000] = 0
    assert.deepEqual(await read(bytes, format), { ids: ['id-0', 'id-2', 'id-3'], damaged: 1 })
  })

  test(`${format}: the bytes that are read grow with the file, whatever is in it`, async () => {
    const header = encodeEntry(format, { a: 'x'.repeat(300_000) })[0] as Buffer
    const traps = [
      Buffer.concat(Array.from({ length: 2000 }, () => header)),
      Buffer.concat(Array.from({ length: 2000 }, () => Buffer.from([0, 2, 0, 0, 1, 2, 3, 4, 0x7b, 0x7d]))),
      Buffer.alloc(1_000_000, 0x7d).fill(0, 0, 1),
    ]
    for (const trap of traps) {
      const counted = new CountingSource(trap)
      await Array.fromAsync(readSegment(counted, format))
      assert.ok(counted.bytesRead <= 64 * trap.length + 2 ** 24, `${counted.bytesRead} of ${trap.length}`)
    }
  })
}

class CountingSource implements SegmentSource {
  readonly #source: BufferSource
  bytesRead = 0

  constructor(bytes: Buffer) {
    this.#source = new BufferSource(bytes)
  }

  get size(): number {
    return this.#source.size
  }

  async read(buffer: Buffer, offset: number, length: number, position: number): Promise<number> {
    const bytesRead = await this.#source.read(buffer, offset, length, position)
    this.bytesRead += bytesRead
    return bytesRead
  }
}

/** Completes what can be read, makes every file two days old, and tidies. */
async function completeAndTidy(folder: string): Promise<{ ids: string[]; unreadable: Unreadable[] }> {
  const unreadable: Unreadable[] = []
  const store = new DiskDeadLetterStore(folder)
  const open = await Array.fromAsync(store.deadLetters({ onUnreadable: each => unreadable.push(each) }))
  await store.complete(open.map(each => ({ open: each, location: 'kafka:chat-0@1' })))
  await store.close()
  const old = new Date(Date.now() - 48 * 3_600_000)
  for (const name of readdirSync(folder)) utimesSync(join(folder, name), old, old)
  await store.tidy()
  return { ids: open.map(({ deadLetter }) => deadLetter.recordId), unreadable }
}

test('a file with something unread is never removed, and its damage is reported with file and byte', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...FORMATS),
      deadLetters,
      fc.nat(),
      fc.constantFrom('cut', 'flip'),
      async (format, entries, place, damage) => {
        const folder = newFolder()
        const path = join(folder, `${NAME}.${format}`)
        const { bytes, ends } = segmentOf(entries, format)
        const at = place % bytes.length
        if (damage === 'flip') bytes[at] = (bytes[at] as number) ^ 1
        const stored = damage === 'flip' ? bytes : bytes.subarray(0, at)
        writeFileSync(path, stored)
        // Long ago, so that no writer is waited for.
        utimesSync(path, 1, 1)
        const begin = ends.findLast(end => end <= at) ?? 0
        const isWhole = damage === 'cut' && isBlank(stored.subarray(begin))
        const { unreadable } = await completeAndTidy(folder)
        if (isWhole) assert.deepEqual([unreadable, readdirSync(folder).includes(`${NAME}.${format}`)], [[], false])
        else {
          assert.equal(unreadable.length, 1)
          assert.equal(unreadable[0]?.location, `${path} at byte ${begin}`)
          assert.deepEqual(readFileSync(path), stored)
        }
      },
    ),
    { numRuns: Math.min(numRuns, 150) },
  )
})

test('other versions, wrong ids and foreign entries are counted and kept; all others are read', async () => {
  const good = ['a', 'b', 'c'].map(id => deadLetterOf(id))
  const [first, second, third] = good as [DeadLetter, DeadLetter, DeadLetter]
  const { deadLetterId, failure, schemaVersion: _, ...rest } = first
  const { kind: _kind, causeCode, ...sameFailure } = failure
  const version1 = {
    schemaVersion: 1,
    [VERSION_1_TABLE_KEY]: deadLetterId,
    ...rest,
    failure: { ...sameFailure, fault: 'system' },
  }
  assert.equal(causeCode, null)
  const entries = [
    { ...second, schemaVersion: 3, added: 'by a newer version' },
    second,
    { ...third, deadLetterId: second.deadLetterId },
    third,
    { something: 'else' },
  ]
  const folder = newFolder()
  writeFileSync(join(folder, `${NAME}.seg`), segmentOf([version1], 'seg').bytes)
  const path = join(folder, `${NAME}.seg2`)
  const { bytes, ends } = segmentOf(entries, 'seg2')
  writeFileSync(path, bytes)
  const { ids, unreadable } = await completeAndTidy(folder)
  assert.deepEqual(ids, ['a', 'b', 'c'])
  assert.deepEqual(unreadable, [
    {
      location: `${path} at byte 0`,
      reason: 'version 3 of the envelope is newer than this release supports (2)',
      count: 1,
    },
    { location: `${path} at byte ${ends[1]}`, reason: 'its id does not match its record', count: 1 },
    { location: `${path} at byte ${ends[3]}`, reason: 'it is not a dead letter', count: 1 },
  ])
  assert.deepEqual(readFileSync(path), bytes)
})

test('an entry that a newer version has completed is not reported', async () => {
  const folder = newFolder()
  const newer = { ...deadLetterOf('a'), schemaVersion: 3 }
  const note = { closed: newer.deadLetterId, of: [`disk:${NAME}.seg2#0`], location: 'kafka:chat-0@1' }
  writeFileSync(join(folder, `${NAME}.seg2`), segmentOf([newer, note], 'seg2').bytes)
  assert.deepEqual(await completeAndTidy(folder), { ids: [], unreadable: [] })
})

// The original bug: a redrive as another user wrote notes that the service could not read, so it sent everything again.
test('a dead letter that an unreadable note may complete is uncertain, and no other is', async () => {
  const letters = ['a', 'b', 'c'].map(id => deadLetterOf(id)) as [DeadLetter, DeadLetter, DeadLetter]
  const { bytes, ends } = segmentOf(letters, 'seg2')
  const offsets = [0, ...ends]
  const noteOf = (index: number) => ({
    closed: letters[index]?.deadLetterId,
    of: [`disk:${NAME}.seg2#${offsets[index]}`],
    location: 'kafka:chat-0@1',
  })
  const { bytes: notes, ends: noteEnds } = segmentOf([noteOf(0), noteOf(1)], 'seg2')
  const states = async (segment: Buffer | 'a folder' | undefined, deadLetterBytes = bytes) => {
    const folder = newFolder()
    writeFileSync(join(folder, `${NAME}.seg2`), deadLetterBytes)
    const path = join(folder, `${NAME.replace('-1-', '-2-')}.seg2`)
    if (segment === 'a folder') mkdirSync(path)
    else if (segment) writeFileSync(path, segment)
    const store = new DiskDeadLetterStore(folder)
    const open = await Array.fromAsync(store.deadLetters())
    await store.close()
    return open.map(({ deadLetter: { recordId }, isUncertain = false }) => `${recordId} ${isUncertain}`).join()
  }
  const flipped = (of: Buffer, at: number) => {
    const copy = Buffer.from(of)
    copy.writeUInt8(copy.readUInt8(at) ^ 0xff, at)
    return copy
  }
  assert.equal(await states(undefined), 'a false,b false,c false')
  assert.equal(await states(notes), 'c false')
  // At once, because a store waits for what may still be written.
  const damaged = await Promise.all(
    Array.from({ length: noteEnds[0] as number }, (_, at) => states(flipped(notes, at))),
  )
  for (const [at, result] of damaged.entries())
    assert.ok(['a true,c false', 'a true,c true'].includes(result), `byte ${at}: ${result}`)
  assert.equal(await states('a folder'), 'a true,b true,c true')
  assert.equal(await states(Buffer.concat([notes, Buffer.alloc(512), notes])), 'c true')
  // A write that was cut off completed nothing; a damaged dead letter is no note.
  assert.equal(await states(Buffer.concat([notes.subarray(0, 150), Buffer.alloc(100, 0xff)])), 'b false,c false')
  assert.equal(await states(undefined, flipped(bytes, (ends[0] as number) + 100)), 'a false,c false')
})
