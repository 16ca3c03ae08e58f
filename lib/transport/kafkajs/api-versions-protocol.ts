// The ApiVersions request: which versions a broker knows, and whether it is the expected broker (KIP-1242).
import { compactString } from '../compact.ts'
import { errorCodeRow } from '../error-codes.ts'
import { PRODUCE } from '../produce/produce-codec.ts'
import { PRODUCE_V7 } from '../produce/produce-fixed.ts'
import { NEWEST_PRODUCE } from '../produce/produce-versions.ts'
import type { ResponseReader } from '../response-reader.ts'
import { METADATA, METADATA_VERSIONS } from './metadata-protocol.ts'
import { INIT_PRODUCER_ID } from './wire.ts'
import { API_VERSIONS, type ApiVersions, type KafkaRequest, wireProtocol } from './wire-protocol.ts'

export const API_VERSIONS_VERSION = 2
/** The version since Kafka 4.4 that checks the broker's identity. */
const IDENTITY_VERSION = 5

/**
 * The client name and version that brokers show in their metrics (KIP-511). A test compares the version with the
 * package's.
 */
export const CLIENT_SOFTWARE = { name: 'serverless-kafka-producer', version: '0.2.0' } as const

/** The versions of each request that this client can send. A broker must know one of each. */
export const REQUIRED_VERSIONS = [
  { apiKey: PRODUCE, name: 'Produce', oldest: PRODUCE_V7.version, newest: NEWEST_PRODUCE },
  { apiKey: METADATA, name: 'Metadata', oldest: METADATA_VERSIONS.oldest, newest: METADATA_VERSIONS.topicIds },
  { apiKey: INIT_PRODUCER_ID, name: 'InitProducerId', oldest: 1, newest: 1 },
] as const

export function apiVersions(): KafkaRequest<ApiVersions> {
  return wireProtocol({
    apiKey: API_VERSIONS,
    apiName: 'ApiVersions',
    apiVersion: API_VERSIONS_VERSION,
    encode: () => Buffer.alloc(0),
    decode: readApiVersions,
  })
}

export function readApiVersions(reader: ResponseReader): ApiVersions {
  const errorCode = reader.int16()
  if (errorCode !== 0) throw new Error(errorCodeRow(errorCode).name)
  return readRanges(reader)
}

export function checksIdentity(versions: ApiVersions | undefined): boolean {
  return (versions?.[API_VERSIONS]?.maxVersion ?? 0) >= IDENTITY_VERSION
}

/**
 * Creates the request. Another broker than the expected one answers with REBOOTSTRAP_REQUIRED; a broker that does not
 * know the version answers with UNSUPPORTED_VERSION.
 */
export function apiVersionsOf({
  clusterId,
  nodeId,
}: {
  readonly clusterId: string
  readonly nodeId: number
}): KafkaRequest<{ errorCode: number; versions: ApiVersions }> {
  const encode = () => {
    const node = Buffer.alloc(5) // and no tagged fields
    node.writeInt32BE(nodeId)
    const { name, version } = CLIENT_SOFTWARE
    return Buffer.concat([compactString(name), compactString(version), compactString(clusterId), node])
  }
  return wireProtocol({
    apiKey: API_VERSIONS,
    apiName: 'ApiVersions',
    apiVersion: IDENTITY_VERSION,
    isFlexible: true,
    encode,
    decode: reader => {
      const errorCode = reader.int16()
      // An error is answered in the form of version 0.
      return { errorCode, versions: errorCode === 0 ? readRanges(reader) : {} }
    },
  })
}

function readRanges(reader: ResponseReader): ApiVersions {
  const ranges = reader.list(() => {
    const range = [reader.int16(), { minVersion: reader.int16(), maxVersion: reader.int16() }] as const
    reader.tags()
    return range
  })
  return Object.fromEntries(ranges)
}
