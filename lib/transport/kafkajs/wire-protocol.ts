// A request that kafkajs frames and sends, with our own reader for the response.
import type { WireProtocol } from 'kafkajs/src/network/connection.js'
import Encoder from 'kafkajs/src/protocol/encoder.js'
import { ResponseReader } from '../response-reader.ts'

/** The highest and lowest version of each API that a broker knows, by API key. */
export type ApiVersions = Record<number, { minVersion: number; maxVersion: number }>

export interface WireRequest<T> {
  readonly apiKey: number
  readonly apiName: string
  readonly apiVersion: number
  /** The version has compact lengths and tagged fields (KIP-482). Default: false. */
  readonly isFlexible?: boolean
  readonly encode: () => Buffer
  /** The reader stands at the begin of the response's body. */
  readonly decode: (reader: ResponseReader) => T
}

/** The only API whose response has no tagged fields in its header: a broker may not know the version. */
export const API_VERSIONS = 18

export function wireProtocol<T>(wireRequest: WireRequest<T>): WireProtocol<T> {
  const { apiKey, apiName, apiVersion, isFlexible = false, encode, decode } = wireRequest
  return {
    request: {
      apiKey,
      apiName,
      apiVersion,
      // kafkajs writes the header of versions that are not flexible; a flexible one has tagged fields after it: none.
      encode: async () => {
        const head = isFlexible ? new Encoder().writeInt8(0) : new Encoder()
        return head.writeBuffer(encode())
      },
    },
    // kafkajs would delay later requests by `clientSideThrottleTime`; the Sender does the waiting itself.
    response: {
      decode: async raw => {
        const reader = new ResponseReader(raw, isFlexible)
        if (apiKey !== API_VERSIONS) reader.tags()
        return { answer: decode(reader), clientSideThrottleTime: 0 }
      },
      parse: async decoded => (decoded as { answer: T }).answer,
    },
    logResponseError: false,
  }
}
