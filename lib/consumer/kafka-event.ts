// Reads and checks the event of a Kafka trigger, from Amazon MSK or from self-managed brokers.
// docs.aws.amazon.com/lambda/latest/dg/with-msk.html and with-kafka.html
import { isUtf8 } from 'node:buffer'
import { InvalidRecordError } from '../errors.ts'
import { isBase64 } from '../record/base64.ts'
import type { RecordHeader } from '../record/producer-record.ts'
import { RECORD_ID_HEADER } from '../record/record-id.ts'

const EVENT_SOURCES: readonly unknown[] = ['aws:kafka', 'SelfManagedKafka']
/** Prefix of ids that are not text. */
const AS_BYTES = 'base64:'
const MAX_PARTITION = 2 ** 31 - 1

/** A record that a Kafka trigger delivers. */
export interface ConsumedRecord {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  /** Milliseconds since the epoch; null if the event has none. */
  readonly timestamp: number | null
  readonly key: Buffer | null
  /** Null for a tombstone. */
  readonly value: Buffer | null
  readonly headers: readonly RecordHeader[]
  /**
   * The header `kp-id` as text, or `base64:` and its bytes if they are not UTF-8 or start with `base64:`; undefined
   * without the header.
   */
  readonly id: string | undefined
}

/**
 * @returns the records by partition, each in the order of the event
 * @throws InvalidRecordError if the event does not come from a Kafka trigger, or one of its records can't be read
 */
export function readKafkaEvent(event: unknown): ConsumedRecord[][] {
  const { eventSource, records } = objectAt(event, 'event')
  if (!EVENT_SOURCES.includes(eventSource))
    throw unexpected('eventSource', `${EVENT_SOURCES.join(' or ')}, of a Kafka trigger`, eventSource)
  const partitions = new Map<string, ConsumedRecord[]>()
  for (const [name, list] of Object.entries(objectAt(records, 'records'))) {
    if (!Array.isArray(list)) throw unexpected(`records.${name}`, 'a list', list)
    for (const [index, entry] of list.entries()) {
      const record = readRecord(entry, `records.${name}[${index}]`)
      const key = `${record.topic}/${record.partition}`
      const others = partitions.get(key)
      if (others) others.push(record)
      else partitions.set(key, [record])
    }
  }
  return [...partitions.values()]
}

function readRecord(entry: unknown, at: string): ConsumedRecord {
  const { topic, partition, offset, timestamp, key, value, headers } = objectAt(entry, at)
  if (typeof topic !== 'string' || topic === '') throw unexpected(`${at}.topic`, 'text', topic)
  const list = readHeaders(headers, `${at}.headers`)
  return {
    topic,
    partition: integerAt(partition, MAX_PARTITION, `${at}.partition`),
    offset: integerAt(offset, Number.MAX_SAFE_INTEGER, `${at}.offset`),
    timestamp: timestampAt(timestamp, `${at}.timestamp`),
    key: bytesAt(key, `${at}.key`),
    value: bytesAt(value, `${at}.value`),
    headers: list,
    id: idIn(list),
  }
}

/**
 * Gives different ids different texts. `toString` alone would map all bytes that are not UTF-8 to the same character.
 */
function idIn(headers: readonly RecordHeader[]): string | undefined {
  const bytes = headers.find(([name]) => name === RECORD_ID_HEADER)?.[1]
  if (!bytes?.length) return undefined
  const id = Buffer.from(bytes)
  const text = id.toString()
  return isUtf8(id) && !text.startsWith(AS_BYTES) ? text : `${AS_BYTES}${id.toString('base64')}`
}

/** Reads a list of objects with one name each. A value is a list of bytes, which Java writes as −128 to 127. */
function readHeaders(headers: unknown, at: string): RecordHeader[] {
  if (headers == null) return []
  if (!Array.isArray(headers)) throw unexpected(at, 'a list', headers)
  return headers.flatMap((header, index) =>
    Object.entries(objectAt(header, `${at}[${index}]`)).map(([name, bytes]): RecordHeader => {
      if (bytes === null) return [name, null]
      if (!Array.isArray(bytes) || !bytes.every(isByte)) throw unexpected(`${at}[${index}]`, 'a list of bytes', bytes)
      return [name, Buffer.from(bytes.map(byte => byte & 0xff))]
    }),
  )
}

function isByte(byte: unknown): byte is number {
  return Number.isInteger(byte) && (byte as number) >= -128 && (byte as number) <= 255
}

function bytesAt(text: unknown, at: string): Buffer | null {
  if (text == null) return null
  if (typeof text !== 'string' || !isBase64(text)) throw unexpected(at, 'base64', text)
  return Buffer.from(text, 'base64')
}

function integerAt(value: unknown, max: number, at: string): number {
  if (Number.isInteger(value) && (value as number) >= 0 && (value as number) <= max) return value as number
  throw unexpected(at, `an integer from 0 to ${max}`, value)
}

/** Kafka uses −1 for "no timestamp". Other negative values are times before 1970, which brokers accept. */
function timestampAt(value: unknown, at: string): number | null {
  if (value == null || value === -1) return null
  if (Number.isSafeInteger(value)) return value as number
  throw unexpected(at, 'an integer', value)
}

function objectAt(value: unknown, at: string): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>
  throw unexpected(at, 'an object', value)
}

/** Builds an error that names the place and the type, and never a value. */
function unexpected(at: string, expected: string, got: unknown): InvalidRecordError {
  const type = got === null ? 'null' : Array.isArray(got) ? 'a list' : typeof got
  return new InvalidRecordError('bad-value', `${at}: expected ${expected}; got ${type}.`)
}
