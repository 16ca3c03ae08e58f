// The contract codec for registered schemas: what it requests, how often, and what it writes.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ProducerConfig } from '../../lib/config/settings.ts'
import { ConfigError, InvalidRecordError, SerializationError } from '../../lib/errors.ts'
import { JsonText } from '../../lib/record/json-text.ts'
import { jsonSchemaFormat } from '../../lib/schema-registry/json-schema/json-schema-format.ts'
import { RegistryCodec } from '../../lib/schema-registry/registry-codec.ts'
import type { OpenRegistry, RegistryCodecOptions } from '../../lib/schema-registry/registry-codec-options.ts'
import type { CodecContext } from '../../lib/serialize/value-codec.ts'
import { registeredSchema, registryFailure, ScriptedRegistry } from '../support/scripted-registry.ts'
import { serializerContext } from '../support/serializer-context.ts'

const GUID = '00010203-0405-0607-0809-0a0b0c0d0e0f'
const GUID_HEX = GUID.replaceAll('-', '')
const schema = registeredSchema('JSON', { type: 'object' }, { id: { registry: 'confluent', id: 258, guid: GUID } })
const inGlue = registeredSchema('JSON', { type: 'object' }, { id: { registry: 'glue', versionId: GUID } })

const configOf = (fields: object = {}) => fields as ProducerConfig

interface Parts {
  readonly registry?: ScriptedRegistry
  readonly config?: ProducerConfig | undefined
  readonly open?: OpenRegistry
}

function setUp(options: Partial<RegistryCodecOptions> = {}, { registry: given, open: opener, ...parts }: Parts = {}) {
  const registry = given ?? new ScriptedRegistry({ 't-value': schema, 't-key': schema, t: inGlue })
  const opened: ProducerConfig[] = []
  const compiled: unknown[] = []
  const open: OpenRegistry = async config => {
    opened.push(config)
    return opener ? opener(config) : registry
  }
  const format = {
    ...jsonSchemaFormat,
    compile: (...args: Parameters<typeof jsonSchemaFormat.compile>) => {
      compiled.push(args)
      return jsonSchemaFormat.compile(...args)
    },
  }
  const codec = new RegistryCodec(
    { format: 'json-schema', registry: 'confluent', ...options },
    { loadFormat: async () => format, open },
  )
  const config = 'config' in parts ? parts.config : configOf()
  const encode = (text: string, context: Partial<CodecContext> = {}) => {
    const value = new JsonText(text)
    return codec.encode({ value, content: codec.read(value) }, serializerContext({ config, ...context }))
  }
  return { codec, registry, opened, compiled, encode, config }
}

const hex = async (data: unknown) => Buffer.from((await data) as Uint8Array).toString('hex')
const hexOf = (text: string) => Buffer.from(text).toString('hex')

test('a value has the id of its schema before it; Glue’s has its version, compressed or not', async () => {
  assert.equal(await hex(setUp().encode('{"a": 1}')), `0000000102${hexOf('{"a": 1}')}`)
  assert.equal(await hex(setUp({ registry: 'glue' }).encode('{}')), `0300${GUID_HEX}${hexOf('{}')}`)
  const zipped = await hex(setUp({ registry: 'glue', compression: 'zlib' }).encode('{}'))
  assert.ok(zipped.startsWith(`0305${GUID_HEX}78`), zipped)
  const bySetting = await hex(
    setUp({ registry: 'glue' }, { config: configOf({ glueCompression: 'zlib' }) }).encode('{}'),
  )
  assert.equal(bySetting, zipped)
})

test('the id may be a header, by the contract or by the settings of keys and values', async () => {
  const header = (name: string) => ({
    bytes: Buffer.from('{}'),
    headers: [[name, Buffer.from(`01${GUID_HEX}`, 'hex')]],
  })
  assert.deepEqual(await setUp({ schemaIdIn: 'header' }).encode('{}'), header('__value_schema_id'))
  const config = configOf({ keySchemaIdSerializer: 'header', valueSchemaIdSerializer: 'prefix' })
  const { encode } = setUp({}, { config })
  assert.deepEqual(await encode('{}', { isKey: true }), header('__key_schema_id'))
  assert.equal(await hex(encode('{}')), `0000000102${hexOf('{}')}`)
})

test('once the schema is cached, bytes are returned synchronously, without requests or compilation', async () => {
  const { encode, registry, compiled, opened, config } = setUp()
  const first = [encode('{}'), encode('{"a":1}')]
  assert.ok(first.every(data => data instanceof Promise))
  await Promise.all(first)
  assert.equal(compiled.length, 1)
  const asked = registry.selections.length
  assert.ok(encode('{}') instanceof Uint8Array)
  assert.deepEqual([registry.selections.length, compiled.length, opened], [asked, 1, [config]])
})

test('keys and values have their own subject; each configuration has its own client', async () => {
  const { encode, registry, opened } = setUp()
  const other = configOf()
  await encode('{}')
  await encode('{}', { isKey: true })
  await encode('{}', { config: other })
  assert.deepEqual(
    registry.selections.map(({ subject }) => subject),
    ['t-value', 't-key', 't-value'],
  )
  assert.equal(opened.length, 2)
})

test('the registry is asked for the latest version, a number, or a definition with its references', async () => {
  const reference = { name: 'a', subject: 'a', version: 2 }
  for (const [options, selection] of [
    [{}, { by: 'version', subject: 't-value', version: 'latest' }],
    [
      { subject: 's', version: 3 },
      { by: 'version', subject: 's', version: 3 },
    ],
    [
      { version: { schema: '{}', references: [reference] }, autoRegister: true },
      {
        by: 'definition',
        subject: 't-value',
        definition: { type: 'JSON', text: '{}', references: [reference] },
        register: true,
        normalize: true,
      },
    ],
    [
      { version: { schema: '{}' }, normalize: false },
      {
        by: 'definition',
        subject: 't-value',
        definition: { type: 'JSON', text: '{}', references: [] },
        register: false,
        normalize: false,
      },
    ],
  ] as const) {
    const registry = new ScriptedRegistry({ 't-value': schema, s: schema })
    await setUp(options, { registry, config: configOf({ normalizeSchemas: true }) }).encode('{}')
    assert.deepEqual(registry.selections, [selection])
  }
})

test('a registry that failed is asked again by the next record', async () => {
  const registry = new ScriptedRegistry({ 't-value': registryFailure('schema-registry', true) })
  const { encode } = setUp({}, { registry })
  await assert.rejects(async () => encode('{}'), { code: 'schema-registry', retriable: true })
  registry.set('t-value', schema)
  await encode('{}')
  assert.equal(registry.selections.length, 2)
})

test('the signal of each record reaches the registry', async () => {
  const registry = new ScriptedRegistry({ 't-value': 'silent' })
  const { encode } = setUp({}, { registry })
  const controller = new AbortController()
  const encoding = encode('{}', { signal: controller.signal })
  setImmediate(() => controller.abort())
  await assert.rejects(async () => encoding, { code: 'schema-registry' })
  assert.deepEqual(registry.signals, [controller.signal])
})

test('a schema that can’t be used is compiled once, and each record fails of it', async () => {
  const registry = new ScriptedRegistry({ 't-value': registeredSchema('JSON', { type: 'strng' }) })
  const { encode, compiled } = setUp({}, { registry })
  for (let record = 0; record < 3; record++)
    await assert.rejects(async () => encode('{}'), { kind: 'delivery-failure', code: 'schema-unusable' })
  assert.equal(compiled.length, 1)
  const avro = new ScriptedRegistry({ 't-value': registeredSchema('AVRO', { type: 'string' }) })
  await assert.rejects(async () => setUp({}, { registry: avro }).encode('{}'), /expected JSON, got AVRO/)
})

test('a registry without settings is a delivery failure that names them; so is no configuration', async () => {
  const open: OpenRegistry = async () => {
    throw new ConfigError(['schema.registry.url: expected an address, got none.'])
  }
  const failure = { kind: 'delivery-failure', code: 'schema-registry', retriable: false }
  await assert.rejects(async () => setUp({}, { open }).encode('{}'), { ...failure, message: /schema\.registry\.url/ })
  await assert.rejects(async () => setUp({}, { config: undefined }).encode('{}'), failure)
})

test('code that can’t be loaded, or fails in another way, makes no record invalid', async () => {
  const missing = Object.assign(new Error('hunter2'), { code: 'ERR_MODULE_NOT_FOUND' })
  const fails = () => Promise.reject(missing)
  for (const [parts, code] of [
    [{ loadFormat: fails, open: async () => new ScriptedRegistry({ 't-value': schema }) }, 'schema-unusable'],
    [{ loadFormat: async () => jsonSchemaFormat, open: fails }, 'schema-registry'],
    [{ loadFormat: async () => jsonSchemaFormat, open: async () => ({ find: fails }) }, 'schema-registry'],
    [{ pinned: { id: schema.id, load: fails } }, 'schema-unusable'],
  ] as const)
    await assert.rejects(
      async () =>
        new RegistryCodec({ format: 'json-schema', registry: 'confluent' }, parts).encode(
          { value: 1, content: 1 },
          serializerContext({ config: configOf() }),
        ),
      (error: unknown) => {
        assert.ok(error instanceof SerializationError && !error.message.includes('hunter2'))
        assert.deepEqual([error.kind, error.code, error.retriable], ['delivery-failure', code, false])
        return true
      },
    )
})

test('a pinned schema needs no registry and no configuration', async () => {
  let loads = 0
  const codec = new RegistryCodec(
    { format: 'json-schema', registry: 'confluent' },
    {
      pinned: {
        id: { registry: 'confluent', id: 5, guid: undefined },
        load: () => {
          loads++
          return jsonSchemaFormat.compile(schema)
        },
      },
    },
  )
  const encode = () => codec.encode({ value: {}, content: {} }, serializerContext())
  const [one, two] = await Promise.all([encode(), encode()])
  assert.deepEqual(one, two)
  assert.equal(await hex(one), `0000000005${hexOf('{}')}`)
  assert.ok(encode() instanceof Uint8Array)
  assert.deepEqual([loads, codec.uses.isPinned], [1, true])
})

test('JSON, repeated names and depth are checked before the registry is used', () => {
  const { codec } = setUp()
  for (const [text, code] of [
    ['{"a"', 'bad-json'],
    ['{"a":1,"a":2}', 'repeated-name'],
    ['{"__proto__":1}', 'unknown-field'],
    ['['.repeat(101) + ']'.repeat(101), 'bad-json'],
  ] as const)
    assert.throws(
      () => codec.check(codec.read(new JsonText(text))),
      (error: unknown) => error instanceof InvalidRecordError && error.code === code,
      text,
    )
})

test('a value for which the encoder throws is invalid, and the error’s message is not passed on', async () => {
  const codec = new RegistryCodec(
    { format: 'avro', registry: 'confluent' },
    {
      pinned: {
        id: { registry: 'confluent', id: 5, guid: undefined },
        load: () => ({
          encode: () => {
            throw new RangeError('hunter2')
          },
        }),
      },
    },
  )
  await assert.rejects(
    async () => codec.encode({ value: 1, content: 1 }, serializerContext()),
    (error: unknown) => {
      assert.ok(error instanceof SerializationError && !error.message.includes('hunter2'))
      assert.deepEqual([error.kind, error.code], ['invalid-record', 'schema'])
      return true
    },
  )
})
