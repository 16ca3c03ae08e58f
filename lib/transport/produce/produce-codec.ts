// The port of one version of the Produce request. A broker gets the highest version that both sides know.
import type { EncodedBatch } from '../kafka-client.ts'
import type { PartitionAnswer } from '../produce-outcome.ts'
import type { ResponseReader } from '../response-reader.ts'

export const PRODUCE = 0

export interface ProduceFrame {
  readonly correlationId: number
  readonly clientId: string
  readonly acks: -1 | 0 | 1
  readonly ackTimeoutMs: number
  /** Each batch has its producer id and epoch in its bytes, which are written as they are. */
  readonly batches: readonly EncodedBatch[]
}

export interface NodeEndpoint {
  readonly nodeId: number
  readonly host: string
  readonly port: number
}

export interface ProduceAnswer {
  /** The answers by the key of `topicPartition`. */
  readonly partitions: ReadonlyMap<string, PartitionAnswer>
  readonly throttleTimeMs: number
  /** The brokers that lead partitions which this one does not lead (KIP-951); none before version 10. */
  readonly endpoints: readonly NodeEndpoint[]
}

export interface ProduceCodec {
  readonly version: number
  /** Returns the parts of the frame, in the order in which they are written. */
  encode(frame: ProduceFrame): readonly Buffer[]
  /**
   * Reads the response.
   * @param body without the header
   * @throws TransportError MALFORMED_ANSWER
   */
  decode(body: Buffer): ProduceAnswer
}

/** Groups batches by topic, in the order of the first batch of each. */
export function byTopic(batches: readonly EncodedBatch[]): ReadonlyMap<string, readonly EncodedBatch[]> {
  const [first] = batches
  return first && batches.length === 1 ? new Map([[first.topic, batches]]) : Map.groupBy(batches, ({ topic }) => topic)
}

/**
 * Reads the fields of a partition's answer that every version has, in their order.
 * @param namesRecords whether the answer names invalid records (since version 8)
 */
export function readPartitionAnswer(reader: ResponseReader, namesRecords = true): PartitionAnswer {
  const errorCode = reader.int16()
  const baseOffset = reader.int64()
  const logAppendTime = reader.int64()
  reader.skip(8) // logStartOffset
  if (!namesRecords) return { errorCode, baseOffset, logAppendTime, recordErrors: [] }
  const recordErrors = reader.list(() => {
    const index = reader.int32()
    reader.skipString()
    reader.tags()
    return { index }
  })
  reader.skipString() // errorMessage: may quote the record
  return { errorCode, baseOffset, logAppendTime, recordErrors }
}
