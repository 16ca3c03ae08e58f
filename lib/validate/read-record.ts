// Reads the fields of a caller's record once. A caller without TypeScript may pass anything, and may change its list,
// headers and bytes as soon as the call returns, so later stages never read the caller's record again.
import { InvalidRecordError, isInstance } from '../errors.ts'
import { addedBefore, headerList } from '../record/header-list.ts'
import type { ProducerRecord, RecordHeader, ValidRecord } from '../record/producer-record.ts'
import { checkTopicIsText } from './check-topic.ts'
import { kindOf } from './kind-of.ts'
import { checkHeaderName, checkText } from './text-rules.ts'

const MAX_PARTITION = 2 ** 31 - 1
/** The largest time value of a Date; larger ones are not exact to the millisecond in a batch. */
const MAX_TIMESTAMP = 8.64e15

/** The caller's record with fields of the right types. Key and value are checked when they are serialized. */
export interface ReadRecord
  extends Omit<ValidRecord, 'codec' | 'content' | 'maxValueBytes' | 'keyCodec' | 'keyContent' | 'maxKeyBytes'> {
  readonly origin: ProducerRecord['origin'] | undefined
  readonly addedHeaders: number
}

/** @throws InvalidRecordError also if a getter or proxy of the caller throws */
export function readRecord(record: unknown): ReadRecord {
  try {
    return readFields(record)
  } catch (cause) {
    if (isInstance(cause, InvalidRecordError)) throw cause
    throw new InvalidRecordError('bad-value', 'record: reading one of its fields threw an error.', { cause })
  }
}

function readFields(record: unknown): ReadRecord {
  if (typeof record !== 'object' || record === null || 'then' in record)
    throw new InvalidRecordError('bad-value', `record: expected an object with topic and value, got ${kindOf(record)}.`)
  const { topic, key, value, headers, partition, timestamp, origin, orderGroup } = record as Partial<ProducerRecord>
  checkTopicIsText(topic)
  if (value === undefined)
    throw new InvalidRecordError('bad-value', 'value: expected a value, or null for a tombstone; got none.')
  if (orderGroup != null && typeof orderGroup !== 'string')
    throw new InvalidRecordError('bad-value', `orderGroup: expected text, got ${kindOf(orderGroup)}.`)
  const list = listOf(headers)
  const addedHeaders = addedBefore(list)
  return {
    topic,
    key: key ?? null,
    value,
    headers: Array.from(list, (header, index) => readHeader(header, index - addedHeaders)),
    addedHeaders,
    partition: readPartition(partition),
    timestamp: readTimestamp(timestamp),
    origin: origin ?? undefined,
    orderGroup: orderGroup ?? undefined,
  }
}

function readPartition(partition: unknown): number | undefined {
  if (partition == null) return undefined
  if (Number.isInteger(partition) && (partition as number) >= 0 && (partition as number) <= MAX_PARTITION)
    return partition as number
  throw new InvalidRecordError(
    'bad-partition',
    `partition: expected an integer from 0 to ${MAX_PARTITION}, or null; got ${numberOrKind(partition)}.`,
  )
}

function readTimestamp(timestamp: unknown): number | undefined {
  if (timestamp == null) return undefined
  const ms = isDate(timestamp) ? timestamp.getTime() : timestamp
  if (Number.isInteger(ms) && (ms as number) >= 0 && (ms as number) <= MAX_TIMESTAMP) return ms as number
  throw new InvalidRecordError(
    'bad-timestamp',
    `timestamp: expected an integer (ms since the epoch), a Date, or null; got ${numberOrKind(timestamp)}.`,
  )
}

function listOf(headers: unknown): readonly unknown[] {
  const list = headerList(headers)
  if (list) return list
  const expected = 'a list of [name, value], or an object'
  throw invalidHeader('/headers', `headers: expected ${expected}; got ${kindOf(headers)}.`, expected)
}

/** Copies a header, with text as UTF-8. */
function readHeader(header: unknown, index: number): RecordHeader {
  const where = `headers[${index}]`
  if (!Array.isArray(header)) {
    const message = `${where}: expected [name, value], got ${kindOf(header)}.`
    throw invalidHeader(`/headers/${index}`, message, '[name, value]')
  }
  const [name, value] = header as readonly unknown[]
  checkHeaderName(name, `/headers/${index}/name`)
  if (value === null) return [name, null]
  if (typeof value === 'string') checkText(value, `/headers/${index}/value`)
  if (typeof value === 'string' || value instanceof Uint8Array) return [name, Buffer.from(value)]
  const expected = 'bytes, text or null'
  throw invalidHeader(
    `/headers/${index}/value`,
    `${where}: expected ${expected} as value, got ${kindOf(value)}.`,
    expected,
  )
}

function invalidHeader(pointer: string, message: string, expected: string): InvalidRecordError {
  return new InvalidRecordError('bad-header', message, { violations: [{ pointer, rule: 'type', expected }] })
}

/** Also accepts a Date of another realm, because some test runners use their own. */
function isDate(value: unknown): value is Date {
  return Object.prototype.toString.call(value) === '[object Date]' && typeof (value as Date).getTime === 'function'
}

function numberOrKind(value: unknown): string {
  if (isDate(value)) return 'an invalid Date'
  return typeof value === 'number' ? String(value) : kindOf(value)
}
