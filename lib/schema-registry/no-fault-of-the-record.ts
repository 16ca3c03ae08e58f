import { ConfigError, errorName, isInstance, SerializationError } from '../errors.ts'

/**
 * Converts an unexpected error, e.g. of a missing package, to a delivery failure, so that the record does not count as
 * invalid.
 */
export function noFaultOfTheRecord(code: 'schema-registry' | 'schema-unusable'): (cause: unknown) => never {
  return cause => {
    if (isInstance(cause, SerializationError)) throw cause
    // A `ConfigError` names settings and packages, never secret values, so its text may be shown.
    const why = isInstance(cause, ConfigError) ? cause.problems.join(' ') : `schema: unexpected (${errorName(cause)})`
    throw new SerializationError('delivery-failure', why, { code, retriable: false, cause })
  }
}
