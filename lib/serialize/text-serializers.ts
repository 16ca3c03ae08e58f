// Serializers for text and bytes.
import { BuiltInSerializer, expected, type Serializer } from './serializer.ts'

function textBytes(data: unknown): Uint8Array {
  if (typeof data !== 'string') return expected('text', data)
  if (!data.isWellFormed()) return expected('text without lone surrogates', data)
  return Buffer.from(data)
}

function copyOf(data: unknown): Uint8Array {
  return data instanceof Uint8Array ? Buffer.from(data) : expected('bytes', data)
}

/**
 * Text as UTF-8. Refuses a lone surrogate, which has no UTF-8 form; Java's serializer writes a question mark for it.
 */
export const stringSerializer: Serializer<string> = new BuiltInSerializer(textBytes)

/** Bytes, copied because the caller may change them. */
export const bytesSerializer: Serializer<Uint8Array> = new BuiltInSerializer(copyOf)

/** Text as UTF-8, or copied bytes. The default serializer. */
export const defaultSerializer: Serializer<string | Uint8Array> = new BuiltInSerializer(data =>
  data instanceof Uint8Array
    ? Buffer.from(data)
    : typeof data === 'string'
      ? textBytes(data)
      : expected('text or bytes, as no serializer is set (json writes objects)', data),
)

/** The text form of a UUID in lower case, as Java's UUIDSerializer writes it. */
export const uuidSerializer: Serializer<string> = new BuiltInSerializer(data =>
  typeof data === 'string' && /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(data)
    ? Buffer.from(data.toLowerCase())
    : expected('a UUID', data),
)

/** Accepts only null. */
export const voidSerializer: Serializer<never> = new BuiltInSerializer(data => expected('null', data))
