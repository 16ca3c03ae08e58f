// A topic of the fake cluster: the records of its partitions, appended by the rules of a broker.
import { decodeRecordBatch } from '../wire-format/record-batch-decoder.ts'
import { PartitionLog } from './partition-log.ts'

export interface FakeRecord<K = string, V = string> {
  readonly topic: string
  readonly partition: number
  readonly offset: bigint
  /** Milliseconds since the epoch. */
  readonly timestamp: number
  readonly key: K | null
  /** Null is a tombstone. */
  readonly value: V | null
  /** In their order; names may repeat. Values are decoded as UTF-8 text. */
  readonly headers: readonly (readonly [name: string, value: string | null])[]
}

interface Stored {
  readonly arrival: number
  readonly record: FakeRecord<Buffer, Buffer>
}

/** Counts the records of all topics, so that these have one common order. */
let arrivals = 0

export class FakeTopic {
  readonly name: string
  stored: Stored[] = []
  readonly #logs: readonly PartitionLog[]

  constructor(name: string, partitionCount: number) {
    this.name = name
    this.#logs = Array.from({ length: partitionCount }, () => new PartitionLog())
  }

  get partitionCount(): number {
    return this.#logs.length
  }

  /**
   * Appends a batch.
   * @returns Kafka's error code (0: none), and the offset of the first record or -1
   */
  append(partition: number, bytes: Buffer): { readonly errorCode: number; readonly baseOffset: number } {
    const log = this.#logs[partition]
    if (!log) return { errorCode: UNKNOWN_TOPIC_OR_PARTITION, baseOffset: -1 }
    const { producerId, producerEpoch: epoch, baseSequence, records: decoded } = decodeRecordBatch(bytes)
    const records = Array.from(decoded)
    const before = log.records.length
    const result = log.append({
      producerId,
      epoch,
      baseSequence,
      records: records.map(() => ({ key: null, value: null, headers: [] })),
    })
    // A repeat that the log recognises is not stored again.
    if (log.records.length === before) return result
    for (const [index, { key, value, headers, timestamp }] of records.entries())
      this.stored.push({
        arrival: arrivals++,
        record: {
          topic: this.name,
          partition,
          offset: BigInt(before + index),
          timestamp,
          key: key && Buffer.from(key),
          value: value && Buffer.from(value),
          headers: headers.map(([name, text]) => [name, text && Buffer.from(text).toString()] as const),
        },
      })
    return result
  }

  clear(): void {
    this.stored = []
  }
}

const UNKNOWN_TOPIC_OR_PARTITION = 3
