// contracts/<topic>.json → Contract, with its defaults. An unknown or wrong field is a build error. Editors check the
// same by schemas/contract.schema.json.
import { isJsonObject, type JsonObject } from '../record/json-object.ts'
import { isTopicName } from '../record/topic-partition.ts'
import { isValueFormat, VALUE_FORMATS } from '../serialize/formats/value-formats.ts'
import type { ValueCodec } from '../serialize/value-codec.ts'
import type { Contract, ContractLimits, SchemaCheck } from './contract.ts'
import { isKeySources, KEY_SOURCES_EXPECTED } from './key-sources.ts'
import { type PatternCheck, parseEventBridgeFeeds, parseSqsFeeds } from './parse-feeds.ts'

const LIMITS: ContractLimits = { keyBytes: 1024, valueBytes: 900_000, headers: 50, headerBytes: 8192, records: 500 }

/** Those that take events, which are JSON. */
const JSON_FORMATS = Object.entries(VALUE_FORMATS).flatMap(([name, { isJson }]) => (isJson ? [name] : []))

/** What a contract's file does not have. */
export interface ContractParts {
  readonly key?: ValueCodec | undefined
  readonly value?: ValueCodec | undefined
  readonly checkPattern?: PatternCheck
}

/**
 * @param check gives the compiled form of a schema
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
  const key = object(root, 'key', ['required', 'from'])
  const { format: formatName = 'json' } = isJsonObject(root.value) ? root.value : {}
  expect(isValueFormat(formatName), `value.format: expected ${Object.keys(VALUE_FORMATS).join(' | ')}`)
  const format = VALUE_FORMATS[isValueFormat(formatName) ? formatName : 'json']
  const value = object(root, 'value', ['format', ...format.fields])
  const headers = object(root, 'headers', ['required', 'allow'])
  const limits = object(root, 'limits', Object.keys(LIMITS))
  const from = object(root, 'from', ['http', 'sqs', 'eventbridge'])
  const local = object(root, 'local', ['partitions'])
  const createCodec = format.parse(value, problem => expect(false, problem))
  const { from: keyFrom = ['record'] } = key
  expect(isKeySources(keyFrom), `key.from: expected ${KEY_SOURCES_EXPECTED}`)
  const sqs = parseSqsFeeds(from.sqs, problem => expect(false, problem))
  const eventbridge = parseEventBridgeFeeds(from.eventbridge, problem => expect(false, problem), parts.checkPattern)
  expect(
    format.isJson ||
      (eventbridge.length === 0 && !sqs.some(({ unwrap }) => unwrap.includes('eventbridge') || unwrap.includes('s3'))),
    `value.format: expected ${JSON_FORMATS.join(' | ')} where events feed it`,
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
  return {
    topic,
    description: (root.description as string | undefined) ?? '',
    key: {
      required: (key.required as boolean | undefined) ?? true,
      from: keyFrom as string[],
      ...(parts.key ? { codec: parts.key } : {}),
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

function isStrings(value: unknown): value is string[] {
  return Array.isArray(value) && value.every(item => typeof item === 'string')
}
