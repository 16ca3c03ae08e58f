// Editors complete and check contracts by schemas/contract.schema.json: it refuses exactly what parseContract refuses.
import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { Ajv } from 'ajv'
import fc from 'fast-check'
import { parseContract } from '../../lib/contracts/parse-contract.ts'
import { eventPatternProblem } from '../../lib/contracts/parse-event-pattern.ts'
import { createSchemaCompiler } from '../../lib/contracts/schema-compiler.ts'
import { isJsonObject, type JsonObject } from '../../lib/record/json-object.ts'
import { CONTRACT_FORMATS } from '../../lib/schema-registry/codec-parts.ts'

const numRuns = Number(process.env.FAST_CHECK_RUNS ?? 3000)
const schema = JSON.parse(readFileSync('schemas/contract.schema.json', 'utf8')) as JsonObject
const isValid = new Ajv({ strict: true, strictTypes: false, strictRequired: false }).compile(schema)
const compile = await createSchemaCompiler({ schemas: [] })

function parseProblem(file: unknown): string | undefined {
  try {
    parseContract('orders', file, valueSchema => compile('orders', valueSchema), {
      checkPattern: eventPatternProblem,
      formats: CONTRACT_FORMATS,
      // Only the build knows the files.
      readSchema: () => '{}',
    })
    return undefined
  } catch (error) {
    return (error as Error).message
  }
}

function assertSame(file: unknown): void {
  const problem = parseProblem(file)
  assert.equal(
    isValid(file),
    problem === undefined,
    `${JSON.stringify(file)}: ${problem ?? `parsed, but ${JSON.stringify(isValid.errors)}`}`,
  )
}

const orNot = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined, freq: 2 })
/** Objects with some of these fields; now and then with one that is unknown. */
function section(fields: Record<string, fc.Arbitrary<unknown>>): fc.Arbitrary<unknown> {
  const some = fc
    .record(Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, orNot(value)])))
    .map(object => Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)))
  return mostly(
    some,
    some.map(object => ({ ...object, colour: 'red' })),
    JUNK,
  )
}
/** Right in most cases, so that whole contracts are valid often enough. */
function mostly<T>(right: fc.Arbitrary<T>, ...wrong: fc.Arbitrary<unknown>[]): fc.Arbitrary<unknown> {
  return fc.oneof({ arbitrary: right, weight: 60 }, ...wrong)
}
const JUNK = fc.constantFrom<unknown>(null, true, false, 0, 1.5, -3, '', 'x', '\n', [], ['x'], [null], {}, { a: 1 })
const among = (right: readonly unknown[], wrong: readonly unknown[] = []) =>
  mostly(fc.constantFrom(...right), JUNK, ...(wrong.length === 0 ? [] : [fc.constantFrom(...wrong)]))

const flag = among([true, false], ['true'])
const count = among([1, 500, 2 ** 40], ['5', Number.POSITIVE_INFINITY])
const names = among([[], ['trace'], ['*', 'a']], [['a', 1], '*'])
const KEYS = ['record', 'value:', 'value:/id', 'event:/detail/id', 'sqs:MessageGroupId', 'sqs:attribute:customer']
const NO_KEYS = ['record ', 'value:id', 'header:x', 'sqs:attribute:', 'value:/a\nb', 'Record']
const keySources = among([[], ...KEYS.map(key => [key]), KEYS], [...NO_KEYS.map(key => [key]), 'record'])
const feedKey = among([...KEYS, KEYS], [...NO_KEYS, ['record', 'x']])
const texts = among([['shop'], ['a', 'b']], [[''], 'shop'])
const eventPart = among(['detail', 'event'], ['Event'])
const UNWRAPS = ['none', 'sns', 'eventbridge', 's3', ['s3'], ['eventbridge'], ['sns', 's3'], ['sns', 'eventbridge']]
const queue = among(
  ['a', 'orders.fifo', 'a'.repeat(80), `${'a'.repeat(75)}.fifo`],
  ['no spaces', 'a'.repeat(81), `${'a'.repeat(76)}.fifo`, '.fifo', 'a.b', 'a\n'],
)
const unwrap = among(UNWRAPS, [['none'], ['s3', 'sns'], 'gzip', ['sns', 'sns']])
const sqsFeed = fc.oneof(
  { arbitrary: section({ queue, unwrap, value: eventPart, key: feedKey }), weight: 1 },
  { arbitrary: fc.record({ queue, unwrap }), weight: 2 },
)
const PATTERNS = [
  { source: [{ prefix: 'shop.' }] },
  { detail: { n: [{ numeric: ['>=', 0, '<', 10] }], a: { b: [null, 1, 'x', { exists: false }] } } },
  { $or: [{ source: ['a'] }, { region: [{ 'anything-but': ['b', 'c'] }] }] },
  { source: [{ 'anything-but': { wildcard: ['*a*', 'b'] } }], detail: { ip: [{ cidr: '10.0.0.0/24' }] } },
  { detail: { name: [{ suffix: { 'equals-ignore-case': '.PNG' } }, { 'equals-ignore-case': 'x' }] } },
]
const NO_PATTERNS = [
  ...[
    {},
    { source: 'shop' },
    { source: [] },
    { source: [{ prefix: 1 }] },
    { source: [{ prefx: 'a' }] },
    { detail: {} },
  ],
  ...[{ $or: [{ source: ['a'] }] }, { a: [{ exists: 'yes' }] }, { a: [{ numeric: ['>', 0, '<'] }] }, { a: [['b']] }],
  ...[{ a: [{ cidr: '10.0.0.0' }] }, { a: [{ cidr: '10.0.0.0/33' }] }, { a: [{ prefix: 'a', suffix: 'b' }] }, { a: 1 }],
  ...[
    { a: [{ 'anything-but': null }] },
    { a: [{ 'anything-but': { exists: true } }] },
    { a: [{ 'anything-but': [] }] },
  ],
]
const pattern = among(PATTERNS, NO_PATTERNS)
const bus = among(['orders', 'aws.partner/example.com/1'], ['arn:aws:events:x', 'a b'])
const eventFeed = fc.oneof(
  { arbitrary: section({ pattern, bus, value: eventPart }), weight: 2 },
  { arbitrary: section({ source: texts, 'detail-type': texts, bus, value: eventPart, key: feedKey }), weight: 1 },
  { arbitrary: fc.record({ source: texts, key: feedKey }), weight: 2 },
)
const REGISTRY_FORMATS = ['avro', 'protobuf', 'json-schema']
const references = [[], [{ name: 'a', subject: 'b', version: 1 }]]
const registryFields = {
  registry: among(['confluent', 'confluent', 'glue'], ['apicurio']),
  subject: among(['orders', 'a.b-c', 'a'.repeat(255)], ['a b', 'a'.repeat(256)]),
  version: among(
    ['latest', 1, 2 ** 31 - 1, { schema: 'a' }, ...references.map(list => ({ schema: 'a', references: list }))],
    [0, 2 ** 31, 1.5, 'newest', {}, { schema: '' }, { schema: 5 }, { schema: 'a', references: [{}] }, { file: 'a' }],
  ),
  autoRegister: flag,
  normalize: flag,
  message: among(['shop.Order']),
  schemaIdIn: among(['prefix', 'header'], ['suffix']),
  compression: among(['none', 'zlib'], ['gzip']),
}
/** Of one registry, so that a contract is right often enough. */
const ofRegistry = (format: fc.Arbitrary<unknown>) =>
  fc.oneof(
    section({ format, ...registryFields }),
    section({ format, registry: fc.constant('glue'), subject: registryFields.subject, version: among(['latest', 2]) }),
    fc.record({ format, registry: among(['confluent', 'glue']), subject: registryFields.subject }),
  )
const contract = section({
  $schema: among(['../schemas/contract.schema.json']),
  description: among(['Orders']),
  key: fc.oneof(
    { arbitrary: section({ required: flag, from: keySources }), weight: 3 },
    { arbitrary: ofRegistry(among(REGISTRY_FORMATS, ['json', 'text'])), weight: 1 },
  ),
  value: fc.oneof(
    {
      arbitrary: section({
        format: among(['json', 'json', 'text', 'base64'], ['avro', 'constructor']),
        schema: among([true, {}, { type: 'object', required: ['id'] }], [{ type: 'strng' }, { required: 'id' }]),
      }),
      weight: 3,
    },
    { arbitrary: ofRegistry(among(REGISTRY_FORMATS, ['json', 'xml'])), weight: 1 },
  ),
  tombstones: flag,
  headers: section({ required: names, allow: names }),
  limits: section({ keyBytes: count, valueBytes: count, headers: count, headerBytes: count, records: count }),
  from: section({
    http: flag,
    sqs: mostly(fc.array(sqsFeed, { maxLength: 2 }), JUNK),
    eventbridge: mostly(fc.array(eventFeed, { maxLength: 2 }), JUNK),
  }),
  local: section({ partitions: count }),
})

test('an editor and the build refuse the same generated contracts', () => {
  let validCount = 0
  let runCount = 0
  fc.assert(
    fc.property(contract, file => {
      runCount++
      if (parseProblem(file) === undefined) validCount++
      assertSame(file)
    }),
    { numRuns },
  )
  assert.ok(validCount > runCount / 20, `${validCount} of ${runCount} are valid`)
  assert.ok(validCount < (runCount * 19) / 20, `${validCount} of ${runCount} are valid`)
})

test('one wrong value in any place of a whole contract is refused by both, or by neither', () => {
  const whole = {
    $schema: 's',
    description: 'Orders',
    key: { required: true, from: ['record'] },
    value: { format: 'json', schema: true },
    tombstones: false,
    headers: { required: [], allow: ['*'] },
    limits: { keyBytes: 1, valueBytes: 1, headers: 1, headerBytes: 1, records: 1 },
    from: {
      http: true,
      sqs: [{ queue: 'q', unwrap: 'eventbridge', value: 'event', key: 'record' }],
      eventbridge: [
        { source: ['s'], 'detail-type': ['t'], value: 'event', key: ['record'] },
        { pattern: { source: [{ prefix: 's' }], detail: { n: [{ numeric: ['>', 0] }] } }, bus: 'orders' },
      ],
    },
    local: { partitions: 1 },
  }
  assert.equal(parseProblem(whole), undefined)
  assertSame(whole)
  const wrong: unknown[] = [null, true, false, 0, 1.5, '', 'x', [], [''], [null], {}, { colour: 'red' }, undefined]
  let refused = 0
  for (const path of pathsOf(whole))
    for (const value of wrong) {
      const file = withValue(whole, path, value)
      if (parseProblem(file) !== undefined) refused++
      assertSame(file)
    }
  assert.ok(refused > 250, `${refused} refused`)
})

test('the contracts of this repository name the schema and meet it', () => {
  const files = globSync('contracts/*.json')
  assert.ok(files.length > 1)
  for (const path of files) {
    const file = JSON.parse(readFileSync(path, 'utf8'))
    assert.equal(file.$schema, '../schemas/contract.schema.json')
    assertSame(file)
    assert.ok(isValid(file), path)
  }
})

test('every field has a description, and the defaults are those of an empty contract', () => {
  const described = fieldsOf(schema)
  assert.ok(described.length > 30, `${described.length} fields`)
  assert.deepEqual(
    described.filter(([, { description }]) => typeof description !== 'string').map(([path]) => path),
    [],
  )
  const defaults = Object.fromEntries(
    described.filter(([, field]) => 'default' in field).map(([path, field]) => [path, field.default]),
  )
  const { key, headers, limits, ...rest } = parseContract('orders', {}, () => assert.fail('no schema'))
  assert.deepEqual(defaults, {
    '/description': rest.description,
    '/key/required': key.required,
    '/key/from': key.from,
    '/value/format': rest.value.codec.format,
    '/value/schema': true,
    '/tombstones': rest.tombstones,
    '/headers/required': headers.required,
    '/headers/allow': headers.allow,
    ...Object.fromEntries(Object.entries(limits).map(([name, limit]) => [`/limits/${name}`, limit])),
    '/from/http': rest.http,
    '/from/sqs': rest.sqs,
    '/from/eventbridge': rest.eventbridge,
    '/local/partitions': rest.partitions,
    '/queue/unwrap': 'none',
    '/queue/value': 'detail',
    '/events/value': 'detail',
  })
})

/** The fields that a contract may have, those of the entries of lists under the name of their definition. */
function fieldsOf(node: JsonObject, path = ''): [string, JsonObject][] {
  const { properties = {}, definitions = {} } = node as Record<string, Record<string, JsonObject>>
  const fields = Object.entries(properties).flatMap(([name, field]): [string, JsonObject][] => [
    [`${path}/${name}`, field],
    ...fieldsOf(field, `${path}/${name}`),
  ])
  return [...fields, ...Object.entries(definitions).flatMap(([name, entry]) => fieldsOf(entry, `/${name}`))]
}

function pathsOf(value: unknown): (string | number)[][] {
  if (typeof value !== 'object' || value === null) return [[]]
  const keys = Array.isArray(value) ? [...value.keys()] : Object.keys(value)
  return [[], ...keys.flatMap(key => pathsOf((value as JsonObject)[key]).map(path => [key, ...path]))]
}

/** A copy with another value at the path; `undefined` leaves the field out. */
function withValue(node: unknown, [key, ...rest]: readonly (string | number)[], value: unknown): unknown {
  if (key === undefined) return value === undefined ? {} : value
  if (Array.isArray(node))
    return node.map((item, index) => (index === key ? withValue(item, rest, value ?? null) : item))
  const { [key]: child, ...others } = isJsonObject(node) ? node : {}
  if (rest.length === 0 && value === undefined) return others
  return { ...others, [key]: withValue(child, rest, value) }
}
