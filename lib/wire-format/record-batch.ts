// The layout of a record batch, message format v2 (kafka.apache.org/documentation/#recordbatch), for encoder and
// decoder: the positions of the header's fields, which precede the records.

export const BASE_OFFSET_AT = 0
export const LENGTH_AT = 8
/** The length field counts the bytes from here on. */
export const LENGTH_END = 12
export const PARTITION_LEADER_EPOCH_AT = 12
export const MAGIC_AT = 16
export const CRC_AT = 17
/** The checksum covers everything from here on. */
export const ATTRIBUTES_AT = 21
export const LAST_OFFSET_DELTA_AT = 23
export const BASE_TIMESTAMP_AT = 27
export const MAX_TIMESTAMP_AT = 35
export const PRODUCER_ID_AT = 43
export const PRODUCER_EPOCH_AT = 51
export const BASE_SEQUENCE_AT = 53
export const RECORD_COUNT_AT = 57
/** The bytes of a batch before its first record. */
export const BATCH_OVERHEAD = 61

export const MAGIC = 2

/** Bits of the attributes. */
export const CODEC_MASK = 0x07
export const LOG_APPEND_TIME = 0x08
export const TRANSACTIONAL = 0x10
export const CONTROL = 0x20

/** The numbers of the codecs in the attributes; 0 is none. */
export const GZIP = 1
export const SNAPPY = 2
export const LZ4 = 3
export const ZSTD = 4

/** The default limit for the decompressed records of a batch, bytes. */
export const DEFAULT_MAX_INFLATED_BYTES = 16 * 1024 * 1024

export interface BatchIdentity {
  readonly producerId: bigint
  readonly epoch: number
  readonly baseSequence: number
}
