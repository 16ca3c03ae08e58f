// Stage 1 of 9: HTTP request → ProducerRecord[], each with its id, or with its own error. Pure.
import { gunzipSync } from 'node:zlib'

import type { Contract, Contracts } from '../../../../lib/contracts/contract.ts'
import { refuseFault, valueShape } from '../../../../lib/contracts/json-value.ts'
import { InvalidRecordError } from '../../../../lib/errors.ts'
import type { HttpRequest } from '../../../../lib/lambda/http-event.ts'
import { type ParsedBody, parseBody } from '../../../../lib/lambda/parse-body.ts'
import { type SourceRecord, sourceRecord, standardHeaders } from '../../../../lib/lambda/source-record.ts'
import { isJsonObject } from '../../../../lib/record/json-object.ts'
import type { JsonOutline, JsonShape } from '../../../../lib/record/json-outline.ts'
import { JsonText, NumberText } from '../../../../lib/record/json-text.ts'
import type { ProducerRecord, ProducerRecordHeader } from '../../../../lib/record/producer-record.ts'
import { decodeUtf8 } from '../../../../lib/record/utf8.ts'
import { isCostlyToParse, PARSE_COST_EXPECTED } from '../../parse-cost.ts'
import { RequestError } from '../../request-error.ts'
import { toHeaders } from './to-headers.ts'

/** Bytes of a body after base64 decoding. Lambda's limit is 6 MB for the whole event. */
const MAX_BODY_BYTES = 5 * 1024 * 1024

/** A record of the body: what it says, and where its fields lie in the text. */
interface Entry {
  readonly parsed: unknown
  readonly outline: JsonOutline
}

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
  const body = parseRequest(inflated(request), contract)
  const entries = toEntries(body, contract.limits.records)
  const standardHeadersOf = (id: string) =>
    standardHeaders(id, 'http', request.headers.traceparent, request.headers['x-amzn-trace-id'])
  return entries.map((entry, index) => {
    const id = entries.length > 1 ? `${sourceId}:${index}` : sourceId
    const incomplete = { topic, value: null, sourceId: id }
    return sourceRecord(id, incomplete, () => toRecord(entry, body.text, contract, id, standardHeadersOf(id)))
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

/**
 * The body without its gzip. A gateway may have inflated it and left the header, so the body itself tells.
 * @throws RequestError `media-type` for another encoding · `body-too-large` · `bad-json` for broken gzip
 */
function inflated({ headers, body }: HttpRequest): Buffer | string {
  const encoding = headers['content-encoding']?.trim().toLowerCase() ?? 'identity'
  if (encoding !== 'gzip' && encoding !== 'identity')
    throw new RequestError('media-type', 'content-encoding: expected gzip or none.', {
      headers: { 'accept-encoding': 'gzip' },
    })
  const isGzip = encoding === 'gzip' && typeof body !== 'string' && body[0] === 0x1f && body[1] === 0x8b
  if (!isGzip) return body
  try {
    return gunzipSync(body, { maxOutputLength: MAX_BODY_BYTES })
  } catch (error) {
    if ((error as { code?: unknown }).code === 'ERR_BUFFER_TOO_LARGE')
      throw new RequestError('body-too-large', `body: expected at most ${MAX_BODY_BYTES} bytes when inflated.`)
    throw new RequestError('bad-json', 'body: expected gzip, as content-encoding says.')
  }
}

function parseRequest(body: Buffer | string, contract: Contract): ParsedBody {
  const bytes = Buffer.byteLength(body)
  if (bytes > MAX_BODY_BYTES)
    throw new RequestError('body-too-large', `body: expected at most ${MAX_BODY_BYTES} bytes, got ${bytes}.`)
  const text = typeof body === 'string' ? body : decodeUtf8(body)
  // A byte order mark lies outside every value, so it may be skipped (RFC 8259, section 8.1).
  const json = text?.startsWith('\uFEFF') ? text.slice(1) : text
  if (json && isCostlyToParse(json)) throw new RequestError('body-too-large', `body: expected ${PARSE_COST_EXPECTED}.`)
  return parseBody(json, requestShape(contract), RequestError)
}

/** A body is one record, or a list of them. */
function requestShape(contract: Contract): JsonShape {
  const fields = new Map<string, JsonShape>([
    ['key', {}],
    ['value', valueShape(contract)],
    ['headers', { uniqueNames: true }],
    ['partition', {}],
    ['timestamp', {}],
  ])
  const records = { items: { fields }, maxItems: contract.limits.records }
  return { fields: new Map<string, JsonShape>([...fields, ['records', records]]) }
}

/** The body is one record, or has a list of them in its field `records`. */
function toEntries({ parsed, outline }: ParsedBody, maxRecords: number): readonly Entry[] {
  if (!isJsonObject(parsed)) throw new RequestError('bad-json', 'body: expected an object.')
  if (!Object.hasOwn(parsed, 'records')) return [{ parsed, outline }]
  const { records } = parsed
  if (Object.keys(parsed).length > 1)
    throw new RequestError('unknown-field', 'body: expected only "records" beside it.')
  if (outline.ownFault) throw new RequestError('repeated-name', 'body: expected "records" once.')
  if (!Array.isArray(records)) throw new RequestError('bad-json', 'records: expected a list.')
  if (records.length === 0) throw new RequestError('empty', 'records: expected at least one record.')
  if (records.length > maxRecords)
    throw new RequestError('too-many-records', `records: expected at most ${maxRecords}, got ${records.length}.`)
  const outlines = outline.fields?.get('records')?.items
  return records.map((record, at) => ({ parsed: record, outline: outlines?.[at] as JsonOutline }))
}

function toRecord(
  { parsed, outline }: Entry,
  text: string,
  contract: Contract,
  id: string,
  standard: readonly ProducerRecordHeader[],
): ProducerRecord {
  if (!isJsonObject(parsed)) throw new InvalidRecordError('bad-json', 'record: expected an object.')
  refuseFault(outline.fault, '')
  const { fields = new Map<string, JsonOutline>() } = outline
  if (Object.keys(parsed).length > fields.size)
    throw new InvalidRecordError('unknown-field', `record: expected only ${RECORD_FIELDS}.`)
  const textOf = (name: string) => text.slice(fields.get(name)?.start, fields.get(name)?.end)
  if (!Object.hasOwn(parsed, 'value'))
    throw new InvalidRecordError('schema', 'value: expected one; null is a tombstone.', {
      violations: [{ pointer: '/value', rule: 'required', expected: 'value' }],
    })
  const headers = toHeaders(parsed.headers, contract.limits)
  const hasTraceparent = headers.some(([name]) => name === 'traceparent')
  const isText = contract.value.format !== 'json' || parsed.value === null
  return {
    topic: contract.topic,
    value: isText ? parsed.value : new JsonText(textOf('value'), parsed.value),
    headers: [...standard.filter(([name]) => !(hasTraceparent && name === 'traceparent')), ...headers],
    sourceId: id,
    ...(parsed.key === undefined ? {} : { key: toKey(parsed.key, () => textOf('key')) }),
    ...(parsed.partition === undefined ? {} : { partition: toInteger(parsed.partition, 'bad-partition', 2 ** 31 - 1) }),
    ...(parsed.timestamp === undefined ? {} : { timestamp: toInteger(parsed.timestamp, 'bad-timestamp', 8.64e15) }),
  }
}

const RECORD_FIELDS = 'key, value, headers, partition, timestamp'

function toKey(key: unknown, textOf: () => string): string | null {
  if (key === null || typeof key === 'string') return key
  const number = typeof key === 'number' ? new NumberText(textOf()) : undefined
  if (number?.isInteger) return number.text
  throw new InvalidRecordError(
    'key-type',
    `key: expected a string or an integer, got ${number ? 'a number with a point or an exponent' : typeof key}.`,
  )
}

function toInteger(value: unknown, code: 'bad-partition' | 'bad-timestamp', max: number): number {
  if (Number.isInteger(value) && (value as number) >= 0 && (value as number) <= max && !Object.is(value, -0))
    return value as number
  throw new InvalidRecordError(code, `${code.slice('bad-'.length)}: expected an integer from 0 to ${max}.`)
}
