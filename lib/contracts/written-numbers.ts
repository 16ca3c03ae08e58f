// Compares numbers as they are written, because a double can't hold all of them: 9007199254740993 and 9007199254740992
// are the same double.
import { randomBytes } from 'node:crypto'
import { isContainer } from '../record/json-object.ts'

const QUOTE = 0x22
const PLUS = 0x2b
const MINUS = 0x2d
const POINT = 0x2e
const DIGIT_0 = 0x30
const DIGIT_9 = 0x39
const BACKSLASH = 0x5c

/** A number with fewer digits and no exponent always prints exactly as it was written. */
const MAY_DIFFER = /(?:\d\.?){16}|[eE]/
/** Searches a whole text for such a number. */
const HAS_MAY_DIFFER = /(?:\d\.?){16}|\d[eE]/
const NUMBER = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/
/** Longer exponents are compared as text. */
const MAX_EXPONENT_DIGITS = 14

/**
 * @param text the JSON text of the value
 * @returns a map from each object and list of the value to a copy in which numbers that a double can't hold are texts;
 * equal numbers have equal texts. Empty if there is no such number
 */
export function writtenTwins(value: unknown, text: string): ReadonlyMap<object, unknown> {
  const twins = new Map<object, unknown>()
  const written = withNumberTexts(text)
  if (written === text) return twins
  const pairs: [unknown, unknown][] = [[value, JSON.parse(written)]]
  for (let pair = pairs.pop(); pair !== undefined; pair = pairs.pop()) {
    const [one, twin] = pair
    if (!isContainer(one) || !isContainer(twin)) continue
    const [entries, twinEntries] = [Object.values(one), Object.values(twin)]
    if (entries.length !== twinEntries.length) continue
    twins.set(one, twin)
    for (const [index, entry] of entries.entries()) pairs.push([entry, twinEntries[index]])
  }
  return twins
}

function withNumberTexts(text: string): string {
  // Random, so that no text of the value can equal the text of a number.
  const mark = randomBytes(9).toString('base64url')
  return replaceInexactNumbers(text, (_, decimal) => `"${mark}${decimal}"`)
}

/**
 * Replaces the numbers of a JSON text that a double can't hold.
 * @param replacement called with the number as it is written, and in a form that is equal for equal numbers
 */
export function replaceInexactNumbers(text: string, replacement: (number: string, decimal: string) => string): string {
  if (!HAS_MAY_DIFFER.test(text)) return text
  const parts: string[] = []
  let from = 0
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === QUOTE) at = endOfString(text, at)
    if (code !== MINUS && !isDigit(code)) continue
    const start = at
    while (isPartOfNumber(text.charCodeAt(at + 1))) at++
    const number = text.slice(start, at + 1)
    if (!MAY_DIFFER.test(number)) continue
    const decimal = decimalOf(number)
    if (decimal === decimalOf(String(Number(number)))) continue
    parts.push(text.slice(from, start), replacement(number, decimal))
    from = at + 1
  }
  return parts.join('') + text.slice(from)
}

function endOfString(text: string, start: number): number {
  let at = start + 1
  for (; at < text.length && text.charCodeAt(at) !== QUOTE; at++) if (text.charCodeAt(at) === BACKSLASH) at++
  return at
}

function isDigit(code: number): boolean {
  return code >= DIGIT_0 && code <= DIGIT_9
}

function isPartOfNumber(code: number): boolean {
  return isDigit(code) || code === POINT || code === MINUS || code === PLUS || code === 0x65 || code === 0x45
}

/** Normalizes a number: 1.50 and 15e-1 give the same text. */
function decimalOf(number: string): string {
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = NUMBER.exec(number) ?? []
  if (whole === '') return number
  const digits = whole + fraction
  const [first, end] = [firstDigit(digits), endOfDigits(digits)]
  if (first >= end) return '0'
  const significant = `${sign}${digits.slice(first, end)}`
  if (exponent.length > MAX_EXPONENT_DIGITS) return `${significant}E${exponent}`
  return `${significant}e${Number(exponent) - fraction.length + digits.length - end}`
}

function firstDigit(digits: string): number {
  let at = 0
  while (digits.charCodeAt(at) === DIGIT_0) at++
  return at
}

function endOfDigits(digits: string): number {
  let end = digits.length
  while (digits.charCodeAt(end - 1) === DIGIT_0) end--
  return end
}
