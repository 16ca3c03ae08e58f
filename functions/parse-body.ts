// The bytes of a request → JSON, with what JSON.parse alone would let through or change made visible.
import { InvalidRecordError } from '../lib/errors.ts'

/** Bytes of a body, after base64. Lambda's own limit is 6 MB for the whole event. */
const MAX_BODY_BYTES = 5 * 1024 * 1024
/** Deeper values meet the stack's end somewhere on their way. */
const MAX_DEPTH = 100
const utf8 = new TextDecoder('utf-8', { fatal: true })
/**
 * Only a text with one of these can hold a field named __proto__ (as it is, or with escapes of ASCII), an integer beyond 2^53 or a
 * number beyond all doubles. A look at each value costs ten times the parse.
 */
const NEEDS_A_LOOK = /__proto__|\\u00[2-7]|\d{16}|\d[eE]\+?\d{3}/

/** Stands for a number that parsing and printing again would change. */
export const CHANGED_NUMBER = Symbol('a number that JSON.parse changes')

/** @throws InvalidRecordError `body-too-large`, `not-utf8`, `bad-json`, `unknown-field` */
export function parseBody(body: Buffer): unknown {
  if (body.length > MAX_BODY_BYTES)
    throw new InvalidRecordError(
      'body-too-large',
      `body: expected at most ${MAX_BODY_BYTES} bytes, got ${body.length}.`,
    )
  const text = decodeUtf8(body)
  if (depthOf(text) > MAX_DEPTH)
    throw new InvalidRecordError('bad-json', `body: expected at most ${MAX_DEPTH} levels of nesting.`)
  try {
    return NEEDS_A_LOOK.test(text) ? parseLooking(text) : JSON.parse(text)
  } catch (error) {
    if (error instanceof InvalidRecordError) throw error
    // The parser's message quotes the text.
    throw new InvalidRecordError('bad-json', 'body: expected JSON, got something else.')
  }
}

function parseLooking(text: string): unknown {
  let polluting = false
  const parsed: unknown = JSON.parse(text, ((name: string, value: unknown, context: { source?: string }) => {
    if (name === '__proto__') polluting = true
    return typeof value === 'number' && changes(value, context.source ?? '') ? CHANGED_NUMBER : value
  }) as (name: string, value: unknown) => unknown)
  if (polluting) throw new InvalidRecordError('unknown-field', 'body: expected no field named __proto__.')
  return parsed
}

function decodeUtf8(body: Buffer): string {
  try {
    return utf8.decode(body)
  } catch {
    throw new InvalidRecordError('not-utf8', 'body: expected UTF-8, got other bytes.')
  }
}

function changes(value: number, source: string): boolean {
  return !Number.isFinite(value) || (!Number.isSafeInteger(value) && /^-?\d+$/.test(source))
}

/** At most: where few brackets open, their number is enough to know. */
function depthOf(text: string): number {
  const opened = text.match(/[[{]/g)?.length ?? 0
  if (opened <= MAX_DEPTH) return opened
  let depth = 0
  let deepest = 0
  for (const token of text.matchAll(/"(?:[^"\\]|\\.)*"|[[{]|[\]}]/gs)) {
    const [first] = token[0]
    if (first === '[' || first === '{') deepest = Math.max(deepest, ++depth)
    else if (first !== '"') depth--
  }
  return deepest
}

/** Whether a value holds such a number anywhere. */
export function hasChangedNumber(value: unknown): boolean {
  if (value === CHANGED_NUMBER) return true
  return typeof value === 'object' && value !== null && Object.values(value).some(hasChangedNumber)
}
