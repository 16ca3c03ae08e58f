import { ConfigError, errorName, isInstance, SerializationError } from '../errors.ts'

/** For what rejects with a SerializationError, unless it has a defect or lacks a package. */
export function noFaultOfTheRecord(code: 'schema-registry' | 'schema-unusable'): (cause: unknown) => never {
  return cause => {
    if (isInstance(cause, SerializationError)) throw cause
    // A `ConfigError` names settings and packages, never a value that is secret.
    const why = isInstance(cause, ConfigError) ? cause.problems.join(' ') : `schema: unexpected (${errorName(cause)})`
    throw new SerializationError('delivery-failure', why, { code, retriable: false, cause })
  }
}
