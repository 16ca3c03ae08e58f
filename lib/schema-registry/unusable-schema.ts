import { SerializationError } from '../errors.ts'

/** @param what is wrong with the schema: words of the schema at most, never data */
export function unusableSchema(what: string, cause?: unknown): SerializationError {
  return new SerializationError('delivery-failure', `schema: ${what}`, {
    code: 'schema-unusable',
    retriable: false,
    ...(cause === undefined ? {} : { cause }),
  })
}
