// The output of a codec, with a limit. It grows as bytes are written, whatever size the compressed bytes declare.
import { RecordBatchError } from '../errors.ts'
import { corruptBatch } from './byte-reader.ts'

export class InflatedBytes {
  readonly #maxBytes: number
  #bytes: Buffer
  #length = 0

  /** @param expected the size to begin with */
  constructor(maxBytes: number, expected: number) {
    this.#maxBytes = maxBytes
    this.#bytes = Buffer.allocUnsafe(Math.min(maxBytes, expected))
  }

  get length(): number {
    return this.#length
  }

  get bytes(): Buffer {
    return this.#bytes.subarray(0, this.#length)
  }

  append(bytes: Buffer): void {
    this.#makeRoom(bytes.length)
    bytes.copy(this.#bytes, this.#length)
    this.#length += bytes.length
  }

  /**
   * Repeats bytes of the output from `distance` bytes ago. Source and target may overlap, which repeats a pattern.
   * @param from bytes before this position may not be used
   */
  repeat(distance: number, count: number, from: number): void {
    if (distance < 1 || distance > this.#length - from)
      throw corruptBatch('its compressed bytes refer to bytes that do not exist')
    this.#makeRoom(count)
    const [bytes, end] = [this.#bytes, this.#length + count]
    for (let at = this.#length; at < end; at++) bytes[at] = bytes[at - distance] as number
    this.#length = end
  }

  #makeRoom(count: number): void {
    const needed = this.#length + count
    if (needed > this.#maxBytes) throw batchTooLarge(this.#maxBytes)
    if (needed <= this.#bytes.length) return
    const larger = Buffer.allocUnsafe(Math.min(this.#maxBytes, Math.max(needed, 2 * this.#bytes.length)))
    this.#bytes.copy(larger, 0, 0, this.#length)
    this.#bytes = larger
  }
}

export function batchTooLarge(maxBytes: number): RecordBatchError {
  return new RecordBatchError(
    'batch-too-large',
    `A record batch inflates to more than ${maxBytes.toLocaleString('en-US')} bytes (maxInflatedBytes).`,
  )
}
