// Reads an LZ4 frame (github.com/lz4/lz4/blob/dev/doc/lz4_Frame_format.md). Not with WebAssembly, for the reason in
// snappy.ts. The checksums of the frame are skipped, because the checksum of the batch covers the same bytes.
import { corruptBatch } from './byte-reader.ts'
import { InflatedBytes } from './inflated-bytes.ts'

const MAGIC = 0x184d2204
const UNCOMPRESSED = 0x80000000
const MIN_MATCH = 4
/** If a token has a length of this value, the length continues in the next bytes. */
const LENGTH_GOES_ON = 15

export function readLz4(bytes: Buffer, maxBytes: number): Buffer {
  const output = new InflatedBytes(maxBytes, 4 * bytes.length)
  if (bytes.length < 7 || bytes.readUInt32LE(0) !== MAGIC) throw corruptBatch('it is not an LZ4 frame')
  const flags = bytes[4] as number
  if (flags >> 6 !== 1 || flags & 0x01)
    throw corruptBatch('its LZ4 frame is of an unknown version or needs a dictionary')
  const independent = (flags & 0x20) !== 0
  const afterBlock = flags & 0x10 ? 4 : 0
  // The header has magic, flags, block size, optionally the content size, and a checksum.
  for (let at = 6 + (flags & 0x08 ? 8 : 0) + 1; ; ) {
    if (at + 4 > bytes.length) throw corruptBatch('its LZ4 frame is cut')
    const word = bytes.readUInt32LE(at)
    if (word === 0) return output.bytes
    const begin = at + 4
    const length = word % UNCOMPRESSED
    if (length > bytes.length - begin) throw corruptBatch('an LZ4 block reaches beyond its frame')
    const block = bytes.subarray(begin, begin + length)
    if (word >= UNCOMPRESSED) output.append(block)
    else readBlock(block, output, independent ? output.length : 0)
    at = begin + length + afterBlock
  }
}

/** @param from the position in the output before which the block may not refer to bytes */
function readBlock(block: Buffer, output: InflatedBytes, from: number): void {
  let at = 0
  const next = () => {
    const byte = block[at++]
    if (byte === undefined) throw corruptBatch('an LZ4 block is cut')
    return byte
  }
  const lengthOf = (first: number) => {
    let length = first
    if (first === LENGTH_GOES_ON)
      for (let byte = 255; byte === 255; ) {
        byte = next()
        length += byte
      }
    return length
  }
  for (;;) {
    const token = next()
    const literal = lengthOf(token >> 4)
    if (literal > block.length - at) throw corruptBatch('an LZ4 literal reaches beyond its block')
    output.append(block.subarray(at, at + literal))
    at += literal
    // The last sequence of a block is only a literal.
    if (at === block.length) return
    const distance = next() | (next() << 8)
    output.repeat(distance, lengthOf(token & LENGTH_GOES_ON) + MIN_MATCH, from)
  }
}
