import { ConfigError, errorName, isInstance, SerializationError } from '../errors.ts'

/**
 * Returns a handler for `catch`: it rethrows a SerializationError, and converts any other error, e.g. of a missing
 * package, to a delivery failure with this code, because the record is not the cause.
 */
export function toDeliveryFailure(code: 'schema-registry' | 'schema-unusable'): (cause: unknown) => never {
  return cause => {
    if (isInstance(cause, SerializationError)) throw cause
    // A `ConfigError` names settings and packages, never secret values, so its text may be shown.
    const why = isInstance(cause, ConfigError) ? cause.problems.join(' ') : `schema: unexpected (${errorName(cause)})`
    throw new SerializationError('delivery-failure', why, { code, retriable: false, cause })
  }
}
