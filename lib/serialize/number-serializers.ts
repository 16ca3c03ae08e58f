// Serializers for Java's number types, big-endian.
import { BuiltInSerializer, expected, type Serializer } from './serializer.ts'

const LONG_MAX = 2n ** 63n - 1n

/** int32, big-endian. */
export const integerSerializer: Serializer<number> = new BuiltInSerializer(data => {
  if (typeof data !== 'number' || (data | 0) !== data) return expected('an integer of 32 bits', data)
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(data)
  return bytes
})

/** int64, big-endian. */
export const longSerializer: Serializer<number | bigint> = new BuiltInSerializer(data => {
  const value =
    typeof data === 'bigint'
      ? data
      : Number.isSafeInteger(data)
        ? BigInt(data)
        : expected('a safe integer or a BigInt', data)
  if (value > LONG_MAX || value < -LONG_MAX - 1n) return expected('an integer of 64 bits', data)
  const bytes = Buffer.alloc(8)
  bytes.writeBigInt64BE(value)
  return bytes
})

/** IEEE 754, 64 bits, big-endian. */
export const doubleSerializer: Serializer<number> = new BuiltInSerializer(data => {
  const bytes = Buffer.alloc(8)
  bytes.writeDoubleBE(typeof data === 'number' ? data : expected('a number', data))
  return bytes
})
