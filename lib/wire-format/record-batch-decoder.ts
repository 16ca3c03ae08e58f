// Record batches as a broker gives them (kafka.apache.org/documentation/#recordbatch) → records, names of headers in their order,
// repeated ones too. kafkajs's decoder folds them. A batch cut short at the end of an answer is left out.

import type { RecordHeader } from '../record/producer-record.ts'
import { crc32c } from './crc32c.ts'

export interface LogRecord {
  readonly offset: bigint
  readonly timestamp: number
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: readonly RecordHeader[]
  /** The identity its producer gave it; id and sequence are -1 without idempotence. */
  readonly producerId: bigint
  readonly producerEpoch: number
  readonly sequence: number
}

export interface RecordSet {
  readonly records: readonly LogRecord[]
  /** Where to read on; undefined when not one whole batch was there. */
  readonly nextOffset: bigint | undefined
}

/** Bytes of a compressed batch's records as they were. @param type the codec's number in the batch's attributes */
export type Decompress = (type: number, bytes: Buffer) => Promise<Buffer>

const BATCH_OVERHEAD = 61
const LENGTH_END = 12
const CONTROL = 0x20
const LOG_APPEND_TIME = 0x08

/** @throws Error for a batch whose checksum is wrong, or whose format is older than v2 */
export async function decodeRecordSet(bytes: Buffer, decompress: Decompress): Promise<RecordSet> {
  const records: LogRecord[] = []
  let nextOffset: bigint | undefined
  for (let at = 0; at + BATCH_OVERHEAD <= bytes.length; ) {
    const end = at + LENGTH_END + bytes.readInt32BE(at + 8)
    if (end > bytes.length) break
    const batch = bytes.subarray(at, end)
    if (batch.readInt8(16) !== 2) throw new Error('A record batch is of an older format than v2.')
    if (crc32c(batch, 21) !== batch.readUInt32BE(17)) throw new Error('A record batch’s checksum is wrong.')
    nextOffset = batch.readBigInt64BE(0) + BigInt(batch.readInt32BE(23)) + 1n
    const attributes = batch.readInt16BE(21)
    if ((attributes & CONTROL) === 0) {
      const body = batch.subarray(BATCH_OVERHEAD)
      readRecords(batch, attributes, (attributes & 7) === 0 ? body : await decompress(attributes & 7, body), records)
    }
    at = end
  }
  return { records, nextOffset }
}

function readRecords(batch: Buffer, attributes: number, body: Buffer, into: LogRecord[]): void {
  const baseOffset = batch.readBigInt64BE(0)
  const firstTimestamp = Number(batch.readBigInt64BE(27))
  const maxTimestamp = Number(batch.readBigInt64BE(35))
  const producer = { producerId: batch.readBigInt64BE(43), producerEpoch: batch.readInt16BE(51) }
  const baseSequence = batch.readInt32BE(53)
  const reader = new Reader(body)
  for (let left = batch.readInt32BE(57); left > 0; left--) {
    reader.varint() // length
    reader.skip(1) // attributes
    const timestamp = firstTimestamp + reader.varint()
    const offsetDelta = reader.varint()
    into.push({
      ...producer,
      offset: baseOffset + BigInt(offsetDelta),
      timestamp: attributes & LOG_APPEND_TIME ? maxTimestamp : timestamp,
      // Sequences wrap to 0 after 2^31 - 1, as in Java.
      sequence: baseSequence < 0 ? -1 : (baseSequence + offsetDelta) % 2 ** 31,
      key: reader.bytes(),
      value: reader.bytes(),
      headers: Array.from(
        { length: reader.varint() },
        (): RecordHeader => [String(reader.bytes() ?? ''), reader.bytes()],
      ),
    })
  }
}

class Reader {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  skip(count: number): void {
    this.#at += count
  }

  /** Zig-zag; exact to 2^52, which timestamps in milliseconds stay under. */
  varint(): number {
    let value = 0
    for (let scale = 1; ; scale *= 128) {
      const byte = this.#bytes.readUInt8(this.#at++)
      value += (byte & 0x7f) * scale
      if (byte < 128) return value % 2 === 0 ? value / 2 : -(value + 1) / 2
    }
  }

  bytes(): Buffer | null {
    const length = this.varint()
    if (length < 0) return null
    if (this.#at + length > this.#bytes.length) throw new Error('A record reaches beyond its batch.')
    this.#at += length
    return this.#bytes.subarray(this.#at - length, this.#at)
  }
}
