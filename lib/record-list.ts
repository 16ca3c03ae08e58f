// Copies the list of records that a caller passes to `sendAll`.
import { InvalidRecordError } from './errors.ts'

/**
 * Returns a copy, because the caller may change its list.
 * @throws InvalidRecordError if it is not a list, or can't be read; none of its records is sent
 */
export function recordList<T>(records: readonly T[]): readonly T[] {
  let list: readonly T[] | undefined
  try {
    if (Array.isArray(records)) list = Array.from(records)
  } catch (cause) {
    throw new InvalidRecordError('bad-value', 'records: reading the list threw an error.', { cause })
  }
  if (list) return list
  throw new InvalidRecordError('bad-value', `records: expected a list of records, got ${typeof records}.`)
}
