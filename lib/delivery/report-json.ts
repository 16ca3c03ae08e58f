// What JSON shows of a report: where the record was to go and what became of it. A report that is logged or returned by
// a handler must not fail for a value that has no JSON form (a bigint, a cycle), nor carry a payload into a log.
import type { ProducerRecord } from '../record/producer-record.ts'

/** The record without key, value and headers. Of one that can't be read nothing is left. */
export function recordToJson(record: ProducerRecord): object {
  try {
    const { topic, partition, timestamp, sourceId, orderGroup } = record
    return Object.fromEntries(
      Object.entries({ topic, partition, timestamp, sourceId, orderGroup }).filter(([, value]) => hasJson(value)),
    )
  } catch {
    return {}
  }
}

function hasJson(value: unknown): boolean {
  return typeof value === 'string' || typeof value === 'number' || value instanceof Date
}
