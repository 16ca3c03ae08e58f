// Values of a JSON Schema: checked, and written as the caller's text.
import type { SchemaCheck } from '../../contracts/contract.ts'
import { SerializationError } from '../../errors.ts'
import { isDeeperThan, MAX_DEPTH } from '../../record/json-object.ts'
import { JsonText } from '../../record/json-text.ts'
import { toJson } from '../../serialize/json-serializer.ts'
import type { SchemaEncoder } from '../schema-format.ts'
import { unusableSchema } from '../unusable-schema.ts'

/** SchemaCheck names places in a record. */
const VALUE = '/value'

export function jsonSchemaEncoder(check: SchemaCheck): SchemaEncoder {
  return {
    encode: data => {
      const text = data instanceof JsonText ? data.text : toJson(data)
      // A program's value is checked as what is sent: a date is its text, and a field that is undefined is not there.
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

/** @throws SerializationError `schema-unusable` where the schema, not the value, leads too deep for the stack */
function checked(check: SchemaCheck, value: unknown, text: string): ReturnType<SchemaCheck> {
  try {
    return check(value, 'all', text)
  } catch (cause) {
    if (!(cause instanceof RangeError) || isDeeperThan(value, MAX_DEPTH)) throw cause
    throw unusableSchema('its references lead too deep', cause)
  }
}
