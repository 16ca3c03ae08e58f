// The Metadata request: version 12 if the broker knows it (Kafka 3.1), with the ids of topics (KIP-516), else version
// 7, with leader epochs (KIP-320).
import Encoder from 'kafkajs/src/protocol/encoder.js'
import { compactArray, compactString } from '../compact.ts'
import type { ResponseReader } from '../response-reader.ts'
import { type ApiVersions, type KafkaRequest, wireProtocol } from './wire-protocol.ts'

export const METADATA = 3
export const METADATA_VERSIONS = { topicIds: 12, oldest: 7 } as const
type MetadataVersion = (typeof METADATA_VERSIONS)[keyof typeof METADATA_VERSIONS]

const NO_ID = Buffer.alloc(16)
const NO_TAGS = Buffer.from([0])

export interface MetadataAnswer {
  readonly clusterId: string | null
  /** The rack is '' if a broker has none. */
  readonly brokers: readonly { nodeId: number; host: string; port: number; rack: string }[]
  readonly topics: readonly {
    errorCode: number
    topic: string
    topicId: string | null
    partitions: readonly {
      errorCode: number
      partition: number
      leader: number
      leaderEpoch: number
      replicas: number
    }[]
  }[]
}

/** @param versions of the broker that gets the request; undefined: unknown, so the oldest version is used */
export function metadataVersion(versions: ApiVersions | undefined): MetadataVersion {
  const { topicIds, oldest } = METADATA_VERSIONS
  return (versions?.[METADATA]?.maxVersion ?? 0) >= topicIds ? topicIds : oldest
}

/**
 * Creates the request.
 * @param topics null: all topics that the client may DESCRIBE
 */
export function metadata(
  topics: readonly string[] | null,
  version: MetadataVersion = METADATA_VERSIONS.oldest,
): KafkaRequest<MetadataAnswer> {
  const hasTopicIds = version === METADATA_VERSIONS.topicIds
  return wireProtocol({
    apiKey: METADATA,
    apiName: 'Metadata',
    apiVersion: version,
    isFlexible: hasTopicIds,
    startsWithThrottle: true,
    encode: () => (hasTopicIds ? requestWithIds(topics) : oldestRequest(topics)),
    decode: reader => readAnswer(reader, hasTopicIds),
  })
}

function oldestRequest(topics: readonly string[] | null): Buffer {
  const list = topics ? new Encoder().writeArray(topics) : new Encoder().writeInt32(-1)
  return list.writeBoolean(false).buffer // topics are not created
}

function requestWithIds(topics: readonly string[] | null): Buffer {
  const list = topics?.map(topic => Buffer.concat([NO_ID, compactString(topic), NO_TAGS])) ?? null
  // The flags say not to create topics, and not to return the operations that the client is allowed.
  return Buffer.concat([compactArray(list), Buffer.from([0, 0]), NO_TAGS])
}

function readAnswer(reader: ResponseReader, hasTopicIds: boolean): MetadataAnswer {
  const brokers = reader.list(() => {
    const broker = { nodeId: reader.int32(), host: reader.string(), port: reader.int32(), rack: reader.string() }
    reader.tags()
    return broker
  })
  const clusterId = reader.string() || null
  reader.skip(4) // controller
  return { clusterId, brokers, topics: reader.list(() => readTopic(reader, hasTopicIds)) }
}

function readTopic(reader: ResponseReader, hasTopicIds: boolean): MetadataAnswer['topics'][number] {
  const errorCode = reader.int16()
  const topic = reader.string()
  const topicId = hasTopicIds ? reader.uuid() : null
  reader.skip(1) // is internal
  const partitions = reader.list(() => readPartition(reader))
  if (hasTopicIds) reader.skip(4) // authorized operations
  reader.tags()
  return { errorCode, topic, topicId, partitions }
}

function readPartition(reader: ResponseReader): MetadataAnswer['topics'][number]['partitions'][number] {
  const errorCode = reader.int16()
  const partition = reader.int32()
  const leader = reader.int32()
  const leaderEpoch = reader.int32()
  const replicas = reader.list(() => reader.int32()).length
  for (const _ of ['in sync', 'offline']) reader.each(() => reader.skip(4))
  reader.tags()
  return { errorCode, partition, leader, leaderEpoch, replicas }
}
