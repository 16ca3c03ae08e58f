// A partition as a broker keeps it: the log, and the rules for producer ids, epochs and sequence numbers
// (ProducerStateManager, ProducerAppendInfo). The fake cluster, the scripted client and the scripted TCP brokers use
// it.
import { decodeRecordBatch } from '../wire-format/record-batch-decoder.ts'

export interface DecodedRecord {
  readonly key: string | null
  readonly value: string | null
  readonly headers: readonly (readonly [name: string, value: Buffer | null])[]
}

export interface DecodedBatch {
  readonly producerId: bigint
  readonly epoch: number
  readonly baseSequence: number
  readonly records: readonly DecodedRecord[]
}

const NOT_IDEMPOTENT = -1n
const KEPT_BATCHES = 5

const OUT_OF_ORDER_SEQUENCE_NUMBER = 45
export const INVALID_PRODUCER_EPOCH = 47

export class PartitionLog {
  readonly records: DecodedRecord[] = []
  /** The appended batches, in order. */
  readonly batches: DecodedBatch[] = []
  readonly #producers = new Map<bigint, { epoch: number; kept: { base: number; last: number; offset: number }[] }>()

  append(batch: DecodedBatch): { errorCode: number; baseOffset: number } {
    if (batch.producerId === NOT_IDEMPOTENT) return this.#write(batch)
    const count = batch.records.length
    const last = (batch.baseSequence + count - 1) % 2 ** 31
    const producer = this.#producers.get(batch.producerId)
    if (producer && batch.epoch < producer.epoch) return { errorCode: INVALID_PRODUCER_EPOCH, baseOffset: -1 }
    const sameEpoch = producer && batch.epoch === producer.epoch
    if (sameEpoch) {
      const repeat = producer.kept.find(kept => kept.base === batch.baseSequence && kept.last === last)
      if (repeat) return { errorCode: 0, baseOffset: repeat.offset }
      const expected = ((producer.kept.at(-1)?.last ?? -1) + 1) % 2 ** 31
      if (batch.baseSequence !== expected) return { errorCode: OUT_OF_ORDER_SEQUENCE_NUMBER, baseOffset: -1 }
    } else if (producer && batch.baseSequence !== 0) return { errorCode: OUT_OF_ORDER_SEQUENCE_NUMBER, baseOffset: -1 }
    const written = this.#write(batch)
    const kept = sameEpoch ? producer.kept : []
    kept.push({ base: batch.baseSequence, last, offset: written.baseOffset })
    this.#producers.set(batch.producerId, { epoch: batch.epoch, kept: kept.slice(-KEPT_BATCHES) })
    return written
  }

  #write(batch: DecodedBatch): { errorCode: number; baseOffset: number } {
    const baseOffset = this.records.length
    this.records.push(...batch.records)
    this.batches.push(batch)
    return { errorCode: 0, baseOffset }
  }
}

/**
 * Decodes a record batch.
 * @throws RecordBatchError for bytes that are not exactly one record batch of format v2
 */
export function decodeBatch(bytes: Buffer): DecodedBatch {
  const { producerId, producerEpoch, baseSequence, records } = decodeRecordBatch(bytes)
  return {
    producerId,
    epoch: producerEpoch,
    baseSequence,
    records: Array.from(records, ({ key, value, headers }) => ({
      key: key?.toString() ?? null,
      value: value?.toString() ?? null,
      headers: headers.map(([name, bytes]) => [name, bytes && Buffer.from(bytes)] as const),
    })),
  }
}
