// Checks names of subjects.

/**
 * Whether a request can name the subject. URLs normalize `.` and `..`, and lone surrogates can't be encoded, so the
 * request would name another subject.
 */
export function isSubject(value: unknown): value is string {
  return typeof value === 'string' && value.isWellFormed() && !['', '.', '..'].includes(value)
}
