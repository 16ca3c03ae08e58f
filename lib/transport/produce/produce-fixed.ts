// Produce versions 7 (Kafka 2.1; Redpanda) and 8 (Kafka 2.4), whose lengths have a fixed size. The response of version
// 8 names the invalid records of a rejected batch (KIP-467).
import { topicPartition } from '../../record/topic-partition.ts'
import type { PartitionAnswer } from '../produce-outcome.ts'
import { beginRequest } from '../request-header.ts'
import { ResponseReader } from '../response-reader.ts'
import {
  byTopic,
  PRODUCE,
  type ProduceAnswer,
  type ProduceCodec,
  type ProduceFrame,
  readPartitionAnswer,
} from './produce-codec.ts'

/** The transactional id (null), acks, the timeout and the number of topics. */
const FIXED_BYTES = 2 + 2 + 4 + 4
/** The partition, and the size of the batch. */
const PER_BATCH = 4 + 4

export const PRODUCE_V7 = produceFixed(7)
export const PRODUCE_V8 = produceFixed(8)

function produceFixed(version: 7 | 8): ProduceCodec {
  return { version, encode: frame => encode(version, frame), decode: body => decode(version, body) }
}

function encode(
  version: number,
  { correlationId, clientId, acks, ackTimeoutMs, batches }: ProduceFrame,
): readonly Buffer[] {
  const topics = [...byTopic(batches)].map(([topic, topicBatches]) => ({
    topic,
    topicBytes: Buffer.byteLength(topic),
    batches: topicBatches,
  }))
  const bodyBytes = topics.reduce((sum, { topicBytes }) => sum + 2 + topicBytes + 4, FIXED_BYTES)
  const batchBytes = batches.reduce((sum, { bytes }) => sum + bytes.length, 0)
  const header = { apiKey: PRODUCE, apiVersion: version, correlationId, clientId }
  const writer = beginRequest(header, bodyBytes + PER_BATCH * batches.length, batchBytes)
  writer.int16(-1).int16(acks).int32(ackTimeoutMs).int32(topics.length)
  for (const { topic, topicBytes, batches: topicBatches } of topics) {
    writer.string(topic, topicBytes).int32(topicBatches.length)
    for (const { partition, bytes } of topicBatches) writer.int32(partition).int32(bytes.length).large(bytes)
  }
  return writer.finish()
}

function decode(version: number, body: Buffer): ProduceAnswer {
  const reader = new ResponseReader(body)
  const partitions = new Map<string, PartitionAnswer>()
  reader.each(() => {
    const topic = reader.string()
    reader.each(() => partitions.set(topicPartition(topic, reader.int32()), readPartitionAnswer(reader, version >= 8)))
  })
  const throttleTimeMs = reader.int32()
  reader.end()
  return { partitions, throttleTimeMs, endpoints: [] }
}
