// The block stream of snappy-java (github.com/xerial/snappy-java, `SnappyOutputStream`), which Kafka uses for snappy.
// In a separate file from the reader, because no function needs the reader at its start.

/** The magic of the stream, then its version and the oldest compatible version, both 1. */
export const SNAPPY_STREAM_HEADER = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0, 0, 0, 0, 1, 0, 0, 0, 1])
export const SNAPPY_MAGIC_LENGTH = 8
/** Each block follows its length. */
export const BLOCK_LENGTH_SIZE = 4
const BLOCK = 32 * 1024

export function writeSnappyStream(bytes: Buffer, compressBlock: (block: Buffer) => Uint8Array): Buffer {
  const parts: Uint8Array[] = [SNAPPY_STREAM_HEADER]
  for (let at = 0; at < bytes.length; at += BLOCK) {
    const compressed = compressBlock(bytes.subarray(at, at + BLOCK))
    const size = Buffer.alloc(BLOCK_LENGTH_SIZE)
    size.writeInt32BE(compressed.length)
    parts.push(size, compressed)
  }
  return Buffer.concat(parts)
}
