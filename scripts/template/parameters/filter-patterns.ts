// The filters of event source mappings, which are patterns in the style of EventBridge. Lambda deletes each message
// that matches no pattern, so a pattern that can match nothing is refused.
// docs.aws.amazon.com/lambda/latest/dg/with-sqs-filtering.html
import { eventPatternProblem } from '../../../lib/contracts/parse-event-pattern.ts'
import { isJsonObject, parseJson } from '../../../lib/record/json-object.ts'
import type { Json } from '../cloudformation.ts'
import type { Kind } from './kinds.ts'

/** docs.aws.amazon.com/lambda/latest/api/API_Filter.html */
const MAX_PATTERN = 4096
/** Operators that EventBridge has, but Lambda does not. */
const OF_EVENTBRIDGE_ONLY = ['wildcard', 'cidr']

export const FILTER_PATTERNS: Kind<readonly Json[]> = {
  pattern: /^\[.+\]$/su,
  expected:
    'a JSON list of one to five filter patterns whose only field is `body`, each of at most 4,096 characters, ' +
    'without wildcard and cidr',
  read: text => {
    const patterns = parseJson(text)
    const isRight = Array.isArray(patterns) && patterns.length > 0 && patterns.length <= 5
    return isRight && patterns.every(isFilterPattern) ? (patterns as Json[]) : undefined
  },
}

function isFilterPattern(pattern: unknown): boolean {
  return (
    eventPatternProblem('', pattern) === undefined &&
    // For SQS, Lambda only filters by the body.
    Object.keys(pattern as Json).join() === 'body' &&
    JSON.stringify(pattern).length <= MAX_PATTERN &&
    isOfLambda(pattern)
  )
}

/**
 * Whether Lambda supports all operators in a part of a pattern.
 * @param part a field of the pattern may have the name of an operator, but an operator is always in a list
 */
function isOfLambda(part: unknown): boolean {
  if (!isJsonObject(part)) return true
  return Object.entries(part).every(([name, value]) => {
    if (!Array.isArray(value)) return isOfLambda(value)
    return value.every(name === '$or' ? isOfLambda : isConditionOfLambda)
  })
}

function isConditionOfLambda(condition: unknown): boolean {
  if (!isJsonObject(condition)) return true
  return Object.entries(condition).every(
    ([operator, operand]) => !OF_EVENTBRIDGE_ONLY.includes(operator) && isConditionOfLambda(operand),
  )
}
