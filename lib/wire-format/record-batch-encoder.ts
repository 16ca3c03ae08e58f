// Record batches of message format v2 (kafka.apache.org/documentation/#recordbatch), encoded once and kept as bytes.
// Our own, since kafkajs's encoder throws on a null header value and reorders repeated and numeric header names.

import type { PartitionedRecord } from '../record/producer-record.ts'
import type { Compression } from './compress.ts'
import { crc32c } from './crc32c.ts'

/** A record with the time it was appended at. */
export interface TimestampedRecord {
  readonly record: PartitionedRecord
  readonly timestamp: number
}

export interface BatchIdentity {
  readonly producerId: bigint
  readonly epoch: number
  readonly baseSequence: number
}

/** Bytes of a batch before its first record. */
export const BATCH_OVERHEAD = 61
const CRC_AT = 17
const ATTRIBUTES_AT = 21
const MAGIC = 2

/** A batch that compression does not make smaller goes as it is. */
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
  return writeHead(smaller, compression.attribute, records, identity)
}

/** All before the records, and the checksum over all after itself. */
function writeHead(
  bytes: Buffer,
  attributes: number,
  records: readonly TimestampedRecord[],
  identity: BatchIdentity,
): Buffer {
  const [first] = records as [TimestampedRecord]
  bytes.writeBigInt64BE(0n, 0) // base offset: the broker's to set
  bytes.writeInt32BE(bytes.length - 12, 8)
  bytes.writeInt32BE(-1, 12) // partition leader epoch: the broker's too
  bytes.writeInt8(MAGIC, 16)
  bytes.writeInt16BE(attributes, ATTRIBUTES_AT)
  bytes.writeInt32BE(records.length - 1, 23)
  bytes.writeBigInt64BE(BigInt(first.timestamp), 27)
  bytes.writeBigInt64BE(BigInt(records.reduce((max, { timestamp }) => Math.max(max, timestamp), first.timestamp)), 35)
  bytes.writeBigInt64BE(identity.producerId, 43)
  bytes.writeInt16BE(identity.epoch, 51)
  bytes.writeInt32BE(identity.baseSequence, 53)
  bytes.writeInt32BE(records.length, 57)
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

/** Zig-zag as a non-negative number: exact to 2^52, which timestamps in milliseconds stay under. */
function zigzag(value: number): number {
  return value >= 0 ? value * 2 : -value * 2 - 1
}

function sizeOfVarint(value: number): number {
  let rest = zigzag(value)
  let size = 1
  while (rest >= 128) {
    rest = Math.floor(rest / 128)
    size++
  }
  return size
}

function writeVarint(into: Buffer, at: number, value: number): number {
  let rest = zigzag(value)
  let to = at
  while (rest >= 128) {
    into[to++] = (rest % 128) | 0x80
    rest = Math.floor(rest / 128)
  }
  into[to++] = rest
  return to
}
