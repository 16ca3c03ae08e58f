// Decompresses record batches. Any producer may have written a batch, and some kilobytes can expand to gigabytes, so
// decompression stops at a limit.
import { gunzipSync, zstdDecompressSync } from 'node:zlib'
import { RecordBatchError } from '../errors.ts'
import { corruptBatch } from './byte-reader.ts'
import { batchTooLarge } from './inflated-bytes.ts'
import { readLz4 } from './lz4.ts'
import { GZIP, LZ4, SNAPPY, ZSTD } from './record-batch.ts'
import { readSnappy } from './snappy.ts'

/**
 * Decompresses.
 * @param codec the codec's number in the attributes of the batch
 * @param maxBytes the limit of the decompressed size
 * @throws RecordBatchError `batch-too-large`, `corrupt-batch`, or `unsupported-batch` for an unknown codec
 */
export function decompress(codec: number, bytes: Buffer, maxBytes: number): Buffer {
  switch (codec) {
    case GZIP:
      return bounded(() => gunzipSync(bytes, { maxOutputLength: maxBytes }), maxBytes)
    case SNAPPY:
      return readSnappy(bytes, maxBytes)
    case LZ4:
      return readLz4(bytes, maxBytes)
    case ZSTD:
      return bounded(() => zstdDecompressSync(bytes, { maxOutputLength: maxBytes }), maxBytes)
    default:
      throw new RecordBatchError(
        'unsupported-batch',
        `A record batch is compressed by codec ${codec}, which is unknown.`,
      )
  }
}

function bounded(inflate: () => Buffer, maxBytes: number): Buffer {
  try {
    return inflate()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw batchTooLarge(maxBytes)
    throw corruptBatch('its compressed bytes can’t be read', error)
  }
}
