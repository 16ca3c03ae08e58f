// The codecs of a record batch, backwards; each is loaded when a batch of its kind is first met.
import type { Decompress } from './record-batch-decoder.ts'

const SNAPPY_MAGIC = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0])

export const decompress: Decompress = async (type, bytes) => {
  switch (type) {
    case 1:
      return (await import('node:zlib')).gunzipSync(bytes)
    case 2:
      return unsnappy(bytes, (await import('@platformatic/wasm-utils/bundled')).snappyDecompress)
    case 3:
      return (await import('@platformatic/wasm-utils/bundled')).lz4Decompress(bytes)
    case 4:
      return (await import('node:zlib')).zstdDecompressSync(bytes)
    default:
      throw new Error(`A record batch is compressed by a codec that is not known (${type}).`)
  }
}

/** snappy-java's stream of blocks, or (librdkafka) one bare block. */
function unsnappy(bytes: Buffer, decode: (block: Buffer) => Buffer): Buffer {
  if (!bytes.subarray(0, SNAPPY_MAGIC.length).equals(SNAPPY_MAGIC)) return decode(bytes)
  const blocks: Buffer[] = []
  for (let at = 16; at + 4 <= bytes.length; ) {
    const end = at + 4 + bytes.readInt32BE(at)
    blocks.push(Buffer.from(decode(bytes.subarray(at + 4, end))))
    at = end
  }
  return Buffer.concat(blocks)
}
