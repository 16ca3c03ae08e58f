// JSON text as the value of a contract: which faults it may not have, and its numbers as they are written.
import { InvalidRecordError } from '../errors.ts'
import { MAX_DEPTH } from '../record/json-object.ts'
import type { JsonFault, JsonShape } from '../record/json-outline.ts'
import { outlineJson } from '../record/json-outline.ts'
import { JsonText, NumberText } from '../record/json-text.ts'
import { readJson } from '../record/read-json.ts'
import type { Contract } from './contract.ts'
import { atPointer, pointerParts } from './pointer.ts'

const UNIQUE_NAMES: JsonShape = { uniqueNames: true, isDepthRoot: true }
const ANY: JsonShape = { isDepthRoot: true }

/** With a schema a repeated name is a fault: the schema judges the last field of the name, and all of them are sent. */
export function valueShape({ value: { check } }: Contract): JsonShape {
  return check === true ? ANY : UNIQUE_NAMES
}

/**
 * @param text undefined for bytes that are no text
 * @throws InvalidRecordError `bad-json`
 */
export function readJsonValue(text: string | undefined, contract: Contract): JsonText {
  if (text !== undefined && !text.isWellFormed())
    throw new InvalidRecordError('not-utf8', 'value: expected text with a UTF-8 form, got a lone surrogate.')
  const reading = text === undefined ? undefined : readJson(text, valueShape(contract))
  // Without the parser's error, whose message quotes the text.
  if (text === undefined || !reading)
    throw new InvalidRecordError('bad-json', 'value: expected JSON in UTF-8, got something else.')
  return new JsonText(text, reading.parsed, reading.outline.fault)
}

/**
 * @param pointer of what has the fault, in the record
 * @throws InvalidRecordError for a text with a fault
 */
export function refuseFault(fault: JsonFault | undefined, pointer: '' | '/value'): void {
  if (fault) throw new InvalidRecordError(...FAULTS[fault.code](`${pointer}${fault.pointer}`))
}

type ErrorArguments = ConstructorParameters<typeof InvalidRecordError>

const FAULTS: Readonly<Record<JsonFault['code'], (pointer: string) => ErrorArguments>> = {
  'repeated-name': pointer => [
    'repeated-name',
    'record: expected each name once in an object, got one repeated.',
    { violations: [{ pointer, rule: 'repeated-name', expected: 'each name once' }] },
  ],
  'proto-name': pointer => [
    'unknown-field',
    'record: expected no field named __proto__.',
    { violations: [{ pointer, rule: 'proto-name', expected: 'another name than __proto__' }] },
  ],
  'too-deep': pointer => [
    'bad-json',
    `record: expected at most ${MAX_DEPTH} levels of nesting.`,
    { violations: [{ pointer, rule: 'depth', expected: `at most ${MAX_DEPTH} levels` }] },
  ],
}

/** What a text has at a JSON pointer: a number as it is written, any other value as it is parsed. */
export function atTextPointer({ text, parsed }: JsonText, pointer: string): unknown {
  const value = atPointer(parsed, pointer)
  if (typeof value !== 'number') return value
  const parts = pointerParts(pointer)
  const shape = parts.reduceRight<JsonShape>((inner, part) => ({ fields: new Map([[part, inner]]) }), ANY)
  let at = outlineJson(text, shape, Number.POSITIVE_INFINITY).root
  for (const part of parts) at = at.fields?.get(part) ?? at
  return new NumberText(text.slice(at.start, at.end))
}
