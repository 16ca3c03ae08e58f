// Reads the fields of a record. No length is trusted: each is compared with the remaining bytes before it is used.
import { RecordBatchError } from '../errors.ts'
import { fromZigzag } from './varint.ts'

export class ByteReader {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  get remaining(): number {
    return this.#bytes.length - this.#at
  }

  /** 32 bits. */
  varint(): number {
    return fromZigzag(this.#unsignedVarint(5))
  }

  /** 64 bits, of which 52 are exact. */
  varlong(): number {
    return fromZigzag(this.#unsignedVarint(10))
  }

  skip(count: number): void {
    if (count < 0 || count > this.remaining) throw corruptBatch('a length reaches beyond its end')
    this.#at += count
  }

  /** A key or a value; a negative length is null. */
  field(): Buffer | null {
    const length = this.varint()
    if (length < 0) return null
    this.skip(length)
    return this.#bytes.subarray(this.#at - length, this.#at)
  }

  skipField(): void {
    this.skip(Math.max(0, this.varint()))
  }

  #unsignedVarint(maxBytes: number): number {
    let value = 0
    let scale = 1
    for (let count = 0; count < maxBytes; count++) {
      const byte = this.#bytes[this.#at++]
      if (byte === undefined) throw corruptBatch('it ends inside a number')
      value += (byte & 0x7f) * scale
      if (byte < 128) return value
      scale *= 128
    }
    throw corruptBatch(`a number is longer than ${maxBytes} bytes`)
  }
}

export function corruptBatch(what: string, cause?: unknown): RecordBatchError {
  return new RecordBatchError('corrupt-batch', `A record batch is corrupt: ${what}.`, { cause })
}
