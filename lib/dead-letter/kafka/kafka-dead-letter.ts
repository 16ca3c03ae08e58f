// A dead letter as a record of a Kafka topic and back: key, value and headers are the record's own; Spring's kafka_dlt-* headers say what
// failed (docs.spring.io/spring-kafka, DeadLetterPublishingRecoverer), and kp-dead-letter has the rest of the envelope.
import { fromBase64, toBase64 } from '../../record/base64.ts'
import { isJsonObject, parseJson } from '../../record/json-object.ts'
import type { RecordHeader } from '../../record/producer-record.ts'
import type { DeadLetter } from '../dead-letter.ts'
import { deadLetterIn } from '../read-dead-letter.ts'
import { VERSION_1_HEADER } from '../version-1.ts'

const DEAD_LETTER = 'kp-dead-letter'
const CLOSED = 'kp-closed'
const SPRING = 'kafka_dlt-'
/** Of a dead letter whose record never had a topic. */
const NO_TOPIC = 'unrouted'

export interface KafkaDeadLetterRecord {
  readonly topic: string
  readonly key: Uint8Array | null
  readonly value: Uint8Array | null
  readonly headers: readonly RecordHeader[]
}

/** @param pattern of the topic's name, e.g. `{topic}-dlt` */
export function deadLetterTopic(pattern: string, topic: string | null): string {
  return pattern.replaceAll('{topic}', topic ?? NO_TOPIC)
}

/** Whether a topic is one of the pattern's. */
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
      // What key, value and headers say is not said twice.
      [DEAD_LETTER, Buffer.from(JSON.stringify({ ...deadLetter, record }))],
    ],
  }
}

/** @returns undefined for a record that is no dead letter of ours */
export function fromKafkaDeadLetter({
  key,
  value,
  headers,
}: Pick<KafkaDeadLetterRecord, 'key' | 'value' | 'headers'>): DeadLetter | undefined {
  const text = headers.findLast(([name]) => name === DEAD_LETTER || name === VERSION_1_HEADER)?.[1]
  if (!text) return undefined
  const own = headers
    .filter(([name]) => name !== DEAD_LETTER && name !== VERSION_1_HEADER && !name.startsWith(SPRING))
    .map(([name, bytes]) => ({ name, value: toBase64(bytes) }))
  const rest = parseJson(Buffer.from(text).toString())
  const deadLetter =
    isJsonObject(rest) && isJsonObject(rest.record)
      ? { ...rest, record: { ...rest.record, key: toBase64(key), value: toBase64(value), headers: own } }
      : undefined
  return deadLetterIn(deadLetter)
}

/** Says in the same topic that dead letters are settled, by their locations. */
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

/** @returns the locations that a marker names; undefined for any other record */
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
