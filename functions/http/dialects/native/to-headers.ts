// The headers of a record in an HTTP body.
import type { ContractLimits } from '../../../../lib/contracts/contract.ts'
import { InvalidRecordError } from '../../../../lib/errors.ts'
import { isBase64 } from '../../../../lib/record/base64.ts'
import { isContainer, isJsonObject } from '../../../../lib/record/json-object.ts'
import { type ProducerRecordHeader, RESERVED_HEADER_PREFIX } from '../../../../lib/record/producer-record.ts'
import { checkLimit } from '../../../../lib/validate/limits.ts'
import { checkHeaderName, checkText, checkTraceparents } from '../../../../lib/validate/text-rules.ts'

/**
 * Reads an ordered list of `{name, value}` or `{name, base64}`; an object is short for names with text. Stage 3 has the
 * same rules; here a violation's pointer counts the headers as the caller does, and too many cost nothing.
 * @throws InvalidRecordError `bad-header`, `reserved-header`, `not-utf8`, `record-too-large`
 */
export function toHeaders(field: unknown, { headers: maxHeaders }: ContractLimits): ProducerRecordHeader[] {
  if (field === undefined) return []
  if (!isContainer(field))
    throw new InvalidRecordError('bad-header', 'headers: expected a list of {"name","value"} or an object.')
  const count = Array.isArray(field) ? field.length : Object.keys(field).length
  checkLimit('headers', count, maxHeaders, 'headers')
  const list = Array.isArray(field) ? field : Object.entries(field).map(([name, value]) => ({ name, value }))
  const headers = list.map(toHeader)
  checkTraceparents(headers)
  return headers
}

function toHeader(entry: unknown, index: number): ProducerRecordHeader {
  const bad = () =>
    new InvalidRecordError('bad-header', 'headers: expected {"name", "value": text or null} or {"name", "base64"}.', {
      violations: [{ pointer: `/headers/${index}`, rule: 'header', expected: 'name with value or base64' }],
    })
  if (!isJsonObject(entry) || typeof entry.name !== 'string') throw bad()
  const { name } = entry
  const fields = Object.keys(entry)
  if (fields.length !== 2) throw bad()
  checkHeaderName(name, `/headers/${index}/name`)
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
  checkText(entry.value, `/headers/${index}/value`)
  return [name, entry.value]
}
