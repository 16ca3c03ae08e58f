// The code in a function's bundle for contracts whose schemas are in a registry: each bundle has only the code that its
// contracts need.
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { parseConfig } from '../lib/config/parse-config.ts'
import { loadContracts } from '../lib/contracts/load-contracts.ts'
import { ConfigError } from '../lib/errors.ts'
import { pinSchemas, withPins } from '../scripts/pin-schemas.ts'
import { RegistryServer } from './fakes/registry-server.ts'
import { type ContractBundle, contractBundle, contractFolder } from './support/contract-bundles.ts'
import { httpHarness, recordsOf } from './support/function-harness.ts'

const AVRO = {
  type: 'record',
  name: 'Order',
  fields: [
    { name: 'id', type: 'long' },
    { name: 'customer', type: 'string' },
  ],
}
const PROTO = 'syntax = "proto3"; message Order { int64 id = 1; string customer = 2; }'
const JSON_SCHEMA = { type: 'object', properties: { id: { type: 'integer' }, note: { pattern: '^[a-z]*$' } } }
const SCHEMAS: Readonly<Record<string, object>> = {
  avro: { schemaType: 'AVRO', schema: JSON.stringify(AVRO) },
  protobuf: { schemaType: 'PROTOBUF', schema: PROTO },
  'json-schema': { schemaType: 'JSON', schema: JSON.stringify(JSON_SCHEMA) },
}
const VALUE = '{"id": 5, "customer": "ada"}'

/** What the bundle of a contract may have of each, anywhere. */
const PARTS: Readonly<Record<string, RegExp>> = {
  codec: /^lib\/schema-registry\/registry-codec\.ts$/,
  avro: /^lib\/schema-registry\/avro\//,
  protobuf: /^lib\/schema-registry\/protobuf\/(?!descriptor|proto-|resolve)|node_modules\/@bufbuild\//,
  'protobuf parser': /^lib\/schema-registry\/protobuf\/proto-parser\.ts$/,
  'json-schema': /^lib\/schema-registry\/json-schema\/json-schema-encoder\.ts$/,
  ajv: /node_modules\/ajv\/dist\/compile\//,
  recheck: /node_modules\/recheck\//,
  confluent: /^lib\/schema-registry\/confluent\//,
  glue: /^lib\/schema-registry\/glue\/|node_modules\/@aws-sdk\/client-glue\//,
  other: /node_modules\/(?:avsc|protobufjs)\/|^lib\/schema-registry\/(?:codec-parts|registry-fields)\.ts$/,
}

function partsOf({ outputs }: Pick<ContractBundle, 'outputs'>): string[] {
  const inputs = Object.values(outputs).flatMap(output => Object.entries(output.inputs))
  const modules = inputs.filter(([, { bytesInOutput }]) => bytesInOutput > 0).map(([path]) => path)
  return Object.keys(PARTS).filter(part => modules.some(path => (PARTS[part] as RegExp).test(path)))
}

function partsAtStart({ outputs }: ContractBundle): string[] {
  const [index = ''] = Object.entries(outputs).find(([, { entryPoint }]) => entryPoint?.endsWith('contracts.js')) ?? []
  const files = new Set([index])
  for (const file of files)
    for (const { path, kind } of outputs[file]?.imports ?? []) if (kind === 'import-statement') files.add(path)
  return partsOf({
    outputs: Object.fromEntries([...files].flatMap(file => (outputs[file] ? [[file, outputs[file]]] : []))),
  })
}

function contractFile(format: string, registry = 'confluent') {
  return { key: { required: false }, value: { format, registry } }
}

/** Asks a registry that is gone afterwards. */
async function pinned(t: TestContext, format: string) {
  const server = await RegistryServer.start(t, () => ({
    body: { id: 7, version: 3, subject: 'orders-value', ...SCHEMAS[format] },
  }))
  const schemaRegistryUrl = [server.url]
  const files = { 'orders.json': contractFile(format) }
  const folder = contractFolder(t, files)
  const config = parseConfig({ bootstrapServers: ['a:1', 'b:1'], schemaRegistryUrl }, {})
  const lines: string[] = []
  const contracts = await loadContracts(folder)
  const pins = await pinSchemas(contracts, config, line => lines.push(line))
  server.stop()
  return { files, contracts, pins, lines, schemaRegistryUrl }
}

test('without a registry a bundle has no byte of schemas and clients, also of those that settings name', async t => {
  const { outputs } = await contractBundle(
    t,
    { 'orders.json': { value: { schema: { type: 'object' } } } },
    { name: 'http' },
  )
  assert.deepEqual(partsOf({ outputs }), [])
  const paths = Object.values(outputs).flatMap(({ inputs }) => Object.keys(inputs))
  assert.deepEqual(
    paths.filter(path => path.includes('lib/schema-registry/') && !path.endsWith('/load-serializer.ts')),
    [],
  )
})

for (const [format, parts] of [
  ['avro', ['codec', 'avro', 'confluent']],
  ['protobuf', ['codec', 'protobuf', 'protobuf parser', 'confluent']],
  ['json-schema', ['codec', 'json-schema', 'ajv', 'recheck', 'confluent']],
] as const)
  test(`${format}: a bundle has its own format and registry, loaded with the first record`, async t => {
    const bundle = await contractBundle(t, { 'orders.json': contractFile(format) })
    assert.deepEqual(partsOf(bundle), parts)
    assert.deepEqual(partsAtStart(bundle), ['codec'])
  })

test('glue: a bundle has its client, loaded with the first record, and not that of another registry', async t => {
  const bundle = await contractBundle(t, { 'orders.json': contractFile('avro', 'glue') })
  assert.deepEqual(partsOf(bundle), ['codec', 'avro', 'glue'])
  assert.deepEqual(partsAtStart(bundle), ['codec'])
})

for (const [format, parts, written] of [
  ['avro', ['codec', 'avro'], '0a06616461'],
  ['protobuf', ['codec', 'protobuf'], '0008051203616461'],
  ['json-schema', ['codec', 'json-schema'], Buffer.from(VALUE).toString('hex')],
] as const)
  test(`${format}: with a pinned schema a function sends while the registry is down, without its client`, async t => {
    const { files, pins, schemaRegistryUrl, lines } = await pinned(t, format)
    const bundle = await contractBundle(t, files, { pins })
    assert.deepEqual(partsOf(bundle), parts)
    assert.ok(partsAtStart(bundle).every(part => ['codec', 'json-schema'].includes(part)))
    assert.deepEqual(lines, ['orders: value pinned to version 3, id 7'])
    const harness = httpHarness({ contracts: bundle.contracts, options: { schemaRegistryUrl } })
    const { status, body } = await harness.post('orders', `{"value": ${VALUE}}`)
    assert.equal(status, 200, JSON.stringify(body))
    assert.equal(Buffer.from(recordsOf(harness)[0]?.value ?? '').toString('hex'), `0000000007${written}`)
    const invalid = await harness.post('orders', '{"value": {"id": "x", "customer": "ada"}}')
    assert.deepEqual([invalid.status, invalid.body.records[0].violations[0].pointer], [422, '/value/id'])
  })

test('contracts whose schemas are pinned say so', async t => {
  const { contracts, pins } = await pinned(t, 'avro')
  const uses = (of: typeof contracts) => of.get('orders')?.value.codec.uses?.isPinned
  assert.deepEqual([uses(contracts), uses(withPins(contracts, pins))], [false, true])
})

test('a configuration without the registry’s address is one problem of a build with pins', async t => {
  const folder = contractFolder(t, { 'orders.json': contractFile('avro'), 'others.json': contractFile('avro') })
  const config = parseConfig({ bootstrapServers: ['a:1', 'b:1'] }, {})
  await assert.rejects(pinSchemas(await loadContracts(folder), config, assert.fail), (error: unknown) => {
    assert.ok(error instanceof ConfigError)
    assert.equal(error.problems.length, 1)
    assert.match(error.problems[0] ?? '', /^schema\.registry\.url/)
    return true
  })
})

test('what can’t be pinned fails the build, each schema with its reason', async t => {
  const server = await RegistryServer.start(t, ({ path }) =>
    path.includes('orders')
      ? { status: 404, body: { error_code: 40401, message: '' } }
      : { body: { id: 7, version: 3, subject: 's', schema: '{"type":"strng"}' } },
  )
  const folder = contractFolder(t, { 'orders.json': contractFile('avro'), 'others.json': contractFile('avro') })
  const config = parseConfig({ bootstrapServers: ['a:1', 'b:1'], schemaRegistryUrl: [server.url] }, {})
  await assert.rejects(pinSchemas(await loadContracts(folder), config, assert.fail), (error: unknown) => {
    assert.ok(error instanceof ConfigError)
    assert.equal(error.problems.length, 2)
    assert.match(error.problems[0] ?? '', /^contracts\/orders\.json: value: .*orders-value/)
    assert.match(error.problems[1] ?? '', /^contracts\/others\.json: value: schema: /)
    return true
  })
})

test('a schema whose GUID is not known can’t be pinned for ids in headers', async t => {
  // It was pinned, and every record of that package was then a delivery failure.
  const server = await RegistryServer.start(t, () => ({ body: { id: 7, version: 3, ...SCHEMAS.avro } }))
  const part = { format: 'avro', registry: 'confluent', schemaIdIn: 'header' }
  const folder = contractFolder(t, {
    'bySetting.json': { key: { format: 'avro', registry: 'confluent' }, value: {} },
    'orders.json': { key: part, value: part },
  })
  const settings = { schemaRegistryUrl: [server.url], keySchemaIdSerializer: 'header' } as const
  const config = parseConfig({ bootstrapServers: ['a:1', 'b:1'], ...settings }, {})
  await assert.rejects(pinSchemas(await loadContracts(folder), config, assert.fail), (error: unknown) => {
    assert.ok(error instanceof ConfigError)
    const reason = 'schema: expected a UUID (guid) from the registry, got none.'
    assert.deepEqual(error.problems, [
      `contracts/bySetting.json: key: ${reason}`,
      `contracts/orders.json: key: ${reason}`,
      `contracts/orders.json: value: ${reason}`,
    ])
    return true
  })
})
