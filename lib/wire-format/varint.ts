// The zig-zag varints of the record format, in which small numbers of either sign take few bytes: 0, -1, 1, -2 become
// 0, 1, 2, 3. The sign is the lowest bit. It is handled separately, because twice a large number would not be exact,
// and timestamps may be 2^53 apart.

/** The number without its sign: -1 becomes 0, -2 becomes 1. Exact for all safe integers. */
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

/** The size of an unsigned varint, such as the lengths in flexible versions (KIP-482). */
export function sizeOfUnsignedVarint(value: number): number {
  let bytes = 1
  for (let rest = value; rest > 0x7f; rest >>>= 7) bytes++
  return bytes
}

/**
 * Writes an unsigned varint.
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
