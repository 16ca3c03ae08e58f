// JSON Schemas of a registry: dialects, references, the caller's text, and the bounds that contracts' schemas have.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SerializationError, type Violation } from '../../lib/errors.ts'
import { JsonText } from '../../lib/record/json-text.ts'
import { jsonSchemaFormat } from '../../lib/schema-registry/json-schema/json-schema-format.ts'
import { registeredSchema } from '../support/scripted-registry.ts'

const DRAFT_07 = 'http://json-schema.org/draft-07/schema#'
const DRAFT_2020 = 'https://json-schema.org/draft/2020-12/schema'

async function encoderOf(schema: unknown, imports: Readonly<Record<string, unknown>> = {}) {
  const texts = Object.entries(imports).map(([name, imported]): [string, string] => [name, JSON.stringify(imported)])
  return jsonSchemaFormat.compile(registeredSchema('JSON', schema, { imports: new Map(texts) }))
}

const text = (json: string) => new JsonText(json, JSON.parse(json))
const written = async (schema: unknown, data: unknown) => Buffer.from((await encoderOf(schema)).encode(data)).toString()

async function refusalOf(schema: unknown, data: unknown, imports = {}): Promise<SerializationError> {
  const encoder = await encoderOf(schema, imports)
  try {
    encoder.encode(data)
  } catch (error) {
    assert.ok(error instanceof SerializationError, String(error))
    return error
  }
  return assert.fail('It was accepted.')
}

const pointersOf = ({ violations }: { violations: readonly Violation[] }) => violations.map(({ pointer }) => pointer)

test('the text of a caller is kept byte for byte; a program’s value is written as JSON', async () => {
  const json = '{ "n" : 12345678901234567890, "s":"\\u00e9é" }'
  assert.equal(await written({ type: 'object' }, text(json)), json)
  assert.equal(await written({ type: 'object' }, new JsonText(json)), json)
  assert.equal(await written({ type: 'object' }, { a: 1, left: undefined }), '{"a":1}')
})

test('a program’s value is checked as what is sent', async () => {
  const schema = { type: 'object', required: ['at'], properties: { at: { type: 'string', format: 'date-time' } } }
  const at = new Date(0)
  assert.equal(await written(schema, { at }), '{"at":"1970-01-01T00:00:00.000Z"}')
  assert.deepEqual(pointersOf(await refusalOf(schema, { at: undefined })), [''])
  assert.equal((await refusalOf(schema, { at: [undefined] })).code, 'bad-value')
})

test('violations have pointers that begin at the data, and never the data', async () => {
  const schema = {
    type: 'object',
    properties: { a: { type: 'array', items: { type: 'integer' } }, 'x/y': { maxLength: 1 } },
  }
  const error = await refusalOf(schema, text('{"a":[1,"hunter2"],"x/y":"hunter2"}'))
  assert.deepEqual(error.violations, [
    { pointer: '/a/1', rule: 'type', expected: 'integer' },
    { pointer: '/x~1y', rule: 'maxLength', expected: '1' },
  ])
  assert.deepEqual([error.kind, error.code, error.truncated], ['invalid-record', 'schema', false])
  assert.ok(!error.message.includes('hunter2'))
  const many = await refusalOf({ items: { type: 'string' } }, text(JSON.stringify(new Array(50).fill(1))))
  assert.deepEqual([many.violations.length, many.truncated], [20, true])
})

test('draft-07 is the default; $schema may name it or 2020-12', async () => {
  const tuple = { items: [{ type: 'string' }], additionalItems: false }
  for (const $schema of [
    undefined,
    DRAFT_07,
    'http://json-schema.org/draft-07/schema',
    'https://json-schema.org/draft-07/schema#',
  ])
    assert.deepEqual(pointersOf(await refusalOf({ $schema, ...tuple }, text('["a",1]'))), [''])
  const prefix = { $schema: DRAFT_2020, prefixItems: [{ type: 'string' }], items: false }
  assert.equal((await refusalOf(prefix, text('["a",1]'))).code, 'schema')
  for (const $schema of ['http://json-schema.org/draft-04/schema#', 'https://example.com/own', 5])
    await assert.rejects(encoderOf({ $schema }), {
      code: 'schema-unusable',
      kind: 'delivery-failure',
      retriable: false,
    })
})

test('in draft-07 what stands beside a $ref is ignored', async () => {
  const schema = {
    properties: { a: { $ref: '#/definitions/a', maxLength: 1 } },
    definitions: { a: { type: 'string' } },
  }
  assert.equal(await written(schema, text('{"a":"long"}')), '{"a":"long"}')
  assert.equal((await refusalOf({ $schema: DRAFT_2020, ...schema }, text('{"a":"long"}'))).code, 'schema')
})

test('a $ref finds an import by its name, by its $id, and from the $id of what refers to it', async () => {
  const name = { type: 'string', maxLength: 3 }
  for (const [root, imports] of [
    [{ $ref: 'name.json' }, { 'name.json': name }],
    [{ $id: 'http://example.com/root.json', $ref: 'name.json' }, { 'name.json': name }],
    [{ $ref: 'http://example.com/name' }, { 'name.json': { $id: 'http://example.com/name', ...name } }],
    [{ $ref: 'a.json' }, { 'name.json': name, 'a.json': { $id: 'http://example.com/x/a.json', $ref: 'name.json' } }],
    [{ $ref: 'defs.json#/definitions/name' }, { 'defs.json': { $schema: DRAFT_07, definitions: { name } } }],
  ] as const)
    assert.deepEqual(pointersOf(await refusalOf(root, text('"hunter2"'), imports)), [''], JSON.stringify(root))
})

test('two schemas may have the same $id', async () => {
  const one = await encoderOf({ $id: 'http://example.com/a', type: 'string' })
  const two = await encoderOf({ $id: 'http://example.com/a', type: 'number' })
  assert.equal(String(one.encode(text('"a"'))), '"a"')
  assert.equal(String(two.encode(text('1'))), '1')
})

test('a schema that can’t be used is a delivery failure that no retry helps', async () => {
  for (const schema of [
    '{"type":',
    '[]',
    '5',
    { type: 'strng' },
    { $ref: 'missing.json' },
    { $ref: 'https://example.com/never-fetched.json' },
    { $async: true, type: 'string' },
    { $id: DRAFT_07.slice(0, -1), type: 'string' },
    { pattern: '^(a+)+$' },
    { patternProperties: { '(x+x+)+y': true } },
    '['.repeat(200) + ']'.repeat(200),
  ])
    await assert.rejects(encoderOf(schema), (error: unknown) => {
      assert.ok(error instanceof SerializationError, String(error))
      assert.deepEqual([error.kind, error.code, error.retriable], ['delivery-failure', 'schema-unusable', false])
      return true
    })
  await assert.rejects(encoderOf({ $ref: 'a' }, { a: { properties: { b: { pattern: '(a|a)*b' } } } }), {
    code: 'schema-unusable',
  })
  await assert.rejects(encoderOf({ $ref: 'a' }, { a: { $schema: DRAFT_2020 } }), { code: 'schema-unusable' })
})

// The original bug: each record was invalid, because the validator's RangeError was attributed to the value.
test('a schema that refers to itself for the same value is a delivery failure', async () => {
  const anchor = { $dynamicAnchor: 'x', type: 'string' }
  for (const schema of [
    { $ref: '#' },
    { $id: 'http://example.com/a', $ref: 'a#' },
    { allOf: [{ $ref: '#' }] },
    { allOf: [{ $ref: '#/allOf/0' }] },
    { if: { type: 'string' }, else: { anyOf: [{ not: { $ref: '#' } }] } },
    {
      $ref: '#/definitions/a',
      definitions: { a: { $ref: '#/definitions/b' }, b: { oneOf: [{ $ref: '#/definitions/a' }] } },
    },
    // The way back has a part of the value in between, the way there does not.
    {
      properties: { p: { $ref: '#/definitions/a' } },
      allOf: [{ $ref: '#/definitions/a' }],
      definitions: { a: { allOf: [{ $ref: '#' }] } },
    },
    { $schema: DRAFT_2020, $dynamicAnchor: 'x', anyOf: [{ type: 'string' }, { $dynamicRef: '#x' }] },
    { $schema: DRAFT_2020, dependentSchemas: { a: { $ref: '#' } }, $defs: { anchor } },
  ])
    await assert.rejects(
      encoderOf(schema),
      { kind: 'delivery-failure', code: 'schema-unusable' },
      JSON.stringify(schema),
    )
  await assert.rejects(encoderOf({ $ref: 'a' }, { a: { allOf: [{ $ref: 'b' }] }, b: { $ref: 'a' } }), {
    code: 'schema-unusable',
  })
})

test('a schema that refers to itself for a part of the value, or where nothing leads to, is used', async () => {
  const list = { type: ['object', 'null'], properties: { next: { $ref: '#' } } }
  for (const schema of [
    list,
    {
      $ref: '#/definitions/list',
      definitions: { list: { ...list, properties: { next: { $ref: '#/definitions/list' } } } },
    },
    { ...list, propertyNames: { $ref: '#/definitions/name' }, definitions: { name: { propertyNames: { $ref: '#' } } } },
    { ...list, definitions: { loop: { $ref: '#/definitions/loop' } } },
    { $schema: DRAFT_2020, $dynamicAnchor: 'n', type: ['object', 'null'], properties: { next: { $dynamicRef: '#n' } } },
  ]) {
    assert.equal(await written(schema, text('{"next":{"next":null}}')), '{"next":{"next":null}}')
    assert.deepEqual(pointersOf(await refusalOf(schema, text('{"next":{"next":5}}'))), ['/next/next'])
  }
})

test('references that are too deep for the stack make the schema unusable, not the value invalid', async () => {
  const chain = Array.from({ length: 200 }, (_, index) => [
    `d${index}`,
    index === 199 ? { items: { $ref: '#/definitions/d0' } } : { allOf: [{ $ref: `#/definitions/d${index + 1}` }] },
  ])
  const encoder = await encoderOf({ $ref: '#/definitions/d0', definitions: Object.fromEntries(chain) })
  assert.equal(String(encoder.encode(text('[[]]'))), '[[]]')
  const deep = '['.repeat(90) + ']'.repeat(90)
  assert.throws(() => encoder.encode(text(deep)), { kind: 'delivery-failure', code: 'schema-unusable' })
})

test('a message quotes of an unusable schema no more than it needs', async () => {
  const risky = each(30, index => [`^(a+)+${index}$`, true])
  for (const schema of [{ patternProperties: risky }, { $ref: 'a'.repeat(10_000) }])
    await assert.rejects(encoderOf(schema), ({ message }: Error) => message.length < 600)
})

const each = (count: number, entry: (index: number) => [string, unknown]) =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => entry(index)))

// Ajv compared each pair of members: this many would take it ten minutes.
test('an enum of 200,000 texts is compiled in linear time; a violation lists 20', async () => {
  const members = Array.from({ length: 200_000 }, (_, index) => `v${index}`)
  for (const $schema of [DRAFT_07, DRAFT_2020]) {
    const encoder = await encoderOf({ $schema, enum: members })
    assert.equal(String(encoder.encode(text('"v199999"'))), '"v199999"')
    assert.throws(
      () => encoder.encode(text('"x"')),
      ({ violations: [violation] }: SerializationError) => {
        assert.equal(violation?.expected, `${members.slice(0, 20).join(' | ')} | …`)
        return true
      },
    )
  }
  await assert.rejects(encoderOf({ enum: [], type: ['string', 'string'] }), { code: 'schema-unusable' })
})

test('the text of a violation is bounded: its pointer and its quotes of the schema', async () => {
  const long = 'k'.repeat(5000)
  const [violation] = (await refusalOf({ additionalProperties: { const: long } }, { [long]: 1 })).violations
  assert.deepEqual([violation?.pointer.length, violation?.expected.length], [250, 1001])
})

test('a schema of more parts than may be compiled is a delivery failure', async () => {
  const many = { properties: each(6000, index => [`p${index}`, { maxLength: index }]) }
  const lists = { dependencies: { a: Array.from({ length: 10_000 }, (_, index) => `p${index}`) } }
  const wide = { properties: each(100, index => [`p${index}`, { properties: each(100, at => [`q${at}`, {}]) }]) }
  for (const schema of [many, lists, wide])
    await assert.rejects(encoderOf(schema), { code: 'schema-unusable', message: /at most 10000 keywords/ })
  // Nested too deeply in Ajv's code for the stack.
  const deep = { properties: each(3000, index => [`p${index}`, { maxLength: index }]) }
  await assert.rejects(encoderOf(deep), { code: 'schema-unusable' })
})

// Ajv copies what a reference names: 100 copies of 200 parts.
test('a schema that many references name is compiled once', async () => {
  const part = { properties: each(100, index => [`q${index}`, { maxLength: index }]) }
  const schema = {
    definitions: { part },
    properties: each(100, index => [`p${index}`, { $ref: '#/definitions/part' }]),
  }
  assert.deepEqual(pointersOf(await refusalOf(schema, text('{"p99":{"q1":"long"}}'))), ['/p99/q1'])
})

test('the steps of a check are counted: a schema that doubles the work per level refuses a deep value', async () => {
  const branch = (op: string) => ({ required: ['op'], properties: { left: { $ref: '#' }, op: { const: op } } })
  const node = { anyOf: [{ type: 'string' }, branch('or'), branch('xor'), branch('and')] }
  let json = '1'
  for (let level = 0; level < 40; level++) json = `{"op":"and","left":${json}}`
  const error = await refusalOf(node, text(json))
  assert.deepEqual(
    error.violations.map(({ rule }) => rule),
    ['steps'],
  )
})

test('numbers beyond a double are distinguished by their text', async () => {
  const encoder = await encoderOf({ uniqueItems: true })
  const json = '[9007199254740992,9007199254740993]'
  assert.equal(String(encoder.encode(text(json))), json)
  assert.deepEqual(pointersOf(await refusalOf({ uniqueItems: true }, text('[9007199254740993,9007199254740993]'))), [
    '',
  ])
})
