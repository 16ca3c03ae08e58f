// Writes the header of a request: version 1, or version 2 for the flexible versions of an API (KIP-482).
import { FrameWriter } from './frame-writer.ts'

export interface RequestHeader {
  readonly apiKey: number
  readonly apiVersion: number
  readonly correlationId: number
  readonly clientId: string
}

/**
 * Writes header version 1.
 * @param bodyBytes the size of the body without its large parts
 */
export function beginRequest(header: RequestHeader, bodyBytes: number, largeBytes: number): FrameWriter {
  const clientBytes = Buffer.byteLength(header.clientId)
  return new FrameWriter(4 + 2 + 2 + 4 + 2 + clientBytes + bodyBytes, largeBytes)
    .int16(header.apiKey)
    .int16(header.apiVersion)
    .int32(header.correlationId)
    .string(header.clientId, clientBytes)
}

/**
 * Writes header version 2, which is version 1 with an empty section of tagged fields.
 * @param bodyBytes as in version 1
 */
export function beginFlexibleRequest(header: RequestHeader, bodyBytes: number, largeBytes: number): FrameWriter {
  return beginRequest(header, 1 + bodyBytes, largeBytes).varint(0)
}
