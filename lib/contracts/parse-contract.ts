// Parses contracts/<topic>.json into a Contract with defaults. An unknown or wrong field is a build error. Editors make
// the same checks with schemas/contract.schema.json.
import { isJsonObject, type JsonObject } from '../record/json-object.ts'
import { isTopicName } from '../record/topic-partition.ts'
import { VALUE_FORMATS } from '../serialize/formats/value-formats.ts'
import type { ValueCodec, ValueFormat } from '../serialize/value-codec.ts'
import type { Contract, ContractLimits, SchemaCheck } from './contract.ts'
import { isKeySources, KEY_SOURCES_EXPECTED } from './key-sources.ts'
import { type PatternCheck, parseEventBridgeFeeds, parseSqsFeeds } from './parse-feeds.ts'

const LIMITS: ContractLimits = { keyBytes: 1024, valueBytes: 900_000, headers: 50, headerBytes: 8192, records: 500 }

/** The parts of a contract that do not come from its file. */
export interface ContractParts {
  readonly key?: ValueCodec | undefined
  readonly value?: ValueCodec | undefined
  readonly checkPattern?: PatternCheck
  /** Additional formats for values and keys, which need a schema registry. */
  readonly formats?: Readonly<Record<string, ValueFormat>> | undefined
  /** Returns the text of a file that the contract names. @throws ErrnoException when it can't be read */
  readonly readSchema?: ((path: string) => string) | undefined
}

/**
 * @param check compiles a schema
 * @param parts codecs of a contract in code; the check of event patterns, left out where the build has checked them
 * @throws Error listing every problem of the file
 */
export function parseContract(
  topic: string,
  file: unknown,
  check: (schema: unknown) => SchemaCheck,
  parts: ContractParts = {},
): Contract {
  const problems: string[] = []
  const expect = (holds: boolean, problem: string) => {
    if (!holds) problems.push(`contracts/${topic}.json: ${problem}`)
  }
  const object = (parent: JsonObject, name: string, fields: readonly string[]): JsonObject => {
    const value = parent[name] === undefined ? {} : parent[name]
    expect(isJsonObject(value), `${name}: expected an object`)
    const section = isJsonObject(value) ? value : {}
    for (const field of Object.keys(section))
      expect(fields.includes(field), `${name}.${field}: unknown field; expected ${fields.join(', ')}`)
    return section
  }
  expect(
    isTopicName(topic),
    'expected a file name that is a topic name ([A-Za-z0-9._-], at most 249, not "." or "..", no internal topic)',
  )
  const root = object({ contract: file }, 'contract', [
    '$schema',
    'description',
    'key',
    'value',
    'tombstones',
    'headers',
    'limits',
    'from',
    'local',
  ])
  const formats = { ...VALUE_FORMATS, ...parts.formats }
  const keyFormat = formatOf('key', root, parts.formats ?? {}, expect)
  const keyFields = parts.formats ? ['format', ...(keyFormat?.fields ?? [])] : []
  const key = object(root, 'key', ['required', 'from', ...keyFields])
  const format = formatOf('value', root, formats, expect) ?? VALUE_FORMATS.json
  const value = object(root, 'value', ['format', ...format.fields])
  const headers = object(root, 'headers', ['required', 'allow'])
  const limits = object(root, 'limits', Object.keys(LIMITS))
  const from = object(root, 'from', ['http', 'sqs', 'eventbridge'])
  const local = object(root, 'local', ['partitions'])
  const { readSchema = notHere } = parts
  const createCodec = format.parse(value, problem => expect(false, problem), { part: 'value', readSchema })
  const createKeyCodec = keyFormat?.parse(key, problem => expect(false, problem), { part: 'key', readSchema })
  const { from: keyFrom = ['record'] } = key
  expect(isKeySources(keyFrom), `key.from: expected ${KEY_SOURCES_EXPECTED}`)
  const sqs = parseSqsFeeds(from.sqs, problem => expect(false, problem))
  const eventbridge = parseEventBridgeFeeds(from.eventbridge, problem => expect(false, problem), parts.checkPattern)
  expect(
    format.isJson ||
      (eventbridge.length === 0 && !sqs.some(({ unwrap }) => unwrap.includes('eventbridge') || unwrap.includes('s3'))),
    `value.format: expected ${jsonFormats(formats).join(' | ')} where events feed it`,
  )
  for (const name of ['$schema', 'description'])
    expect(root[name] === undefined || typeof root[name] === 'string', `${name}: expected text`)
  for (const [name, flag] of [
    ['key.required', key.required],
    ['tombstones', root.tombstones],
    ['from.http', from.http],
  ] as const)
    expect(flag === undefined || typeof flag === 'boolean', `${name}: expected true or false`)
  for (const [name, list] of [
    ['headers.required', headers.required],
    ['headers.allow', headers.allow],
  ] as const)
    expect(list === undefined || isStrings(list), `${name}: expected a list of names`)
  for (const [name, limit] of [
    ...Object.entries(limits).map(([name, limit]) => [`limits.${name}`, limit] as const),
    ['local.partitions', local.partitions === undefined ? 1 : local.partitions] as const,
  ])
    expect(Number.isInteger(limit) && (limit as number) > 0, `${name}: expected a positive integer`)
  if (problems.length > 0) throw new Error(problems.join('\n'))
  const keyCodec = parts.key ?? createKeyCodec?.(topic, check)
  return {
    topic,
    description: (root.description as string | undefined) ?? '',
    key: {
      required: (key.required as boolean | undefined) ?? true,
      from: keyFrom as string[],
      ...(keyCodec ? { codec: keyCodec } : {}),
    },
    value: { codec: parts.value ?? createCodec(topic, check) },
    tombstones: (root.tombstones as boolean | undefined) ?? false,
    headers: {
      required: (headers.required as string[] | undefined) ?? [],
      allow: (headers.allow as string[] | undefined) ?? ['*'],
    },
    limits: { ...LIMITS, ...(limits as Partial<ContractLimits>) },
    http: (from.http as boolean | undefined) ?? true,
    sqs,
    eventbridge,
    partitions: (local.partitions as number | undefined) ?? 3,
  }
}

/** @returns undefined if the contract names none */
function formatOf(
  part: 'key' | 'value',
  root: JsonObject,
  formats: Readonly<Record<string, ValueFormat>>,
  expect: (holds: boolean, problem: string) => void,
): ValueFormat | undefined {
  const { format: name } = isJsonObject(root[part]) ? root[part] : {}
  if (name === undefined || Object.keys(formats).length === 0) return undefined
  const format = typeof name === 'string' && Object.hasOwn(formats, name) ? formats[name] : undefined
  expect(format !== undefined, `${part}.format: expected ${Object.keys(formats).join(' | ')}`)
  return format
}

/** The formats that accept JSON, which events always are. */
function jsonFormats(formats: Readonly<Record<string, ValueFormat>>): string[] {
  return Object.entries(formats).flatMap(([name, { isJson }]) => (isJson ? [name] : []))
}

function notHere(): never {
  throw Object.assign(new Error('There are no files.'), { code: 'ENOENT' })
}

function isStrings(value: unknown): value is string[] {
  return Array.isArray(value) && value.every(item => typeof item === 'string')
}
