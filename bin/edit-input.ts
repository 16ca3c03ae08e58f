// Reads the input of dead-letters edit: the new value as it is, or JSON with the parts of the record to change.
import { readFile } from 'node:fs/promises'
import { buffer } from 'node:stream/consumers'
import { InvalidRecordError } from '../lib/errors.ts'
import { type ParsedBody, parseBody } from '../lib/lambda/parse-body.ts'
import { isBase64 } from '../lib/record/base64.ts'
import { isJsonObject } from '../lib/record/json-object.ts'
import type { RecordHeader } from '../lib/record/producer-record.ts'
import type { RecordEdit } from '../lib/redrive/edit-dead-letter.ts'
import { unlessStopped, WrongUse } from './exit.ts'
import type { Options } from './filter-options.ts'
import { printMessage } from './output.ts'

/**
 * Reads the edit from `--file` or standard input.
 * @returns undefined if it was interrupted before the input ended
 * @throws WrongUse
 */
export async function readEdit({ file, json }: Options): Promise<RecordEdit | undefined> {
  if (file === undefined && process.stdin.isTTY) printMessage('Reading the new record from standard input.')
  const bytes =
    typeof file === 'string' ? await readFile(file).catch(unreadable) : await unlessStopped(buffer(process.stdin), 0)
  if (bytes === undefined) return undefined
  return json ? parseEdit(bytes.toString()) : { value: bytes }
}

function unreadable(error: unknown): never {
  throw new WrongUse(`--file: expected a file that can be read; ${(error as Error).message}.`)
}

const EDIT_FIELDS = ['topic', 'key', 'value', 'headers']
const EDIT_SHAPE = { fields: new Map(EDIT_FIELDS.map(name => [name, {}])), uniqueNames: true }

function parseEdit(input: string): RecordEdit {
  const { parsed: edit, text, outline } = parseJsonEdit(input)
  if (!isJsonObject(edit)) throw new WrongUse('Expected a JSON object; got something else.')
  const unknown = Object.keys(edit).filter(name => !EDIT_FIELDS.includes(name))
  if (unknown.length > 0 || Object.keys(edit).length === 0)
    throw new WrongUse(`Expected any of ${EDIT_FIELDS.join(', ')}; got ${unknown.join(', ') || 'nothing'}.`)
  if (outline.fault)
    throw new WrongUse(`Expected each name once, and none named __proto__; see ${outline.fault.pointer}.`)
  const { topic, key, value, headers } = edit
  const textOf = (name: string) => text.slice(outline.fields?.get(name)?.start, outline.fields?.get(name)?.end)
  if (topic !== undefined && (typeof topic !== 'string' || topic === '')) throw new WrongUse('topic: expected text.')
  return {
    ...(topic === undefined ? {} : { topic }),
    ...(key === undefined ? {} : { key: bytesOf('key', key, textOf('key')) }),
    ...(value === undefined ? {} : { value: bytesOf('value', value, textOf('value')) }),
    ...(headers === undefined ? {} : { headers: headersOf(headers) }),
  }
}

/** Accepts an object, or a list of pairs, in which a name may occur twice. */
function headersOf(headers: unknown): RecordHeader[] {
  const pairs: unknown = isJsonObject(headers) ? Object.entries(headers) : headers
  if (!Array.isArray(pairs)) throw new WrongUse('headers: expected an object, or a list of pairs.')
  return pairs.map((pair: unknown): RecordHeader => {
    const [name, value] = Array.isArray(pair) && pair.length === 2 ? pair : []
    if (typeof name !== 'string' || name === '') throw new WrongUse('headers: expected pairs of a name and a value.')
    return [name, bytesOf('headers', value)]
  })
}

/**
 * Parses the JSON of an edit.
 * @throws WrongUse
 */
function parseJsonEdit(input: string): ParsedBody {
  try {
    return parseBody(input, EDIT_SHAPE, InvalidRecordError)
  } catch (error) {
    if (error instanceof InvalidRecordError) throw new WrongUse(error.message)
    throw error
  }
}

/**
 * Turns a JSON value into the bytes of the record.
 * @param json the text of a value, whose bytes are used as they are written; headers have none
 * @throws WrongUse for a value that can't be turned into bytes unchanged
 */
function bytesOf(name: string, value: unknown, json?: string): Uint8Array | null {
  if (value === null) return null
  if (typeof value === 'string') return Buffer.from(value)
  if (isJsonObject(value) && typeof value.base64 === 'string' && Object.keys(value).length === 1) {
    if (isBase64(value.base64)) return Buffer.from(value.base64, 'base64')
    throw new WrongUse(`${name}: expected base64, got something else.`)
  }
  if (json === undefined) throw new WrongUse(`${name}: expected text, null or {"base64": …}, got something else.`)
  return Buffer.from(json)
}
