// Encodes record batches of message format v2 (kafka.apache.org/documentation/#recordbatch). The encoder of kafkajs is
// not used: it throws on a null header value, and reorders repeated and numeric header names.

import type { PartitionedRecord } from '../record/producer-record.ts'
import type { Compression } from './compress.ts'
import { crc32c } from './crc32c.ts'
import {
  ATTRIBUTES_AT,
  BASE_OFFSET_AT,
  BASE_SEQUENCE_AT,
  BASE_TIMESTAMP_AT,
  BATCH_OVERHEAD,
  type BatchIdentity,
  CRC_AT,
  LAST_OFFSET_DELTA_AT,
  LENGTH_AT,
  LENGTH_END,
  MAGIC,
  MAGIC_AT,
  MAX_TIMESTAMP_AT,
  PARTITION_LEADER_EPOCH_AT,
  PRODUCER_EPOCH_AT,
  PRODUCER_ID_AT,
  RECORD_COUNT_AT,
} from './record-batch.ts'
import { sizeOfVarint, writeVarint } from './varint.ts'

/** A record and its timestamp. */
export interface TimestampedRecord {
  readonly record: PartitionedRecord
  readonly timestamp: number
}

/** Encodes a batch. If compression does not make it smaller, it stays uncompressed. */
export function encodeRecordBatch(
  records: readonly TimestampedRecord[],
  identity: BatchIdentity,
  compression?: Compression,
): Buffer {
  const first = records[0]
  if (!first) throw new RangeError('A record batch needs at least one record.')
  const bodies = records.map(({ record, timestamp }, index) => bodySize(record, timestamp - first.timestamp, index))
  const size = bodies.reduce((sum, body) => sum + sizeOfVarint(body) + body, BATCH_OVERHEAD)
  const bytes = Buffer.allocUnsafe(size)
  let at = BATCH_OVERHEAD
  records.forEach(({ record, timestamp }, index) => {
    at = writeVarint(bytes, at, bodies[index] as number)
    at = writeBody(bytes, at, record, timestamp - first.timestamp, index)
  })
  const compressed = compression?.compress(bytes.subarray(BATCH_OVERHEAD))
  if (!compression || !compressed || compressed.length >= size - BATCH_OVERHEAD)
    return writeHead(bytes, 0, records, identity)
  const smaller = Buffer.allocUnsafe(BATCH_OVERHEAD + compressed.length)
  smaller.set(compressed, BATCH_OVERHEAD)
  return writeHead(smaller, compression.codec, records, identity)
}

/** Writes the header, with the checksum of everything after it. */
function writeHead(
  bytes: Buffer,
  attributes: number,
  records: readonly TimestampedRecord[],
  identity: BatchIdentity,
): Buffer {
  const [first] = records as [TimestampedRecord]
  bytes.writeBigInt64BE(0n, BASE_OFFSET_AT) // the broker sets it
  bytes.writeInt32BE(bytes.length - LENGTH_END, LENGTH_AT)
  bytes.writeInt32BE(-1, PARTITION_LEADER_EPOCH_AT) // the broker sets it
  bytes.writeInt8(MAGIC, MAGIC_AT)
  bytes.writeInt16BE(attributes, ATTRIBUTES_AT)
  bytes.writeInt32BE(records.length - 1, LAST_OFFSET_DELTA_AT)
  bytes.writeBigInt64BE(BigInt(first.timestamp), BASE_TIMESTAMP_AT)
  const maxTimestamp = records.reduce((max, { timestamp }) => Math.max(max, timestamp), first.timestamp)
  bytes.writeBigInt64BE(BigInt(maxTimestamp), MAX_TIMESTAMP_AT)
  bytes.writeBigInt64BE(identity.producerId, PRODUCER_ID_AT)
  bytes.writeInt16BE(identity.epoch, PRODUCER_EPOCH_AT)
  bytes.writeInt32BE(identity.baseSequence, BASE_SEQUENCE_AT)
  bytes.writeInt32BE(records.length, RECORD_COUNT_AT)
  bytes.writeUInt32BE(crc32c(bytes, ATTRIBUTES_AT), CRC_AT)
  return bytes
}

function bodySize(record: PartitionedRecord, timestampDelta: number, offsetDelta: number): number {
  let size =
    1 +
    sizeOfVarint(timestampDelta) +
    sizeOfVarint(offsetDelta) +
    sizeOfBytes(record.key) +
    sizeOfBytes(record.value) +
    sizeOfVarint(record.headers.length)
  for (const [name, value] of record.headers) {
    const nameBytes = Buffer.byteLength(name)
    size += sizeOfVarint(nameBytes) + nameBytes + sizeOfBytes(value)
  }
  return size
}

function writeBody(
  into: Buffer,
  start: number,
  record: PartitionedRecord,
  timestampDelta: number,
  offsetDelta: number,
): number {
  let at = into.writeInt8(0, start)
  at = writeVarint(into, at, timestampDelta)
  at = writeVarint(into, at, offsetDelta)
  at = writeBytes(into, at, record.key)
  at = writeBytes(into, at, record.value)
  at = writeVarint(into, at, record.headers.length)
  for (const [name, value] of record.headers) {
    at = writeVarint(into, at, Buffer.byteLength(name))
    at += into.write(name, at)
    at = writeBytes(into, at, value)
  }
  return at
}

function sizeOfBytes(bytes: Uint8Array | null): number {
  return bytes === null ? sizeOfVarint(-1) : sizeOfVarint(bytes.length) + bytes.length
}

function writeBytes(into: Buffer, at: number, bytes: Uint8Array | null): number {
  if (bytes === null) return writeVarint(into, at, -1)
  const from = writeVarint(into, at, bytes.length)
  into.set(bytes, from)
  return from + bytes.length
}
