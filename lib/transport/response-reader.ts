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
      throw transportError(
        'MALFORMED_ANSWER',
        `The broker's answer ends too early: expected ${begin + bytes} bytes or more, got ${this.#bytes.length}.`,
        { retriable: true },
      )
    this.#at += bytes
    return begin
  }
}
