// Reads the key of a record by its contract: from the caller, from the value, or from other parts of the source's
// message.
import type { Contract } from '../contracts/contract.ts'
import { parseExactly } from '../contracts/exact-json.ts'
import { atKeySource } from '../contracts/key-sources.ts'
import { InvalidRecordError } from '../errors.ts'
import { deepJsonText } from '../record/json-object.ts'
import { JsonText, NumberText } from '../record/json-text.ts'
import type { ProducerRecord } from '../record/producer-record.ts'
import type { ValueCodec } from '../serialize/value-codec.ts'
import { keyText } from './key-text.ts'
import { checkText } from './text-rules.ts'

/** A record with a key: the caller's own or one that was read. */
export interface Keyed {
  readonly key?: unknown
  readonly origin?: ProducerRecord['origin'] | undefined
}

/**
 * Returns the key of the first source that has one. The caller's key and that of the first pointer must be equal.
 * @param value the parsed value of the record
 * @returns text or bytes; with a codec also a JsonText or parsed JSON. Null without a key
 * @throws InvalidRecordError
 */
export function readKey(record: Keyed, value: unknown, contract: Contract): unknown {
  const { keyFrom: sources = contract.key.from, lookup } = record.origin ?? {}
  const { codec } = contract.key
  const toKey = codec ? (key: unknown) => keySource(key, codec) : keyText
  const recordKey = sources.includes('record') ? toKey(record.key) : undefined
  let sourceKey: unknown
  let pointer = '/key'
  for (const source of sources) {
    if (source === 'record') continue
    sourceKey = toKey(atKeySource(source, value, lookup))
    if (sourceKey === undefined) continue
    if (recordKey === undefined) pointer = pointerOf(source)
    if (recordKey !== undefined && !isSameKey(recordKey, sourceKey))
      throw new InvalidRecordError('key-mismatch', `key: expected the key at ${source}, got another.`)
    break
  }
  const key = recordKey ?? sourceKey
  if (contract.key.required && isEmptyKey(key))
    throw new InvalidRecordError(
      'key-missing',
      `key: expected a key that is not empty (${sources.join(', ')}), got none.`,
    )
  if (typeof key === 'string') checkText(key, pointer)
  return key ?? null
}

export function isEmptyKey(key: unknown): boolean {
  return (
    key === undefined || key === null || ((typeof key === 'string' || key instanceof Uint8Array) && key.length === 0)
  )
}

/** Normalizes a key for a codec, whatever its source: a number with its own digits, a string as text. */
function keySource(key: unknown, codec: ValueCodec): unknown {
  if (key instanceof NumberText) return new JsonText(key.text, Number(key.text))
  const read = codec.isJson && key instanceof Uint8Array ? codec.read(key) : key
  const { parsed } = read instanceof JsonText ? read : { parsed: read }
  return parsed === null ? undefined : typeof parsed === 'string' ? parsed : read
}

/** Returns the JSON pointer of a key in the record. A key from outside the value counts as the record's `key`. */
function pointerOf(source: string): string {
  return source.startsWith('value:') ? `/value${source.slice('value:'.length)}` : '/key'
}

function isSameKey(a: unknown, b: unknown): boolean {
  if (typeof a === 'string' && typeof b === 'string') return a === b
  if (isTextOrBytes(a) && isTextOrBytes(b)) return Buffer.from(b).equals(Buffer.from(a))
  return keyJson(a) === keyJson(b)
}

function isTextOrBytes(key: unknown): key is Uint8Array | string {
  return typeof key === 'string' || key instanceof Uint8Array
}

/**
 * Returns a text that is equal for equal JSON with the same order of fields; an unparsed JsonText is compared by its
 * text.
 */
function keyJson(key: unknown): string {
  if (!(key instanceof JsonText)) return deepJsonText(key)
  return typeof key.parsed === 'object' ? deepJsonText(parseExactly(key)) : key.text
}

/**
 * Checks a key with its codec and returns the parsed key. The codec's messages and pointers say "value", so they are
 * adapted.
 */
export function checkedKey(key: unknown, codec: ValueCodec): unknown {
  try {
    const content = codec.read(key)
    codec.check(content, 'first')
    return content
  } catch (error) {
    if (!(error instanceof InvalidRecordError)) throw error
    const violations = error.violations.map(({ pointer, ...rest }) => ({
      ...rest,
      pointer: pointer.replace(/^\/value(?=\/|$)/, '/key'),
    }))
    throw new InvalidRecordError(error.code, error.message.replace(/^value:/, 'key:'), { cause: error, violations })
  }
}
