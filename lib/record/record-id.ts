// The id of a record, its header `kp-id`, by which consumers drop repeats and redrive finds the record in the log.
import { headerList } from './header-list.ts'
import type { ProducerRecord, ProducerRecordHeader } from './producer-record.ts'

export const RECORD_ID_HEADER = 'kp-id'
export const RECORD_ID_EXPECTED = 'recordId: expected "uuid", "none" or a function.'

/** Compares exactly: `NONE` would otherwise be taken as `uuid`, the opposite of what it says. */
export function isRecordIdOption(recordId: unknown): boolean {
  return recordId === 'uuid' || recordId === 'none' || typeof recordId === 'function'
}

/**
 * Reads the id.
 * @param headers those of a record that may not be validated yet
 * @returns the text of the first `kp-id` header; undefined if there is none, or if it has no value
 */
export function recordIdIn(headers: unknown): string | undefined {
  const value = headerValue(headers, RECORD_ID_HEADER)
  if (typeof value === 'string') return value
  return value instanceof Uint8Array ? Buffer.from(value).toString() : undefined
}

export function hasHeader(headers: unknown, name: string): boolean {
  return headerValue(headers, name) !== undefined
}

function headerValue(headers: unknown, name: string): unknown {
  const header = headerList(headers)?.find(one => Array.isArray(one) && one[0] === name)
  return Array.isArray(header) ? (header[1] ?? null) : undefined
}

const FIELDS: Record<keyof ProducerRecord, true> = {
  topic: true,
  key: true,
  value: true,
  headers: true,
  partition: true,
  timestamp: true,
  sourceId: true,
  origin: true,
  orderGroup: true,
}

/** Copies a record with other headers, including the fields that its class declares as accessors. */
export function withHeaders(record: ProducerRecord, headers: readonly ProducerRecordHeader[]): ProducerRecord {
  if (Object.getPrototypeOf(record) === Object.prototype) return { ...record, headers }
  // A spread copies only own properties.
  const inherited = Object.keys(FIELDS).filter(field => field in record && !Object.hasOwn(record, field))
  const fields = Object.fromEntries(inherited.map(field => [field, record[field as keyof ProducerRecord]]))
  return { ...record, ...fields, headers }
}
