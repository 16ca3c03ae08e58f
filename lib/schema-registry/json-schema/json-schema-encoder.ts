// Validates values against a JSON Schema and writes them as JSON; a caller's own JSON text is kept.
import type { SchemaCheck } from '../../contracts/contract.ts'
import { SerializationError } from '../../errors.ts'
import { isDeeperThan, MAX_DEPTH } from '../../record/json-object.ts'
import { JsonText } from '../../record/json-text.ts'
import { toJson } from '../../serialize/json-serializer.ts'
import type { SchemaEncoder } from '../schema-format.ts'
import { unusableSchema } from '../unusable-schema.ts'

/** SchemaCheck returns pointers that begin at the record. */
const VALUE = '/value'

export function jsonSchemaEncoder(check: SchemaCheck): SchemaEncoder {
  return {
    encode: data => {
      const text = data instanceof JsonText ? data.text : toJson(data)
      // A value from code is validated in the form that is sent: dates as text, and without undefined fields.
      const value = data instanceof JsonText && data.parsed !== undefined ? data.parsed : JSON.parse(text)
      const { violations, truncated } = checked(check, value, text)
      if (violations.length > 0)
        throw new SerializationError('invalid-record', `${violations.length} violation(s) of its schema`, {
          code: 'schema',
          violations: violations.map(({ pointer, ...rest }) => ({ ...rest, pointer: pointer.slice(VALUE.length) })),
          truncated,
        })
      return Buffer.from(text)
    },
  }
}

/** @throws SerializationError `schema-unusable` if the schema, not the value, is nested too deeply for the stack */
function checked(check: SchemaCheck, value: unknown, text: string): ReturnType<SchemaCheck> {
  try {
    return check(value, 'all', text)
  } catch (cause) {
    if (!(cause instanceof RangeError) || isDeeperThan(value, MAX_DEPTH)) throw cause
    throw unusableSchema('its references lead too deep', cause)
  }
}
