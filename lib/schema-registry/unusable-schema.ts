import { SerializationError } from '../errors.ts'

/** Of a message, which each record has: the words of a schema have no bound. */
const MAX_LENGTH = 500

/** @param what is wrong with the schema: words of the schema at most, never data */
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
