import assert from 'node:assert/strict'
import type { DeadLetterLog } from '../../lib/dead-letter/dead-letter-store.ts'
import type { DeliveryReport } from '../../lib/delivery/delivery-report.ts'
import type { ProducerRecord, RecordHeader } from '../../lib/record/producer-record.ts'
import type { LogBatch, LogRecord } from '../../lib/wire-format/record-batch-decoder.ts'

/** A topic of one partition in memory, with a reader and a producer. */
export class DeadLetterTopic {
  readonly records: LogRecord[] = []
  readonly name: string

  constructor(name: string) {
    this.name = name
  }

  append({ key, value, headers }: Pick<LogRecord, 'key' | 'value' | 'headers'>): bigint {
    const offset = BigInt(this.records.length)
    this.records.push({
      offset,
      timestamp: Date.now(),
      key,
      value,
      headers,
      producerId: -1n,
      producerEpoch: -1,
      sequence: -1,
    })
    return offset
  }

  get reader(): DeadLetterLog {
    const { records, name } = this
    return {
      topics: async () => [name, 'chat'],
      partitions: async () => 1,
      start: async () => 0n,
      end: async () => BigInt(records.length),
      offsetAt: async () => 0n,
      readBatches: async function* (_topic, _partition, from, to) {
        for (const record of records.slice(Number(from), Number(to))) yield batchOf(record)
      },
    }
  }

  sendAll = async (sent: readonly ProducerRecord[]): Promise<DeliveryReport[]> =>
    sent.map(record => {
      const { topic, key, value } = record
      const headers = record.headers as readonly RecordHeader[]
      assert.equal(topic, this.name)
      const offset = this.append({ key: key as Buffer, value: value as Buffer | null, headers })
      const metadata = {
        topic,
        partition: 0,
        offset,
        timestamp: Date.now(),
        proof: 'all',
        serializedKeySize: -1,
        serializedValueSize: -1,
      } as const
      return { kind: 'delivered', record, metadata, attempts: 1 }
    })
}

/** A batch of one record. */
export function batchOf(record: LogRecord): LogBatch {
  const { offset, producerId, producerEpoch } = record
  return {
    baseOffset: offset,
    lastOffset: offset,
    baseSequence: -1,
    producerId,
    producerEpoch,
    isTransactional: false,
    records: [record],
  }
}
