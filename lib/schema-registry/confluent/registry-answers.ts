// Parses and checks the responses of a registry, which are untrusted.

import { isJsonObject, parseJson } from '../../record/json-object.ts'
import { isUuid } from '../../record/uuid.ts'
import type { SchemaReference, SchemaType } from '../schema-registry.ts'

export interface StoredSchema {
  readonly id: number
  readonly version: number | undefined
  readonly guid: string | undefined
  readonly type: SchemaType
  readonly text: string
  readonly references: readonly SchemaReference[]
  /** Whether the schema has rules that change or check data when it is written. */
  readonly hasWriteRules: boolean
}

/** The largest id or version: registries use Java's int. */
const MAX_INT = 2 ** 31 - 1
const TYPES: readonly unknown[] = ['AVRO', 'PROTOBUF', 'JSON'] satisfies SchemaType[]
/** The modes of rules that run only when a record is read or migrated. */
const NOT_ON_WRITE: readonly unknown[] = ['READ', 'UPGRADE', 'DOWNGRADE', 'UPDOWN']

/**
 * @param defaultType the type of a schema whose response names none
 * @returns the schema, or what is wrong with the response, as `expected …`
 */
export function readStoredSchema(answer: unknown, defaultType: SchemaType): StoredSchema | string {
  if (!isJsonObject(answer)) return 'expected a JSON object'
  const { id, version, guid, schemaType: type = defaultType, schema: text, references, ruleSet } = answer
  if (!isInt(id, 0)) return 'expected `id` as an integer from 0 to 2147483647'
  if (version != null && !isInt(version, 1)) return 'expected `version` as an integer from 1 to 2147483647'
  if (guid != null && !isUuid(guid)) return 'expected `guid` as a UUID'
  if (!isType(type)) return 'expected `schemaType` AVRO, PROTOBUF or JSON'
  if (typeof text !== 'string') return 'expected `schema` as text'
  const readReferences = readReferenceList(references ?? [])
  if (readReferences === undefined) return 'expected `references` with names, subjects and versions'
  const hasWriteRules = readWriteRules(ruleSet ?? {})
  if (hasWriteRules === undefined) return 'expected `ruleSet` with lists of rules'
  return {
    id,
    version: version ?? undefined,
    guid: guid ?? undefined,
    type,
    text,
    references: readReferences,
    hasWriteRules,
  }
}

/** Returns the registry's own error code, e.g. 40401. */
export function readErrorCode(text: string | undefined): number | undefined {
  const answer = parseJson(text ?? '')
  const code = isJsonObject(answer) ? answer.error_code : undefined
  return isInt(code, 1) ? code : undefined
}

function isInt(value: unknown, min: number): value is number {
  return Number.isInteger(value) && (value as number) >= min && (value as number) <= MAX_INT
}

function isType(value: unknown): value is SchemaType {
  return TYPES.includes(value)
}

function readReferenceList(list: unknown): SchemaReference[] | undefined {
  if (!Array.isArray(list)) return undefined
  const references = list.flatMap((entry: unknown): SchemaReference[] => {
    if (!isJsonObject(entry)) return []
    const { name, subject, version } = entry
    return typeof name === 'string' && typeof subject === 'string' && isInt(version, 1)
      ? [{ name, subject, version }]
      : []
  })
  return references.length === list.length ? references : undefined
}

/**
 * Checks encoding rules, which run on the bytes, and domain rules, which run on the value. A rule with an unknown mode
 * counts as one that runs on write.
 */
function readWriteRules(ruleSet: unknown): boolean | undefined {
  if (!isJsonObject(ruleSet)) return undefined
  const { domainRules, encodingRules } = ruleSet
  const lists = [domainRules ?? [], encodingRules ?? []]
  if (!lists.every(list => Array.isArray(list))) return undefined
  return lists.flat().some(rule => !isJsonObject(rule) || (rule.disabled !== true && !NOT_ON_WRITE.includes(rule.mode)))
}
