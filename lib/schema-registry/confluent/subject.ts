// Names of subjects that a request can ask for.

/** A URL can't name `.` and `..`, and a request has no lone surrogates: the registry would be asked for others. */
export function isSubject(value: unknown): value is string {
  return typeof value === 'string' && value.isWellFormed() && !['', '.', '..'].includes(value)
}
