// The header of a request, version 1: for the versions of an API that are not flexible (KIP-482).
import { FrameWriter } from './frame-writer.ts'

export interface RequestHeader {
  readonly apiKey: number
  readonly apiVersion: number
  readonly correlationId: number
  readonly clientId: string
}

/** @param bodyBytes the size of the body without its large parts */
export function beginRequest(header: RequestHeader, bodyBytes: number, largeBytes: number): FrameWriter {
  const clientBytes = Buffer.byteLength(header.clientId)
  return new FrameWriter(4 + 2 + 2 + 4 + 2 + clientBytes + bodyBytes, largeBytes)
    .int16(header.apiKey)
    .int16(header.apiVersion)
    .int32(header.correlationId)
    .string(header.clientId, clientBytes)
}
