// The small requests of the producer and those of the log reader, over the codec of kafkajs; Produce is framed in
// lib/transport/produce/. Metadata v7, which has leader epochs (KIP-320), is newer than that of kafkajs. No version is
// flexible.
import type { WireProtocol } from 'kafkajs/src/network/connection.js'
import Decoder from 'kafkajs/src/protocol/decoder.js'
import Encoder from 'kafkajs/src/protocol/encoder.js'
import { errorCodeRow } from '../error-codes.ts'
import type { ProducerIdAndEpoch } from '../kafka-client.ts'
import { PRODUCE } from '../produce/produce-codec.ts'
import { PRODUCE_V8 } from '../produce/produce-v8.ts'

const FETCH = 1
const LIST_OFFSETS = 2
const METADATA = 3
export const API_VERSIONS = 18
export const API_VERSIONS_VERSION = 2
const INIT_PRODUCER_ID = 22
const DESCRIBE_CONFIGS = 32

/** The request versions in use; the broker must support each of them. */
export const REQUIRED_VERSIONS = [
  { apiKey: PRODUCE, name: 'Produce', version: PRODUCE_V8.version },
  { apiKey: METADATA, name: 'Metadata', version: 7 },
  { apiKey: INIT_PRODUCER_ID, name: 'InitProducerId', version: 1 },
] as const

export type ApiVersions = Record<number, { minVersion: number; maxVersion: number }>

const int64 = (decoder: Decoder) => BigInt(decoder.readInt64().toString())

function protocol<T>(
  apiKey: number,
  apiName: string,
  apiVersion: number,
  encode: () => unknown,
  decode: (decoder: Decoder) => T,
): WireProtocol<T> {
  return {
    request: { apiKey, apiName, apiVersion, encode: async () => encode() },
    // kafkajs would delay later requests by `clientSideThrottleTime`; the Sender does the waiting itself.
    response: {
      decode: async raw => ({ answer: decode(new Decoder(raw)), clientSideThrottleTime: 0 }),
      parse: async decoded => (decoded as { answer: T }).answer,
    },
    logResponseError: false,
  }
}

export function apiVersions(): WireProtocol<ApiVersions> {
  return protocol(
    API_VERSIONS,
    'ApiVersions',
    API_VERSIONS_VERSION,
    () => new Encoder(),
    decoder => {
      const errorCode = decoder.readInt16()
      if (errorCode !== 0) throw new Error(errorCodeRow(errorCode).name)
      const ranges = decoder.readArray(
        d => [d.readInt16(), { minVersion: d.readInt16(), maxVersion: d.readInt16() }] as const,
      )
      return Object.fromEntries(ranges)
    },
  )
}

export function initProducerId(): WireProtocol<{ errorCode: number } & ProducerIdAndEpoch> {
  return protocol(
    INIT_PRODUCER_ID,
    'InitProducerId',
    1,
    () => new Encoder().writeString(null).writeInt32(60000),
    decoder => {
      decoder.readInt32()
      return { errorCode: decoder.readInt16(), producerId: int64(decoder), epoch: decoder.readInt16() }
    },
  )
}

export interface MetadataAnswer {
  readonly clusterId: string | null
  readonly brokers: readonly { nodeId: number; host: string; port: number }[]
  readonly topics: readonly {
    errorCode: number
    topic: string
    partitions: readonly {
      errorCode: number
      partition: number
      leader: number
      leaderEpoch: number
      replicas: number
    }[]
  }[]
}

/** @param topics null: all topics that the client may DESCRIBE */
export function metadata(topics: readonly string[] | null): WireProtocol<MetadataAnswer> {
  return protocol(
    METADATA,
    'Metadata',
    7,
    () => (topics ? new Encoder().writeArray(topics) : new Encoder().writeInt32(-1)).writeBoolean(false),
    decoder => {
      decoder.readInt32()
      const brokers = decoder.readArray(d => {
        const broker = { nodeId: d.readInt32(), host: d.readString() ?? '', port: d.readInt32() }
        d.readString()
        return broker
      })
      const clusterId = decoder.readString() || null
      decoder.readInt32() // controller
      return { clusterId, brokers, topics: decoder.readArray(readTopic) }
    },
  )
}

function readTopic(d: Decoder): MetadataAnswer['topics'][number] {
  const errorCode = d.readInt16()
  const topic = d.readString() ?? ''
  d.readBoolean()
  const partitions = d.readArray(p => {
    const partition = {
      errorCode: p.readInt16(),
      partition: p.readInt32(),
      leader: p.readInt32(),
      leaderEpoch: p.readInt32(),
    }
    const [replicas] = Array.from({ length: 3 }, () => p.readArray(x => x.readInt32()).length) // then in-sync, offline
    return { ...partition, replicas: replicas as number }
  })
  return { errorCode, topic, partitions }
}

/** @param timestamp the first offset at or after it (ms since the epoch); -1: the end of the log, -2: its start */
export function listOffsets(
  topic: string,
  partition: number,
  timestamp: number,
): WireProtocol<{ errorCode: number; offset: bigint }> {
  const encode = () => {
    const partitionRequest = new Encoder().writeInt32(partition).writeInt64(timestamp)
    return new Encoder().writeInt32(-1).writeArray([new Encoder().writeString(topic).writeArray([partitionRequest])])
  }
  return protocol(LIST_OFFSETS, 'ListOffsets', 1, encode, decoder => {
    const [only] = decoder.readArray(t => {
      t.readString()
      return t.readArray(p => {
        p.readInt32()
        const errorCode = p.readInt16()
        p.readInt64() // timestamp
        return { errorCode, offset: int64(p) }
      })[0]
    })
    if (!only) throw new Error('The broker left the partition out of its answer.')
    return only
  })
}

export interface FetchAnswer {
  readonly errorCode: number
  readonly highWatermark: bigint
  readonly recordSet: Buffer
}

/** The batches of one partition from an offset; the last one may be cut off. */
export function fetch(
  topic: string,
  partition: number,
  offset: bigint,
  maxBytes: number,
  maxWaitMs: number,
): WireProtocol<FetchAnswer> {
  const encode = () => {
    const partitionRequest = new Encoder().writeInt32(partition).writeInt64(String(offset)).writeInt32(maxBytes)
    const head = new Encoder().writeInt32(-1).writeInt32(maxWaitMs).writeInt32(1).writeInt32(maxBytes).writeInt8(1)
    return head.writeArray([new Encoder().writeString(topic).writeArray([partitionRequest])])
  }
  return protocol(FETCH, 'Fetch', 4, encode, decoder => {
    decoder.readInt32()
    const [only] = decoder.readArray(t => {
      t.readString()
      return t.readArray(p => {
        p.readInt32()
        const errorCode = p.readInt16()
        const highWatermark = int64(p)
        p.readInt64() // last stable offset
        p.readArray(aborted => [aborted.readInt64(), aborted.readInt64()])
        return { errorCode, highWatermark, recordSet: p.readBytes() ?? Buffer.alloc(0) }
      })[0]
    })
    if (!only) throw new Error('The broker left the partition out of its answer.')
    return only
  })
}

/** The settings of topics, including the brokers' defaults. */
export function describeConfigs(
  topics: readonly string[],
  names: readonly string[],
): WireProtocol<{ errorCode: number; topic: string; values: Map<string, string | null> }[]> {
  const TOPIC = 2
  const encode = () =>
    new Encoder()
      .writeArray(topics.map(topic => new Encoder().writeInt8(TOPIC).writeString(topic).writeArray(names)))
      .writeBoolean(false)
  return protocol(DESCRIBE_CONFIGS, 'DescribeConfigs', 1, encode, decoder => {
    decoder.readInt32()
    return decoder.readArray(r => {
      const errorCode = r.readInt16()
      r.readString()
      r.readInt8()
      const topic = r.readString() ?? ''
      const values = r.readArray(c => {
        const entry = [c.readString() ?? '', c.readString()] as const
        c.readBoolean() // read-only
        c.readInt8() // source
        c.readBoolean() // sensitive
        c.readArray(s => [s.readString(), s.readString(), s.readInt8()]) // synonyms
        return entry
      })
      return { errorCode, topic, values: new Map(values) }
    })
  })
}
