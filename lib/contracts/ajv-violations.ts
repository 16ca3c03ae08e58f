// Converts Ajv's errors to violations: a pointer, the rule, what was expected. Never the value, which Ajv's messages
// may quote.
import type { Violation } from '../errors.ts'
import { hasMoreEntriesThan } from '../record/json-object.ts'
import type { SchemaCheck } from './contract.ts'
import { listViolations } from './violations.ts'

interface AjvError {
  readonly instancePath: string
  readonly keyword: string
  readonly params: Readonly<Record<string, unknown>>
}

const NO_VIOLATIONS = { violations: [], truncated: false } as const

export interface AjvValidate {
  (value: unknown): boolean
  errors?: readonly AjvError[] | null
}

/** What an invalid value may have to be looked at again for all its violations: properties and items. */
const MAX_EXPLAINED = 2000

/**
 * @param validate stops at the first violation if `explainer` is passed, so that a value with 500,000 violations
 * costs no more than one with a single violation
 * @param explainer returns what finds all violations of a small value. Default: those that `validate` found
 */
export function schemaCheck(validate: AjvValidate, explainer?: () => AjvValidate): SchemaCheck {
  return (value, extent = 'all') => {
    if (validate(value)) return NO_VIOLATIONS
    if (!explainer) return listViolations(validate.errors ?? [], toViolation)
    const isPartial = extent === 'first' || hasMoreEntriesThan(value, MAX_EXPLAINED)
    if (isPartial) return { ...listViolations(validate.errors ?? [], toViolation), truncated: true }
    const explain = explainer()
    explain(value)
    return listViolations(explain.errors ?? [], toViolation)
  }
}

function toViolation({ instancePath, keyword, params }: AjvError): Violation {
  return { pointer: `/value${instancePath}`, rule: keyword, expected: expectation(keyword, params) }
}

/** What the schema asks for: its own words only, so a caller's field name never comes back in an answer or a log. */
function expectation(keyword: string, params: Readonly<Record<string, unknown>>): string {
  if (keyword === 'additionalProperties' || keyword === 'unevaluatedProperties') return 'no other properties'
  const said =
    params.type ??
    params.missingProperty ??
    params.allowedValues ??
    params.allowedValue ??
    params.limit ??
    params.pattern ??
    params.format ??
    params.multipleOf
  if (said === undefined) return keyword
  return Array.isArray(said) ? said.map(String).join(' | ') : String(said)
}
