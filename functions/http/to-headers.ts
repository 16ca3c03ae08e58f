// The headers of a record in an HTTP body.
import { InvalidRecordError } from '../../lib/errors.ts'
import { isBase64 } from '../../lib/record/base64.ts'
import { isJsonObject } from '../../lib/record/json-object.ts'
import { RESERVED_HEADER_PREFIX, type RecordHeader } from '../../lib/record/producer-record.ts'

/**
 * Reads an ordered list of `{name, value}` or `{name, base64}`; an object is short for names with text. Stage 3 checks
 * the names, as for every record.
 */
export function toHeaders(field: unknown): RecordHeader[] {
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
