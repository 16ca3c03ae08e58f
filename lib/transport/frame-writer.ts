// Writes the frame of a request. Large parts are not copied: they go to the socket as they are, between the pieces of
// the head. No buffer is used twice: Buffer.allocUnsafe never returns memory that something still refers to, and a
// batch keeps its bytes. So no later request can overwrite bytes that the socket still has to send (as in
// CVE-2026-35554).

import { writeUnsignedVarint } from '../wire-format/varint.ts'

/** Up to this size, one buffer and one write cost less than several. */
const JOIN_BYTES = 4096

export class FrameWriter {
  readonly #buffer: Buffer
  readonly #isJoined: boolean
  readonly #parts: Buffer[] = []
  #at = 0
  /** The start of the piece of the head that is not in `#parts` yet. */
  #from = 0

  /**
   * @param headBytes the size of everything except large parts, including the size field of the frame
   * @param largeBytes the size of all large parts
   */
  constructor(headBytes: number, largeBytes: number) {
    this.#isJoined = largeBytes <= JOIN_BYTES
    this.#buffer = Buffer.allocUnsafe(this.#isJoined ? headBytes + largeBytes : headBytes)
    this.int32(headBytes + largeBytes - 4)
  }

  int16(value: number): this {
    this.#at = this.#buffer.writeInt16BE(value, this.#at)
    return this
  }

  int32(value: number): this {
    this.#at = this.#buffer.writeInt32BE(value, this.#at)
    return this
  }

  /** @param bytes the length of the value in UTF-8 */
  string(value: string, bytes: number): this {
    this.int16(bytes)
    this.#at += this.#buffer.write(value, this.#at)
    return this
  }

  /** @param value 0 or more; its size is `sizeOfUnsignedVarint(value)` */
  varint(value: number): this {
    this.#at = writeUnsignedVarint(this.#buffer, this.#at, value)
    return this
  }

  /** @param bytes the length of the value in UTF-8 */
  compactString(value: string, bytes: number): this {
    this.varint(bytes + 1)
    this.#at += this.#buffer.write(value, this.#at)
    return this
  }

  large(bytes: Buffer): this {
    if (this.#isJoined) {
      this.#buffer.set(bytes, this.#at)
      this.#at += bytes.length
    } else {
      this.#parts.push(this.#buffer.subarray(this.#from, this.#at), bytes)
      this.#from = this.#at
    }
    return this
  }

  /** Returns the parts of the frame, in the order in which they are written. */
  finish(): readonly Buffer[] {
    if (this.#at !== this.#buffer.length) throw new Error(`A frame of ${this.#buffer.length} bytes has ${this.#at}.`)
    if (this.#from < this.#at) this.#parts.push(this.#buffer.subarray(this.#from, this.#at))
    return this.#parts
  }
}
