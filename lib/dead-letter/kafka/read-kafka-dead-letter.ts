// Converts a record of a Kafka topic back to a dead letter, and reads the markers of completed ones. It is apart from
// what writes dead letters, so that no function’s bundle has it.
import { toBase64 } from '../../record/base64.ts'
import { isJsonObject, parseJson } from '../../record/json-object.ts'
import type { RecordHeader } from '../../record/producer-record.ts'
import type { DeadLetter } from '../dead-letter.ts'
import { deadLetterIn } from '../read-dead-letter.ts'
import { VERSION_1_HEADER } from '../version-1.ts'
import { DEAD_LETTER, type KafkaDeadLetterRecord, SPRING } from './kafka-dead-letter.ts'

const CLOSED = 'kp-closed'

/** @returns undefined for a record that is not a dead letter of this library */
export function fromKafkaDeadLetter({
  key,
  value,
  headers,
}: Pick<KafkaDeadLetterRecord, 'key' | 'value' | 'headers'>): DeadLetter | undefined {
  const text = headers.findLast(([name]) => name === DEAD_LETTER || name === VERSION_1_HEADER)?.[1]
  if (!text) return undefined
  const recordHeaders = headers
    .filter(([name]) => name !== DEAD_LETTER && name !== VERSION_1_HEADER && !name.startsWith(SPRING))
    .map(([name, bytes]) => ({ name, value: toBase64(bytes) }))
  const rest = parseJson(Buffer.from(text).toString())
  const deadLetter =
    isJsonObject(rest) && isJsonObject(rest.record)
      ? { ...rest, record: { ...rest.record, key: toBase64(key), value: toBase64(value), headers: recordHeaders } }
      : undefined
  return deadLetterIn(deadLetter)
}

/** A record of the same topic that marks dead letters as completed, by their locations. */
export function closedMarker(
  topic: string,
  deadLetterId: string,
  locations: readonly string[],
  completedAs: string,
): KafkaDeadLetterRecord {
  return {
    topic,
    key: Buffer.from(deadLetterId),
    value: null,
    headers: [[CLOSED, Buffer.from(JSON.stringify({ of: locations, location: completedAs }))]],
  }
}

/** @returns the locations in a marker; undefined for any other record */
export function closedBy(headers: readonly RecordHeader[]): readonly string[] | undefined {
  const text = headers.findLast(([name]) => name === CLOSED)?.[1]
  const marker = text ? parseJson(Buffer.from(text).toString()) : undefined
  return isJsonObject(marker) && Array.isArray(marker.of) ? marker.of : undefined
}
