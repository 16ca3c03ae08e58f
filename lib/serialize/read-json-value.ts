// Text or bytes of anybody → the JSON that they hold.
import { InvalidRecordError } from '../errors.ts'
import { faultArguments } from '../record/json-fault.ts'
import type { JsonShape } from '../record/json-outline.ts'
import { JsonText } from '../record/json-text.ts'
import { readJson } from '../record/read-json.ts'
import { decodeUtf8 } from '../record/utf8.ts'

/**
 * Text or bytes as the JSON that they hold; a program's own value as it is.
 * @throws InvalidRecordError for what is no JSON
 */
export function readJsonValue(value: unknown, shape: JsonShape): unknown {
  if (value instanceof JsonText) return value.parsed === undefined ? readText(value.text, shape) : value
  return value instanceof Uint8Array ? readText(decodeUtf8(value), shape) : value
}

/** @param text undefined for bytes that are no text */
function readText(text: string | undefined, shape: JsonShape): JsonText {
  if (text !== undefined && !text.isWellFormed())
    throw new InvalidRecordError('not-utf8', 'value: expected text with a UTF-8 form, got a lone surrogate.')
  const reading = text === undefined ? undefined : readJson(text, shape)
  // Without the parser's error, whose message quotes the text.
  if (text === undefined || !reading)
    throw new InvalidRecordError('bad-json', 'value: expected JSON in UTF-8, got something else.')
  return new JsonText(text, reading.parsed, reading.outline.fault)
}

/** @throws InvalidRecordError for a text that has a fault */
export function refuseFaults(content: unknown): void {
  if (content instanceof JsonText && content.fault)
    throw new InvalidRecordError(...faultArguments(content.fault, '/value'))
}
