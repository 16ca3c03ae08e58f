// Stage 1 of 9: HTTP request → ProducerRecord[], each with its id, or with its own error. Pure.

import type { Contracts } from '../../lib/contracts/contract.ts'
import { InvalidRecordError } from '../../lib/errors.ts'
import type { HttpRequest } from '../../lib/lambda/http-event.ts'
import { CHANGED_NUMBER, hasChangedNumber, parseBody } from '../../lib/lambda/parse-body.ts'
import { type SourceRecord, sourceRecord, standardHeaders } from '../../lib/lambda/source-record.ts'
import { isBase64 } from '../../lib/record/base64.ts'
import { isJsonObject } from '../../lib/record/json-object.ts'
import { type ProducerRecord, RESERVED_HEADER_PREFIX, type RecordHeader } from '../../lib/record/producer-record.ts'
import { RequestError } from './request-error.ts'

/** Bytes of a body after base64 decoding. Lambda's limit is 6 MB for the whole event. */
const MAX_BODY_BYTES = 5 * 1024 * 1024
const FIELDS: ReadonlySet<string> = new Set(['key', 'value', 'headers', 'partition', 'timestamp'])

/** @throws RequestError when the request is refused as a whole */
export function toRecords(
  request: HttpRequest,
  topic: string,
  requestId: string,
  contracts: Contracts,
): SourceRecord[] {
  const contract = contracts.get(topic)
  if (!contract?.http)
    throw new RequestError('unknown-topic', 'path: expected /topics/{topic} with a topic that has a contract for HTTP.')
  if (!isJson(request.headers['content-type']))
    throw new RequestError('media-type', 'content-type: expected application/json.')
  const sourceId = idempotencyKey(request.headers['idempotency-key']) ?? requestId
  const entries = toEntries(parseRequest(request.body), contract.limits.records)
  const standardHeadersOf = (id: string) =>
    standardHeaders(id, 'http', request.headers.traceparent, request.headers['x-amzn-trace-id'])
  return entries.map((entry, index) => {
    const id = entries.length > 1 ? `${sourceId}:${index}` : sourceId
    const incomplete = { topic, value: null, sourceId: id }
    return sourceRecord(id, incomplete, () => toRecord(entry, topic, id, standardHeadersOf(id)))
  })
}

function isJson(contentType: string | undefined): boolean {
  const [type, ...parameters] = (contentType ?? '').split(';').map(part => part.trim().toLowerCase())
  return (
    type === 'application/json' &&
    parameters.every(parameter => !parameter.startsWith('charset=') || /^charset="?utf-?8"?$/.test(parameter))
  )
}

function idempotencyKey(header: string | undefined): string | undefined {
  if (header === undefined || /^[\x21-\x7e]{1,255}$/.test(header)) return header
  throw new RequestError('bad-header', 'idempotency-key: expected 1 to 255 visible ASCII characters.')
}

function parseRequest(body: Buffer | string): unknown {
  const bytes = Buffer.byteLength(body)
  if (bytes > MAX_BODY_BYTES)
    throw new RequestError('body-too-large', `body: expected at most ${MAX_BODY_BYTES} bytes, got ${bytes}.`)
  return parseBody(body, RequestError)
}

/** The body is one record, or has a list of them in its field `records`. */
function toEntries(body: unknown, maxRecords: number): readonly unknown[] {
  if (!isJsonObject(body)) throw new RequestError('bad-json', 'body: expected an object.')
  if (!Object.hasOwn(body, 'records')) return [body]
  const { records } = body
  if (Object.keys(body).length > 1) throw new RequestError('unknown-field', 'body: expected only "records" beside it.')
  if (!Array.isArray(records)) throw new RequestError('bad-json', 'records: expected a list.')
  if (records.length === 0) throw new RequestError('empty', 'records: expected at least one record.')
  if (records.length > maxRecords)
    throw new RequestError('too-many-records', `records: expected at most ${maxRecords}, got ${records.length}.`)
  return records
}

function toRecord(entry: unknown, topic: string, id: string, standard: readonly RecordHeader[]): ProducerRecord {
  if (!isJsonObject(entry)) throw new InvalidRecordError('bad-json', 'record: expected an object.')
  if (!Object.keys(entry).every(name => FIELDS.has(name)))
    throw new InvalidRecordError('unknown-field', `record: expected only ${[...FIELDS].join(', ')}.`)
  if (!Object.hasOwn(entry, 'value'))
    throw new InvalidRecordError('schema', 'value: expected one; null is a tombstone.', {
      violations: [{ pointer: '/value', rule: 'required', expected: 'value' }],
    })
  if (hasChangedNumber(entry.value))
    throw new InvalidRecordError(
      'number-out-of-range',
      'value: expected numbers that a double holds exactly; send larger ones as text.',
    )
  const headers = toHeaders(entry.headers)
  const hasTraceparent = headers.some(([name]) => name === 'traceparent')
  return {
    topic,
    value: entry.value,
    headers: [...standard.filter(([name]) => !(hasTraceparent && name === 'traceparent')), ...headers],
    sourceId: id,
    ...(entry.key === undefined ? {} : { key: toKey(entry.key) }),
    ...(entry.partition === undefined ? {} : { partition: toInteger(entry.partition, 'bad-partition', 2 ** 31 - 1) }),
    ...(entry.timestamp === undefined ? {} : { timestamp: toInteger(entry.timestamp, 'bad-timestamp', 8.64e15) }),
  }
}

function toKey(key: unknown): string | null {
  if (key === null || typeof key === 'string') return key
  if (Number.isSafeInteger(key)) return String(key)
  throw new InvalidRecordError(
    'key-type',
    `key: expected a string or an integer, got ${key === CHANGED_NUMBER ? 'a larger number' : typeof key}.`,
  )
}

function toInteger(value: unknown, code: 'bad-partition' | 'bad-timestamp', max: number): number {
  if (Number.isInteger(value) && (value as number) >= 0 && (value as number) <= max && !Object.is(value, -0))
    return value as number
  throw new InvalidRecordError(code, `${code.slice('bad-'.length)}: expected an integer from 0 to ${max}.`)
}

/**
 * Reads an ordered list of `{name, value}` or `{name, base64}`; an object is short for names with text. Stage 3 checks
 * the names, as for every record.
 */
function toHeaders(field: unknown): RecordHeader[] {
  if (field === undefined) return []
  const list = Array.isArray(field)
    ? field
    : isJsonObject(field)
      ? Object.entries(field).map(([name, value]) => ({ name, value }))
      : undefined
  if (!list) throw new InvalidRecordError('bad-header', 'headers: expected a list of {"name","value"} or an object.')
  return list.map(toHeader)
}

function toHeader(entry: unknown): RecordHeader {
  const bad = () =>
    new InvalidRecordError(
      'bad-header',
      'headers: expected {"name", "value": text or null} or {"name", "base64"}, with a name of printable text.',
    )
  if (!isJsonObject(entry) || typeof entry.name !== 'string') throw bad()
  const { name } = entry
  const fields = Object.keys(entry)
  if (fields.length !== 2) throw bad()
  if (name.toLowerCase().startsWith(RESERVED_HEADER_PREFIX))
    throw new InvalidRecordError(
      'reserved-header',
      `headers: expected no name that begins with ${RESERVED_HEADER_PREFIX}.`,
    )
  if (fields.includes('base64')) {
    if (typeof entry.base64 !== 'string' || !isBase64(entry.base64)) throw bad()
    return [name, Buffer.from(entry.base64, 'base64')]
  }
  if (entry.value === null) return [name, null]
  if (typeof entry.value !== 'string') throw bad()
  return [name, Buffer.from(entry.value)]
}
