import { parseExactly } from '../../contracts/exact-json.ts'
import { isInstance, SerializationError } from '../../errors.ts'
import { JsonText } from '../../record/json-text.ts'
import type { SchemaEncoder, SchemaFormat } from '../schema-format.ts'
import type { AvroType } from './avro-type.ts'
import { ByteWriter } from './byte-writer.ts'
import { parseAvroSchema } from './parse-avro.ts'
import { ValueWriter } from './value-writer.ts'

/**
 * The format of Avro schemas. The values that each type accepts, from JSON and from code:
 *
 * - `int`, `long`: whole numbers in range, all digits of a text; from code, a BigInt beyond 2^53.
 * - `float`, `double`: the nearest value; a number that would become infinite is refused. "NaN", "Infinity" and
 *   "-Infinity" as in Avro for Java.
 * - `bytes`, `fixed`: text of the characters U+0000 to U+00FF, as in Avro's JSON encoding, or a Uint8Array.
 * - unions: `{"<branch>": value}` (Confluent's JSON encoding), a named type by its full name; plain JSON if only one
 *   branch accepts such a value, which depends only on the schema. An object whose only field is named like a branch
 *   always means that branch.
 * - a whole schema of `bytes` is written without the length for Confluent's registry, as its own serializers do.
 * - records: a missing field gets its default, or is a violation without one; an unknown field is a violation.
 * - logical types: numbers are written unchanged. Also accepted: ISO 8601 texts and a Date (`timestamp-*`; `date` at
 *   midnight UTC), decimals as numbers or text, never as text of bytes, UUIDs as text, durations as
 *   `{"months", "days", "millis"}`. Nothing is rounded.
 */
export const avroFormat: SchemaFormat = {
  type: 'AVRO',
  compile: schema => {
    const type = parseAvroSchema(schema)
    // Confluent's serializers in all languages write a bare `bytes` schema without its length.
    const isBytes = type.kind === 'bytes' && schema.id.registry === 'confluent'
    return isBytes ? new RawBytesEncoder(type) : new AvroEncoder(type)
  },
}

class AvroEncoder implements SchemaEncoder {
  readonly #type: AvroType
  /** Undefined while a value is being encoded, because one of its getters may encode another value. */
  #buffer: ByteWriter | undefined = new ByteWriter()

  constructor(type: AvroType) {
    this.#type = type
  }

  encode(data: unknown): Uint8Array {
    const isText = data instanceof JsonText
    const value = isText ? parseExactly(data) : data
    if (isText && value === undefined)
      throw new SerializationError('invalid-record', 'expected JSON, got something else.', { code: 'bad-json' })
    const buffer = this.#buffer ?? new ByteWriter()
    this.#buffer = undefined
    try {
      return new ValueWriter(buffer, isText).encode(this.#type, value)
    } catch (cause) {
      if (isInstance(cause, SerializationError)) throw cause
      // A getter or toJSON of the value threw; its message may quote data, so it is not used.
      throw new SerializationError('invalid-record', 'expected a value that can be read, but it threw an error.', {
        code: 'bad-value',
        cause,
      })
    } finally {
      buffer.clear()
      this.#buffer = buffer
    }
  }
}

/** Encodes a schema that is only `bytes`, without the length. */
class RawBytesEncoder extends AvroEncoder {
  override encode(data: unknown): Uint8Array {
    const bytes = super.encode(data)
    return bytes.subarray(bytes.findIndex(byte => byte < 0x80) + 1)
  }
}
