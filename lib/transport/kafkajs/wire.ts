// InitProducerId and the requests of the log reader. None of their versions here is flexible.
import Encoder from 'kafkajs/src/protocol/encoder.js'
import type { ProducerIdAndEpoch } from '../kafka-client.ts'
import type { ResponseReader } from '../response-reader.ts'
import { type KafkaRequest, wireProtocol } from './wire-protocol.ts'

const FETCH = 1
const LIST_OFFSETS = 2
export const INIT_PRODUCER_ID = 22
const DESCRIBE_CONFIGS = 32

const TRANSACTION_TIMEOUT_MS = 60_000

export function initProducerId(): KafkaRequest<{ errorCode: number } & ProducerIdAndEpoch> {
  return wireProtocol({
    apiKey: INIT_PRODUCER_ID,
    apiName: 'InitProducerId',
    apiVersion: 1,
    encode: () => new Encoder().writeString(null).writeInt32(TRANSACTION_TIMEOUT_MS).buffer,
    startsWithThrottle: true,
    decode: reader => ({ errorCode: reader.int16(), producerId: reader.int64(), epoch: reader.int16() }),
  })
}

/** @param timestamp for the first offset at or after it (ms since the epoch); -1: the end of the log, -2: its start */
export function listOffsets(
  topic: string,
  partition: number,
  timestamp: number,
): KafkaRequest<{ errorCode: number; offset: bigint }> {
  const encode = () => {
    const partitionRequest = new Encoder().writeInt32(partition).writeInt64(timestamp)
    const topicRequest = new Encoder().writeString(topic).writeArray([partitionRequest])
    return new Encoder().writeInt32(-1).writeArray([topicRequest]).buffer
  }
  const decode = (reader: ResponseReader) =>
    onlyPartition(reader, () => {
      const errorCode = reader.int16()
      reader.skip(8) // timestamp
      return { errorCode, offset: reader.int64() }
    })
  return wireProtocol({ apiKey: LIST_OFFSETS, apiName: 'ListOffsets', apiVersion: 1, encode, decode })
}

/**
 * Reads an answer about one partition.
 * @throws Error if the answer has no entry for the requested partition
 */
function onlyPartition<T>(reader: ResponseReader, read: () => T): T {
  const [only] = reader
    .list(() => {
      reader.skipString() // topic
      return reader.list(() => {
        reader.skip(4) // partition
        return read()
      })
    })
    .flat()
  if (!only) throw new Error('The broker left the partition out of its answer.')
  return only
}

export interface FetchAnswer {
  readonly errorCode: number
  readonly highWatermark: bigint
  readonly recordSet: Buffer
}

/** Fetches the batches of one partition from an offset on. The last batch may be cut off. */
export function fetch(
  topic: string,
  partition: number,
  offset: bigint,
  maxBytes: number,
  maxWaitMs: number,
): KafkaRequest<FetchAnswer> {
  const encode = () => {
    const partitionRequest = new Encoder().writeInt32(partition).writeInt64(String(offset)).writeInt32(maxBytes)
    const head = new Encoder().writeInt32(-1).writeInt32(maxWaitMs).writeInt32(1).writeInt32(maxBytes).writeInt8(1)
    return head.writeArray([new Encoder().writeString(topic).writeArray([partitionRequest])]).buffer
  }
  const decode = (reader: ResponseReader) =>
    onlyPartition(reader, () => {
      const errorCode = reader.int16()
      const highWatermark = reader.int64()
      reader.skip(8) // last stable offset
      reader.each(() => reader.skip(16)) // aborted transactions
      return { errorCode, highWatermark, recordSet: reader.bytes() }
    })
  return wireProtocol({ apiKey: FETCH, apiName: 'Fetch', apiVersion: 4, startsWithThrottle: true, encode, decode })
}

/** The settings of topics, including the brokers' defaults. */
export function describeConfigs(
  topics: readonly string[],
  names: readonly string[],
): KafkaRequest<{ errorCode: number; topic: string; values: Map<string, string | null> }[]> {
  const TOPIC = 2
  const encode = () =>
    new Encoder()
      .writeArray(topics.map(topic => new Encoder().writeInt8(TOPIC).writeString(topic).writeArray(names)))
      .writeBoolean(false).buffer
  const decode = (reader: ResponseReader) =>
    reader.list(() => {
      const errorCode = reader.int16()
      reader.skipString() // error message
      reader.skip(1) // type
      return { errorCode, topic: reader.string(), values: new Map(reader.list(() => readSetting(reader))) }
    })
  return wireProtocol({
    apiKey: DESCRIBE_CONFIGS,
    apiName: 'DescribeConfigs',
    apiVersion: 1,
    startsWithThrottle: true,
    encode,
    decode,
  })
}

function readSetting(reader: ResponseReader): readonly [string, string | null] {
  const setting = [reader.string(), reader.nullableString()] as const
  reader.skip(3) // read-only, source, sensitive
  reader.each(() => {
    // synonym: name, value, source
    reader.skipString()
    reader.skipString()
    reader.skip(1)
  })
  return setting
}
