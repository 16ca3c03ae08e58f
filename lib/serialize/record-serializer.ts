// Stage 4 of 9: ValidRecord → SerializedRecord. Bytes, and what they weigh on the wire.
import { RecordFaultError } from '../errors.ts'
import type { RecordHeader, SerializedRecord, ValidRecord, ValueFormat } from '../record/producer-record.ts'

/** Upper bound of a record's own framing (Java: `DefaultRecord.MAX_RECORD_OVERHEAD`). */
const RECORD_OVERHEAD = 21
const LENGTH_BYTES = 5
const BATCH_AND_REQUEST_OVERHEAD = 1024

export class RecordSerializer {
  readonly #maxRequestSize: number

  /** @param maxRequestSize bytes (`max.request.size`): no single record may need more, uncompressed. */
  constructor(maxRequestSize: number) {
    this.#maxRequestSize = maxRequestSize
  }

  /** @throws RecordFaultError `bad-value`, `record-too-large` */
  serialize(record: ValidRecord): SerializedRecord {
    const key = toBytes(record.key ?? null)
    const value = serializeValue(record.value, record.format)
    const headers = record.headers ?? []
    const wireSize = RECORD_OVERHEAD + (key?.length ?? 0) + (value?.length ?? 0) + headers.reduce((sum, header) => sum + sizeOfHeader(header), 0)
    if (wireSize + BATCH_AND_REQUEST_OVERHEAD > this.#maxRequestSize)
      throw new RecordFaultError(
        'record-too-large',
        `record: expected at most ${this.#maxRequestSize - BATCH_AND_REQUEST_OVERHEAD} bytes (max.request.size ${this.#maxRequestSize}), got ${wireSize}.`,
      )
    return {
      topic: record.topic,
      key,
      value,
      headers,
      wireSize,
      ...(record.partition === undefined ? {} : { partition: record.partition }),
      ...(record.timestamp === undefined ? {} : { timestamp: record.timestamp }),
      ...(record.orderGroup === undefined ? {} : { orderGroup: record.orderGroup }),
    }
  }
}

function sizeOfHeader([name, value]: RecordHeader): number {
  return 2 * LENGTH_BYTES + Buffer.byteLength(name) + (value?.length ?? 0)
}

function toBytes(value: Uint8Array | string | null): Uint8Array | null {
  return typeof value === 'string' ? Buffer.from(value) : value
}

function serializeValue(value: unknown, format: ValueFormat): Uint8Array | null {
  if (value === null || value instanceof Uint8Array) return value
  if (format === 'json') return Buffer.from(serializeJson(value))
  if (typeof value !== 'string') throw new RecordFaultError('bad-value', `value: expected bytes, text or null (format ${format}), got ${typeof value}.`)
  return Buffer.from(value, format === 'base64' ? 'base64' : 'utf8')
}

function serializeJson(value: unknown): string {
  try {
    const text = JSON.stringify(value)
    if (text !== undefined) return text
  } catch {
    // A cycle or a BigInt. What JSON.stringify says of it quotes the value's own field names.
  }
  throw new RecordFaultError('bad-value', `value: expected something JSON can express, got ${typeof value} that it can't.`)
}
