// Types of the parts of kafkajs 2.2.4 that are used below its public API: framing and SASL of a connection, and the
// wire codec. kafkajs has had no release since 2023 and is pinned; `test/kafka-client.contract.ts` tests each of these
// calls.

declare module 'kafkajs/src/network/connection.js' {
  import type { Socket } from 'node:net'

  interface WireRequest {
    apiKey: number
    apiVersion: number
    apiName: string
    expectResponse?: () => boolean
    encode: () => Promise<unknown>
  }
  interface WireProtocol<T> {
    request: WireRequest
    response: { decode: (raw: Buffer) => Promise<unknown>; parse: (decoded: unknown) => Promise<T> }
    logResponseError?: boolean
  }
  type VersionRanges = Record<number, { minVersion: number; maxVersion: number }>
  export default class Connection {
    constructor(options: {
      host: string
      port: number
      clientId: string
      ssl: object | null
      sasl: object | null
      reauthenticationThreshold: number
      logger: unknown
      socketFactory: (options: { host: string; port: number; onConnect: () => void }) => Socket
      connectionTimeout: number
      requestTimeout: number
      enforceRequestTimeout: boolean
      maxInFlightRequests: number | null
    })
    /** Milliseconds (a Long); 0 if the session does not end. */
    readonly sessionLifetime: { toNumber(): number }
    requestQueue: {
      scheduleCheckPendingRequests: () => void
      /** The requests that wait for an answer, by correlation id. */
      readonly inflight: ReadonlyMap<number, unknown>
      fulfillRequest(answer: { correlationId: number; payload: Buffer; size: number }): void
    }
    /** Called with bytes from the socket. */
    processData: (chunk: Buffer) => void
    /** The counter is shared with the requests that this client frames itself. */
    nextCorrelationId(): number
    connect(): Promise<true>
    authenticate(): Promise<void>
    setVersions(versions: VersionRanges): void
    setSupportAuthenticationProtocol(supported: boolean): void
    send<T>(protocol: WireProtocol<T>): Promise<T>
  }
}

declare module 'kafkajs/src/loggers/index.js' {
  const loggers: { createLogger: (options: { level: number; logCreator: () => () => void }) => unknown }
  export default loggers
}

declare module 'kafkajs/src/protocol/encoder.js' {
  export default class Encoder {
    buffer: Buffer
    writeInt8(value: number): this
    writeInt16(value: number): this
    writeInt32(value: number): this
    /** A number, or text for a number that is too large. */
    writeInt64(value: number | string): this
    writeBoolean(value: boolean): this
    writeString(value: string | null): this
    writeBuffer(value: Buffer): this
    writeBytes(value: Buffer): this
    writeArray(value: readonly unknown[]): this
  }
}
