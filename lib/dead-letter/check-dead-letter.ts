// Checks the type and the bounds of every field of an envelope. Anybody who may write to a target can write anything
// there, so a dead letter is used only after this check.
import { isJsonObject, type JsonObject } from '../record/json-object.ts'
import {
  type DeadLetter,
  MAX_CLASS,
  MAX_HEADER_NAME,
  MAX_HEADERS,
  MAX_INT32,
  MAX_TEXT,
  MAX_TIME,
  MAX_TOPIC,
  MAX_VALUE_BYTES,
} from './dead-letter.ts'
import { type Check, integer, isTime, matching, optional, orNull, text } from './field-checks.ts'

/** The longest base64 text of a key, value or header. */
const MAX_BASE64 = (MAX_VALUE_BYTES / 3) * 4

const isCode = matching(/^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/)
const isId = matching(/^[A-Za-z0-9_-]{22}$/)
/** Only canonical base64 is accepted, so that equal bytes have equal texts. */
const isBase64: Check = value =>
  typeof value === 'string' && value.length <= MAX_BASE64 && Buffer.from(value, 'base64').toString('base64') === value

const isHeaderName = text(MAX_HEADER_NAME)
const isBase64OrNull = orNull(isBase64)
const isHeaders: Check = value =>
  Array.isArray(value) &&
  value.length <= MAX_HEADERS &&
  value.every(header => isJsonObject(header) && isHeaderName(header.name) && isBase64OrNull(header.value))

const RECORD = Object.entries<Check>({
  encoding: optional(value => value === 'wire' || value === 'source'),
  // An invalid record may name any text as its topic, so only the length is checked.
  topic: orNull(text(MAX_TOPIC)),
  partition: orNull(integer(0, MAX_INT32)),
  partitionFixedBy: orNull(value => value === 'source' || value === 'partitioner'),
  timestamp: orNull(integer(0, MAX_TIME)),
  key: orNull(isBase64),
  value: orNull(isBase64),
  headers: isHeaders,
})

const FAILURE = Object.entries<Check>({
  kind: value => value === 'invalid-record' || value === 'delivery-failure',
  outcome: value => value === 'rejected' || value === 'not-sent' || value === 'unknown',
  class: text(MAX_CLASS),
  code: isCode,
  causeCode: orNull(text(MAX_CLASS)),
  attempts: integer(0, MAX_INT32),
  firstAt: isTime,
  lastAt: isTime,
})

const SOURCE = Object.entries<Check>({
  trigger: matching(/^[a-z][a-z0-9-]{0,31}$/),
  id: text(MAX_TEXT),
  index: integer(0, MAX_INT32),
  function: orNull(text(MAX_TEXT)),
  arn: orNull(text(MAX_TEXT)),
  receiveCount: orNull(integer(0, MAX_INT32)),
})

const REDRIVE = Object.entries<Check>({
  count: integer(0, MAX_INT32),
  lastAt: orNull(isTime),
  lastCode: orNull(isCode),
})

const CLAIM = Object.entries<Check>({
  target: text(MAX_TEXT),
  sha256: matching(/^[0-9a-f]{64}$/),
  bytes: integer(0, MAX_VALUE_BYTES),
})

const IN_DOUBT = Object.entries<Check>({
  topic: optional(text(MAX_TOPIC)),
  partition: integer(0, MAX_INT32),
  producerId: integer(0, Number.MAX_SAFE_INTEGER),
  producerEpoch: integer(0, 32_767),
  baseSequence: integer(0, MAX_INT32),
  indexInBatch: integer(0, MAX_INT32),
  from: isTime,
  to: isTime,
  clusterId: optional(orNull(text(MAX_TEXT))),
  fromOffset: optional(orNull(integer(0, Number.MAX_SAFE_INTEGER))),
  earlier: optional(value => value === 'same-partition' || value === 'elsewhere'),
  anyPartition: optional(value => value === true),
})

const ENVELOPE = Object.entries<Check>({
  deadLetterId: isId,
  recordId: text(MAX_TEXT),
  editedFrom: optional(isId),
})

/**
 * The first field of an envelope of version 2 with a wrong type or size, e.g. `failure.code`.
 * @returns undefined if all fields are valid
 */
export function wrongField(json: Readonly<Record<string, unknown>>): string | undefined {
  const { record, failure, source, redrive, claimCheck, inDoubt } = json
  return (
    wrongIn('', json, ENVELOPE) ??
    wrongIn('record.', record, RECORD) ??
    wrongIn('failure.', failure, FAILURE) ??
    wrongIn('source.', source, SOURCE) ??
    wrongIn('redrive.', redrive, REDRIVE) ??
    (claimCheck === null ? undefined : wrongIn('claimCheck.', claimCheck, CLAIM)) ??
    (inDoubt === null ? undefined : wrongIn('inDoubt.', inDoubt, IN_DOUBT)) ??
    (isJsonObject(record) && claimCheck !== null && record.value !== null ? 'claimCheck' : undefined)
  )
}

function wrongIn(prefix: string, value: unknown, checks: readonly (readonly [string, Check])[]): string | undefined {
  if (!isJsonObject(value)) return prefix.slice(0, -1)
  for (const [name, check] of checks) if (!check(value[name])) return `${prefix}${name}`
  return undefined
}

/** The most unknown fields that an object keeps: later releases may add fields and must find them again. */
const MAX_FURTHER = 8
const MAX_FURTHER_NAME = 64

/**
 * Converts an envelope that passed `wrongField` to a dead letter. Short unknown fields are kept. Large or nested ones
 * are dropped, because they would take uncounted memory or overflow the stack when printed.
 */
export function asDeadLetter(json: Readonly<Record<string, unknown>>): DeadLetter {
  const { record, failure, source, redrive, claimCheck, inDoubt } = json as Record<string, JsonObject>
  const headers = record?.headers as DeadLetter['record']['headers']
  return {
    ...bounded(json, ENVELOPE),
    record: {
      ...bounded(record, RECORD),
      headers: headers.map(({ name, value }) => ({ name, value })),
    },
    failure: bounded(failure, FAILURE),
    source: bounded(source, SOURCE),
    redrive: bounded(redrive, REDRIVE),
    claimCheck: claimCheck === null ? null : bounded(claimCheck, CLAIM),
    inDoubt: inDoubt === null ? null : bounded(inDoubt, IN_DOUBT),
  } as unknown as DeadLetter
}

function bounded(object: JsonObject | undefined, checks: readonly (readonly [string, Check])[]): JsonObject {
  const fieldNames = new Set(checks.map(([name]) => name))
  let further = 0
  const kept = Object.entries(object ?? {}).filter(
    ([name, value]) => fieldNames.has(name) || (isShort(name, value) && ++further <= MAX_FURTHER),
  )
  return Object.fromEntries(kept)
}

function isShort(name: string, value: unknown): boolean {
  if (name.length > MAX_FURTHER_NAME) return false
  return typeof value === 'string' ? value.length <= MAX_TEXT : value === null || typeof value !== 'object'
}
