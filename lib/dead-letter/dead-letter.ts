// The dead-letter envelope, version 2 (`application/vnd.kafka-dead-letter+json; version=2`). All bytes are base64.
import { createHash, randomUUID } from 'node:crypto'
import type { Failed } from '../delivery/delivery-report.ts'
import type { FailedOutcome, FailureKind } from '../errors.ts'
import { fromBase64, toBase64 } from '../record/base64.ts'
import { headerList } from '../record/header-list.ts'
import { JsonText } from '../record/json-text.ts'
import type { ProducerRecord, RecordHeader, SerializedRecord } from '../record/producer-record.ts'

export const DEAD_LETTER_MEDIA_TYPE = 'application/vnd.kafka-dead-letter+json; version=2'

/** Limits of the envelope's fields, in characters unless the name says otherwise. */
export const MAX_TEXT = 4096
export const MAX_CLASS = 128
/** The longest topic name that Kafka allows. */
export const MAX_TOPIC = 249
/** The largest key, value or header: the highest allowed `max.request.size`. */
export const MAX_VALUE_BYTES = 100_500_000
export const MAX_HEADERS = 100_000
export const MAX_HEADER_NAME = 32_767
export const MAX_INT32 = 2 ** 31 - 1
/** The largest time value of a Date. */
export const MAX_TIME = 8.64e15

/** The `producerId` of an `inDoubt` that does not say which producer sent the record. Brokers never assign this id. */
export const UNKNOWN_PRODUCER_ID = Number.MAX_SAFE_INTEGER

export interface DeadLetterSource {
  /** `template`: code sent the record, with a KafkaTemplate or another producer of the library. */
  readonly trigger: 'http' | 'sqs' | 'eventbridge' | 'template'
  readonly id: string
  readonly index: number
  readonly function: string | null
  readonly arn: string | null
  readonly receiveCount: number | null
}

export interface DeadLetter {
  readonly schemaVersion: 2
  readonly deadLetterId: string
  readonly recordId: string
  /** The id of the dead letter of which this one is an edited version. */
  readonly editedFrom?: string
  readonly source: DeadLetterSource
  readonly record: {
    /**
     * `wire` (default): key and value are the bytes for Kafka. `source`: they are those of the source, because the
     * record was never encoded; a redrive encodes them by the topic's contract. Readers refuse unknown encodings.
     */
    readonly encoding?: 'wire' | 'source'
    readonly topic: string | null
    readonly partition: number | null
    readonly partitionFixedBy: 'source' | 'partitioner' | null
    readonly timestamp: number | null
    readonly key: string | null
    readonly value: string | null
    readonly headers: readonly { readonly name: string; readonly value: string | null }[]
  }
  readonly failure: {
    readonly kind: FailureKind
    readonly outcome: FailedOutcome
    readonly class: string
    readonly code: string
    readonly causeCode: string | null
    readonly attempts: number
    readonly firstAt: string
    readonly lastAt: string
  }
  /**
   * Only for the outcome `unknown`: where in the log the record would be, so that redrive can look there before it
   * sends it again.
   */
  readonly inDoubt: null | {
    /** The topic that it was sent to; missing if that is the record's own topic. */
    readonly topic?: string
    readonly partition: number
    readonly producerId: number
    readonly producerEpoch: number
    readonly baseSequence: number
    readonly indexInBatch: number
    readonly from: string
    readonly to: string
    /** The id of the cluster; null or missing if the producer did not know it. */
    readonly clusterId?: string | null
    /** The offset after the producer's last acknowledged batch of this partition; null or missing if there was none. */
    readonly fromOffset?: number | null
    /**
     * Set if an earlier attempt had an unknown outcome too; the fields above describe the later one. `same-partition`:
     * another batch of the same partition, whose result proves nothing about the earlier one. `elsewhere`: another
     * partition or cluster.
     */
    readonly earlier?: 'same-partition' | 'elsewhere'
    /** Set if the partition was not chosen yet when this was noted; `partition` is then any partition of the topic. */
    readonly anyPartition?: true
  }
  readonly redrive: { readonly count: number; readonly lastAt: string | null; readonly lastCode: string | null }
  readonly claimCheck: null | { readonly target: string; readonly sha256: string; readonly bytes: number }
}

/** The known parts of a record that was never serialized. */
export interface UnencodedParts {
  readonly key: Uint8Array | string | null
  /** Default: the value of the record, as text or bytes. */
  readonly value?: Uint8Array | string | null
  /** Unset if the bytes for Kafka are the same as those of the source. */
  readonly encoding?: 'source'
}

/**
 * @param recordId the record's `kp-id`
 * @param unencoded the known parts of a record that was never serialized
 */
export function toDeadLetter(
  failed: Failed,
  recordId: string,
  source: DeadLetterSource,
  unencoded: UnencodedParts = { key: null },
): DeadLetter {
  const serialized: SerializedRecord = failed.serialized ?? asBytes(failed.record, unencoded)
  const encoding = failed.serialized ? undefined : unencoded.encoding
  const topic = topicIn(serialized.topic)
  const from = new Date(failed.firstAt).toISOString()
  const to = new Date(failed.lastAt).toISOString()
  const inDoubt = failed.inDoubt
  const id = recordId.slice(0, MAX_TEXT)
  return {
    schemaVersion: 2,
    deadLetterId: deadLetterId({ ...serialized, topic: topic ?? '' }, id),
    recordId: id,
    source: { ...source, id: source.id.slice(0, MAX_TEXT), arn: source.arn?.slice(0, MAX_TEXT) ?? null },
    record: {
      ...(encoding ? { encoding } : {}),
      topic,
      partition: serialized.partition ?? null,
      partitionFixedBy: partitionFixedBy(serialized),
      timestamp: serialized.timestamp ?? null,
      key: toBase64(serialized.key),
      value: toBase64(serialized.value),
      headers: serialized.headers.map(([name, value]) => ({ name, value: toBase64(value) })),
    },
    failure: {
      kind: failed.failureKind,
      outcome: failed.outcome,
      class: failed.error.name.slice(0, MAX_CLASS),
      code: failed.code,
      causeCode: failed.causeCode?.slice(0, MAX_CLASS) ?? null,
      attempts: failed.attempts,
      firstAt: from,
      lastAt: to,
    },
    inDoubt: inDoubt
      ? {
          partition: serialized.partition as number,
          producerId: Number(inDoubt.producerId),
          producerEpoch: inDoubt.epoch,
          baseSequence: inDoubt.baseSequence,
          indexInBatch: inDoubt.indexInBatch,
          from,
          to,
          clusterId: inDoubt.clusterId,
          fromOffset: inDoubt.fromOffset === null ? null : Number(inDoubt.fromOffset),
        }
      : null,
    redrive: { count: 0, lastAt: null, lastCode: null },
    claimCheck: null,
  }
}

/** Null for a text that is too long for a topic name, because no field may exceed its limit. */
function topicIn(topic: string): string | null {
  return topic === '' || topic.length > MAX_TOPIC ? null : topic
}

/**
 * Converts a record that was never serialized. An invalid record may have any types, but its dead letter must be
 * readable, so values that do not fit their field are left out.
 */
function asBytes(record: ProducerRecord, { key, value }: UnencodedParts): SerializedRecord {
  const { topic, headers, partition, timestamp }: Partial<ProducerRecord> = record ?? {}
  const ms = timestamp instanceof Date ? timestamp.getTime() : timestamp
  return {
    topic: typeof topic === 'string' ? topic : '',
    key: typeof key === 'string' ? Buffer.from(key) : key,
    value: bytesOf(value === undefined ? record?.value : value),
    headers: (headerList(headers) ?? []).flatMap(asHeader).slice(0, MAX_HEADERS),
    wireSize: 0,
    ...(isWithin(partition, MAX_INT32) ? { partition } : {}),
    ...(isWithin(ms, MAX_TIME) ? { timestamp: ms } : {}),
  }
}

function asHeader(header: unknown): RecordHeader[] {
  if (!Array.isArray(header) || typeof header[0] !== 'string' || header[0].length > MAX_HEADER_NAME) return []
  return [[header[0], bytesOf(header[1] ?? null)]]
}

function bytesOf(value: unknown): Uint8Array | null {
  if (value === null || value instanceof Uint8Array) return value
  if (value instanceof JsonText) return Buffer.from(value.text)
  return Buffer.from(typeof value === 'string' ? value : jsonText(value))
}

/**
 * Converts a value to JSON, with every digit of a bigint, and maps as objects. Empty for values without JSON (a
 * function, a circular object).
 */
function jsonText(value: unknown): string {
  const mark = randomUUID()
  const inJson = (_name: string, part: unknown) => {
    if (typeof part === 'bigint') return `${mark}${part}`
    return part instanceof Map ? Object.fromEntries(part) : part
  }
  try {
    const text = JSON.stringify(value, inJson) ?? ''
    return text.replaceAll(new RegExp(`"${mark}(-?\\d+)"`, 'g'), '$1')
  } catch {
    return ''
  }
}

function isWithin(value: unknown, max: number): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) <= max
}

function partitionFixedBy(record: SerializedRecord): DeadLetter['record']['partitionFixedBy'] {
  return record.partitionFixedBy ?? (record.partition === undefined ? null : 'source')
}

/**
 * Returns the id of a dead letter. The same record with the same `kp-id` has the same id; different bytes give another.
 * It is the first 22 characters of base64url(SHA-256(length-prefixed topic, kp-id, key, value, headers without
 * traceparent)).
 */
export function deadLetterId(
  record: Pick<SerializedRecord, 'topic' | 'key' | 'value' | 'headers'>,
  recordId: string,
): string {
  const hash = createHash('sha256')
  const part = (bytes: Uint8Array | string | null) => {
    const length = Buffer.alloc(4)
    length.writeInt32BE(bytes === null ? -1 : Buffer.byteLength(bytes))
    hash.update(length)
    if (bytes !== null) hash.update(bytes)
  }
  for (const bytes of [record.topic, recordId, record.key, record.value]) part(bytes)
  for (const [name, value] of record.headers) {
    if (name === 'traceparent') continue
    part(name)
    part(value)
  }
  return hash.digest('base64url').slice(0, 22)
}

/** Returns the record of a dead letter, with its original bytes. */
export function recordOf(deadLetter: DeadLetter): {
  topic: string | null
  key: Uint8Array | null
  value: Uint8Array | null
  headers: RecordHeader[]
  timestamp: number | null
  partition: number | null
} {
  const { topic, key, value, headers, timestamp, partition, partitionFixedBy } = deadLetter.record
  return {
    topic,
    key: fromBase64(key),
    value: fromBase64(value),
    headers: headers.map(header => [header.name, fromBase64(header.value)] as const),
    timestamp,
    // The partitioner chooses again, because the topic may have more partitions now.
    partition: partitionFixedBy === 'source' ? partition : null,
  }
}
