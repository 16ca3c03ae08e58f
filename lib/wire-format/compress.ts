// compression.type → what turns the records of a batch into fewer bytes, framed as the Java client frames them.
// Codecs are loaded when they are first chosen: the others cost nothing at a cold start. None is a native module; snappy and lz4
// are WebAssembly.
export interface Compression {
  /** The lowest three bits of a batch's attributes (kafka.apache.org/documentation/#recordbatch). */
  readonly attribute: number
  compress(bytes: Buffer): Uint8Array
}

type CompressionType = 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd'

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
      const { snappyCompress } = await import('@platformatic/wasm-utils/bundled')
      return { attribute: 2, compress: bytes => snappyStream(bytes, snappyCompress) }
    }
    case 'lz4': {
      // A frame of independent blocks: Java's reader refuses those that lean on earlier ones.
      const { lz4Compress } = await import('@platformatic/wasm-utils/bundled')
      return { attribute: 3, compress: lz4Compress }
    }
    case 'zstd': {
      const { zstdCompressSync } = await import('node:zlib')
      return { attribute: 4, compress: bytes => zstdCompressSync(bytes) }
    }
    case 'none':
      return undefined
  }
}

/** github.com/xerial/snappy-java: `SnappyOutputStream`. */
function snappyStream(bytes: Buffer, compress: (block: Buffer) => Uint8Array): Buffer {
  const parts: Uint8Array[] = [SNAPPY_HEADER]
  for (const block of blocksOf(bytes, SNAPPY_BLOCK)) {
    const compressed = compress(block)
    const size = Buffer.alloc(4)
    size.writeInt32BE(compressed.length)
    parts.push(size, compressed)
  }
  return Buffer.concat(parts)
}

function* blocksOf(bytes: Buffer, size: number): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}
