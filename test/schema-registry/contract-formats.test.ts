// The fields of a contract whose schemas are in a registry: which values are accepted, and the messages for those that
// are refused.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseContract } from '../../lib/contracts/parse-contract.ts'
import { contractFormats } from '../../lib/schema-registry/contract-formats.ts'
import { RegistryCodec } from '../../lib/schema-registry/registry-codec.ts'

const formats = contractFormats(() => ({ loadFormat: notCalled, open: notCalled }))
const FILES = new Map([
  ['order.avsc', '{"type":"string"}'],
  ['order.proto', 'syntax = "proto3"; message Order {}'],
])

function notCalled(): never {
  assert.fail('Nothing is asked when a contract is parsed.')
}

function readSchema(path: string): string {
  const text = FILES.get(path)
  if (text === undefined) throw Object.assign(new Error(), { code: 'ENOENT' })
  return text
}

const parse = (file: object) => parseContract('orders', file, notCalled, { formats, readSchema })

function problemsOf(file: object): string[] {
  try {
    parse(file)
  } catch (error) {
    return (error as Error).message.replaceAll('contracts/orders.json: ', '').split('\n')
  }
  return []
}

function optionsOf(file: object) {
  const { key, value } = parse(file)
  return [key.codec, value.codec].map(codec => (codec instanceof RegistryCodec ? codec.options : undefined))
}

test('subject and version have defaults, of keys and values, of Confluent and Glue', () => {
  const options = (registry: string, subject: string) => ({
    format: 'avro',
    registry,
    version: undefined,
    subject,
  })
  const confluent = { format: 'avro', registry: 'confluent' }
  assert.deepEqual(optionsOf({ key: confluent, value: confluent }), [
    options('confluent', 'orders-key'),
    options('confluent', 'orders-value'),
  ])
  assert.deepEqual(optionsOf({ value: { format: 'avro', registry: 'glue' } }), [undefined, options('glue', 'orders')])
})

test('a contract says which schemas it needs, for rights, checks and plans', () => {
  const value = {
    format: 'protobuf',
    registry: 'glue',
    subject: 's',
    version: { schema: 'order.proto' },
    autoRegister: true,
  }
  assert.deepEqual(parse({ value }).value.codec.uses, {
    registry: 'glue',
    subject: 's',
    version: 'definition',
    autoRegister: true,
    isPinned: false,
  })
  assert.equal(parse({}).value.codec.uses, undefined)
})

test('the text of a schema’s file is read, with what it imports', () => {
  const references = [{ name: 'a.proto', subject: 'a', version: 1 }]
  const version = { schema: 'order.proto', references }
  const [, options] = optionsOf({ value: { format: 'protobuf', registry: 'confluent', version, message: 'Order' } })
  assert.deepEqual(options?.version, { schema: FILES.get('order.proto'), references })
  assert.equal(options?.message, 'Order')
})

test('events may feed the formats, as they take JSON', () => {
  const from = { eventbridge: [{ source: ['shop'] }], sqs: [{ queue: 'q', unwrap: 's3' }] }
  assert.deepEqual(problemsOf({ value: { format: 'avro', registry: 'confluent' }, from }), [])
})

const avro = { format: 'avro', registry: 'confluent' }
const glue = { format: 'avro', registry: 'glue' }
const NOT_A_VERSION = 'version: expected latest, a positive integer, or { "schema": file }'
const A_SUBJECT = 'text that is not empty, . or ..'
const NOT_A_REFERENCE = 'version.references[0]: expected { "name": text, "subject": text, "version": positive integer }'

for (const [fields, problem] of [
  [{ format: 'avro' }, 'registry: expected confluent | glue'],
  [{ ...avro, registry: 'apicurio' }, 'registry: expected confluent | glue'],
  ...['', '.', '..', '\ud800', 5].map(subject => [{ ...avro, subject }, `subject: expected ${A_SUBJECT}`] as const),
  [{ ...glue, subject: 'a b' }, 'subject: expected the name of a schema (A-Z a-z 0-9 - _ $ # . and at most 255)'],
  [{ ...avro, version: 0 }, NOT_A_VERSION],
  [{ ...avro, version: 1.5 }, NOT_A_VERSION],
  [{ ...avro, version: 'newest' }, NOT_A_VERSION],
  [{ ...avro, version: null }, NOT_A_VERSION],
  [{ ...avro, version: {} }, 'version.schema: expected the path of a file, from the folder of the contracts'],
  [{ ...avro, version: { schema: 'no.avsc' } }, "version.schema: expected a file, but no.avsc can't be read (ENOENT)"],
  [{ ...avro, version: { schema: 'order.proto' } }, 'version.schema: expected JSON, got something else'],
  [{ ...avro, version: { schema: 'order.avsc', file: 1 } }, 'version.file: unknown field; expected schema, references'],
  [{ ...avro, version: { schema: 'order.avsc', references: {} } }, 'version.references: expected a list'],
  [{ ...avro, version: { schema: 'order.avsc', references: [{ name: 'a', subject: 's' }] } }, NOT_A_REFERENCE],
  [
    { ...avro, version: { schema: 'order.avsc', references: [{ name: 'a', subject: '..', version: 1 }] } },
    NOT_A_REFERENCE,
  ],
  [{ ...avro, version: { schema: 'order.avsc', references: [5] } }, NOT_A_REFERENCE],
  [
    { ...glue, version: { schema: 'order.avsc', references: [] } },
    'version.references: expected none: schemas of Glue have no imports',
  ],
  [{ ...avro, autoRegister: true }, 'autoRegister: expected true only with version { schema }'],
  [{ ...avro, autoRegister: true, version: 3 }, 'autoRegister: expected true only with version { schema }'],
  [{ ...avro, autoRegister: 'yes' }, 'autoRegister: expected true or false'],
  [{ ...avro, normalize: true }, 'normalize: expected only of confluent, with version { schema }'],
  [{ ...avro, compression: 'zlib' }, 'compression: expected only with registry glue'],
  [{ ...glue, compression: 'gzip' }, 'compression: expected none | zlib'],
  [{ ...glue, schemaIdIn: 'header' }, 'schemaIdIn: expected only with registry confluent'],
  [{ ...avro, schemaIdIn: 'suffix' }, 'schemaIdIn: expected prefix | header'],
  [{ ...avro, format: 'protobuf', message: '' }, 'message: expected the name of a message'],
] as const)
  test(`${JSON.stringify(fields)} is refused`, () => {
    assert.deepEqual(problemsOf({ value: fields }), [`value.${problem}`])
    assert.deepEqual(problemsOf({ key: { subject: 's', ...fields } }), [`key.${problem}`])
  })

test('a key has no base format; fields of one format are unknown to another', () => {
  assert.deepEqual(problemsOf({ key: { format: 'json' } }), ['key.format: expected avro | protobuf | json-schema'])
  assert.deepEqual(problemsOf({ value: { format: 'xml' } }), [
    'value.format: expected json | text | base64 | avro | protobuf | json-schema',
  ])
  const fields = 'registry, subject, version, autoRegister, normalize, schemaIdIn, compression'
  assert.deepEqual(problemsOf({ value: { ...avro, message: 'a' } }), [
    `value.message: unknown field; expected format, ${fields}`,
  ])
  assert.deepEqual(problemsOf({ value: { ...avro, schema: {} } }), [
    `value.schema: unknown field; expected format, ${fields}`,
  ])
})

test('a key of Glue needs a name, as that of the topic is the schema of values', () => {
  assert.deepEqual(problemsOf({ key: glue, value: glue }), [
    'key.subject: expected a name: that of the topic is for values',
  ])
  assert.deepEqual(problemsOf({ key: { ...glue, subject: 'orders-key' }, value: glue }), [])
})
