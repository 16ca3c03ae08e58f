// Parses a body as JSON, and reports what JSON.parse would accept or change silently.
import type { KafkaProducerError } from '../errors.ts'
import { MAX_DEPTH, parseJson } from '../record/json-object.ts'
import { decodeUtf8, withoutByteOrderMark } from '../record/json-text.ts'

/**
 * Only a text that matches can hold a field named __proto__ (also with escaped ASCII), an integer beyond 2^53 or a
 * number beyond the range of doubles. Checking each value costs ten times the parse, so other texts are not checked.
 */
const NEEDS_CHECK = /__proto__|\\u00[2-7]|\d{16}|\d[eE]\+?\d{3}/

/** Replaces a number that would change if it were parsed and printed again. */
export const CHANGED_NUMBER = Symbol('a number that JSON.parse changes')

const POLLUTING = Symbol('a field named __proto__')

/** The class of the error for a body: `RequestError` over HTTP, `InvalidRecordError` for a message of a queue. */
type BodyErrorClass = new (code: 'bad-json' | 'not-utf8' | 'unknown-field', message: string) => KafkaProducerError

/**
 * @param body text where the event has it as text: then nothing is encoded only to be decoded again
 * @throws BodyError `not-utf8`, `bad-json`, `unknown-field`
 */
export function parseBody(body: Buffer | string, BodyError: BodyErrorClass): unknown {
  const text = typeof body === 'string' ? withoutByteOrderMark(body.toWellFormed()) : decodeUtf8(body)
  if (text === undefined) throw new BodyError('not-utf8', 'body: expected UTF-8, got other bytes.')
  if (depthOf(text) > MAX_DEPTH)
    throw new BodyError('bad-json', `body: expected at most ${MAX_DEPTH} levels of nesting.`)
  const parsed = NEEDS_CHECK.test(text) ? parseChecked(text) : parseJson(text)
  if (parsed === undefined) throw new BodyError('bad-json', 'body: expected JSON, got something else.')
  if (parsed === POLLUTING) throw new BodyError('unknown-field', 'body: expected no field named __proto__.')
  return parsed
}

function parseChecked(text: string): unknown {
  let isPolluting = false
  const parsed = parseJson(text, ((name: string, value: unknown, context: { source?: string }) => {
    if (name === '__proto__') isPolluting = true
    return typeof value === 'number' && changes(value, context.source ?? '') ? CHANGED_NUMBER : value
  }) as (name: string, value: unknown) => unknown)
  return isPolluting ? POLLUTING : parsed
}

function changes(value: number, source: string): boolean {
  return !Number.isFinite(value) || (!Number.isSafeInteger(value) && /^-?\d+$/.test(source))
}

/** The depth of nesting, or an upper bound: with few brackets, counting them suffices. */
function depthOf(text: string): number {
  const opened = text.match(/[[{]/g)?.length ?? 0
  if (opened <= MAX_DEPTH) return opened
  let depth = 0
  let deepest = 0
  for (let at = 0; at < text.length; at++) {
    const character = text[at]
    if (character === '"') at = endOfString(text, at)
    else if (character === '[' || character === '{') deepest = Math.max(deepest, ++depth)
    else if (character === ']' || character === '}') depth--
  }
  return deepest
}

/** The place of the closing quote. No regular expression: a string that never closes made one take quadratic time. */
function endOfString(text: string, start: number): number {
  let at = start + 1
  while (at < text.length && text[at] !== '"') at += text[at] === '\\' ? 2 : 1
  return at
}

/** Whether a value holds a `CHANGED_NUMBER` anywhere. */
export function hasChangedNumber(value: unknown): boolean {
  if (value === CHANGED_NUMBER) return true
  return typeof value === 'object' && value !== null && Object.values(value).some(hasChangedNumber)
}
