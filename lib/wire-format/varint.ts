// Zig-zag varints of the record format: small numbers of either sign take few bytes. Exact up to 2^52, which timestamps
// in milliseconds don't exceed.

/** Zig-zag: 0, -1, 1, -2 become 0, 1, 2, 3. */
function zigzag(value: number): number {
  return value >= 0 ? value * 2 : -value * 2 - 1
}

export function fromZigzag(value: number): number {
  return value % 2 === 0 ? value / 2 : -(value + 1) / 2
}

export function sizeOfVarint(value: number): number {
  let rest = zigzag(value)
  let size = 1
  while (rest >= 128) {
    rest = Math.floor(rest / 128)
    size++
  }
  return size
}

/** @returns the position of the next field */
export function writeVarint(into: Buffer, at: number, value: number): number {
  let rest = zigzag(value)
  let to = at
  while (rest >= 128) {
    into[to++] = (rest % 128) | 0x80
    rest = Math.floor(rest / 128)
  }
  into[to++] = rest
  return to
}
