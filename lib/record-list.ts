// The list that a caller passes to `sendAll`, as the producer's own.
import { InvalidRecordError } from './errors.ts'

/**
 * A copy, because the caller may change its list.
 * @throws InvalidRecordError when it is no list, or can't be read: no record of it is sent
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
