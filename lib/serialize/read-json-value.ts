// Parses untrusted text or bytes as JSON.
import { InvalidRecordError } from '../errors.ts'
import { faultArguments } from '../record/json-fault.ts'
import type { JsonShape } from '../record/json-outline.ts'
import { JsonText } from '../record/json-text.ts'
import { readJson } from '../record/read-json.ts'
import { decodeUtf8 } from '../record/utf8.ts'

/**
 * Returns text or bytes parsed as JSON, and any other value of a program as it is.
 * @throws InvalidRecordError for text or bytes that are not JSON
 */
export function readJsonValue(value: unknown, shape: JsonShape): unknown {
  if (value instanceof JsonText) return value.parsed === undefined ? readText(value.text, shape) : value
  return value instanceof Uint8Array ? readText(decodeUtf8(value), shape) : value
}

/** @param text undefined for bytes that are not UTF-8 */
function readText(text: string | undefined, shape: JsonShape): JsonText {
  if (text !== undefined && !text.isWellFormed())
    throw new InvalidRecordError('not-utf8', 'value: expected text with a UTF-8 form, got a lone surrogate.')
  const reading = text === undefined ? undefined : readJson(text, shape)
  // The error does not include the parser's error, whose message quotes the text.
  if (text === undefined || !reading)
    throw new InvalidRecordError('bad-json', 'value: expected JSON in UTF-8, got something else.')
  return new JsonText(text, reading.parsed, reading.outline.fault)
}

/**
 * Refuses a JSON text that has a fault.
 * @throws InvalidRecordError
 */
export function refuseFaults(content: unknown): void {
  if (content instanceof JsonText && content.fault)
    throw new InvalidRecordError(...faultArguments(content.fault, '/value'))
}
