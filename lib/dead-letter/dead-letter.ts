// The dead-letter envelope, version 2 (`application/vnd.kafka-dead-letter+json; version=2`). All bytes are base64.
import { createHash } from 'node:crypto'
import type { Failed } from '../delivery/delivery-report.ts'
import type { FailedOutcome, FailureKind } from '../errors.ts'
import type { PartitionedRecord, ProducerRecord, RecordHeader, SerializedRecord } from '../record/producer-record.ts'

export const DEAD_LETTER_MEDIA_TYPE = 'application/vnd.kafka-dead-letter+json; version=2'

export interface DeadLetterSource {
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
  readonly source: DeadLetterSource
  readonly record: {
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
  /** Only for `unknown`: where in the log the record would be, so that redrive can look before it sends again. */
  readonly inDoubt: null | {
    readonly partition: number
    readonly producerId: number
    readonly producerEpoch: number
    readonly baseSequence: number
    readonly indexInBatch: number
    readonly from: string
    readonly to: string
  }
  readonly redrive: { readonly count: number; readonly lastAt: string | null; readonly lastCode: string | null }
  readonly claimCheck: null | { readonly target: string; readonly sha256: string; readonly bytes: number }
}

/** @param recordId the record's `kp-id` · key that of a record whose fault kept it from becoming bytes */
export function toDeadLetter(
  failed: Failed,
  recordId: string,
  source: DeadLetterSource,
  key: Uint8Array | string | null = null,
): DeadLetter {
  const serialized: SerializedRecord | PartitionedRecord = failed.serialized ?? asBytes(failed.record, key)
  const from = new Date(failed.firstAt).toISOString()
  const to = new Date(failed.lastAt).toISOString()
  const inDoubt = failed.inDoubt
  return {
    schemaVersion: 2,
    deadLetterId: deadLetterId(serialized, recordId),
    recordId,
    source,
    record: {
      topic: serialized.topic === '' ? null : serialized.topic,
      partition: serialized.partition ?? null,
      partitionFixedBy: partitionFixedBy(serialized),
      timestamp: serialized.timestamp ?? null,
      key: base64(serialized.key),
      value: base64(serialized.value),
      headers: serialized.headers.map(([name, value]) => ({ name, value: base64(value) })),
    },
    failure: {
      kind: failed.failureKind,
      outcome: failed.outcome,
      class: failed.error.name,
      code: failed.code,
      causeCode: failed.causeCode,
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
        }
      : null,
    redrive: { count: 0, lastAt: null, lastCode: null },
    claimCheck: null,
  }
}

/** A record that never became bytes, as the bytes that its source gave. */
function asBytes(
  { topic, value, headers = [], partition, timestamp }: ProducerRecord,
  key: Uint8Array | string | null,
): SerializedRecord {
  const bytes =
    value === null || value instanceof Uint8Array
      ? value
      : Buffer.from(typeof value === 'string' ? value : (JSON.stringify(value) ?? ''))
  return {
    topic,
    key: typeof key === 'string' ? Buffer.from(key) : key,
    value: bytes,
    headers,
    wireSize: 0,
    ...(partition === undefined ? {} : { partition }),
    ...(timestamp === undefined ? {} : { timestamp }),
  }
}

function partitionFixedBy(record: SerializedRecord | PartitionedRecord): DeadLetter['record']['partitionFixedBy'] {
  if ('partitionFixedBy' in record) return record.partitionFixedBy
  return record.partition === undefined ? null : 'source'
}

/**
 * A dead letter's own identity: the same record under the same `kp-id` is the same dead letter, other bytes are another one.
 * The first 22 characters of base64url(SHA-256(length-prefixed topic, kp-id, key, value, headers without traceparent)).
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

function base64(bytes: Uint8Array | null): string | null {
  return bytes === null ? null : Buffer.from(bytes).toString('base64')
}

/** The record of a dead letter as the bytes it had. */
export function recordOf(deadLetter: DeadLetter): {
  topic: string | null
  key: Uint8Array | null
  value: Uint8Array | null
  headers: RecordHeader[]
  timestamp: number | null
  partition: number | null
} {
  const { topic, key, value, headers, timestamp, partition, partitionFixedBy } = deadLetter.record
  const bytes = (text: string | null) => (text === null ? null : Buffer.from(text, 'base64'))
  return {
    topic,
    key: bytes(key),
    value: bytes(value),
    headers: headers.map(header => [header.name, bytes(header.value)] as const),
    timestamp,
    // Where the partitioner had chosen, it chooses again: the topic may have grown since.
    partition: partitionFixedBy === 'source' ? partition : null,
  }
}
