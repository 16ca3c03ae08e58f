// Converts a dead letter to a record of a Kafka topic, and back: key, value and headers are those of the failed record.
// Spring's kafka_dlt-* headers (docs.spring.io/spring-kafka, DeadLetterPublishingRecoverer) say what failed, and
// kp-dead-letter has the rest of the envelope.
import { fromBase64, toBase64 } from '../../record/base64.ts'
import { isJsonObject, parseJson } from '../../record/json-object.ts'
import type { RecordHeader } from '../../record/producer-record.ts'
import type { DeadLetter } from '../dead-letter.ts'
import { deadLetterIn } from '../read-dead-letter.ts'
import { VERSION_1_HEADER } from '../version-1.ts'

const DEAD_LETTER = 'kp-dead-letter'
const CLOSED = 'kp-closed'
const SPRING = 'kafka_dlt-'
/** The topic for dead letters whose record has no topic. */
const NO_TOPIC = 'unrouted'

export interface KafkaDeadLetterRecord {
  readonly topic: string
  readonly key: Uint8Array | null
  readonly value: Uint8Array | null
  readonly headers: readonly RecordHeader[]
}

/** @param pattern the pattern of the topic's name, e.g. `{topic}-dlt` */
export function deadLetterTopic(pattern: string, topic: string | null): string {
  return pattern.replaceAll('{topic}', topic ?? NO_TOPIC)
}

/** Whether a topic matches the pattern. */
export function isDeadLetterTopic(pattern: string, topic: string): boolean {
  const [before = '', ...rest] = pattern.split('{topic}')
  const after = rest.at(-1)
  return after === undefined
    ? topic === pattern
    : topic.length > before.length + after.length && topic.startsWith(before) && topic.endsWith(after)
}

export function toKafkaDeadLetter(deadLetter: DeadLetter, pattern: string): KafkaDeadLetterRecord {
  const { key, value, headers, ...record } = deadLetter.record
  const { topic, partition, timestamp } = record
  const spring = (name: string, bytes: Buffer): RecordHeader => [`${SPRING}${name}`, bytes]
  return {
    topic: deadLetterTopic(pattern, topic),
    key: fromBase64(key),
    value: fromBase64(value),
    headers: [
      ...headers.map(({ name, value }): RecordHeader => [name, fromBase64(value)]),
      ...(topic === null ? [] : [spring('original-topic', Buffer.from(topic))]),
      ...(partition === null ? [] : [spring('original-partition', int32(partition))]),
      ...(timestamp === null ? [] : [spring('original-timestamp', int64(timestamp))]),
      spring('exception-fqcn', Buffer.from(deadLetter.failure.class)),
      spring('exception-message', Buffer.from(deadLetter.failure.code)),
      // Key, value and headers are already in the record.
      [DEAD_LETTER, Buffer.from(JSON.stringify({ ...deadLetter, record }))],
    ],
  }
}

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

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(value)
  return bytes
}

function int64(value: number): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigInt64BE(BigInt(value))
  return bytes
}
