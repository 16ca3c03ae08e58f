// Parses the fields of a contract's `value` or `key` whose schema is in a registry.
import { isJsonObject, type JsonObject, parseJson } from '../record/json-object.ts'
import type { FormatPlace } from '../serialize/value-codec.ts'
import { isSubject } from './confluent/subject.ts'
import type { RegistryCodecOptions, RegistryFormatName } from './registry-codec-options.ts'
import type { SchemaReference } from './schema-registry.ts'

export const REGISTRY_FIELDS = [
  'registry',
  'subject',
  'version',
  'autoRegister',
  'normalize',
  'schemaIdIn',
  'compression',
] as const

/** Valid schema names in Glue. Source: CreateSchema of the AWS Glue API. */
const GLUE_NAME = /^[\w.$#-]{1,255}$/
const MAX_VERSION = 2 ** 31 - 1

/** @param problem called for each invalid field: `value.<field>: expected …` */
export function parseRegistryFields(
  format: RegistryFormatName,
  fields: JsonObject,
  problem: (text: string) => void,
  { part, readSchema }: FormatPlace,
): RegistryCodecOptions {
  const { registry, subject, autoRegister, normalize, message, schemaIdIn, compression } = fields
  const expect = (holds: boolean, field: string, expected: string) => {
    if (!holds) problem(`${part}.${field}: expected ${expected}`)
  }
  const isGlue = registry === 'glue'
  expect(isGlue || registry === 'confluent', 'registry', 'confluent | glue')
  expect(
    subject === undefined || (typeof subject === 'string' && (isGlue ? GLUE_NAME.test(subject) : isSubject(subject))),
    'subject',
    isGlue ? 'the name of a schema (A-Z a-z 0-9 - _ $ # . and at most 255)' : 'text that is not empty, . or ..',
  )
  expect(part === 'value' || !isGlue || subject !== undefined, 'subject', 'a name: that of the topic is for values')
  const unknown = (field: string, known: string) => problem(`${part}.${field}: unknown field; expected ${known}`)
  const version = parseVersion(format, fields.version, { isGlue, expect, unknown, readSchema })
  const isFromFile = typeof version === 'object'
  for (const [name, flag] of Object.entries({ autoRegister, normalize }))
    expect(flag === undefined || typeof flag === 'boolean', name, 'true or false')
  expect(autoRegister !== true || isFromFile, 'autoRegister', 'true only with version { schema }')
  expect(normalize === undefined || (isFromFile && !isGlue), 'normalize', 'only of confluent, with version { schema }')
  expect(message === undefined || (typeof message === 'string' && message !== ''), 'message', 'the name of a message')
  oneOf('schemaIdIn', schemaIdIn, ['prefix', 'header'], !isGlue, 'confluent', expect)
  oneOf('compression', compression, ['none', 'zlib'], isGlue, 'glue', expect)
  return { ...fields, format, version } as unknown as RegistryCodecOptions
}

type Expect = (holds: boolean, field: string, expected: string) => void

function oneOf(
  field: string,
  value: unknown,
  choices: readonly string[],
  isOfRegistry: boolean,
  registry: string,
  expect: Expect,
): void {
  if (value === undefined) return
  expect(isOfRegistry, field, `only with registry ${registry}`)
  expect(choices.includes(value as string), field, choices.join(' | '))
}

interface VersionParts {
  readonly isGlue: boolean
  readonly expect: Expect
  readonly unknown: (field: string, known: string) => void
  readonly readSchema: FormatPlace['readSchema']
}

function parseVersion(
  format: RegistryFormatName,
  version: unknown,
  { isGlue, expect, unknown, readSchema }: VersionParts,
): RegistryCodecOptions['version'] {
  if (version === undefined || version === 'latest') return version
  if (isJsonObject(version)) {
    const { schema: path, references, ...others } = version
    for (const name of Object.keys(others)) unknown(`version.${name}`, 'schema, references')
    const isPath = typeof path === 'string' && path !== ''
    expect(isPath, 'version.schema', 'the path of a file, from the folder of the contracts')
    const schema = isPath ? fileText(path, format, expect, readSchema) : ''
    return { schema, ...(references === undefined ? {} : { references: parseReferences(references, isGlue, expect) }) }
  }
  const isNumber = Number.isInteger(version) && (version as number) > 0 && (version as number) <= MAX_VERSION
  expect(isNumber, 'version', 'latest, a positive integer, or { "schema": file }')
  return isNumber ? (version as number) : undefined
}

function fileText(
  path: string,
  format: RegistryFormatName,
  expect: Expect,
  readSchema: FormatPlace['readSchema'],
): string {
  let text: string
  try {
    text = readSchema(path)
  } catch (error) {
    expect(false, 'version.schema', `a file, but ${path} can't be read (${(error as NodeJS.ErrnoException).code})`)
    return ''
  }
  expect(format === 'protobuf' || parseJson(text) !== undefined, 'version.schema', 'JSON, got something else')
  return text
}

function parseReferences(references: unknown, isGlue: boolean, expect: Expect): readonly SchemaReference[] {
  expect(!isGlue, 'version.references', 'none: schemas of Glue have no imports')
  const isList = Array.isArray(references)
  expect(isList, 'version.references', 'a list')
  const list: readonly unknown[] = isList ? references : []
  list.forEach((reference, index) => {
    const { name, subject, version, ...others } = isJsonObject(reference) ? reference : {}
    expect(
      isName(name) && isSubject(subject) && isVersion(version) && Object.keys(others).length === 0,
      `version.references[${index}]`,
      '{ "name": text, "subject": text, "version": positive integer }',
    )
  })
  return list as readonly SchemaReference[]
}

function isName(value: unknown): boolean {
  return typeof value === 'string' && value !== '' && value.isWellFormed()
}

function isVersion(value: unknown): boolean {
  return Number.isInteger(value) && (value as number) > 0 && (value as number) <= MAX_VERSION
}
