import assert from 'node:assert/strict'
import { ConfigError } from '../../lib/errors.ts'

/** What the ConfigError of the work lists; empty when it throws none. */
export function problemsOf(work: () => unknown): readonly string[] {
  try {
    work()
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error))
    return error.problems
  }
  return []
}
