// Record batches for tests of the decoder: written by the encoder with any codec, or damaged on purpose.

import { loadCompression } from '../../lib/wire-format/compress.ts'
import { crc32c } from '../../lib/wire-format/crc32c.ts'
import { ATTRIBUTES_AT, BATCH_OVERHEAD, CRC_AT, LENGTH_AT, LENGTH_END } from '../../lib/wire-format/record-batch.ts'
import { encodeRecordBatch, type TimestampedRecord } from '../../lib/wire-format/record-batch-encoder.ts'

export const CODECS = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const
export type Codec = (typeof CODECS)[number]

export const COMPRESSIONS = {
  none: undefined,
  gzip: await loadCompression('gzip'),
  snappy: await loadCompression('snappy'),
  lz4: await loadCompression('lz4'),
  zstd: await loadCompression('zstd'),
}

export interface Content {
  readonly key?: Uint8Array | null
  readonly value?: Uint8Array | null
  readonly headers?: readonly (readonly [name: string, value: Uint8Array | null])[]
  readonly timestamp?: number
}

const IDENTITY = { producerId: 4000n, epoch: 3, baseSequence: 17 }

export function batchOf(contents: readonly Content[], codec: Codec = 'none', identity = IDENTITY): Buffer {
  const records = contents.map(
    ({ key = null, value = null, headers = [], timestamp = 1000 }): TimestampedRecord => ({
      timestamp,
      record: { topic: 't', partition: 0, partitionFixedBy: 'partitioner', wireSize: 0, key, value, headers },
    }),
  )
  return encodeRecordBatch(records, identity, COMPRESSIONS[codec])
}

/** The batch as a broker stores it, with an offset. */
export function at(baseOffset: bigint, batch: Buffer): Buffer {
  const copy = Buffer.from(batch)
  copy.writeBigInt64BE(baseOffset)
  return copy
}

/** The batch with other bytes after its header, with the right length and checksum. */
export function withBody(batch: Buffer, body: Uint8Array, codec?: number): Buffer {
  const copy = Buffer.concat([batch.subarray(0, BATCH_OVERHEAD), body])
  if (codec !== undefined) copy.writeInt16BE(codec, ATTRIBUTES_AT)
  return sealed(copy)
}

/** Corrects length and checksum of a changed batch. */
export function sealed(batch: Buffer): Buffer {
  batch.writeInt32BE(batch.length - LENGTH_END, LENGTH_AT)
  batch.writeUInt32BE(crc32c(batch, ATTRIBUTES_AT), CRC_AT)
  return batch
}
