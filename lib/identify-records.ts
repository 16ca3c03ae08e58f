// Adds the library's headers to records: `kp-id`, by which a consumer drops repeats and redrive finds a record in the
// log, and `traceparent`. Headers that the caller set are kept.
import { randomUUID } from 'node:crypto'
import { ConfigError, errorName, InvalidRecordError } from './errors.ts'
import { invocationTrace } from './lambda/invocation-facts.ts'
import { traceparentOf } from './lambda/traceparent.ts'
import { behindAdded, headerList } from './record/header-list.ts'
import type { ProducerRecord, ProducerRecordHeader } from './record/producer-record.ts'
import { hasHeader, isRecordIdOption, RECORD_ID_EXPECTED, RECORD_ID_HEADER, withHeaders } from './record/record-id.ts'
import { catchRejection } from './time/thenable.ts'

/**
 * Which id a record without a `kp-id` header gets: a random UUID, none (then also no `traceparent`), or the text of 1
 * to 4,096 characters that a function returns for the record. If the function returns the same id when the caller sends
 * the same event again, consumers drop that repeat, too.
 */
export type RecordIdOption<K = unknown, V = unknown> = 'uuid' | 'none' | ((record: ProducerRecord<K, V>) => string)

const MAX_ID_LENGTH = 4096

export interface IdentifiedRecords {
  readonly records: readonly ProducerRecord[]
  /** Why a record has no id, by the record's index. */
  readonly refused?: ReadonlyMap<number, InvalidRecordError>
}

/**
 * Checks a `recordId` option.
 * @throws ConfigError if it is not one
 */
export function checkRecordId(recordId: unknown): void {
  if (!isRecordIdOption(recordId)) throw new ConfigError([RECORD_ID_EXPECTED])
}

/**
 * Adds the headers to records.
 * @param records before they are validated; anything that is not a record is left for stage 3 to refuse
 */
export function identifyRecords(records: readonly ProducerRecord[], recordId: RecordIdOption): IdentifiedRecords {
  if (recordId === 'none') return { records }
  const refused = new Map<number, InvalidRecordError>()
  const trace = invocationTrace()
  const identified = records.map((record, index) => {
    try {
      return identify(record, recordId, trace)
    } catch (error) {
      refused.set(index, error instanceof InvalidRecordError ? error : unreadable(error))
      return record
    }
  })
  return refused.size === 0 ? { records: identified } : { records: identified, refused }
}

function identify(record: ProducerRecord, recordId: RecordIdOption, trace: string | undefined): ProducerRecord {
  if (typeof record !== 'object' || record === null || 'then' in record) return record
  const headers = headerList(record.headers) as readonly ProducerRecordHeader[] | undefined
  if (!headers) return record
  const added: ProducerRecordHeader[] = []
  if (!hasHeader(headers, RECORD_ID_HEADER)) added.push([RECORD_ID_HEADER, newId(record, recordId)])
  if (!hasHeader(headers, 'traceparent')) added.push(['traceparent', traceparentOf(undefined, trace)])
  return added.length === 0 ? record : withHeaders(record, behindAdded(added, headers))
}

function newId(record: ProducerRecord, recordId: RecordIdOption): string {
  if (typeof recordId !== 'function') return randomUUID()
  let id: unknown
  try {
    id = recordId(record)
  } catch (cause) {
    throw new InvalidRecordError('bad-header', `recordId: the function threw an error (${errorName(cause)}).`, {
      cause,
    })
  }
  if (typeof id === 'string' && id.length > 0 && id.length <= MAX_ID_LENGTH) return id
  // A promise is not an id, and nobody waits for it.
  catchRejection(id, () => undefined)
  const got = typeof id === 'string' ? `${id.length} characters` : id === null ? 'null' : typeof id
  throw new InvalidRecordError('bad-header', `recordId: expected 1 to ${MAX_ID_LENGTH} characters, got ${got}.`)
}

function unreadable(cause: unknown): InvalidRecordError {
  return new InvalidRecordError('bad-value', 'record: reading one of its fields threw an error.', { cause })
}
