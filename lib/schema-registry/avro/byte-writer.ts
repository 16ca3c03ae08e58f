// Writes numbers, text and bytes in Avro's binary encoding.
// https://avro.apache.org/docs/1.12.0/specification/#binary-encoding
const INITIAL_SIZE = 1024
/** A larger buffer is not kept for the next record. */
const MAX_KEPT_SIZE = 65_536
/** The zigzag form of numbers from -2^30 to 2^30 - 1 fits into JavaScript's 32-bit operations. */
const SMALL = 2 ** 30
/** Numbers up to this limit can be doubled and stay safe integers. */
const HALF_SAFE = 2 ** 52

export class ByteWriter {
  #bytes = Buffer.allocUnsafeSlow(INITIAL_SIZE)
  #at = 0

  get length(): number {
    return this.#at
  }

  /** Returns a copy of the written bytes and resets the writer. */
  take(): Buffer {
    const bytes = Buffer.from(this.#bytes.subarray(0, this.#at))
    this.clear()
    return bytes
  }

  clear(): void {
    this.#at = 0
    if (this.#bytes.length > MAX_KEPT_SIZE) this.#bytes = Buffer.allocUnsafeSlow(INITIAL_SIZE)
  }

  byte(value: number): void {
    this.#reserve(1)
    this.#bytes[this.#at++] = value
  }

  /** Writes a zigzag varint: an int, a long, a length, or the number of a branch or symbol. */
  long(value: number | bigint): void {
    this.#reserve(10)
    if (typeof value === 'bigint') this.#bigLong(value)
    else if (value >= -SMALL && value < SMALL) this.#smallLong(value)
    else if (value >= -HALF_SAFE && value <= HALF_SAFE) this.#safeLong(value)
    else this.#bigLong(BigInt(value))
  }

  float(value: number): void {
    this.#reserve(4)
    this.#at = this.#bytes.writeFloatLE(value, this.#at)
  }

  double(value: number): void {
    this.#reserve(8)
    this.#at = this.#bytes.writeDoubleLE(value, this.#at)
  }

  text(value: string): void {
    const length = Buffer.byteLength(value)
    this.long(length)
    this.#reserve(length)
    this.#at += this.#bytes.write(value, this.#at)
  }

  bytes(value: Uint8Array): void {
    this.long(value.length)
    this.fixed(value)
  }

  fixed(value: Uint8Array): void {
    this.#reserve(value.length)
    this.#bytes.set(value, this.#at)
    this.#at += value.length
  }

  #smallLong(value: number): void {
    let rest = (value << 1) ^ (value >> 31)
    for (; rest > 127; rest >>>= 7) this.#bytes[this.#at++] = (rest & 127) | 128
    this.#bytes[this.#at++] = rest
  }

  #safeLong(value: number): void {
    let rest = value < 0 ? -value * 2 - 1 : value * 2
    for (; rest > 127; rest = Math.floor(rest / 128)) this.#bytes[this.#at++] = (rest % 128) | 128
    this.#bytes[this.#at++] = rest
  }

  #bigLong(value: bigint): void {
    let rest = BigInt.asUintN(64, (value << 1n) ^ (value >> 63n))
    for (; rest > 127n; rest >>= 7n) this.#bytes[this.#at++] = Number(rest & 127n) | 128
    this.#bytes[this.#at++] = Number(rest)
  }

  #reserve(length: number): void {
    const end = this.#at + length
    if (end <= this.#bytes.length) return
    const larger = Buffer.allocUnsafeSlow(Math.max(end, this.#bytes.length * 2))
    this.#bytes.copy(larger, 0, 0, this.#at)
    this.#bytes = larger
  }
}
