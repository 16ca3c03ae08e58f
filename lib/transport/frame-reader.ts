// Splits the bytes of a connection into responses. The peer may be any program that listens on the port, so no declared
// size is trusted.
import { transportError } from './error-codes.ts'

/** A response has at least a correlation id. */
const MIN_BYTES = 4
/**
 * The limit in librdkafka (`receive.message.max.bytes`), Sarama and franz-go. The first bytes of an HTTP answer or a
 * TLS alert are a larger number.
 */
const MAX_BYTES = 100 * 1024 * 1024

/**
 * The record type and the major TLS version of an alert, with which a TLS listener answers bytes that it can't read.
 */
const TLS_ALERT = 0x1503

export class FrameReader {
  readonly #maxBytes: number
  #chunks: Buffer[] = []
  /** The number of bytes in `#chunks`. */
  #buffered = 0
  /** The bytes of the first frame with its size field; only those of the size field until it has arrived. */
  #needed = 4

  constructor(maxBytes: number = MAX_BYTES) {
    this.#maxBytes = maxBytes
  }

  /**
   * Adds bytes from the socket, and calls `onFrame` for each complete response, without its size field. A response that
   * came in one piece is not copied.
   * @throws TransportError MALFORMED_ANSWER for a size that no Kafka response has, SECURITY_PROTOCOL_MISMATCH for a TLS
   *   alert; the connection is then unusable
   */
  push(chunk: Buffer, onFrame: (frame: Buffer) => void): void {
    this.#chunks.push(chunk)
    this.#buffered += chunk.length
    while (this.#buffered >= this.#needed) {
      const bytes = this.#chunks.length === 1 ? (this.#chunks[0] as Buffer) : Buffer.concat(this.#chunks)
      const end = 4 + this.#frameBytes(bytes)
      this.#keep(bytes, end)
      if (bytes.length < end) return
      this.#keep(bytes.subarray(end), 4)
      onFrame(bytes.subarray(4, end))
    }
  }

  #keep(rest: Buffer, needed: number): void {
    this.#chunks = rest.length > 0 ? [rest] : []
    this.#buffered = rest.length
    this.#needed = needed
  }

  #frameBytes(bytes: Buffer): number {
    const size = bytes.readInt32BE(0)
    if (size >= MIN_BYTES && size <= this.#maxBytes) return size
    if (size >>> 16 === TLS_ALERT)
      throw transportError(
        'SECURITY_PROTOCOL_MISMATCH',
        'The broker’s listener uses TLS: expected security.protocol (KAFKA_SECURITY_PROTOCOL) SSL or SASL_SSL.',
      )
    throw transportError(
      'MALFORMED_ANSWER',
      `The peer's answer is not Kafka's: expected a size of ${MIN_BYTES} to ${this.#maxBytes} bytes, got ${size}. ` +
        'Check that bootstrap.servers (KAFKA_BOOTSTRAP_SERVERS) and security.protocol (KAFKA_SECURITY_PROTOCOL) ' +
        'are those of a Kafka listener.',
      { retriable: true },
    )
  }
}
