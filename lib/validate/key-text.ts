import { InvalidRecordError } from '../errors.ts'
import { NumberText } from '../record/json-text.ts'

/**
 * Converts a key that comes from JSON to text (an integer to its digits) or bytes; undefined for no key.
 * @throws InvalidRecordError `key-type`
 */
export function keyText(key: unknown): Uint8Array | string | undefined {
  if (key === undefined || key === null) return undefined
  if (typeof key === 'string' || key instanceof Uint8Array) return key
  if (Number.isSafeInteger(key)) return String(key)
  if (key instanceof NumberText && key.isInteger) return key.text
  const kind = key instanceof NumberText ? 'a number with a point or an exponent' : typeof key
  throw new InvalidRecordError('key-type', `key: expected a string or an integer, got ${kind}.`)
}
