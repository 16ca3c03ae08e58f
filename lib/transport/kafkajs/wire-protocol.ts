// A request that kafkajs frames and sends, whose response this library reads.
import Encoder from 'kafkajs/src/protocol/encoder.js'
import { ResponseReader } from '../response-reader.ts'

/** The highest and lowest version of each API that a broker knows, by API key. */
export type ApiVersions = Record<number, { minVersion: number; maxVersion: number }>

export interface WireRequest<T> {
  readonly apiKey: number
  readonly apiName: string
  readonly apiVersion: number
  /** Whether the version has compact lengths and tagged fields (KIP-482). Default: false. */
  readonly isFlexible?: boolean
  readonly encode: () => Buffer
  /** Whether the response begins with the pause that the broker asks for. Default: false. */
  readonly startsWithThrottle?: boolean
  /** Reads the response. The reader is at the start of the body, after the pause. */
  readonly decode: (reader: ResponseReader) => T
}

interface Answered<T> {
  readonly answer: T
  /** The pause that the broker asks for before the next request, ms. */
  readonly throttleTimeMs: number
}

/**
 * A request that `BrokerConnection.call` sends. It contains no type of kafkajs, because public declarations name it.
 */
export interface KafkaRequest<T> {
  readonly request: {
    readonly apiKey: number
    readonly apiName: string
    readonly apiVersion: number
    readonly encode: () => Promise<unknown>
  }
  readonly response: {
    readonly decode: (raw: Buffer) => Promise<unknown>
    readonly parse: (decoded: unknown) => Promise<Answered<T>>
  }
  readonly logResponseError: false
}

/**
 * The only API whose response header has no tagged fields, because the client may not know the broker's versions yet.
 */
export const API_VERSIONS = 18

export function wireProtocol<T>(wireRequest: WireRequest<T>): KafkaRequest<T> {
  const { apiKey, apiName, apiVersion, isFlexible = false, startsWithThrottle = false, encode, decode } = wireRequest
  return {
    request: {
      apiKey,
      apiName,
      apiVersion,
      // kafkajs writes the header of versions that are not flexible. A flexible header also has tagged fields: here
      // none.
      encode: async () => {
        const head = isFlexible ? new Encoder().writeInt8(0) : new Encoder()
        return head.writeBuffer(encode())
      },
    },
    // Without `clientSideThrottleTime`, by which kafkajs would delay later requests of the connection. Here all
    // requests to the broker wait, and other brokers are asked.
    response: {
      decode: async raw => {
        const reader = new ResponseReader(raw, isFlexible)
        if (apiKey !== API_VERSIONS) reader.tags()
        const throttleTimeMs = startsWithThrottle ? reader.int32() : 0
        return { answer: decode(reader), throttleTimeMs, clientSideThrottleTime: 0 }
      },
      parse: async decoded => decoded as Answered<T>,
    },
    logResponseError: false,
  }
}
