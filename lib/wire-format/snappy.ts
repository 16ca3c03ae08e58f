// Reads snappy: the stream of snappy-stream.ts, with blocks as in
// github.com/google/snappy/blob/main/format_description.txt. The WebAssembly module that compresses is not used here,
// because it allocates whatever size a block declares, and never frees its memory after bytes that it can't read.
import { corruptBatch } from './byte-reader.ts'
import { batchTooLarge, InflatedBytes } from './inflated-bytes.ts'
import { BLOCK_LENGTH_SIZE, SNAPPY_MAGIC_LENGTH, SNAPPY_STREAM_HEADER } from './snappy-stream.ts'

const MAGIC = SNAPPY_STREAM_HEADER.subarray(0, SNAPPY_MAGIC_LENGTH)

/** Reads a stream of blocks, or a single bare block as librdkafka writes it. */
export function readSnappy(bytes: Buffer, maxBytes: number): Buffer {
  const output = new InflatedBytes(maxBytes, 4 * bytes.length)
  if (!bytes.subarray(0, SNAPPY_MAGIC_LENGTH).equals(MAGIC)) {
    readBlock(bytes, maxBytes, output)
    return output.bytes
  }
  for (let at = SNAPPY_STREAM_HEADER.length; at < bytes.length; ) {
    const begin = at + BLOCK_LENGTH_SIZE
    const length = begin <= bytes.length ? bytes.readInt32BE(at) : -1
    if (length < 0 || length > bytes.length - begin) throw corruptBatch('a snappy block reaches beyond its end')
    readBlock(bytes.subarray(begin, begin + length), maxBytes, output)
    at = begin + length
  }
  return output.bytes
}

function readBlock(block: Buffer, maxBytes: number, output: InflatedBytes): void {
  const from = output.length
  const declared = declaredLength(block)
  if (declared.length > maxBytes - from) throw batchTooLarge(maxBytes)
  for (let at = declared.end; at < block.length; ) {
    const tag = block[at++] as number
    // Additional bytes after the tag: the length of a long literal, or the distance of a copy.
    const kind = tag & 3
    const literalExtra = Math.max(0, (tag >> 2) - 59)
    const extra = kind === 0 ? literalExtra : kind === 3 ? 4 : kind
    if (extra > block.length - at) throw corruptBatch('a snappy block is cut')
    const number = extra === 0 ? 0 : block.readUIntLE(at, extra)
    at += extra
    if (kind === 0) {
      const length = (literalExtra > 0 ? number : tag >> 2) + 1
      if (length > block.length - at) throw corruptBatch('a snappy literal reaches beyond its block')
      output.append(block.subarray(at, at + length))
      at += length
    } else if (kind === 1) output.repeat(((tag >> 5) << 8) | number, ((tag >> 2) & 7) + 4, from)
    else output.repeat(number, (tag >> 2) + 1, from)
    if (output.length - from > declared.length) break
  }
  if (output.length - from !== declared.length) throw corruptBatch('a snappy block has another length than it declares')
}

/** Returns the declared decompressed size of a block, and where its elements begin. */
function declaredLength(block: Buffer): { readonly length: number; readonly end: number } {
  let length = 0
  for (let at = 0; at < 5; at++) {
    const byte = block[at]
    if (byte === undefined) break
    length += (byte & 0x7f) * 128 ** at
    if (byte < 128) return { length, end: at + 1 }
  }
  throw corruptBatch('a snappy block has no length')
}
