// The codecs of compression.type, with the framing of the Java client. A codec is loaded on first use, so that the
// others cost no time at a cold start. None is a native module: snappy and lz4 are WebAssembly.
import { GZIP, LZ4, SNAPPY, ZSTD } from './record-batch.ts'
import { writeSnappyStream } from './snappy-stream.ts'

export interface Compression {
  /** The codec's number in the attributes of a batch. */
  readonly codec: number
  compress(bytes: Buffer): Uint8Array
}

type CompressionType = 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd'

/**
 * Loads a codec.
 * @returns undefined for `none`
 */
export async function loadCompression(type: CompressionType): Promise<Compression | undefined> {
  switch (type) {
    case 'gzip': {
      const { gzipSync } = await import('node:zlib')
      return { codec: GZIP, compress: bytes => gzipSync(bytes) }
    }
    case 'snappy': {
      const { snappyCompress } = await import('@platformatic/wasm-utils/bundled')
      return { codec: SNAPPY, compress: bytes => writeSnappyStream(bytes, snappyCompress) }
    }
    case 'lz4': {
      // The frame has independent blocks, because Java's reader refuses linked ones.
      const { lz4Compress } = await import('@platformatic/wasm-utils/bundled')
      return { codec: LZ4, compress: lz4Compress }
    }
    case 'zstd': {
      const { zstdCompressSync } = await import('node:zlib')
      return { codec: ZSTD, compress: bytes => zstdCompressSync(bytes) }
    }
    case 'none':
      return undefined
  }
}
