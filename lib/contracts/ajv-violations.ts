// Converts Ajv's errors to violations: a pointer, the rule, what was expected. Never the value, which Ajv's messages
// may quote.
import type { Violation } from '../errors.ts'
import { hasMoreEntriesThan, isContainer } from '../record/json-object.ts'
import { MAX_POINTER } from '../record/json-pointer.ts'
import type { SchemaCheck } from './contract.ts'
import { SchemaEvaluation, STEPS_EXPECTED, TooManySteps } from './schema-evaluation.ts'
import { listViolations } from './violations.ts'

export interface AjvError {
  readonly instancePath: string
  readonly keyword: string
  readonly params: Readonly<Record<string, unknown>>
}

const NO_VIOLATIONS = { violations: [], truncated: false } as const

const TOO_MANY_STEPS = {
  violations: [{ pointer: '/value', rule: 'steps', expected: STEPS_EXPECTED }],
  truncated: true,
} as const

export interface AjvValidate {
  (this: unknown, value: unknown): boolean
  errors?: readonly AjvError[] | null
}

/** The most properties and items of an invalid value that is validated a second time to list all violations. */
const MAX_EXPLAINED = 2000

/**
 * @param validate stops at the first violation if `explainer` is passed, so that a value with 500,000 violations
 * costs no more than one with a single violation
 * @param explainer returns what finds all violations of a small value. Default: those that `validate` found
 */
export function schemaCheck(validate: AjvValidate, explainer?: () => AjvValidate): SchemaCheck {
  return (value, extent = 'all', text) => {
    const isValid = evaluate(validate, value, text)
    if (isValid === undefined) return TOO_MANY_STEPS
    if (isValid) return NO_VIOLATIONS
    const first = listViolations(validate.errors ?? [], toViolation)
    if (!explainer) return first
    if (extent === 'first' || hasMoreEntriesThan(value, MAX_EXPLAINED)) return { ...first, truncated: true }
    const explain = explainer()
    // Listing all violations follows alternatives further, and may exceed the limit of steps where the first check did
    // not.
    if (evaluate(explain, value, text) === undefined) return { ...first, truncated: true }
    return listViolations(explain.errors ?? [], toViolation)
  }
}

/** @returns undefined for a value that would cost too much */
function evaluate(validate: AjvValidate, value: unknown, text: string | undefined): boolean | undefined {
  try {
    return validate.call(new SchemaEvaluation(value, text), value)
  } catch (error) {
    if (error instanceof TooManySteps) return undefined
    throw error
  }
}

/** The most entries of a schema's list that a message names, and the most characters: responses and logs stay small. */
const MAX_LISTED = 20
const MAX_EXPECTED = 1000

function toViolation({ instancePath, keyword, params }: AjvError): Violation {
  const expected = expectation(keyword, params)
  return {
    pointer: `/value${instancePath}`.slice(0, MAX_POINTER),
    rule: keyword,
    expected: expected.length > MAX_EXPECTED ? `${expected.slice(0, MAX_EXPECTED)}…` : expected,
  }
}

/**
 * Describes what the schema expects. It quotes only the schema, so a caller's field name never appears in a response or
 * a log.
 */
function expectation(keyword: string, params: Readonly<Record<string, unknown>>): string {
  if (keyword === 'additionalProperties' || keyword === 'unevaluatedProperties') return 'no other properties'
  const operand =
    params.type ??
    params.missingProperty ??
    params.allowedValues ??
    params.allowedValue ??
    params.limit ??
    params.pattern ??
    params.format ??
    params.multipleOf
  if (operand === undefined) return keyword
  if (!Array.isArray(operand) || keyword === 'const') return textOf(operand)
  const listed = operand.slice(0, MAX_LISTED).map(textOf).join(' | ')
  return operand.length > MAX_LISTED ? `${listed} | …` : listed
}

function textOf(operand: unknown): string {
  return isContainer(operand) ? JSON.stringify(operand) : String(operand)
}
