// ApiVersions: which versions a broker knows.
import type { WireProtocol } from 'kafkajs/src/network/connection.js'
import { errorCodeRow } from '../error-codes.ts'
import { PRODUCE } from '../produce/produce-codec.ts'
import { PRODUCE_V8 } from '../produce/produce-v8.ts'
import type { ResponseReader } from '../response-reader.ts'
import { METADATA, METADATA_VERSIONS } from './metadata-protocol.ts'
import { INIT_PRODUCER_ID } from './wire.ts'
import { API_VERSIONS, type ApiVersions, wireProtocol } from './wire-protocol.ts'

export const API_VERSIONS_VERSION = 2

/** The request versions in use; the broker must support each of them. */
export const REQUIRED_VERSIONS = [
  { apiKey: PRODUCE, name: 'Produce', version: PRODUCE_V8.version },
  { apiKey: METADATA, name: 'Metadata', version: METADATA_VERSIONS.oldest },
  { apiKey: INIT_PRODUCER_ID, name: 'InitProducerId', version: 1 },
] as const

export function apiVersions(): WireProtocol<ApiVersions> {
  return wireProtocol({
    apiKey: API_VERSIONS,
    apiName: 'ApiVersions',
    apiVersion: API_VERSIONS_VERSION,
    encode: () => Buffer.alloc(0),
    decode: reader => {
      const errorCode = reader.int16()
      if (errorCode !== 0) throw new Error(errorCodeRow(errorCode).name)
      return readRanges(reader)
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
