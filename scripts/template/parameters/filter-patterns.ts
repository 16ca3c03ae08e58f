// Filters of event source mappings: patterns of EventBridge's kind. Lambda deletes each message that matches none, so a
// pattern that can match nothing is refused.
// docs.aws.amazon.com/lambda/latest/dg/with-sqs-filtering.html
import { eventPatternProblem } from '../../../lib/contracts/parse-event-pattern.ts'
import { isJsonObject, parseJson } from '../../../lib/record/json-object.ts'
import type { Json } from '../cloudformation.ts'
import type { Kind } from './kinds.ts'

/** docs.aws.amazon.com/lambda/latest/api/API_Filter.html */
const MAX_PATTERN = 4096
/** EventBridge has these operators, Lambda has not. */
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
    // Of a message from SQS, Lambda compares nothing else.
    Object.keys(pattern as Json).join() === 'body' &&
    JSON.stringify(pattern).length <= MAX_PATTERN &&
    isOfLambda(pattern)
  )
}

/** @param part a field of the pattern may have the name of an operator; an operator stands in a list */
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
