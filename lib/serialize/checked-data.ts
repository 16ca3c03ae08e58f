// Checks what a caller's serializer or codec returned, and copies it so that nobody else can change it.
import { InvalidRecordError } from '../errors.ts'
import { isHeaderName } from '../record/header-name.ts'
import type { RecordHeader } from '../record/producer-record.ts'
import { expected, type SerializedData } from './serializer.ts'

/**
 * Returns the data.
 * @throws SerializationError or InvalidRecordError if a serializer may not return it
 */
export function checkedData(data: unknown): SerializedData {
  if (data === null) return null
  if (data instanceof Uint8Array) return Buffer.from(data)
  if (typeof data !== 'object' || !('bytes' in data) || !('headers' in data))
    return expected('bytes, null or { bytes, headers } of its serializer', data)
  const { bytes, headers } = data
  if (bytes !== null && !(bytes instanceof Uint8Array)) return expected('bytes or null of its serializer', bytes)
  if (!Array.isArray(headers)) throw badHeader()
  return { bytes: bytes && Buffer.from(bytes), headers: headers.map(checkedHeader) }
}

/** Checks a header that a serializer adds, by the rules for a record's own headers: bytes, text as UTF-8, or null. */
function checkedHeader(header: unknown): RecordHeader {
  const [name, value]: readonly unknown[] = Array.isArray(header) ? header : []
  if (!isHeaderName(name)) throw badHeader()
  if (value === null) return [name, null]
  if (typeof value === 'string' ? !value.isWellFormed() : !(value instanceof Uint8Array)) throw badHeader()
  return [name, Buffer.from(value as string | Uint8Array)]
}

function badHeader(): InvalidRecordError {
  return new InvalidRecordError(
    'bad-header',
    'headers: expected [name, value] of the serializer: a visible name, and bytes, well-formed text or null.',
  )
}
