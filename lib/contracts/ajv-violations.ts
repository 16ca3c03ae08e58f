// Converts Ajv's errors to violations: a pointer, the rule, what was expected. Never the value, which Ajv's messages
// may quote.
import type { Violation } from '../errors.ts'
import type { SchemaCheck } from './contract.ts'
import { listViolations } from './violations.ts'

interface AjvError {
  readonly instancePath: string
  readonly keyword: string
  readonly params: Readonly<Record<string, unknown>>
}

export interface AjvValidate {
  (value: unknown): boolean
  errors?: readonly AjvError[] | null
}

export function schemaCheck(validate: AjvValidate): SchemaCheck {
  return value => {
    if (validate(value)) return listViolations([], toViolation)
    return listViolations(validate.errors ?? [], toViolation)
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
