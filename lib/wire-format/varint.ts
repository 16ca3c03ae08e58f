// Zig-zag varints of the record format: small numbers of either sign take few bytes. 0, -1, 1, -2 become 0, 1, 2, 3.
// The sign is the lowest bit. It is kept apart, since twice a large number is not exact: timestamps may be 2^53 apart.

/** Of the number without its sign: -1 is 0, -2 is 1. Exact for all safe integers. */
function magnitude(value: number): number {
  return value >= 0 ? value : -value - 1
}

export function sizeOfVarint(value: number): number {
  let rest = Math.floor(magnitude(value) / 64)
  let size = 1
  while (rest > 0) {
    rest = Math.floor(rest / 128)
    size++
  }
  return size
}

/** @returns the position of the next field */
export function writeVarint(into: Buffer, at: number, value: number): number {
  const all = magnitude(value)
  const first = (all % 64) * 2 + (value < 0 ? 1 : 0)
  let rest = Math.floor(all / 64)
  let to = at
  into[to++] = rest > 0 ? first | 0x80 : first
  while (rest > 0) {
    const next = rest % 128
    rest = Math.floor(rest / 128)
    into[to++] = rest > 0 ? next | 0x80 : next
  }
  return to
}

/** Of an unsigned varint, as the lengths of flexible versions are (KIP-482). */
export function sizeOfUnsignedVarint(value: number): number {
  let bytes = 1
  for (let rest = value; rest > 0x7f; rest >>>= 7) bytes++
  return bytes
}

/**
 * @param value below 2^32
 * @returns the position of the next field
 */
export function writeUnsignedVarint(into: Buffer, at: number, value: number): number {
  let to = at
  let rest = value
  for (; rest > 0x7f; rest >>>= 7) into[to++] = (rest & 0x7f) | 0x80
  into[to++] = rest
  return to
}
