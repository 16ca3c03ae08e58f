// Event patterns of EventBridge: whether an event matches one, and whether two may match the same event. Pure.
// docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
import { BlockList, isIP, isIPv6 } from 'node:net'
import { isJsonObject, type JsonObject } from '../record/json-object.ts'

/**
 * The same form as in a rule: a field has a list of conditions, one of which must hold, or the pattern of an object.
 */
export type EventPattern = JsonObject

type Scalar = string | number | boolean | null
type Condition = (value: unknown) => boolean

export function matchesPattern(pattern: EventPattern, event: unknown): boolean {
  if (Array.isArray(event)) return event.some(item => matchesPattern(pattern, item))
  const fields = isJsonObject(event) ? event : {}
  return Object.entries(pattern).every(([name, part]) => {
    if (name === '$or') return (part as EventPattern[]).some(one => matchesPattern(one, event))
    const value = Object.hasOwn(fields, name) ? fields[name] : undefined
    return Array.isArray(part) ? meetsOne(part, value) : matchesPattern(part as EventPattern, value)
  })
}

/** @param value undefined if the field is missing */
function meetsOne(conditions: readonly unknown[], value: unknown): boolean {
  const values = Array.isArray(value) ? value : [value]
  return conditions.some(condition => values.some(toCondition(condition)))
}

function toCondition(condition: unknown): Condition {
  if (!isJsonObject(condition)) return value => value === condition
  const [[operator, operand] = ['', undefined]] = Object.entries(condition)
  return CONDITIONS[operator]?.(operand) ?? (() => false)
}

const ofText =
  (test: (text: string) => boolean): Condition =>
  value =>
    typeof value === 'string' && test(value)

/** `prefix` and `suffix` may ignore case. */
function affix(operand: unknown, has: (text: string, affix: string) => boolean): Condition {
  if (typeof operand === 'string') return ofText(text => has(text, operand))
  const folded = String((operand as JsonObject)['equals-ignore-case']).toLowerCase()
  return ofText(text => has(text.toLowerCase(), folded))
}

const CONDITIONS: Readonly<Record<string, (operand: unknown) => Condition>> = {
  prefix: operand => affix(operand, (text, start) => text.startsWith(start)),
  suffix: operand => affix(operand, (text, end) => text.endsWith(end)),
  'equals-ignore-case': operand => ofText(text => text.toLowerCase() === String(operand).toLowerCase()),
  wildcard: operand => ofText(text => matchesWildcard(String(operand), text)),
  exists: operand => value => (value !== undefined && !isJsonObject(value)) === operand,
  numeric: operand => value => typeof value === 'number' && isInRange(operand as readonly (string | number)[], value),
  cidr: operand => ofText(text => isInBlock(String(operand), text)),
  'anything-but': operand => {
    const excluded = (Array.isArray(operand) ? operand : withEachText(operand)).map(toCondition)
    return value => value !== undefined && !isJsonObject(value) && !excluded.some(condition => condition(value))
  },
}

/** `{"suffix": [".png", ".jpg"]}` excludes what ends with one of them. */
function withEachText(operand: unknown): unknown[] {
  if (!isJsonObject(operand)) return [operand]
  return Object.entries(operand).flatMap(([operator, texts]) =>
    (Array.isArray(texts) ? texts : [texts]).map(text => ({ [operator]: text })),
  )
}

/** `*` stands for any text, `\*` for an asterisk. Each part is looked for after the last one: no backtracking. */
function matchesWildcard(wildcard: string, text: string): boolean {
  const parts = wildcard.split(/(?<!\\)\*/).map(part => part.replaceAll(/\\([\\*])/g, '$1'))
  const [first = '', ...rest] = parts
  if (rest.length === 0) return text === first
  if (!text.startsWith(first)) return false
  const last = rest.pop() ?? ''
  let at = first.length
  for (const part of rest) {
    const found = text.indexOf(part, at)
    if (found < 0) return false
    at = found + part.length
  }
  return text.length - last.length >= at && text.endsWith(last)
}

function isInRange(comparisons: readonly (string | number)[], value: number): boolean {
  for (let at = 0; at + 1 < comparisons.length; at += 2) {
    const limit = comparisons[at + 1] as number
    const holds = { '<': value < limit, '<=': value <= limit, '=': value === limit, '>': value > limit }
    const operator = comparisons[at] as keyof typeof holds | '>='
    if (!(operator === '>=' ? value >= limit : holds[operator])) return false
  }
  return true
}

function isInBlock(block: string, address: string): boolean {
  const [start = '', bits = ''] = block.split('/')
  const family = isIPv6(start) ? 'ipv6' : 'ipv4'
  const blocks = new BlockList()
  blocks.addSubnet(start, Number(bits), family)
  return isIP(address) !== 0 && blocks.check(address, isIPv6(address) ? 'ipv6' : 'ipv4')
}

/**
 * Returns false if two patterns exclude each other: for some field, no value satisfies both. An event with a list in
 * that field may still match both; it then is an invalid record.
 */
export function mayBothMatch(a: EventPattern, b: EventPattern): boolean {
  return Object.keys(a).every(name => {
    if (!Object.hasOwn(b, name) || name === '$or') return true
    const [one, other] = [a[name], b[name]]
    if (isJsonObject(one) && isJsonObject(other)) return mayBothMatch(one, other)
    if (!isScalars(one) || !isScalars(other)) return true
    return one.some(item => other.includes(item))
  })
}

function isScalars(value: unknown): value is readonly Scalar[] {
  return Array.isArray(value) && value.every(item => item === null || typeof item !== 'object')
}
