import { parseExactly } from '../../contracts/exact-json.ts'
import { isInstance, SerializationError } from '../../errors.ts'
import { JsonText } from '../../record/json-text.ts'
import type { SchemaEncoder, SchemaFormat } from '../schema-format.ts'
import type { AvroType } from './avro-type.ts'
import { ByteWriter } from './byte-writer.ts'
import { parseAvroSchema } from './parse-avro.ts'
import { ValueWriter } from './value-writer.ts'

/**
 * Avro. What each type takes of JSON, and of a program:
 *
 * - `int`, `long`: whole numbers in range, all digits of a text; of a program beyond 2^53 a BigInt. `float`, `double`:
 *   the nearest; a number that would become infinite is refused. "NaN", "Infinity", "-Infinity" as Avro's Java has.
 * - `bytes`, `fixed`: text of the characters U+0000 to U+00FF, as Avro's JSON encoding has them, or a Uint8Array.
 * - unions: `{"<branch>": value}` (Confluent's JSON encoding), a named type by its full name; plain JSON where only one
 *   branch takes such a value. Whether that is so depends on the schema alone. An object whose only field is named like
 *   a branch is always that branch.
 * - a whole schema of `bytes` is written without the length for Confluent's registry, as its own serializers do.
 * - records: a field that is missing has its default, or is a violation; so is a field that the schema does not have.
 * - logical types: numbers are what Avro writes. Besides, ISO 8601 texts and a Date (`timestamp-*`; `date` at midnight
 *   UTC), decimals as numbers or text, never as text of bytes, UUIDs as text, durations as
 *   `{"months", "days", "millis"}`. Nothing is rounded.
 */
export const avroFormat: SchemaFormat = {
  type: 'AVRO',
  compile: schema => {
    const type = parseAvroSchema(schema)
    // As Confluent's serializers of all languages write it, and their deserializers read it.
    const isBytes = type.kind === 'bytes' && schema.id.registry === 'confluent'
    return isBytes ? new RawBytesEncoder(type) : new AvroEncoder(type)
  },
}

class AvroEncoder implements SchemaEncoder {
  readonly #type: AvroType
  /** Undefined while a value is encoded: a getter of it may encode another. */
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
      // A getter or a toJSON of the value; its message may quote the data.
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

/** Of a schema that is nothing but bytes: without their length. */
class RawBytesEncoder extends AvroEncoder {
  override encode(data: unknown): Uint8Array {
    const bytes = super.encode(data)
    return bytes.subarray(bytes.findIndex(byte => byte < 0x80) + 1)
  }
}
