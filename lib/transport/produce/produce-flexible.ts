// Produce versions 9 to 12 (Kafka 2.7 to 3.9), with compact lengths and tagged fields (KIP-482). Since version 10, the
// response to a request for a partition of another leader names that leader (KIP-951). Versions 11 and 12 differ only
// for transactions.
import { topicPartition } from '../../record/topic-partition.ts'
import { sizeOfUnsignedVarint } from '../../wire-format/varint.ts'
import type { CurrentLeader } from '../kafka-client.ts'
import type { PartitionAnswer } from '../produce-outcome.ts'
import { beginFlexibleRequest } from '../request-header.ts'
import { ResponseReader } from '../response-reader.ts'
import {
  byTopic,
  type NodeEndpoint,
  PRODUCE,
  type ProduceAnswer,
  type ProduceCodec,
  type ProduceFrame,
  readPartitionAnswer,
} from './produce-codec.ts'

/** The transactional id (null), acks and the timeout. */
const FIXED_BYTES = 1 + 2 + 4
/** The size and the content of a section without tagged fields. */
const NO_TAGS_BYTES = 1
const NO_TAGS = 0
/** The tags in the response of a partition, and in the whole response. */
const CURRENT_LEADER = 0
const NODE_ENDPOINTS = 0

/** @param version 9 to 12 */
export function produceFlexible(version: number): ProduceCodec {
  return { version, encode: frame => encode(version, frame), decode }
}

function encode(
  version: number,
  { correlationId, clientId, acks, ackTimeoutMs, batches }: ProduceFrame,
): readonly Buffer[] {
  const topics = [...byTopic(batches)].map(([topic, ofTopic]) => ({ topic, bytes: Buffer.byteLength(topic), ofTopic }))
  let bodyBytes = FIXED_BYTES + sizeOfUnsignedVarint(topics.length + 1) + NO_TAGS_BYTES
  let batchBytes = 0
  for (const { bytes, ofTopic } of topics) {
    bodyBytes += sizeOfUnsignedVarint(bytes + 1) + bytes + sizeOfUnsignedVarint(ofTopic.length + 1) + NO_TAGS_BYTES
    for (const batch of ofTopic) {
      bodyBytes += 4 + sizeOfUnsignedVarint(batch.bytes.length + 1) + NO_TAGS_BYTES
      batchBytes += batch.bytes.length
    }
  }
  const header = { apiKey: PRODUCE, apiVersion: version, correlationId, clientId }
  const writer = beginFlexibleRequest(header, bodyBytes, batchBytes)
  writer
    .varint(0)
    .int16(acks)
    .int32(ackTimeoutMs)
    .varint(topics.length + 1)
  for (const { topic, bytes, ofTopic } of topics) {
    writer.compactString(topic, bytes).varint(ofTopic.length + 1)
    for (const batch of ofTopic)
      writer
        .int32(batch.partition)
        .varint(batch.bytes.length + 1)
        .large(batch.bytes)
        .varint(NO_TAGS)
    writer.varint(NO_TAGS)
  }
  return writer.varint(NO_TAGS).finish()
}

function decode(body: Buffer): ProduceAnswer {
  const reader = new ResponseReader(body, true)
  reader.tags() // of the response's header
  const partitions = new Map<string, PartitionAnswer>()
  reader.each(() => {
    const topic = reader.string()
    reader.each(() => partitions.set(topicPartition(topic, reader.int32()), readPartition(reader)))
    reader.tags()
  })
  const throttleTimeMs = reader.int32()
  const endpoints: NodeEndpoint[] = []
  reader.tags(tag => {
    if (tag === NODE_ENDPOINTS) reader.each(() => endpoints.push(readEndpoint(reader)))
  })
  reader.end()
  return { partitions, throttleTimeMs, endpoints }
}

function readPartition(reader: ResponseReader): PartitionAnswer {
  const answer = readPartitionAnswer(reader)
  let currentLeader: CurrentLeader | undefined
  reader.tags(tag => {
    if (tag === CURRENT_LEADER) currentLeader = { leader: reader.int32(), leaderEpoch: reader.int32() }
  })
  return { ...answer, currentLeader }
}

function readEndpoint(reader: ResponseReader): NodeEndpoint {
  const endpoint = { nodeId: reader.int32(), host: reader.string(), port: reader.int32() }
  reader.skipString() // rack
  reader.tags()
  return endpoint
}
