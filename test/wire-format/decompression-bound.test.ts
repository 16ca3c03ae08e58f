// A hostile batch of some kilobytes that decompresses to gigabytes: memory stays within the limit. Runs in a separate
// process, because its peak memory is measured.
import assert from 'node:assert/strict'
import { buffer } from 'node:stream/consumers'
import { test } from 'node:test'
import { createGzip, createZstdCompress } from 'node:zlib'
import { decompress } from '../../lib/wire-format/decompress.ts'
import { GZIP, LZ4, SNAPPY, ZSTD } from '../../lib/wire-format/record-batch.ts'

const MIB = 2 ** 20
const BOUND = MIB
/** The memory that the process may need beside the bound: growing buffers, garbage that is not collected yet. */
const MARGIN = 64 * MIB

async function zeros(mebibytes: number, compressor: ReturnType<typeof createGzip>): Promise<Buffer> {
  const compressed = buffer(compressor)
  const zeros = Buffer.alloc(MIB)
  for (let i = 0; i < mebibytes; i++) await new Promise<void>(done => compressor.write(zeros, () => done()))
  compressor.end()
  return compressed
}

/** One literal byte that is repeated 255 times for each byte of the block. */
function lz4Of(mebibytes: number): Buffer {
  const lengths = Buffer.alloc(Math.ceil((mebibytes * MIB) / 255), 255)
  const block = Buffer.concat([Buffer.from([0x1f, 0x61, 1, 0]), lengths, Buffer.from([0, 0x10, 0x61])])
  const size = Buffer.alloc(4)
  size.writeUInt32LE(block.length)
  return Buffer.concat([Buffer.from([0x04, 0x22, 0x4d, 0x18, 0x60, 0x70, 0]), size, block, Buffer.alloc(4)])
}

/** snappy-java's stream of blocks of 32 KiB: a literal byte, and copies of 64 bytes each. */
function snappyOf(mebibytes: number): Buffer {
  const copies = Buffer.alloc(3 * 512, Buffer.from([2 | (63 << 2), 1, 0]))
  const block = Buffer.concat([Buffer.from([0, 0, 0, copies.length + 5, 0x81, 0x80, 0x02, 0, 0x61]), copies])
  block.writeInt32BE(block.length - 4)
  const header = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0, 0, 0, 0, 1, 0, 0, 0, 1])
  return Buffer.concat([header, ...Array.from({ length: mebibytes * 32 }, () => block)])
}

const mostMemory = () => process.resourceUsage().maxRSS * 1024

const bombs = {
  gzip: [GZIP, await zeros(256, createGzip())],
  zstd: [ZSTD, await zeros(256, createZstdCompress())],
  'snappy, many blocks': [SNAPPY, snappyOf(256)],
  'snappy, a block that declares 4 GiB': [SNAPPY, Buffer.from([0xff, 0xff, 0xff, 0xff, 0x0f, 0, 0x61])],
  lz4: [LZ4, lz4Of(256)],
} as const

for (const [name, [codec, bytes]] of Object.entries(bombs))
  test(`${name}: inflation stops at the bound`, () => {
    const before = mostMemory()
    for (let i = 0; i < 20; i++)
      assert.throws(() => decompress(codec, bytes, BOUND), { name: 'RecordBatchError', code: 'batch-too-large' })
    assert.ok(mostMemory() - before < BOUND + MARGIN, `${Math.round((mostMemory() - before) / MIB)} MiB`)
  })

test('control: without the bound the memory grows, so the batches are as hostile as they should be', () => {
  const before = mostMemory()
  assert.equal(decompress(...bombs.zstd, 256 * MIB).length, 256 * MIB)
  assert.ok(mostMemory() - before > 128 * MIB)
  assert.ok(decompress(LZ4, lz4Of(2), 3 * MIB).length >= 2 * MIB)
  assert.equal(decompress(SNAPPY, snappyOf(2), 3 * MIB).length, 2 * MIB + 64)
})
