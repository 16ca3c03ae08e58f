// CRC-32C (Castagnoli), the checksum of record batches and of dead letters on disk. Eight bytes per step (slicing by
// 8).

const tables: readonly Uint32Array[] = createTables()

function createTables(): Uint32Array[] {
  const created = Array.from({ length: 8 }, () => new Uint32Array(256))
  const [first] = created as [Uint32Array]
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1
    first[byte] = crc >>> 0
  }
  for (let t = 1; t < 8; t++) {
    const previous = created[t - 1] as Uint32Array
    const table = created[t] as Uint32Array
    for (let byte = 0; byte < 256; byte++) {
      const crc = previous[byte] as number
      table[byte] = ((crc >>> 8) ^ (first[crc & 0xff] as number)) >>> 0
    }
  }
  return created
}

const [T0, T1, T2, T3, T4, T5, T6, T7] = tables as [
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
]

/** Unsigned 32-bit checksum of `bytes[from…)`. */
export function crc32c(bytes: Uint8Array, from = 0): number {
  const end = bytes.length
  let crc = 0xffffffff
  let i = from
  for (; i + 8 <= end; i += 8) {
    crc ^=
      (bytes[i] as number) |
      ((bytes[i + 1] as number) << 8) |
      ((bytes[i + 2] as number) << 16) |
      ((bytes[i + 3] as number) << 24)
    crc =
      (T7[crc & 0xff] as number) ^
      (T6[(crc >>> 8) & 0xff] as number) ^
      (T5[(crc >>> 16) & 0xff] as number) ^
      (T4[crc >>> 24] as number) ^
      (T3[bytes[i + 4] as number] as number) ^
      (T2[bytes[i + 5] as number] as number) ^
      (T1[bytes[i + 6] as number] as number) ^
      (T0[bytes[i + 7] as number] as number)
  }
  for (; i < end; i++) crc = (crc >>> 8) ^ (T0[(crc ^ (bytes[i] as number)) & 0xff] as number)
  return (crc ^ 0xffffffff) >>> 0
}
