// Converts a dead letter to a record of a Kafka topic: key, value and headers are those of the failed record.
// Spring's kafka_dlt-* headers (docs.spring.io/spring-kafka, DeadLetterPublishingRecoverer) say what failed, and
// kp-dead-letter has the rest of the envelope.
import { fromBase64 } from '../../record/base64.ts'
import type { RecordHeader } from '../../record/producer-record.ts'
import type { DeadLetter } from '../dead-letter.ts'

/** The header with the envelope. */
export const DEAD_LETTER = 'kp-dead-letter'
/** The beginning of the names of Spring's headers. */
export const SPRING = 'kafka_dlt-'
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
