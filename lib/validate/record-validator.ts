// Stage 3 of 9: ProducerRecord → ValidRecord: topic, key, value, headers, limits. An invalid record is never retried.

import type { Contract, Contracts } from '../contracts/contract.ts'
import { readJsonValue, refuseFault } from '../contracts/json-value.ts'
import { atKeySource } from '../contracts/key-sources.ts'
import { errorName, InvalidRecordError } from '../errors.ts'
import { isBase64 } from '../record/base64.ts'
import { JsonText } from '../record/json-text.ts'
import {
  type ProducerRecord,
  RESERVED_HEADER_PREFIX,
  type RecordHeader,
  type ValidRecord,
} from '../record/producer-record.ts'
import { isTopicName } from '../record/topic-partition.ts'
import { decodeUtf8 } from '../record/utf8.ts'
import { keyText } from './key-text.ts'
import { checkLimit } from './limits.ts'
import { type ReadRecord, readRecord } from './read-record.ts'
import { checkText, checkTraceparents } from './text-rules.ts'

/** Which records are valid: those that follow the contract of their topic, or those of any topic. */
export type ValidationRules =
  | { readonly contracts: Contracts }
  | {
      readonly anyTopic?: true
      /** Refuses a record whose key is missing, null or empty (`key-missing`). Default: false, as in Java. */
      readonly keyRequired?: boolean
    }

/**
 * @param violations whether all of a value's violations are listed or the first one suffices
 * @throws InvalidRecordError
 */
export function validateRecord(
  source: ProducerRecord,
  rules: ValidationRules,
  violations: 'all' | 'first' = 'all',
): ValidRecord {
  const record = readRecord(source)
  const contract = contractOf(record.topic, rules)
  if (!contract) {
    if ('keyRequired' in rules && rules.keyRequired && isEmpty(record.key))
      throw new InvalidRecordError('key-missing', 'key: expected a key that is not empty, got none.')
    return { ...record, format: 'bytes' }
  }
  checkSizes(record, contract)
  const value = readValue(record, contract, violations)
  const key = readKey(record, value, contract)
  checkLimit('key', key === null ? 0 : Buffer.byteLength(key), contract.limits.keyBytes, 'bytes')
  checkHeaderRules(record.headers, contract)
  const { format } = contract.value
  return {
    ...record,
    value: value === null ? null : record.value,
    key,
    format,
    maxValueBytes: contract.limits.valueBytes,
  }
}

/** @returns undefined where any topic is allowed */
function contractOf(topic: string, rules: ValidationRules): Contract | undefined {
  if (!('contracts' in rules)) {
    if (isTopicName(topic)) return undefined
    throw new InvalidRecordError(
      'unknown-topic',
      'topic: expected 1 to 249 of A-Z, a-z, 0-9, ".", "_" and "-", and no internal topic; got something else.',
    )
  }
  const contract = rules.contracts.get(topic)
  if (contract) return contract
  throw new InvalidRecordError('unknown-topic', 'topic: expected a topic that has a contract, got another.')
}

/** A key of another type is left to the serializer. */
function isEmpty(key: unknown): boolean {
  return (
    key === undefined || key === null || ((typeof key === 'string' || key instanceof Uint8Array) && key.length === 0)
  )
}

/** The value as JSON if the contract requires it; bytes stay unchanged. */
function readValue(record: ReadRecord, contract: Contract, violations: 'all' | 'first'): unknown {
  if (record.value === null) return tombstone(contract)
  if (contract.value.format === 'base64' && typeof record.value === 'string' && !isBase64(record.value))
    throw new InvalidRecordError('bad-value', 'value: expected base64, got something else.')
  if (contract.value.format !== 'json') {
    if (typeof record.value === 'string') checkText(record.value, '/value')
    return record.value
  }
  const value = asJson(record.value, contract)
  if (value instanceof JsonText) refuseFault(value.fault, '/value')
  // The text of a source says it, as a field of an HTTP body or of an event does.
  if (record.value instanceof JsonText && value instanceof JsonText && value.parsed === null) return tombstone(contract)
  checkSchema(value, contract, violations)
  return value
}

function tombstone({ topic, tombstones }: Contract): null {
  if (tombstones) return null
  throw new InvalidRecordError(
    'tombstone',
    `value: expected a value, got null; the contract of ${topic} does not allow tombstones.`,
  )
}

/** Text or bytes as the JSON that they hold; a caller's own object stays as it is. */
function asJson(value: unknown, contract: Contract): unknown {
  if (value instanceof JsonText) return value.parsed === undefined ? readJsonValue(value.text, contract) : value
  return value instanceof Uint8Array ? readJsonValue(decodeUtf8(value), contract) : value
}

function checkSchema(value: unknown, { topic, value: { check } }: Contract, extent: 'all' | 'first'): void {
  if (check === true) return
  let found: ReturnType<typeof check>
  try {
    found = value instanceof JsonText ? check(value.parsed, extent, value.text) : check(value, extent)
  } catch (cause) {
    throw new InvalidRecordError('schema', `value: the schema of ${topic} threw an error (${errorName(cause)}).`, {
      cause,
    })
  }
  const { violations, truncated } = found
  if (violations.length > 0)
    throw new InvalidRecordError('schema', `value: ${violations.length} violation(s) of the schema of ${topic}.`, {
      violations,
      truncated,
    })
}

/** The key of the first source that has one. The caller's key and that of the first pointer must agree. */
function readKey(
  record: { readonly key?: unknown; readonly origin?: ProducerRecord['origin'] | undefined },
  value: unknown,
  contract: Contract,
): Uint8Array | string | null {
  const { keyFrom: sources = contract.key.from, lookup } = record.origin ?? {}
  const recordKey = sources.includes('record') ? keyText(record.key) : undefined
  let sourceKey: Uint8Array | string | undefined
  let pointer = '/key'
  for (const source of sources) {
    if (source === 'record') continue
    sourceKey = keyText(atKeySource(source, value, lookup))
    if (sourceKey === undefined) continue
    if (recordKey === undefined) pointer = pointerOf(source)
    if (recordKey !== undefined && !sameKey(recordKey, sourceKey))
      throw new InvalidRecordError('key-mismatch', `key: expected the one at ${source}, got another.`)
    break
  }
  const key = recordKey ?? sourceKey
  if (contract.key.required && (key === undefined || key.length === 0))
    throw new InvalidRecordError(
      'key-missing',
      `key: expected a key that is not empty (${sources.join(', ')}), got none.`,
    )
  if (typeof key === 'string') checkText(key, pointer)
  return key ?? null
}

/** Where a key comes from, in the record; a key that its source has beside the value is the record's key. */
function pointerOf(source: string): string {
  return source.startsWith('value:') ? `/value${source.slice('value:'.length)}` : '/key'
}

/** The key of an invalid record, for its dead letter; null if it can't be read. */
export function keyOfInvalid(record: ProducerRecord, contract: Contract): Uint8Array | string | null {
  try {
    const value = contract.value.format === 'json' ? asJson(record.value, contract) : record.value
    return readKey(record, value, contract)
  } catch {
    return null
  }
}

function sameKey(a: Uint8Array | string, b: Uint8Array | string): boolean {
  return typeof a === 'string' && typeof b === 'string' ? a === b : Buffer.from(b).equals(Buffer.from(a))
}

/** Before the value is parsed and checked. What is not bytes yet is at least as large; stage 4 checks its bytes. */
function checkSizes({ value, headers }: ReadRecord, { limits, value: { format } }: Contract): void {
  const text = value instanceof JsonText ? value.text : value
  if (text instanceof Uint8Array) checkLimit('value', text.length, limits.valueBytes, 'bytes')
  else if (typeof text === 'string' && format !== 'base64' && text.length > limits.valueBytes)
    checkLimit('value', Buffer.byteLength(text), limits.valueBytes, 'bytes')
  let headerCount = 0
  let headerBytes = 0
  for (const [name, bytes] of headers) {
    if (name.startsWith(RESERVED_HEADER_PREFIX)) continue
    headerCount++
    headerBytes += Buffer.byteLength(name) + (bytes?.length ?? 0)
  }
  checkLimit('headers', headerCount, limits.headers, 'headers')
  checkLimit('headers', headerBytes, limits.headerBytes, 'bytes')
}

function checkHeaderRules(headers: readonly RecordHeader[], { headers: rule }: Contract): void {
  const missing = rule.required.find(required => !headers.some(([name]) => name === required))
  if (missing !== undefined)
    throw new InvalidRecordError('header-missing', `headers: expected ${missing}, which the contract requires.`)
  checkTraceparents(headers)
  if (rule.allow.includes('*')) return
  const isAllowed = ([name]: RecordHeader) =>
    name.startsWith(RESERVED_HEADER_PREFIX) || name === 'traceparent' || rule.allow.includes(name)
  if (!headers.every(isAllowed))
    throw new InvalidRecordError('bad-header', `headers: expected only ${rule.allow.join(', ')}, got another.`)
}
