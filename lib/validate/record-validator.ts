// Stage 3 of 9: ProducerRecord → ValidRecord: topic, key, value, headers, limits. An invalid record is never retried.

import type { Contract, Contracts } from '../contracts/contract.ts'
import { atKeySource } from '../contracts/key-sources.ts'
import { InvalidRecordError } from '../errors.ts'
import { JsonText } from '../record/json-text.ts'
import {
  type ProducerRecord,
  RESERVED_HEADER_PREFIX,
  type RecordHeader,
  type ValidRecord,
} from '../record/producer-record.ts'
import { isTopicName } from '../record/topic-partition.ts'
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
    return { ...record, codec: undefined }
  }
  checkSizes(record, contract)
  const content = readValue(record, contract, violations)
  const key = readKey(record, content, contract)
  checkLimit('key', key === null ? 0 : Buffer.byteLength(key), contract.limits.keyBytes, 'bytes')
  checkHeaderRules(record.headers, contract)
  return {
    ...record,
    value: content === null ? null : record.value,
    content,
    key,
    codec: contract.value.codec,
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

/** What the value says, once it has passed its checks; null for a tombstone. */
function readValue({ value }: ReadRecord, contract: Contract, violations: 'all' | 'first'): unknown {
  if (value === null) return tombstone(contract)
  const { codec } = contract.value
  const content = codec.read(value)
  // The text of a source says it, as a field of an HTTP body or of an event does.
  if (value instanceof JsonText && content instanceof JsonText && content.parsed === null) return tombstone(contract)
  codec.check(content, violations)
  if (typeof content === 'string' && !codec.isJson) checkText(content, '/value')
  return content
}

function tombstone({ topic, tombstones }: Contract): null {
  if (tombstones) return null
  throw new InvalidRecordError(
    'tombstone',
    `value: expected a value, got null; the contract of ${topic} does not allow tombstones.`,
  )
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
    return readKey(record, contract.value.codec.read(record.value), contract)
  } catch {
    return null
  }
}

function sameKey(a: Uint8Array | string, b: Uint8Array | string): boolean {
  return typeof a === 'string' && typeof b === 'string' ? a === b : Buffer.from(b).equals(Buffer.from(a))
}

/** Before the value is parsed and checked. What is not bytes yet is at least as large; stage 4 checks its bytes. */
function checkSizes({ value, headers }: ReadRecord, { limits, value: { codec } }: Contract): void {
  const text = value instanceof JsonText ? value.text : value
  if (text instanceof Uint8Array) checkLimit('value', text.length, limits.valueBytes, 'bytes')
  else if (typeof text === 'string' && codec.keepsText && text.length > limits.valueBytes)
    checkLimit('value', Buffer.byteLength(text), limits.valueBytes, 'bytes')
  let headerCount = 0
  let headerBytes = 0
  for (const [name, bytes] of headers) {
    // The functions add these themselves.
    if (name.startsWith(RESERVED_HEADER_PREFIX) || name === 'traceparent') continue
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
