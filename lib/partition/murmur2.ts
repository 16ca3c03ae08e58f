/**
 * Murmur2 as the Java client computes it (`org.apache.kafka.common.utils.Utils.murmur2`).
 * @returns a signed 32-bit integer
 */
export function murmur2(bytes: Uint8Array): number {
  const { length } = bytes
  const m = 0x5bd1e995
  let h = 0x9747b28c ^ length
  const whole = length & ~3
  for (let i = 0; i < whole; i += 4) {
    let k =
      (bytes[i] as number) |
      ((bytes[i + 1] as number) << 8) |
      ((bytes[i + 2] as number) << 16) |
      ((bytes[i + 3] as number) << 24)
    k = Math.imul(k, m)
    k ^= k >>> 24
    h = Math.imul(h, m) ^ Math.imul(k, m)
  }
  const rest = length - whole
  if (rest >= 3) h ^= (bytes[whole + 2] as number) << 16
  if (rest >= 2) h ^= (bytes[whole + 1] as number) << 8
  if (rest >= 1) h = Math.imul(h ^ (bytes[whole] as number), m)
  h ^= h >>> 13
  h = Math.imul(h, m)
  return h ^ (h >>> 15)
}
