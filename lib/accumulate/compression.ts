// compression.type → what turns the records of a batch into fewer bytes, framed as the Java client frames them.
// Codecs are loaded when they are first chosen: the others cost nothing at a cold start. None is a native module.
import type { ProducerConfig } from '../config/settings.ts'

export interface Compression {
  /** The lowest three bits of a batch's attributes (kafka.apache.org/documentation/#recordbatch). */
  readonly attribute: number
  compress(bytes: Uint8Array): Uint8Array
}

type CompressionType = ProducerConfig['compressionType']

const LZ4_BLOCK = 64 * 1024
/** Magic, then version 1 with independent blocks of at most 64 KiB, and the checksum of these two bytes. */
const LZ4_HEADER = Buffer.from([0x04, 0x22, 0x4d, 0x18, 0x60, 0x40, 0x82])
const LZ4_NOT_COMPRESSED = 0x80000000
const SNAPPY_BLOCK = 32 * 1024
/** snappy-java's stream: its magic, then version and compatible version, both 1. */
const SNAPPY_HEADER = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0, 0, 0, 0, 1, 0, 0, 0, 1])

/** @returns undefined for `none` */
export async function loadCompression(type: CompressionType): Promise<Compression | undefined> {
  switch (type) {
    case 'gzip': {
      const { gzipSync } = await import('node:zlib')
      return { attribute: 1, compress: bytes => gzipSync(bytes) }
    }
    case 'snappy': {
      const { compress } = (await import('snappyjs')).default
      return { attribute: 2, compress: bytes => snappyStream(bytes, compress) }
    }
    case 'lz4': {
      const lz4 = (await import('lz4js')).default
      return { attribute: 3, compress: bytes => lz4Frame(bytes, lz4) }
    }
    case 'zstd': {
      const { zstdCompressSync } = await import('node:zlib')
      return { attribute: 4, compress: bytes => zstdCompressSync(bytes) }
    }
    case 'none':
      return undefined
  }
}

interface Lz4 {
  compressBound(length: number): number
  makeBuffer(length: number): Uint8Array
  compressBlock(source: Uint8Array, target: Uint8Array, start: number, length: number, hashTable: Uint32Array): number
}

/** One frame (github.com/lz4/lz4/blob/dev/doc/lz4_Frame_format.md). Java's reader refuses blocks that lean on earlier ones. */
function lz4Frame(bytes: Uint8Array, lz4: Lz4): Buffer {
  const parts: Buffer[] = [LZ4_HEADER]
  const target = lz4.makeBuffer(lz4.compressBound(LZ4_BLOCK))
  const hashTable = new Uint32Array(65536)
  for (const block of blocksOf(bytes, LZ4_BLOCK)) {
    hashTable.fill(0)
    const size = lz4.compressBlock(block, target, 0, block.length, hashTable)
    // 0: it does not get smaller.
    const isSmaller = size > 0 && size < block.length
    parts.push(uint32LE(isSmaller ? size : (block.length | LZ4_NOT_COMPRESSED) >>> 0), Buffer.from(isSmaller ? target.subarray(0, size) : block))
  }
  parts.push(uint32LE(0))
  return Buffer.concat(parts)
}

/** github.com/xerial/snappy-java: `SnappyOutputStream`. */
function snappyStream(bytes: Uint8Array, compress: (block: Uint8Array) => Uint8Array): Buffer {
  const parts: Uint8Array[] = [SNAPPY_HEADER]
  for (const block of blocksOf(bytes, SNAPPY_BLOCK)) {
    const compressed = compress(block)
    const size = Buffer.alloc(4)
    size.writeInt32BE(compressed.length)
    parts.push(size, compressed)
  }
  return Buffer.concat(parts)
}

function* blocksOf(bytes: Uint8Array, size: number): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

function uint32LE(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}
