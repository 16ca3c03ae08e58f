// Reads the body of a request: its text, and where its records and their fields are in that text.
import { gunzipSync } from 'node:zlib'
import type { Contract } from '../../../../lib/contracts/contract.ts'
import type { HttpRequest } from '../../../../lib/lambda/http-event.ts'
import { type ParsedBody, parseBody } from '../../../../lib/lambda/parse-body.ts'
import { isJsonObject } from '../../../../lib/record/json-object.ts'
import type { JsonOutline, JsonShape } from '../../../../lib/record/json-outline.ts'
import { decodeUtf8 } from '../../../../lib/record/utf8.ts'
import { isCostlyToParse, PARSE_COST_EXPECTED } from '../../parse-cost.ts'
import { RequestError } from '../../request-error.ts'

/** Bytes of a body after base64 decoding, below Lambda's limit of 6 MB for the whole event. */
export const MAX_BODY_BYTES = 5 * 1024 * 1024

/** A record of the body, and where its fields are in the text. */
export interface Entry {
  readonly parsed: unknown
  readonly outline: JsonOutline
}

/**
 * The body without gzip. A gateway may have decompressed the body and kept the header, so its first bytes decide.
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

/**
 * Decompresses, checks and parses the body of a request.
 * @throws RequestError
 */
export function parseRequest(request: HttpRequest, contract: Contract): ParsedBody {
  const body = inflated(request)
  const bytes = Buffer.byteLength(body)
  if (bytes > MAX_BODY_BYTES)
    throw new RequestError('body-too-large', `body: expected at most ${MAX_BODY_BYTES} bytes, got ${bytes}.`)
  const text = typeof body === 'string' ? body : decodeUtf8(body)
  // A byte order mark is no part of the JSON text, so it may be skipped (RFC 8259, section 8.1).
  const json = text?.startsWith('\uFEFF') ? text.slice(1) : text
  if (json && isCostlyToParse(json)) throw new RequestError('body-too-large', `body: expected ${PARSE_COST_EXPECTED}.`)
  return parseBody(json, requestShape(contract), RequestError)
}

/** The shape of both forms of a body: one record, or a list of records. */
function requestShape(contract: Contract): JsonShape {
  const fields = new Map<string, JsonShape>([
    ['id', {}],
    ['key', contract.key.codec?.shape ?? {}],
    ['value', contract.value.codec.shape],
    ['headers', { uniqueNames: true, items: {}, maxItems: contract.limits.headers }],
    ['partition', {}],
    ['timestamp', {}],
  ])
  const records = { items: { fields }, maxItems: contract.limits.records }
  return { fields: new Map<string, JsonShape>([...fields, ['records', records]]) }
}

/** Returns the records of a body, which is one record or has a list of them in its field `records`. */
export function toEntries({ parsed, outline }: ParsedBody, maxRecords: number): readonly Entry[] {
  if (!isJsonObject(parsed)) throw new RequestError('bad-json', 'body: expected an object.')
  if (!Object.hasOwn(parsed, 'records')) return [{ parsed, outline }]
  const { records } = parsed
  if (Object.keys(parsed).length > 1)
    throw new RequestError('unknown-field', 'body: expected no field beside "records".')
  if (outline.ownFault) throw new RequestError('repeated-name', 'body: expected "records" once.')
  if (!Array.isArray(records)) throw new RequestError('bad-json', 'records: expected a list.')
  if (records.length === 0) throw new RequestError('empty', 'records: expected at least one record.')
  if (records.length > maxRecords)
    throw new RequestError('too-many-records', `records: expected at most ${maxRecords}, got ${records.length}.`)
  const outlines = outline.fields?.get('records')?.items
  return records.map((record, at) => ({ parsed: record, outline: outlines?.[at] as JsonOutline }))
}
