// The headers of a record in an HTTP body.
import type { Contract } from '../../../../lib/contracts/contract.ts'
import { isWrittenBySchema, refuseSchemaIds } from '../../../../lib/contracts/refuse-schema-ids.ts'
import { InvalidRecordError } from '../../../../lib/errors.ts'
import { isBase64 } from '../../../../lib/record/base64.ts'
import { isContainer, isJsonObject } from '../../../../lib/record/json-object.ts'
import type { JsonOutline } from '../../../../lib/record/json-outline.ts'
import { pointerPart } from '../../../../lib/record/json-pointer.ts'
import { type ProducerRecordHeader, RESERVED_HEADER_PREFIX } from '../../../../lib/record/producer-record.ts'
import { checkLimit } from '../../../../lib/validate/limits.ts'
import { checkHeaderName, checkText, checkTraceparents } from '../../../../lib/validate/text-rules.ts'

/** JSON pointers to the parts of a header in the caller's body. */
interface HeaderPointers {
  readonly whole: string
  readonly name: string
  readonly value: string
}

/**
 * Reads the headers of a record: an ordered list of `{name, value}` or `{name, base64}`, or an object of names and
 * texts. Stage 3 checks headers by the same rules; they are checked here too so that a violation's pointer leads into
 * the caller's body, and so that too many headers cost no time.
 * @param outline of the field; keeps the names of an object in the order of the text, also those that look like indices
 * @throws InvalidRecordError `bad-header`, `reserved-header`, `not-utf8`, `record-too-large`
 */
export function toHeaders(
  field: unknown,
  outline: JsonOutline | undefined,
  contract: Contract,
): ProducerRecordHeader[] {
  if (field === undefined) return []
  if (!isContainer(field))
    throw new InvalidRecordError('bad-header', 'headers: expected a list of {"name","value"} or an object.')
  const count = Array.isArray(field) ? field.length : Object.keys(field).length
  checkLimit('headers', count, contract.limits.headers, 'headers')
  const names = [...(outline?.fields?.keys() ?? [])]
  const pointersOf = Array.isArray(field) ? pointersOfItem : (at: number) => pointersOfField(names[at] as string)
  const entries = Array.isArray(field) ? field : names.map(name => ({ name, value: field[name] }))
  const headers = entries.map((entry, index) => toHeader(entry, pointersOf(index)))
  checkTraceparents(headers, index => pointersOf(index).value)
  if (isWrittenBySchema(contract)) refuseSchemaIds(headers, index => pointersOf(index).name)
  return headers
}

function pointersOfItem(index: number): HeaderPointers {
  const whole = `/headers/${index}`
  return { whole, name: `${whole}/name`, value: `${whole}/value` }
}

function pointersOfField(name: string): HeaderPointers {
  const whole = `/headers/${pointerPart(name)}`
  return { whole, name: whole, value: whole }
}

function toHeader(entry: unknown, pointers: HeaderPointers): ProducerRecordHeader {
  const bad = () =>
    new InvalidRecordError('bad-header', 'headers: expected {"name", "value": text or null} or {"name", "base64"}.', {
      violations: [{ pointer: pointers.whole, rule: 'header', expected: 'name with value or base64' }],
    })
  if (!isJsonObject(entry) || typeof entry.name !== 'string') throw bad()
  const { name } = entry
  const fields = Object.keys(entry)
  if (fields.length !== 2) throw bad()
  checkHeaderName(name, pointers.name)
  if (name.toLowerCase().startsWith(RESERVED_HEADER_PREFIX))
    throw new InvalidRecordError(
      'reserved-header',
      `headers: expected no name that begins with ${RESERVED_HEADER_PREFIX}.`,
      { violations: [{ pointer: pointers.name, rule: 'reserved', expected: `no ${RESERVED_HEADER_PREFIX}` }] },
    )
  if (fields.includes('base64')) {
    if (typeof entry.base64 !== 'string' || !isBase64(entry.base64)) throw bad()
    return [name, Buffer.from(entry.base64, 'base64')]
  }
  if (entry.value === null) return [name, null]
  if (typeof entry.value !== 'string') throw bad()
  checkText(entry.value, pointers.value)
  return [name, entry.value]
}
