import type { Violation } from '../errors.ts'
import type { SchemaCheck } from './contract.ts'

/** So many are listed: enough to fix a record by, and an answer of bounded size. */
const MAX_VIOLATIONS = 20

/** The first violations of a value, and whether there are more. */
export function listViolations<E>(errors: readonly E[], toViolation: (error: E) => Violation): ReturnType<SchemaCheck> {
  return { violations: errors.slice(0, MAX_VIOLATIONS).map(toViolation), truncated: errors.length > MAX_VIOLATIONS }
}
