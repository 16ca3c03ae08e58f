import { SerializationError } from '../errors.ts'

/** The longest message, because every record's report contains it and names in a schema may be long. */
const MAX_LENGTH = 500

/** @param what is wrong with the schema; may quote the schema, never data */
export function unusableSchema(what: string, cause?: unknown): SerializationError {
  return new SerializationError(
    'delivery-failure',
    `schema: ${what.length > MAX_LENGTH ? `${what.slice(0, MAX_LENGTH)}…` : what}`,
    {
      code: 'schema-unusable',
      retriable: false,
      ...(cause === undefined ? {} : { cause }),
    },
  )
}
