// Finds Metadata requests in the bytes of a connection. Each request begins with 4 bytes for its size and 2 for its API
// key.

const METADATA = 3

export class RequestScan {
  /** The number of bytes of the current request that have not arrived yet. */
  #left = 0
  /** The first bytes of a request of which fewer than 6 have arrived. */
  #head: Buffer = Buffer.alloc(0)

  /** Whether a Metadata request begins in the next bytes of the connection. */
  hasMetadata(chunk: Buffer): boolean {
    let found = false
    let rest: Buffer = chunk.subarray(Math.min(chunk.length, this.#left))
    this.#left -= chunk.length - rest.length
    while (rest.length > 0) {
      rest = Buffer.concat([this.#head, rest])
      this.#head = Buffer.alloc(0)
      if (rest.length < 6) {
        this.#head = rest
        break
      }
      if (rest.readInt16BE(4) === METADATA) found = true
      const end = 4 + rest.readInt32BE(0)
      this.#left = Math.max(0, end - rest.length)
      rest = rest.subarray(Math.min(rest.length, end))
    }
    return found
  }
}
