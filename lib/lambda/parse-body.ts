// Parses a body as JSON, and finds the parts that are passed on exactly as they are written.
import type { KafkaProducerError } from '../errors.ts'
import type { JsonShape } from '../record/json-outline.ts'
import { type JsonReading, readJson } from '../record/read-json.ts'

/** The error class for a body: `RequestError` over HTTP, `InvalidRecordError` for a message of a queue. */
type BodyErrorClass = new (code: 'bad-json' | 'not-utf8', message: string) => KafkaProducerError

export interface ParsedBody extends JsonReading {
  readonly text: string
}

/**
 * Parses a body.
 * @param text undefined if the bytes are not UTF-8
 * @throws BodyError `not-utf8`, `bad-json`
 */
export function parseBody(text: string | undefined, shape: JsonShape, BodyError: BodyErrorClass): ParsedBody {
  if (!text?.isWellFormed()) throw new BodyError('not-utf8', 'body: expected UTF-8, got something else.')
  const reading = readJson(text, shape)
  if (!reading) throw new BodyError('bad-json', 'body: expected JSON, got something else.')
  return { text, ...reading }
}
