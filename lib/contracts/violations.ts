import type { Violation } from '../errors.ts'
import type { SchemaCheck } from './contract.ts'

/** The most violations in a list: enough to fix a record, and the response stays small. */
export const MAX_VIOLATIONS = 20

/** Returns the first violations of a value, and whether there are more. */
export function listViolations<E>(errors: readonly E[], toViolation: (error: E) => Violation): ReturnType<SchemaCheck> {
  return { violations: errors.slice(0, MAX_VIOLATIONS).map(toViolation), truncated: errors.length > MAX_VIOLATIONS }
}
