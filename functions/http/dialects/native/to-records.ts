// Stage 1 of 9: HTTP request → SourceRecord[], each with its id and, if it is invalid, its error. Pure.
import type { Contract, Contracts } from '../../../../lib/contracts/contract.ts'
import { InvalidRecordError } from '../../../../lib/errors.ts'
import type { HttpRequest } from '../../../../lib/lambda/http-event.ts'
import { type SourceRecord, sourceRecord, standardHeaders } from '../../../../lib/lambda/source-record.ts'
import { faultArguments } from '../../../../lib/record/json-fault.ts'
import { isJsonObject } from '../../../../lib/record/json-object.ts'
import type { JsonOutline } from '../../../../lib/record/json-outline.ts'
import { JsonText, NumberText } from '../../../../lib/record/json-text.ts'
import type { ProducerRecord, ProducerRecordHeader } from '../../../../lib/record/producer-record.ts'
import { keyText } from '../../../../lib/validate/key-text.ts'
import { RequestError } from '../../request-error.ts'
import { type RecordId, recordIds } from './record-ids.ts'
import { type Entry, parseRequest, toEntries } from './request-body.ts'
import { toHeaders } from './to-headers.ts'

/**
 * Parses a request into records.
 * @throws RequestError if the request is refused as a whole
 */
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
    throw new RequestError('media-type', 'content-type: expected application/json in UTF-8.')
  const body = parseRequest(request, contract)
  const entries = toEntries(body, contract.limits.records)
  const ids = recordIds(entries, body.text, topic, request, requestId)
  const standardHeadersOf = (id: string) =>
    standardHeaders(id, 'http', request.headers.traceparent, request.headers['x-amzn-trace-id'])
  return entries.map((entry, index) => {
    const { id, error } = ids[index] as RecordId
    const incomplete = { topic, value: null, sourceId: id }
    if (error) return { id, record: incomplete, error }
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

function toRecord(
  { parsed, outline }: Entry,
  text: string,
  contract: Contract,
  id: string,
  standard: readonly ProducerRecordHeader[],
): ProducerRecord {
  if (!isJsonObject(parsed)) throw new InvalidRecordError('bad-json', 'record: expected an object.')
  if (outline.fault) throw new InvalidRecordError(...faultArguments(outline.fault, ''))
  const { fields = new Map<string, JsonOutline>() } = outline
  if (Object.keys(parsed).length > fields.size)
    throw new InvalidRecordError('unknown-field', `record: expected only ${RECORD_FIELDS}.`)
  const textOf = (name: string) => text.slice(fields.get(name)?.start, fields.get(name)?.end)
  if (!Object.hasOwn(parsed, 'value'))
    throw new InvalidRecordError('schema', 'value: expected this field; null is a tombstone.', {
      violations: [{ pointer: '/value', rule: 'required', expected: 'value' }],
    })
  const headers = toHeaders(parsed.headers, fields.get('headers'), contract)
  const hasTraceparent = headers.some(([name]) => name === 'traceparent')
  return {
    topic: contract.topic,
    value: toValue(parsed.value, () => textOf('value'), contract),
    headers: [...standard.filter(([name]) => !(hasTraceparent && name === 'traceparent')), ...headers],
    sourceId: id,
    ...(parsed.key === undefined ? {} : { key: toKey(parsed.key, () => textOf('key'), contract) }),
    ...(parsed.partition === undefined
      ? {}
      : { partition: toInteger(parsed.partition, () => textOf('partition'), 'bad-partition', 2 ** 31 - 1) }),
    ...(parsed.timestamp === undefined
      ? {}
      : { timestamp: toInteger(parsed.timestamp, () => textOf('timestamp'), 'bad-timestamp', 8.64e15) }),
  }
}

/** Formats other than JSON have their values as JSON strings. */
function toValue(value: unknown, textOf: () => string, { value: { codec } }: Contract): unknown {
  if (codec.isJson) return value === null ? null : new JsonText(textOf(), value)
  return typeof value === 'string' ? codec.fromText(new JsonText(value)) : value
}

const RECORD_FIELDS = 'id, key, value, headers, partition, timestamp'

/** Takes the text of a number, because as a double it may become another number. */
function toKey(key: unknown, textOf: () => string, { key: { codec } }: Contract): ProducerRecord['key'] {
  if (codec)
    return codec.isJson
      ? new JsonText(textOf(), key)
      : typeof key === 'string'
        ? codec.fromText(new JsonText(key))
        : key
  return keyText(typeof key === 'number' ? new NumberText(textOf()) : key) ?? null
}

function toInteger(value: unknown, textOf: () => string, code: 'bad-partition' | 'bad-timestamp', max: number): number {
  // The text is checked as well: 0.99999999999999999999 becomes 1 as a double.
  if (Number.isInteger(value) && (value as number) <= max && /^\d+$/.test(textOf())) return value as number
  throw new InvalidRecordError(code, `${code.slice('bad-'.length)}: expected an integer from 0 to ${max}.`)
}
