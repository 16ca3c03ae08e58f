// Decodes record batches as a broker stores them. Headers keep their order and repeated names, which the decoder of
// kafkajs would merge. Any producer may have written a batch, so no length, count or size in it is trusted.
import { RecordBatchError } from '../errors.ts'
import type { RecordHeader } from '../record/producer-record.ts'
import { ByteReader, corruptBatch } from './byte-reader.ts'
import { crc32c } from './crc32c.ts'
import { decompress } from './decompress.ts'
import {
  ATTRIBUTES_AT,
  BASE_OFFSET_AT,
  BASE_SEQUENCE_AT,
  BASE_TIMESTAMP_AT,
  BATCH_OVERHEAD,
  CODEC_MASK,
  CONTROL,
  CRC_AT,
  DEFAULT_MAX_INFLATED_BYTES,
  LAST_OFFSET_DELTA_AT,
  LENGTH_AT,
  LENGTH_END,
  LOG_APPEND_TIME,
  MAGIC,
  MAGIC_AT,
  MAX_TIMESTAMP_AT,
  PRODUCER_EPOCH_AT,
  PRODUCER_ID_AT,
  RECORD_COUNT_AT,
  TRANSACTIONAL,
} from './record-batch.ts'

/** The producer of a batch or record. Id and sequence number are -1 without idempotence. */
export interface ProducerIdentity {
  readonly producerId: bigint
  readonly producerEpoch: number
}

export interface LogRecord extends ProducerIdentity {
  readonly offset: bigint
  readonly timestamp: number
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: readonly RecordHeader[]
  readonly sequence: number
}

export interface LogBatch extends ProducerIdentity {
  readonly baseOffset: bigint
  /** The offset of the last record when the batch was written; compaction may have removed the record since. */
  readonly lastOffset: bigint
  readonly baseSequence: number
  /** Whether its records only count once a marker of its producer says `commit`. */
  readonly isTransactional: boolean
  /** Set if the batch is the marker at the end of a transaction. */
  readonly marker?: 'commit' | 'abort'
  /** Decoded while they are iterated; empty for a transaction marker. */
  readonly records: Iterable<LogRecord>
  /** Why the records can't be read; `records` is then empty. */
  readonly unreadable?: RecordBatchError
}

/**
 * A record has length, attributes, timestamp, offset, key, value and the number of headers, of at least one byte each.
 */
const MIN_RECORD_SIZE = 7
/** A header has the length of its name and of its value. */
const MIN_HEADER_SIZE = 2
const MAX_SEQUENCE = 2 ** 31

/**
 * Yields the batches of a record set. A broker may cut off the last one, which is then ignored. A batch whose records
 * can't be read says why in `unreadable`.
 * @throws RecordBatchError `corrupt-batch` for a wrong checksum or length, because the next batch can't be found then
 */
export function* decodeRecordSet(
  bytes: Buffer,
  maxInflatedBytes: number = DEFAULT_MAX_INFLATED_BYTES,
): Generator<LogBatch> {
  for (let at = 0; at < bytes.length; ) {
    const size = batchSize(bytes.subarray(at))
    if (size > bytes.length - at) {
      if (at > 0) return
      throw corruptBatch('it is cut off') // a broker returns the first one whole
    }
    yield decodeOrReport(bytes.subarray(at, at + size), maxInflatedBytes)
    at += size
  }
}

/**
 * Decodes a batch.
 * @param bytes one complete batch
 * @throws RecordBatchError if it can't be read
 */
export function decodeRecordBatch(bytes: Buffer, maxInflatedBytes: number = DEFAULT_MAX_INFLATED_BYTES): LogBatch {
  if (batchSize(bytes) !== bytes.length) throw corruptBatch('its length is wrong')
  const batch = decodeOrReport(bytes, maxInflatedBytes)
  if (batch.unreadable) throw batch.unreadable
  return batch
}

/** Returns the declared size of the first batch, which may be cut off; Infinity if even its length is cut off. */
function batchSize(bytes: Buffer): number {
  if (bytes.length < LENGTH_END) return Number.POSITIVE_INFINITY
  const size = LENGTH_END + bytes.readInt32BE(LENGTH_AT)
  if (size <= MAGIC_AT) throw corruptBatch('its length is wrong')
  return size
}

function decodeOrReport(batch: Buffer, maxInflatedBytes: number): LogBatch {
  const magic = batch.readInt8(MAGIC_AT)
  if (magic !== MAGIC) return otherFormat(batch, magic)
  const header = decodeHeader(batch)
  try {
    return { ...header, records: recordsOf(header, batch, maxInflatedBytes) }
  } catch (error) {
    if (!(error instanceof RecordBatchError)) throw error
    return { ...header, records: [], unreadable: error }
  }
}

/** Messages of formats before v2 have offset and length at the same place as a batch, and each is a single message. */
function otherFormat(batch: Buffer, magic: number): LogBatch {
  if (magic < 0 || magic > MAGIC) throw corruptBatch(`its format is ${magic}`)
  const offset = batch.readBigInt64BE(BASE_OFFSET_AT)
  const unreadable = new RecordBatchError('unsupported-batch', `A record batch is of format v${magic}, older than v2.`)
  const noProducer = { producerId: -1n, producerEpoch: -1, baseSequence: -1, isTransactional: false }
  return { ...noProducer, baseOffset: offset, lastOffset: offset, records: [], unreadable }
}

type Header = Omit<LogBatch, 'records'>

function decodeHeader(batch: Buffer): Header {
  if (batch.length < BATCH_OVERHEAD) throw corruptBatch('its length is wrong')
  if (crc32c(batch, ATTRIBUTES_AT) !== batch.readUInt32BE(CRC_AT)) throw corruptBatch('its checksum is wrong')
  const baseOffset = batch.readBigInt64BE(BASE_OFFSET_AT)
  const lastOffsetDelta = batch.readInt32BE(LAST_OFFSET_DELTA_AT)
  if (lastOffsetDelta < 0) throw corruptBatch('its last offset lies before its first')
  return {
    baseOffset,
    lastOffset: baseOffset + BigInt(lastOffsetDelta),
    producerId: batch.readBigInt64BE(PRODUCER_ID_AT),
    producerEpoch: batch.readInt16BE(PRODUCER_EPOCH_AT),
    baseSequence: batch.readInt32BE(BASE_SEQUENCE_AT),
    isTransactional: (batch.readInt16BE(ATTRIBUTES_AT) & TRANSACTIONAL) !== 0,
    ...markerOf(batch),
  }
}

/** A marker's only record has a key of two int16: a version, and a type (0 for abort, 1 for commit). */
function markerOf(batch: Buffer): Pick<LogBatch, 'marker'> {
  if ((batch.readInt16BE(ATTRIBUTES_AT) & CONTROL) === 0) return {}
  const reader = new ByteReader(batch.subarray(BATCH_OVERHEAD))
  reader.varint() // length
  reader.skip(1) // attributes
  reader.varlong() // timestamp
  reader.varint() // offset
  const key = reader.field()
  if (key === null || key.length < 4) throw corruptBatch('its marker has no type')
  const type = key.readInt16BE(2)
  return type === 0 ? { marker: 'abort' } : type === 1 ? { marker: 'commit' } : {}
}

/** Checks all records first, so that either all records of a batch can be read, or none. */
function recordsOf(header: Header, batch: Buffer, maxInflatedBytes: number): Iterable<LogRecord> {
  const attributes = batch.readInt16BE(ATTRIBUTES_AT)
  if (attributes & CONTROL) return []
  const count = batch.readInt32BE(RECORD_COUNT_AT)
  const lastOffsetDelta = batch.readInt32BE(LAST_OFFSET_DELTA_AT)
  const codec = attributes & CODEC_MASK
  const stored = batch.subarray(BATCH_OVERHEAD)
  const bytes = codec === 0 ? stored : decompress(codec, stored, maxInflatedBytes)
  if (count < 0 || count > lastOffsetDelta + 1 || count > bytes.length / MIN_RECORD_SIZE)
    throw corruptBatch('it can’t hold as many records as it declares')
  const reader = new ByteReader(bytes)
  for (let left = count; left > 0; left--) checkRecord(reader, lastOffsetDelta)
  if (reader.remaining > 0) throw corruptBatch('bytes are left after its last record')
  const baseTimestamp = Number(batch.readBigInt64BE(BASE_TIMESTAMP_AT))
  const appendTime = attributes & LOG_APPEND_TIME ? Number(batch.readBigInt64BE(MAX_TIMESTAMP_AT)) : undefined
  return { [Symbol.iterator]: () => readRecords(header, new ByteReader(bytes), count, baseTimestamp, appendTime) }
}

function checkRecord(reader: ByteReader, lastOffsetDelta: number): void {
  const length = reader.varint()
  const after = reader.remaining - length
  reader.skip(1) // attributes
  reader.varlong() // timestamp
  const offsetDelta = reader.varint()
  if (offsetDelta < 0 || offsetDelta > lastOffsetDelta) throw corruptBatch('a record’s offset lies outside')
  reader.skipField()
  reader.skipField()
  const headerCount = reader.varint()
  if (headerCount < 0 || headerCount > reader.remaining / MIN_HEADER_SIZE)
    throw corruptBatch('a record can’t hold as many headers as it declares')
  for (let left = headerCount; left > 0; left--) {
    reader.skip(reader.varint())
    reader.skipField()
  }
  if (reader.remaining !== after) throw corruptBatch('a record has another length than it declares')
}

function* readRecords(
  { baseOffset, baseSequence, producerId, producerEpoch }: Header,
  reader: ByteReader,
  count: number,
  baseTimestamp: number,
  appendTime: number | undefined,
): Generator<LogRecord> {
  for (let left = count; left > 0; left--) {
    reader.varint() // length
    reader.skip(1) // attributes
    const timestamp = baseTimestamp + reader.varlong()
    const offsetDelta = reader.varint()
    yield {
      producerId,
      producerEpoch,
      offset: baseOffset + BigInt(offsetDelta),
      timestamp: appendTime ?? timestamp,
      // Sequence numbers continue at 0 after 2^31 - 1, as in Java.
      sequence: baseSequence < 0 ? -1 : (baseSequence + offsetDelta) % MAX_SEQUENCE,
      key: reader.field(),
      value: reader.field(),
      headers: Array.from({ length: reader.varint() }, () => [String(reader.field()), reader.field()] as const),
    }
  }
}
