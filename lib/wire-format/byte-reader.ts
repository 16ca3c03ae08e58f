// Reads the fields of a record. No length is trusted: each is checked against the remaining bytes before it is used.
import { RecordBatchError } from '../errors.ts'

export class ByteReader {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  get remaining(): number {
    return this.#bytes.length - this.#at
  }

  /** Reads a number of 32 bits. */
  varint(): number {
    return this.#zigzag(5)
  }

  /** Reads a number of 64 bits, exact for safe integers. */
  varlong(): number {
    return this.#zigzag(10)
  }

  skip(count: number): void {
    if (count < 0 || count > this.remaining) throw corruptBatch('a length reaches beyond its end')
    this.#at += count
  }

  /** Reads a key or a value; a negative length means null. */
  field(): Buffer | null {
    const length = this.varint()
    if (length < 0) return null
    this.skip(length)
    return this.#bytes.subarray(this.#at - length, this.#at)
  }

  skipField(): void {
    this.skip(Math.max(0, this.varint()))
  }

  #byte(): number {
    const byte = this.#bytes[this.#at++]
    if (byte === undefined) throw corruptBatch('it ends inside a number')
    return byte
  }

  /** Reads a zig-zag number, whose lowest bit is the sign (`varint.ts`). */
  #zigzag(maxBytes: number): number {
    const first = this.#byte()
    let value = (first & 0x7f) >> 1
    let scale = 64
    let byte = first
    for (let count = 1; byte >= 128 && count < maxBytes; count++) {
      byte = this.#byte()
      value += (byte & 0x7f) * scale
      scale *= 128
    }
    if (byte < 128) return first & 1 ? -value - 1 : value
    throw corruptBatch(`a number is longer than ${maxBytes} bytes`)
  }
}

export function corruptBatch(what: string, cause?: unknown): RecordBatchError {
  return new RecordBatchError('corrupt-batch', `A record batch is corrupt: ${what}.`, { cause })
}
