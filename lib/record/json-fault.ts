// Turns a fault of a JSON text into the error of its record.
import type { InvalidRecordCode, Violation } from '../errors.ts'
import { MAX_DEPTH } from './json-object.ts'
import type { JsonFault } from './json-outline.ts'

type ErrorArguments = [InvalidRecordCode, string, { readonly violations?: readonly Violation[] }?]

/**
 * Returns the arguments of the InvalidRecordError.
 * @param outlined pointer of the outlined value in the record
 */
export function faultArguments({ code, pointer }: JsonFault, outlined: '' | '/value'): ErrorArguments {
  return FAULTS[code](`${outlined}${pointer}`)
}

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
