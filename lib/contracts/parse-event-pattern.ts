// Checks `pattern` of an EventBridge feed by EventBridge's own rules for the pattern of a rule.
import { isIP } from 'node:net'
import { isJsonObject } from '../record/json-object.ts'

/** Returns whether an operand is valid. */
type Check = (operand: unknown) => boolean

const COMPARISONS = ['<', '<=', '=', '>', '>=']

const isText: Check = value => typeof value === 'string'
const isFolding: Check = value =>
  isJsonObject(value) && Object.keys(value).join() === 'equals-ignore-case' && isText(value['equals-ignore-case'])
const isScalar: Check = value => ['string', 'number', 'boolean'].includes(typeof value)
const isAffix: Check = value => isText(value) || isFolding(value)

const OPERANDS: Readonly<Record<string, Check>> = {
  prefix: isAffix,
  suffix: isAffix,
  'equals-ignore-case': isText,
  wildcard: isText,
  exists: value => typeof value === 'boolean',
  cidr: isBlock,
  numeric: isRange,
  'anything-but': isExclusion,
}

const EXPECTED =
  'an event pattern of EventBridge: objects, and lists of texts, numbers, booleans, null and ' +
  `{ ${Object.keys(OPERANDS).join(' | ')} }`

/** @returns what is wrong with the first invalid part */
export function eventPatternProblem(at: string, value: unknown): string | undefined {
  const wrong = wrongPart(at, value)
  return wrong && `${wrong}: expected ${EXPECTED}`
}

function wrongPart(at: string, value: unknown): string | undefined {
  if (!isJsonObject(value) || Object.keys(value).length === 0) return at
  for (const [name, part] of Object.entries(value)) {
    const path = `${at}.${name}`
    const wrong =
      name === '$or'
        ? wrongAlternative(path, part)
        : Array.isArray(part)
          ? wrongItem(path, part)
          : wrongPart(path, part)
    if (wrong !== undefined) return wrong
  }
  return undefined
}

function wrongAlternative(at: string, parts: unknown): string | undefined {
  if (!Array.isArray(parts) || parts.length < 2) return at
  return parts.map((part, index) => wrongPart(`${at}[${index}]`, part)).find(Boolean)
}

function wrongItem(at: string, items: readonly unknown[]): string | undefined {
  const index = items.findIndex(item => !isCondition(item))
  return items.length === 0 ? at : index < 0 ? undefined : `${at}[${index}]`
}

function isCondition(item: unknown): boolean {
  if (!isJsonObject(item)) return item === null || isScalar(item)
  const [[operator, operand] = [''], ...others] = Object.entries(item)
  return others.length === 0 && Object.hasOwn(OPERANDS, operator) && OPERANDS[operator]?.(operand) === true
}

function isBlock(value: unknown): boolean {
  const [, start = '', bits = ''] = /^([^/]+)\/(\d{1,3})$/.exec(String(value)) ?? []
  const longest = { 0: -1, 4: 32, 6: 128 }[isIP(start)] ?? -1
  return bits !== '' && Number(bits) <= longest
}

/** One comparison, or a lower and an upper limit. */
function isRange(value: unknown): boolean {
  if (!Array.isArray(value) || (value.length !== 2 && value.length !== 4)) return false
  return value.every((item, index) =>
    index % 2 === 0 ? COMPARISONS.includes(item as string) : typeof item === 'number' && Number.isFinite(item),
  )
}

function isExclusion(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0 && value.every(isScalar)
  if (!isJsonObject(value)) return isScalar(value)
  const [[operator, operand] = [''], ...others] = Object.entries(value)
  const texts = Array.isArray(operand) ? operand : [operand]
  const operators = ['prefix', 'suffix', 'equals-ignore-case', 'wildcard']
  return others.length === 0 && operators.includes(operator) && texts.length > 0 && texts.every(isText)
}
