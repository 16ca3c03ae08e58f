// Converts a dead letter to a record of a Kafka topic: key, value and headers are those of the failed record. Spring's
// kafka_dlt-* headers (docs.spring.io/spring-kafka, DeadLetterPublishingRecoverer) describe the failure, and
// `kp-dead-letter` holds the rest of the envelope.
import { fromBase64 } from '../../record/base64.ts'
import type { RecordHeader } from '../../record/producer-record.ts'
import type { DeadLetter } from '../dead-letter.ts'

/** The header with the envelope. */
export const DEAD_LETTER = 'kp-dead-letter'
/** The beginning of the names of Spring's headers. */
export const SPRING = 'kafka_dlt-'
/** Each header is added only if the record's field is not null. */
const ORIGINAL = {
  topic: `${SPRING}original-topic`,
  partition: `${SPRING}original-partition`,
  timestamp: `${SPRING}original-timestamp`,
}
const EXCEPTION = { class: `${SPRING}exception-fqcn`, message: `${SPRING}exception-message` }
/** The topic for dead letters whose record has no topic. */
const NO_TOPIC = 'unrouted'

export interface KafkaDeadLetterRecord {
  readonly topic: string
  readonly partition?: number
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
  return {
    topic: deadLetterTopic(pattern, record.topic),
    key: fromBase64(key),
    value: fromBase64(value),
    // The record's own headers come first: a reader removes only the last header of each of Spring's names.
    headers: [
      ...headers.map(({ name, value }): RecordHeader => [name, fromBase64(value)]),
      ...springHeaders(deadLetter),
      // Without the key, value and headers, which the Kafka record has.
      [DEAD_LETTER, Buffer.from(JSON.stringify({ ...deadLetter, record }))],
    ],
  }
}

function springHeaders({ record, failure }: DeadLetter): RecordHeader[] {
  const { topic, partition, timestamp } = record
  const values: Readonly<Record<string, Buffer>> = {
    ...(topic === null ? {} : { [ORIGINAL.topic]: Buffer.from(topic) }),
    ...(partition === null ? {} : { [ORIGINAL.partition]: int32(partition) }),
    ...(timestamp === null ? {} : { [ORIGINAL.timestamp]: int64(timestamp) }),
    [EXCEPTION.class]: Buffer.from(failure.class),
    [EXCEPTION.message]: Buffer.from(failure.code),
  }
  return Object.entries(values)
}

/** Returns the names of the headers that were added to a record with these fields. */
export function springHeaderNames(record: Readonly<Record<string, unknown>>): string[] {
  const fields = Object.entries(ORIGINAL).filter(([field]) => typeof (record[field] ?? null) !== 'object')
  return [...fields.map(([, name]) => name), ...Object.values(EXCEPTION)]
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
