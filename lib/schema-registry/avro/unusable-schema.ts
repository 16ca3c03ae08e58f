import { SerializationError } from '../../errors.ts'

const MAX_NAME = 100

/** @param expected what the schema should have had, and where */
export function unusableSchema(expected: string, cause?: unknown): SerializationError {
  return new SerializationError('delivery-failure', `schema: expected ${expected}.`, {
    code: 'schema-unusable',
    retriable: false,
    ...(cause === undefined ? {} : { cause }),
  })
}

/** A name of a schema for a message. */
export function quoted(name: unknown): string {
  return JSON.stringify(typeof name === 'string' ? name.slice(0, MAX_NAME) : typeof name)
}
