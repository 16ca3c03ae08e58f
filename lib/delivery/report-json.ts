// Turns a report into JSON: where the record was to go and its outcome. Logging a report, or returning it from a
// handler, must neither fail for a value without a JSON form (a bigint, a cycle) nor put a payload into a log.
import type { ProducerRecord } from '../record/producer-record.ts'

/** The record without key, value and headers; an empty object if the record can't be read. */
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
