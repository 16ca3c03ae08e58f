// Damage of each kind at known bytes, in both formats; damaged-segments.test.ts has it at random ones.
import assert from 'node:assert/strict'
import { appendFileSync, mkdirSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import {
  BufferSource,
  EntryReader,
  FileSource,
  readSegment,
  type SegmentSource,
} from '../../../lib/dead-letter/disk/read-segment.ts'
import { encodeEntry, HEADER_BYTES, MAGIC, type SegmentFormat } from '../../../lib/dead-letter/disk/segment.ts'
import { crc32c } from '../../../lib/wire-format/crc32c.ts'
import { temporaryFolder } from '../../../local/processes.ts'

const folder = temporaryFolder()
after(() => rmSync(folder, { recursive: true, force: true }))

const CHUNK = 256 * 1024
const entry = (format: SegmentFormat, value: unknown) => Buffer.concat(encodeEntry(format, value))

/** Entries as their JSON, damage as its range and count. */
async function read(source: SegmentSource | Buffer, format: SegmentFormat): Promise<unknown[]> {
  const items = readSegment(Buffer.isBuffer(source) ? new BufferSource(source) : source, format)
  return Array.fromAsync(items, item =>
    item.kind === 'entry' ? JSON.parse(item.json.toString()) : { from: item.offset, to: item.end, lost: item.count },
  )
}

for (const format of ['seg', 'seg2'] as const) {
  const [a, b, c] = [{ a: 1 }, { b: 'x'.repeat(50) }, { c: 3 }]
  const [first, second, third] = [a, b, c].map(value => entry(format, value)) as [Buffer, Buffer, Buffer]
  const headerBytes = HEADER_BYTES[format]

  test(`${format}: entries are read with where they begin and end, and the end is the end of the file`, async () => {
    const items = await Array.fromAsync(readSegment(new BufferSource(Buffer.concat([first, second])), format), item => [
      item.kind,
      item.offset,
      item.end,
    ])
    assert.deepEqual(items, [
      ['entry', 0, first.length],
      ['entry', first.length, first.length + second.length],
    ])
    assert.deepEqual(await read(Buffer.alloc(0), format), [])
  })

  test(`${format}: each byte of an entry that is changed costs this entry, whose range is reported`, async () => {
    const [from, to] = [first.length, first.length + second.length]
    for (let at = from; at < to; at++) {
      const bytes = Buffer.concat([first, second, third])
      bytes[at] = (bytes[at] as number) ^ 0x55
      assert.deepEqual(await read(bytes, format), [a, { from, to, lost: 1 }, c], `byte ${at - from}`)
    }
  })

  test(`${format}: an entry that is cut anywhere is lost, and none before it`, async () => {
    for (let cut = 1; cut < second.length; cut++)
      assert.deepEqual(
        await read(Buffer.concat([first, second.subarray(0, cut)]), format),
        // Of the magic, the first byte alone may be room that was reserved.
        cut === 1 || (format === 'seg' && cut < 4) ? [a] : [a, { from: first.length, to: first.length + cut, lost: 1 }],
        `cut at ${cut}`,
      )
  })

  test(`${format}: zeros and reserved room at the end are no damage; before an entry they are`, async () => {
    for (const filler of [0, 0xff])
      for (const length of [1, headerBytes, CHUNK, CHUNK + 1]) {
        const blank = Buffer.alloc(length, filler)
        assert.deepEqual(await read(Buffer.concat([first, blank]), format), [a], `${length} of ${filler}`)
        const to = first.length + length
        assert.deepEqual(await read(Buffer.concat([first, blank, third]), format), [
          a,
          { from: first.length, to, lost: 1 },
          c,
        ])
      }
    const mixed = Buffer.concat([first, Buffer.alloc(20), Buffer.alloc(20, 0xff), Buffer.from('x')])
    assert.deepEqual(await read(mixed, format), [a, { from: first.length, to: mixed.length, lost: 1 }])
  })

  test(`${format}: an entry with a length that no entry has is lost`, async () => {
    for (const length of [0, 1, 256 * 1024 * 1024 + 1, 0xffffffff]) {
      const header = Buffer.from(second.subarray(0, headerBytes))
      header.writeUInt32BE(length, format === 'seg' ? 0 : 6)
      const bytes = Buffer.concat([first, header, second.subarray(headerBytes), third])
      assert.deepEqual(
        await read(bytes, format),
        [a, { from: first.length, to: bytes.length - third.length, lost: 1 }, c],
        String(length),
      )
    }
  })

  test(`${format}: the smallest entry is two characters`, async () => {
    assert.deepEqual(await read(Buffer.concat([entry(format, {}), third]), format), [{}, c])
    assert.deepEqual(await read(entry(format, 7), format), [{ from: 0, to: headerBytes + 1, lost: 1 }])
  })

  test(`${format}: entries of about a chunk and larger are read beside small ones, also by their offset`, async () => {
    const sizes = [10, CHUNK - 40, CHUNK - 9, CHUNK, 3 * CHUNK, 20, CHUNK + 30]
    const values = sizes.map((size, n) => ({ n, text: 'x'.repeat(size) }))
    const entries = values.map(value => entry(format, value))
    const bytes = Buffer.concat(entries)
    assert.deepEqual(await read(bytes, format), values)
    const reader = new EntryReader(new BufferSource(bytes), format)
    const offsets = entries.map((_, n) => entries.slice(0, n).reduce((sum, { length }) => sum + length, 0))
    for (const n of [6, 0, 4, 3, 5, 1, 2])
      assert.equal(await reader.at(offsets[n] as number), JSON.stringify(values[n]), String(n))
    assert.equal(await reader.at(1), undefined)
    assert.equal(await reader.at(bytes.length), undefined)
  })

  test(`${format}: damage that is larger than a chunk ends at the next entry, wherever a chunk ends`, async () => {
    for (const length of [CHUNK - 6, CHUNK - 5, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK + 3]) {
      const bytes = Buffer.concat([first, Buffer.alloc(length, 0x41), third])
      assert.deepEqual(
        await read(bytes, format),
        [a, { from: first.length, to: first.length + length, lost: 1 }, c],
        String(length),
      )
    }
  })

  test(`${format}: a writer that is in the middle of an append is waited for`, async () => {
    const bytes = Buffer.concat([first, second])
    let size = bytes.length - 5
    let settles = 0
    const source: SegmentSource = {
      get size() {
        return size
      },
      read: async (buffer, offset, length, position) => {
        assert.ok(position + length <= size, 'read beyond the end')
        return bytes.copy(buffer, offset, position, position + length)
      },
      settle: async () => {
        if (++settles === 2) size = bytes.length
        return settles <= 2
      },
    }
    assert.deepEqual(await read(source, format), [a, b])
    assert.equal(settles, 2)
  })

  test(`${format}: what a writer left, and does not complete, is damage`, async () => {
    const bytes = Buffer.concat([first, second.subarray(0, 20)])
    let settles = 0
    const source = Object.assign(new BufferSource(bytes), { settle: async () => ++settles < 3 })
    assert.deepEqual(await read(source, format), [a, { from: first.length, to: bytes.length, lost: 1 }])
    assert.equal(settles, 3)
  })
}

test('seg2: each header in what is damaged counts as a lost entry', async () => {
  const entries = Array.from({ length: 4 }, (_, n) => entry('seg2', { n }))
  const length = (entries[0] as Buffer).length
  for (const n of [1, 2]) (entries[n] as Buffer)[HEADER_BYTES.seg2 + 1] = 0
  assert.deepEqual(await read(Buffer.concat(entries), 'seg2'), [
    { n: 0 },
    { from: length, to: 3 * length, lost: 2 },
    { n: 3 },
  ])
})

test('bytes with the magic in them are no entry, even with the right checksums', async () => {
  const json = Buffer.concat([Buffer.from('"'), MAGIC, Buffer.from('"')])
  const header = Buffer.alloc(HEADER_BYTES.seg)
  header.writeUInt32BE(json.length)
  header.writeUInt32BE(crc32c(json), 4)
  const bytes = Buffer.concat([header, json])
  assert.deepEqual(await read(bytes, 'seg'), [{ from: 0, to: bytes.length, lost: 1 }])
})

test('a search through bytes that all look like entries asks the file for few pieces', async () => {
  const looksLikeLength = Buffer.from([0, 0, 0, 0x10, 0, 0, 0, 0x10, ...Array(8).fill(0x7b)])
  for (const [format, pattern] of [
    ['seg', looksLikeLength],
    ['seg2', MAGIC],
  ] as const) {
    const source = new BufferSource(Buffer.alloc(512 * 1024, pattern))
    const read = source.read.bind(source)
    let reads = 0
    source.read = (...piece) => {
      reads++
      return read(...piece)
    }
    const kinds = await Array.fromAsync(readSegment(source, format), ({ kind }) => kind)
    assert.deepEqual(kinds, ['damage'])
    assert.ok(reads < 2000, `${format}: ${reads} reads`)
  }
})

test('a file is read while it grows, and waited for only if it was just written', async () => {
  const path = join(folder, 'growing.seg2')
  const [first, second] = [entry('seg2', { n: 1 }), entry('seg2', { n: 2 })]
  writeFileSync(path, Buffer.concat([first, second.subarray(0, 9)]))
  const source = await FileSource.open(path)
  assert.ok(source)
  setTimeout(() => appendFileSync(path, second.subarray(9)), 20)
  assert.deepEqual(await read(source, 'seg2'), [{ n: 1 }, { n: 2 }])
  await source.close()
  writeFileSync(path, Buffer.concat([first, second.subarray(0, 9)]))
  const old = new Date(Date.now() - 11_000)
  utimesSync(path, old, old)
  const later = await FileSource.open(path)
  assert.ok(later)
  assert.equal(Math.round(later.mtimeMs), old.getTime())
  assert.equal(await later.settle(), false)
  assert.equal(later.size, first.length + 9)
  await later.close()
})

test('a file that was just written is waited for three times', async () => {
  const path = join(folder, 'stays.seg2')
  writeFileSync(path, 'x')
  const source = await FileSource.open(path)
  assert.ok(source)
  const settles: boolean[] = []
  for (let n = 0; n < 4; n++) settles.push(await source.settle())
  assert.deepEqual(settles, [true, true, true, false])
  await source.close()
})

test('a file that is gone is none; a broken link and a folder are errors with their codes', async () => {
  assert.equal(await FileSource.open(join(folder, 'gone.seg2')), undefined)
  symlinkSync(join(folder, 'nowhere'), join(folder, 'link.seg2'))
  await assert.rejects(FileSource.open(join(folder, 'link.seg2')), { code: 'ENOENT' })
  mkdirSync(join(folder, 'folder.seg2'))
  await assert.rejects(FileSource.open(join(folder, 'folder.seg2')), { code: 'EISDIR', message: 'Not a file.' })
  await assert.rejects(FileSource.open(join('/dev/null')), { code: 'ENOTSUP' })
})
