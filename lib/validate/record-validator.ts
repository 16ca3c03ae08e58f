// Stage 3 of 9: ProducerRecord → ValidRecord: topic, key, value, headers, limits. An invalid record is never retried.

import type { Contract, Contracts } from '../contracts/contract.ts'
import { isWrittenBySchema, refuseSchemaIds } from '../contracts/refuse-schema-ids.ts'
import { InvalidRecordError } from '../errors.ts'
import { JsonText } from '../record/json-text.ts'
import {
  type ProducerRecord,
  RESERVED_HEADER_PREFIX,
  type RecordHeader,
  type ValidRecord,
} from '../record/producer-record.ts'
import type { ValueCodec } from '../serialize/value-codec.ts'
import { checkTopic } from './check-topic.ts'
import { checkLimit } from './limits.ts'
import { checkedKey, isEmptyKey, readKey } from './read-key.ts'
import { type ReadRecord, readRecord } from './read-record.ts'
import { checkText, checkTraceparents } from './text-rules.ts'

/** Which records are valid: those that meet the contract of their topic, or those of any topic. */
export type ValidationRules =
  | { readonly contracts: Contracts }
  | {
      readonly anyTopic?: true
      /** Refuses a record whose key is missing, null or empty (`key-missing`). Default: false, as in Java. */
      readonly keyRequired?: boolean
    }

/** Checks the rules themselves: with a misspelt field, rules that allow few topics would allow any. */
export function checkRules(rules: ValidationRules | undefined, problem: (text: string) => void): void {
  if (rules === undefined) return
  if (typeof rules !== 'object' || rules === null) return problem('rules: expected an object.')
  const names = Object.keys(rules)
  const allowed = 'contracts' in rules ? ['contracts'] : ['anyTopic', 'keyRequired']
  const other = names.find(name => !allowed.includes(name))
  if (other !== undefined) problem(`rules: expected { contracts } or { anyTopic, keyRequired }; ${other} is neither.`)
  if ('contracts' in rules && typeof rules.contracts?.get !== 'function')
    problem('rules.contracts: expected a Map of topics to contracts, as loadContracts() returns.')
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
    if ('keyRequired' in rules && rules.keyRequired && isEmptyKey(record.key))
      throw new InvalidRecordError('key-missing', 'key: expected a key that is not empty, got none.')
    return { ...record, codec: undefined }
  }
  checkSizes(record, contract)
  const content = readValue(record, contract, violations)
  const key = readKey(record, content, contract)
  checkLimit('key', key === null ? 0 : keySize(key), contract.limits.keyBytes, 'bytes')
  checkHeaderRules(record, contract)
  return {
    ...record,
    value: content === null ? null : record.value,
    content,
    key,
    codec: contract.value.codec,
    maxValueBytes: contract.limits.valueBytes,
    ...(contract.key.codec && key !== null ? keyParts(key, contract.key.codec, contract) : {}),
  }
}

/** @returns undefined if any topic is allowed */
function contractOf(topic: string, rules: ValidationRules): Contract | undefined {
  if (!('contracts' in rules)) {
    checkTopic(topic)
    return undefined
  }
  const contract = rules.contracts.get(topic)
  if (contract) return contract
  throw new InvalidRecordError('unknown-topic', 'topic: expected a topic that has a contract, got another.')
}

/** Returns the lower bound of a key's size. A key that is not serialized yet is checked again in stage 4. */
function keySize(key: unknown): number {
  const text = key instanceof JsonText ? key.text : key
  return typeof text === 'string' || text instanceof Uint8Array ? Buffer.byteLength(text) : 0
}

function keyParts(key: unknown, codec: ValueCodec, { limits }: Contract): Partial<ValidRecord> {
  return { keyCodec: codec, keyContent: checkedKey(key, codec), maxKeyBytes: limits.keyBytes }
}

/** Checks the value and returns its parsed content; null for a tombstone. */
function readValue({ value }: ReadRecord, contract: Contract, violations: 'all' | 'first'): unknown {
  if (value === null) return tombstone(contract)
  const { codec } = contract.value
  const content = codec.read(value)
  // The JSON text `null` of a source is a tombstone too, like null in a field of an HTTP body or of an event.
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

/** Checks sizes before the value is parsed. Parts that are not serialized yet are checked again in stage 4. */
function checkSizes({ value, headers }: ReadRecord, { limits, value: { codec } }: Contract): void {
  const text = value instanceof JsonText ? value.text : value
  if (text instanceof Uint8Array) checkLimit('value', text.length, limits.valueBytes, 'bytes')
  else if (typeof text === 'string' && codec.keepsText && text.length > limits.valueBytes)
    checkLimit('value', Buffer.byteLength(text), limits.valueBytes, 'bytes')
  let headerCount = 0
  let headerBytes = 0
  for (const [name, bytes] of headers) {
    // The functions add these headers themselves.
    if (name.startsWith(RESERVED_HEADER_PREFIX) || name === 'traceparent') continue
    headerCount++
    headerBytes += Buffer.byteLength(name) + (bytes?.length ?? 0)
  }
  checkLimit('headers', headerCount, limits.headers, 'headers')
  checkLimit('headers', headerBytes, limits.headerBytes, 'bytes')
}

function checkHeaderRules({ headers, addedHeaders }: ReadRecord, contract: Contract): void {
  const { headers: rule } = contract
  const missing = rule.required.find(required => !headers.some(([name]) => name === required))
  if (missing !== undefined)
    throw new InvalidRecordError('header-missing', `headers: expected ${missing}, which the contract requires.`)
  checkTraceparents(headers, index => `/headers/${index - addedHeaders}/value`)
  if (isWrittenBySchema(contract)) refuseSchemaIds(headers, index => `/headers/${index - addedHeaders}/name`)
  if (rule.allow.includes('*')) return
  const isAllowed = ([name]: RecordHeader) =>
    name.startsWith(RESERVED_HEADER_PREFIX) || name === 'traceparent' || rule.allow.includes(name)
  if (!headers.every(isAllowed))
    throw new InvalidRecordError('bad-header', `headers: expected only ${rule.allow.join(', ')}, got another.`)
}
