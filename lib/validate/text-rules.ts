// Rules for text from every source: no text that encoding would change, and no invisible characters in header names.
import { type InvalidRecordCode, InvalidRecordError } from '../errors.ts'
import { isHeaderName } from '../record/header-name.ts'
import type { ProducerRecordHeader } from '../record/producer-record.ts'
import { isTraceparent } from '../record/traceparent.ts'

/**
 * Refuses lone surrogates: UTF-8 encodes each as U+FFFD, so two keys could become one.
 * @param pointer the JSON pointer of the text in the record
 * @throws InvalidRecordError `not-utf8`
 */
export function checkText(text: string, pointer: string): void {
  if (!text.isWellFormed())
    throw at(
      pointer,
      'not-utf8',
      'utf-8',
      `${pointer.slice(1)}: expected text with a UTF-8 form, got a lone surrogate.`,
    )
}

/** @throws InvalidRecordError `bad-header` */
export function checkHeaderName(name: unknown, pointer: string): asserts name is string {
  if (!isHeaderName(name))
    throw at(
      pointer,
      'bad-header',
      'printable',
      'headers: expected names of visible characters, got one that is not.',
      'visible characters',
    )
}

/**
 * Checks a record's own `traceparent`: at most one, and valid. One from a request or message is replaced instead if it
 * is invalid (`lib/lambda/traceparent.ts`).
 * @param pointerOf returns the JSON pointer, within the record, of the value of the header with this index
 * @throws InvalidRecordError `bad-header`
 */
export function checkTraceparents(
  headers: readonly ProducerRecordHeader[],
  pointerOf = (index: number) => `/headers/${index}/value`,
): void {
  let count = 0
  let index = -1
  for (const [name, value] of headers) {
    index++
    if (name !== 'traceparent') continue
    count++
    if (count === 1 && value !== null && isTraceparent(latin1(value))) continue
    const expected = 'one traceparent as in W3C Trace Context'
    throw at(pointerOf(index), 'bad-header', name, `headers: expected ${expected}, got another.`, expected)
  }
}

/** Converts without copying the bytes. */
function latin1(value: Uint8Array | string): string {
  if (typeof value === 'string') return value
  return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('latin1')
}

function at(
  pointer: string,
  code: InvalidRecordCode,
  rule: string,
  message: string,
  expected = 'no lone surrogate',
): InvalidRecordError {
  return new InvalidRecordError(code, message, { violations: [{ pointer, rule, expected }] })
}
