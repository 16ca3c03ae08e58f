// The serializers of registries in a program: which schema they request, what they write, and how failures are
// classified.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { inflateSync } from 'node:zlib'
import { parseConfig } from '../../lib/config/parse-config.ts'
import {
  ConfigError,
  DeliveryError,
  InvalidRecordError,
  type KafkaProducerError,
  SerializationError,
} from '../../lib/errors.ts'
import { KafkaTemplate } from '../../lib/kafka-template.ts'
import {
  ConfluentAvroSerializer,
  ConfluentJsonSchemaSerializer,
  ConfluentProtobufSerializer,
  type ConfluentSerializerOptions,
  GlueSchemaRegistrySerializer,
} from '../../lib/schema-registry/index.ts'
import type { SchemaRegistry } from '../../lib/schema-registry/schema-registry.ts'
import type { SerializedData } from '../../lib/serialize/serializer.ts'
import { createFakeKafka } from '../../lib/testing/fake-kafka.ts'
import { RegistryServer } from '../fakes/registry-server.ts'
import { registeredSchema, registryFailure, ScriptedRegistry } from '../support/scripted-registry.ts'
import { serializerContext } from '../support/serializer-context.ts'

interface Order {
  readonly id: string
  readonly amount: number
}

const ORDER = {
  type: 'record',
  name: 'Order',
  namespace: 'shop',
  fields: [
    { name: 'id', type: 'string' },
    { name: 'amount', type: 'int' },
  ],
}
const AVRO = JSON.stringify(ORDER)
const PROTO = 'syntax = "proto3";\npackage shop;\nmessage Order { string id = 1; int32 amount = 2; }\n'
const JSON_SCHEMA = JSON.stringify({ title: 'Order', type: 'object', required: ['id'] })
const order: Order = { id: 'o-1', amount: 3 }
const AVRO_BYTES = '066f2d3106'
const PROTO_BYTES = '0a036f2d311003'
const JSON_BYTES = Buffer.from(JSON.stringify(order)).toString('hex')
const GUID = '00010203-0405-0607-0809-0a0b0c0d0e0f'
const GUID_HEX = GUID.replaceAll('-', '')

const inConfluent = { id: { registry: 'confluent', id: 258, guid: GUID } } as const
const inGlue = { id: { registry: 'glue', versionId: GUID } } as const
const hexOf = (data: SerializedData) => (data instanceof Uint8Array ? Buffer.from(data).toString('hex') : data)

/** A registry whose every subject has the schema. */
function registryOf(type: 'AVRO' | 'PROTOBUF' | 'JSON', text: string, id: object = inConfluent): ScriptedRegistry {
  const schema = registeredSchema(type, text, id)
  const names = ['t-value', 't-key', 't', 'shop.Order', 't-shop.Order', 'Order', 'named']
  return new ScriptedRegistry(Object.fromEntries(names.map(name => [name, schema])))
}

const avro = (options: ConfluentSerializerOptions, registry = registryOf('AVRO', AVRO)) => ({
  registry,
  serializer: new ConfluentAvroSerializer<Order>({ registry, ...options }),
})

test('each serializer writes the id of its schema and the data in its format', async () => {
  const cases = [
    [new ConfluentAvroSerializer({ registry: registryOf('AVRO', AVRO) }), `0000000102${AVRO_BYTES}`],
    [new ConfluentProtobufSerializer({ registry: registryOf('PROTOBUF', PROTO) }), `000000010200${PROTO_BYTES}`],
    [new ConfluentJsonSchemaSerializer({ registry: registryOf('JSON', JSON_SCHEMA) }), `0000000102${JSON_BYTES}`],
  ] as const
  for (const [serializer, hex] of cases)
    assert.equal(hexOf(await serializer.serialize(order, serializerContext())), hex, serializer.constructor.name)
})

test('Glue’s serializer writes each format, compressed or not', async () => {
  const cases = [
    ['AVRO', AVRO, AVRO_BYTES],
    ['PROTOBUF', PROTO, `00${PROTO_BYTES}`],
    ['JSON', JSON_SCHEMA, JSON_BYTES],
  ] as const
  for (const [glueDataFormat, text, hex] of cases) {
    const registry = registryOf(glueDataFormat, text, inGlue)
    const plain = new GlueSchemaRegistrySerializer({ glueDataFormat, registry })
    assert.equal(hexOf(await plain.serialize(order, serializerContext())), `0300${GUID_HEX}${hex}`)
    const zlib = new GlueSchemaRegistrySerializer({ glueDataFormat, registry, glueCompression: 'zlib' })
    const bytes = (await zlib.serialize(order, serializerContext())) as Buffer
    assert.equal(bytes.subarray(0, 18).toString('hex'), `0305${GUID_HEX}`)
    assert.equal(inflateSync(bytes.subarray(18)).toString('hex'), hex)
  }
})

test('the first record asks the registry; later ones get their bytes at once', async () => {
  const { serializer, registry } = avro({})
  const first = serializer.serialize(order, serializerContext())
  assert.ok(first instanceof Promise)
  await first
  assert.equal(hexOf((await first) as Buffer), `0000000102${AVRO_BYTES}`)
  const second = serializer.serialize(order, serializerContext())
  assert.ok(!(second instanceof Promise))
  assert.equal(hexOf(second), `0000000102${AVRO_BYTES}`)
  assert.equal(registry.selections.length, 1)
})

test('a registry is asked with the record’s signal', async () => {
  const { serializer, registry } = avro({})
  const { signal } = new AbortController()
  await serializer.serialize(order, serializerContext({ signal }))
  assert.equal(registry.signals[0], signal)
})

const definition = { type: 'AVRO', text: AVRO, references: [] } as const
const LATEST = { by: 'version', subject: 't-value', version: 'latest' } as const
const BY_DEFINITION = { by: 'definition', subject: 't-value', definition } as const

for (const [what, options, selection] of [
  ['without a schema: the latest version', {}, LATEST],
  ['with a schema: registered, as Java does', { schema: AVRO }, { ...BY_DEFINITION, register: true, normalize: false }],
  [
    'auto.register.schemas=false: looked up',
    { schema: AVRO, autoRegisterSchemas: false, normalizeSchemas: true },
    { ...BY_DEFINITION, register: false, normalize: true },
  ],
  ['use.latest.version: the latest version', { schema: AVRO, useLatestVersion: true }, LATEST],
  [
    'use.latest.version and auto.register.schemas=false',
    { schema: AVRO, useLatestVersion: true, autoRegisterSchemas: false },
    LATEST,
  ],
] as const)
  test(`which schema Confluent’s serializers ask for, ${what}`, async () => {
    const { serializer, registry } = avro(options)
    await serializer.serialize(order, serializerContext())
    assert.deepEqual(registry.selections, [selection])
  })

test('Glue’s serializer registers only where auto.register.schemas says so, as AWS’s does', async () => {
  for (const [options, register] of [
    [{}, false],
    [{ autoRegisterSchemas: true }, true],
  ] as const) {
    const registry = registryOf('AVRO', AVRO, inGlue)
    const serializer = new GlueSchemaRegistrySerializer({ glueDataFormat: 'AVRO', schema: AVRO, registry, ...options })
    await serializer.serialize(order, serializerContext())
    assert.deepEqual(registry.selections, [{ ...BY_DEFINITION, subject: 't', register, normalize: false }])
  }
})

test('the name of a Glue schema is the topic’s, or glueSchemaName', async () => {
  const registry = registryOf('AVRO', AVRO, inGlue)
  const serializer = new GlueSchemaRegistrySerializer({ glueDataFormat: 'AVRO', glueSchemaName: 'named', registry })
  await serializer.serialize(order, serializerContext({ isKey: true }))
  assert.deepEqual(registry.selections, [{ by: 'version', subject: 'named', version: 'latest' }])
})

test('a schema may import others, and be in a file', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'schema-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const schemaFile = join(folder, 'order.avsc')
  writeFileSync(schemaFile, AVRO)
  const references = [{ name: 'shop.Item', subject: 'item', version: 2 }]
  for (const options of [{ schema: AVRO }, { schemaFile }, { schemaFile: pathToFileURL(schemaFile) }]) {
    const { serializer, registry } = avro({ ...options, references })
    await serializer.serialize(order, serializerContext())
    const [selection] = registry.selections
    assert.ok(selection?.by === 'definition')
    assert.deepEqual(selection.definition, { type: 'AVRO', text: AVRO, references })
  }
})

test('keys and values have subjects and strategies of their own', async () => {
  const subjects = async (options: ConfluentSerializerOptions, isKey: boolean) => {
    const { serializer, registry } = avro({ schema: AVRO, ...options })
    await serializer.serialize(order, serializerContext({ isKey }))
    return registry.selections.map(({ subject }) => subject)
  }
  const strategies = { keySubjectNameStrategy: 'RecordName', valueSubjectNameStrategy: 'TopicRecordName' } as const
  assert.deepEqual(await subjects({}, false), ['t-value'])
  assert.deepEqual(await subjects({}, true), ['t-key'])
  assert.deepEqual(await subjects(strategies, false), ['t-shop.Order'])
  assert.deepEqual(await subjects(strategies, true), ['shop.Order'])
})

test('RecordName takes the name of a Protobuf message and the title of a JSON Schema', async () => {
  const strategy = { valueSubjectNameStrategy: 'RecordName' } as const
  const protobuf = registryOf('PROTOBUF', PROTO)
  await new ConfluentProtobufSerializer({ ...strategy, schema: PROTO, registry: protobuf }).serialize(
    order,
    serializerContext(),
  )
  await new ConfluentProtobufSerializer({ ...strategy, message: 'shop.Order', registry: protobuf }).serialize(
    order,
    serializerContext(),
  )
  const json = registryOf('JSON', JSON_SCHEMA)
  await new ConfluentJsonSchemaSerializer({ ...strategy, schema: JSON_SCHEMA, registry: json }).serialize(
    order,
    serializerContext(),
  )
  assert.deepEqual(
    [...protobuf.selections, ...json.selections].map(({ subject }) => subject),
    ['shop.Order', 'shop.Order', 'Order'],
  )
})

test('a strategy that needs a name the serializer does not have fails the delivery, not the record', async () => {
  const { serializer } = avro({ valueSubjectNameStrategy: 'RecordName' })
  await assert.rejects(
    async () => serializer.serialize(order, serializerContext()),
    ({ kind, code, message }: KafkaProducerError & { kind: string }) =>
      kind === 'delivery-failure' &&
      code === 'schema-unusable' &&
      /value\.subject\.name\.strategy .*schema/.test(message),
  )
})

test('the id may be in a header, of keys and values apart', async () => {
  const { serializer } = avro({ valueSchemaIdSerializer: 'header' })
  assert.deepEqual(await serializer.serialize(order, serializerContext()), {
    bytes: Buffer.from(AVRO_BYTES, 'hex'),
    headers: [['__value_schema_id', Buffer.from(`01${GUID_HEX}`, 'hex')]],
  })
  assert.equal(hexOf(await serializer.serialize(order, serializerContext({ isKey: true }))), `0000000102${AVRO_BYTES}`)
})

function templateOf(t: TestContext, registry: SchemaRegistry) {
  const kafka = createFakeKafka()
  const valueSerializer = new ConfluentAvroSerializer<Order>({ registry })
  const factory = kafka.producerFactory({ valueSerializer })
  t.after(() => factory.close())
  return { kafka, template: new KafkaTemplate<string, Order>(factory) }
}

test('records of a template are written by the schema, and tombstones stay null', async t => {
  const { kafka, template } = templateOf(t, registryOf('AVRO', AVRO))
  await template.send('t', 'k', order)
  await template.send('t', 'k', null)
  const values = kafka.records('t', { value: bytes => bytes.toString('hex') }).map(({ value }) => value)
  assert.deepEqual(values, [`0000000102${AVRO_BYTES}`, null])
})

test('data that does not fit the schema is an invalid record, with a pointer and without the data', async t => {
  const { template } = templateOf(t, registryOf('AVRO', AVRO))
  const error = await template.send('t', 'k', { id: 'o-1', amount: 'hush' as never }).catch(error => error)
  assert.ok(error instanceof InvalidRecordError, String(error))
  assert.equal(error.code, 'schema')
  assert.deepEqual(
    error.violations.map(({ pointer }) => pointer),
    ['/value/amount'],
  )
  assert.doesNotMatch(JSON.stringify(error), /hush/)
})

for (const [code, retriable] of [
  ['schema-registry', true],
  ['schema-registry-access', false],
  ['schema-not-found', false],
  ['schema-incompatible', false],
  ['schema-rules', false],
] as const)
  test(`a registry that fails (${code}) makes no record invalid`, async t => {
    const registry = new ScriptedRegistry({ 't-value': registryFailure(code, retriable) })
    const { template } = templateOf(t, registry)
    const error = await template.send('t', 'k', order).catch(error => error)
    assert.ok(error instanceof DeliveryError, String(error))
    assert.deepEqual([error.code, error.retriable], [code, retriable])
    registry.set('t-value', registeredSchema('AVRO', AVRO, inConfluent))
    await template.send('t', 'k', order)
  })

const answer = registeredSchema('AVRO', AVRO, inConfluent)
const withId = (id: object | undefined) => async () => ({ ...answer, id })
const NO_REGISTRIES: Readonly<Record<string, () => unknown>> = {
  'throws at once': () => {
    throw new Error('hush')
  },
  'throws for an invalid record': () => {
    throw new SerializationError('invalid-record', 'hush', { code: 'schema' })
  },
  'rejects with nothing': () => Promise.reject(),
  'finds nothing': async () => undefined,
  'has an id below 0': withId({ registry: 'confluent', id: -1, guid: undefined }),
  'has an id above Java’s int': withId({ registry: 'confluent', id: 2 ** 31, guid: undefined }),
  'has an id that is no number': withId({ registry: 'confluent', id: '7', guid: undefined }),
  'has a GUID that is none': withId({ registry: 'confluent', id: 7, guid: 'hush' }),
  'has no id': withId(undefined),
  'has an id of another registry': withId(inGlue.id),
  'has a type of its own': async () => ({ ...answer, type: 'THRIFT' }),
  'has no text': async () => ({ ...answer, text: 5 }),
  'has no references': async () => ({ ...answer, references: undefined }),
  'has no imports': async () => ({ ...answer, imports: undefined }),
  'has imports without a text': async () => ({ ...answer, imports: new Map([['a', undefined]]) }),
}
for (const [what, find] of Object.entries(NO_REGISTRIES))
  test(`a client of a program that ${what} makes no record invalid, and ends no process`, async t => {
    const { template } = templateOf(t, { find } as unknown as SchemaRegistry)
    const error = await template.send('t', 'k', order).catch(error => error)
    assert.ok(error instanceof DeliveryError, String(error))
    assert.deepEqual([error.code, error.retriable], ['schema-registry', false])
    assert.doesNotMatch(error.message, /hush/)
  })

test('a client of a program may return its schema at once, and without a GUID', async t => {
  const { kafka, template } = templateOf(t, { find: () => registeredSchema('AVRO', AVRO) } as unknown as SchemaRegistry)
  await template.send('t', 'k', order)
  assert.deepEqual(
    kafka.records('t', { value: bytes => bytes.toString('hex') }).at(0)?.value,
    `0000000007${AVRO_BYTES}`,
  )
})

test('a subject whose schema is in another language fails the delivery', async () => {
  const { serializer } = avro({}, registryOf('JSON', JSON_SCHEMA))
  await assert.rejects(async () => serializer.serialize(order, serializerContext()), { code: 'schema-unusable' })
})

const registry = registryOf('AVRO', AVRO)
for (const [create, problem] of [
  [() => new ConfluentAvroSerializer({ registry, schemaa: AVRO } as object), /schemaa is not an option.*schema\?/],
  [() => new ConfluentAvroSerializer({ registry, message: 'a' } as object), /message is not an option/],
  [() => new ConfluentAvroSerializer({ registry, glueRegion: 'x' } as object), /glueRegion is not an option/],
  [() => new ConfluentAvroSerializer({ registry, lingerMs: 5 } as object), /lingerMs is not an option/],
  [() => new ConfluentAvroSerializer(), /ConfluentAvroSerializer: schema\.registry\.url \(KAFKA_SCHEMA_REGISTRY_URL\)/],
  [() => new ConfluentAvroSerializer({ registry, schema: AVRO, schemaFile: '/x' }), /expected one of them, got both/],
  [
    () => new ConfluentAvroSerializer({ registry, schemaFile: '/none' }),
    /schemaFile: the file can't be read \(ENOENT\)/,
  ],
  [() => new ConfluentAvroSerializer({ registry, references: [] }), /references: takes effect only with schema/],
  [
    () => new ConfluentAvroSerializer({ registry, schema: AVRO, references: [{}] as never }),
    /references: expected a list of \{ name, subject, version \}/,
  ],
  [
    () => new ConfluentAvroSerializer({ registry, autoRegisterSchemas: true }),
    /auto\.register\.schemas .*\(true\): expected a schema to register/,
  ],
  [
    () => new ConfluentAvroSerializer({ registry, schema: AVRO, autoRegisterSchemas: true, useLatestVersion: true }),
    /expected false with use\.latest\.version/,
  ],
  [
    () => new ConfluentAvroSerializer({ registry, schemaRegistryUrl: 'sr' }),
    /schema\.registry\.url .*: expected https/,
  ],
  [() => new ConfluentAvroSerializer({ config: {} as never }), /config: expected what parseConfig/],
  [
    () =>
      new ConfluentAvroSerializer({
        config: parseConfig({ bootstrapServers: ['a:1', 'b:1'], schemaRegistryUrl: 'https://sr' }, {}),
        useLatestVersion: true,
      }),
    /useLatestVersion: expected in the configuration, got it beside config/,
  ],
  [() => new GlueSchemaRegistrySerializer({ registry }), /KAFKA_GLUE_DATA_FORMAT: expected AVRO, JSON or PROTOBUF/],
  [
    () => new GlueSchemaRegistrySerializer({ registry, glueDataFormat: 'AVRO', message: 'a' }),
    /message: takes effect only with PROTOBUF/,
  ],
] as const)
  test(`options that can’t take effect are problems: ${problem.source}`, () => {
    assert.throws(create, error => error instanceof ConfigError && problem.test(error.message))
  })

test('settings come from the environment where the options have none', t => {
  process.env.KAFKA_SCHEMA_REGISTRY_URL = 'sr'
  t.after(() => {
    delete process.env.KAFKA_SCHEMA_REGISTRY_URL
  })
  assert.throws(() => new ConfluentAvroSerializer(), /schema\.registry\.url .*: expected https/)
})

test('serializers with one configuration share a client of the registry', async t => {
  const server = await RegistryServer.start(t, () => ({
    body: { subject: 't-value', version: 1, id: 258, schema: AVRO },
  }))
  const config = parseConfig({ bootstrapServers: ['a:1', 'b:1'], schemaRegistryUrl: server.url }, {}, () => {})
  for (let i = 0; i < 2; i++) {
    const serializer = new ConfluentAvroSerializer<Order>({ config })
    assert.equal(hexOf(await serializer.serialize(order, serializerContext())), `0000000102${AVRO_BYTES}`)
  }
  assert.deepEqual(server.requests.filter(request => request.includes('/versions/latest')).length, 1)
})
