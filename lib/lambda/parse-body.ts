// Reads a body as JSON: what it says, and where the parts lie that are passed on as they are written.
import type { KafkaProducerError } from '../errors.ts'
import type { JsonShape } from '../record/json-outline.ts'
import { type JsonReading, readJson } from '../record/read-json.ts'

/** The class of the error for a body: `RequestError` over HTTP, `InvalidRecordError` for a message of a queue. */
type BodyErrorClass = new (code: 'bad-json' | 'not-utf8', message: string) => KafkaProducerError

export interface ParsedBody extends JsonReading {
  readonly text: string
}

/**
 * @param text undefined for bytes that are no text
 * @throws BodyError `not-utf8`, `bad-json`
 */
export function parseBody(text: string | undefined, shape: JsonShape, BodyError: BodyErrorClass): ParsedBody {
  if (!text?.isWellFormed()) throw new BodyError('not-utf8', 'body: expected UTF-8, got something else.')
  const reading = readJson(text, shape)
  if (!reading) throw new BodyError('bad-json', 'body: expected JSON, got something else.')
  return { text, ...reading }
}
