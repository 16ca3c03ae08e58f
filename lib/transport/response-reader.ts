// Reads the body of a response. A length or a count that does not fit into the bytes is an error, and never causes a
// long loop or a large allocation.
import { transportError } from './error-codes.ts'

export class ResponseReader {
  readonly #bytes: Buffer
  readonly #isFlexible: boolean
  #at = 0

  /** @param isFlexible whether the version has compact lengths and tagged fields (KIP-482) */
  constructor(bytes: Buffer, isFlexible = false) {
    this.#bytes = bytes
    this.#isFlexible = isFlexible
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

  /** Reads a string; null becomes ''. */
  string(): string {
    return this.nullableString() ?? ''
  }

  nullableString(): string | null {
    const length = this.#stringLength()
    if (length < 0) return null
    const begin = this.#take(length)
    return this.#bytes.toString('utf8', begin, begin + length)
  }

  skipString(): void {
    this.#take(Math.max(0, this.#stringLength()))
  }

  /** Reads a UUID in Kafka's form: base64url without padding. The id of zeros, which means none, becomes null. */
  uuid(): string | null {
    const begin = this.#take(16)
    const bytes = this.#bytes.subarray(begin, begin + 16)
    return bytes.some(byte => byte !== 0) ? bytes.toString('base64url') : null
  }

  /** Reads bytes in a version that is not flexible, as a view of the response; null becomes empty. */
  bytes(): Buffer {
    const length = Math.max(0, this.int32())
    const begin = this.#take(length)
    return this.#bytes.subarray(begin, begin + length)
  }

  /** Calls `read` for each element of an array. Null counts as an empty array. */
  each(read: () => void): void {
    const count = this.#isFlexible ? this.#varint() - 1 : this.int32()
    if (count < -1) throw this.#malformed('a count of elements', 'a negative one')
    for (let left = count; left > 0; left--) read()
  }

  /** Checks that no bytes are left: otherwise the response has another form, and what was read may be wrong. */
  end(): void {
    if (this.#at < this.#bytes.length) throw this.#malformed(`${this.#at} bytes`, `${this.#bytes.length}`)
  }

  list<T>(read: () => T): T[] {
    const list: T[] = []
    this.each(() => list.push(read()))
    return list
  }

  /**
   * Reads a section of tagged fields; a version that is not flexible has none.
   * @param read called with each tag; whatever it leaves unread of the field is skipped
   */
  tags(read: (tag: number) => void = () => {}): void {
    if (!this.#isFlexible) return
    for (let count = this.#varint(); count > 0; count--) {
      const tag = this.#varint()
      const size = this.#varint()
      const end = this.#at + size
      read(tag)
      if (this.#at > end) throw this.#malformed(`a field of ${size} bytes`, 'a longer one')
      this.skip(end - this.#at)
    }
  }

  skip(bytes: number): void {
    this.#take(bytes)
  }

  #stringLength(): number {
    return this.#isFlexible ? this.#varint() - 1 : this.int16()
  }

  /** Reads an unsigned number of at most 32 bits. */
  #varint(): number {
    let value = 0
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.#bytes[this.#take(1)] as number
      value += (byte & 0x7f) * 2 ** shift
      if (byte < 0x80) return value
    }
    throw this.#malformed('a number of at most 5 bytes', 'a longer one')
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
