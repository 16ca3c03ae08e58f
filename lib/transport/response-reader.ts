// Reads the body of a response. A length or a count that does not fit into the bytes is an error, never a loop or an
// allocation.
import { transportError } from './error-codes.ts'

export class ResponseReader {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  int16(): number {
    return this.#bytes.readInt16BE(this.#take(2))
  }

  int32(): number {
    return this.#bytes.readInt32BE(this.#take(4))
  }

  int64(): bigint {
    return this.#bytes.readBigInt64BE(this.#take(8))
  }

  /** Null is read as ''. */
  string(): string {
    const length = Math.max(0, this.int16())
    const begin = this.#take(length)
    return this.#bytes.toString('utf8', begin, begin + length)
  }

  /** An unsigned varint of at most 32 bits. */
  varint(): number {
    let value = 0
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.#bytes[this.#take(1)] as number
      value += (byte & 0x7f) * 2 ** shift
      if (byte < 0x80) return value
    }
    throw this.#malformed('a number of at most 5 bytes', 'a longer one')
  }

  /** Null is read as ''. */
  compactString(): string {
    const length = Math.max(0, this.varint() - 1)
    const begin = this.#take(length)
    return this.#bytes.toString('utf8', begin, begin + length)
  }

  skipCompactString(): void {
    this.#take(Math.max(0, this.varint() - 1))
  }

  /** Calls `read` for each element of a compact array. Null is read as an empty array. */
  eachCompact(read: () => void): void {
    for (let count = this.varint() - 1; count > 0; count--) read()
  }

  /**
   * Reads a section of tagged fields.
   * @param read called with the tag; what it leaves unread of the field is skipped
   */
  tags(read: (tag: number) => void = () => {}): void {
    for (let count = this.varint(); count > 0; count--) {
      const tag = this.varint()
      const size = this.varint()
      const end = this.#at + size
      read(tag)
      if (this.#at > end) throw this.#malformed(`a field of ${size} bytes`, 'a longer one')
      this.skip(end - this.#at)
    }
  }

  skip(bytes: number): void {
    this.#take(bytes)
  }

  skipString(): void {
    this.#take(Math.max(0, this.int16()))
  }

  /** Calls `read` for each element of an array. Null is read as an empty array. */
  each(read: () => void): void {
    for (let count = this.int32(); count > 0; count--) read()
  }

  #take(bytes: number): number {
    const begin = this.#at
    if (begin + bytes > this.#bytes.length)
      throw this.#malformed(`${begin + bytes} bytes or more`, `${this.#bytes.length}`)
    this.#at += bytes
    return begin
  }

  #malformed(expected: string, got: string): Error {
    return transportError(
      'MALFORMED_ANSWER',
      `The broker's answer has another form: expected ${expected}, got ${got}.`,
      {
        retriable: true,
      },
    )
  }
}
