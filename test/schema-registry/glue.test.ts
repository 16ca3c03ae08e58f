// The client of the AWS Glue Schema Registry: its requests, retries and errors.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { parseConfig } from '../../lib/config/parse-config.ts'
import { createGlueRegistry, type GlueRegistryOptions } from '../../lib/schema-registry/glue/glue-registry.ts'
import type { SchemaDefinition, SchemaSelection } from '../../lib/schema-registry/schema-registry.ts'
import { VirtualClock } from '../../lib/testing/virtual-clock.ts'
import { type GlueAnswer, GlueServer } from '../fakes/glue-server.ts'

const NEVER = new AbortController().signal
const ID = '0d34f9d4-2a6e-4a3b-8f30-1b4c2d5e6f70'
const TEXT = '{"type":"record","name":"Order","fields":[]}'
const NOT_FOUND = 'EntityNotFoundException'
const version = (status: string, rest = {}) => ({
  SchemaVersionId: ID,
  DataFormat: 'AVRO',
  Status: status,
  VersionNumber: 3,
  SchemaDefinition: TEXT,
  ...rest,
})
const AVAILABLE = version('AVAILABLE')

let server: GlueServer
before(async () => {
  Object.assign(process.env, { AWS_ACCESS_KEY_ID: 'k', AWS_SECRET_ACCESS_KEY: 's', AWS_REGION: 'us-east-1' })
  server = await GlueServer.start()
})
after(() => server.stop())

type Options = Partial<GlueRegistryOptions>
const optionsOf = (options: Options) =>
  parseConfig({ bootstrapServers: 'a:1,b:2', deadLetter: 'none', glueEndpoint: server.url, ...options }, {})
const registry = (options: Options = {}) => createGlueRegistry(optionsOf(options), { random: () => 0 })
const latest: SchemaSelection = { by: 'version', subject: 'orders', version: 'latest' }
const byDefinition = (register = false, definition: Partial<SchemaDefinition> = {}): SchemaSelection => ({
  by: 'definition',
  subject: 'orders',
  definition: { type: 'AVRO', text: TEXT, references: [], ...definition },
  register,
  normalize: false,
})

/** Finds the schema while Glue answers as scripted. */
function find(
  selection: SchemaSelection,
  answers: Parameters<GlueServer['script']>[0],
  options?: Options,
  signal = NEVER,
) {
  server.script(answers)
  return registry(options).find(selection, signal)
}

test('a schema is found by its definition; the answer is kept', async () => {
  server.script({ GetSchemaByDefinition: [AVAILABLE] })
  const glue = registry({ glueRegistryName: 'shop' })
  for (let call = 1; call <= 2; call++)
    assert.deepEqual(await glue.find(byDefinition(), NEVER), {
      type: 'AVRO',
      text: TEXT,
      references: [],
      imports: new Map(),
      version: undefined,
      id: { registry: 'glue', versionId: ID },
    })
  const SchemaId = { RegistryName: 'shop', SchemaName: 'orders' }
  assert.deepEqual(server.calls, [{ operation: 'GetSchemaByDefinition', body: { SchemaId, SchemaDefinition: TEXT } }])
})

test('a version is found by its number or as the latest one of the default registry', async () => {
  for (const [wanted, number] of [
    ['latest', { LatestVersion: true }],
    [3, { VersionNumber: 3 }],
  ] as const) {
    const answers = { GetSchemaVersion: [version('AVAILABLE', { DataFormat: 'JSON' })] }
    const schema = await find({ by: 'version', subject: 'orders', version: wanted }, answers)
    assert.deepEqual([schema.type, schema.text, schema.version], ['JSON', TEXT, 3])
    const SchemaId = { RegistryName: 'default-registry', SchemaName: 'orders' }
    assert.deepEqual(server.calls, [{ operation: 'GetSchemaVersion', body: { SchemaId, SchemaVersionNumber: number } }])
  }
})

test('a version that is being checked is asked for again until it is available', async () => {
  const pending = version('PENDING')
  const schema = await find(byDefinition(), { GetSchemaByDefinition: [pending, pending, AVAILABLE] })
  assert.deepEqual(schema.id, { registry: 'glue', versionId: ID })
  assert.equal(server.calls.length, 3)
  await find(latest, { GetSchemaVersion: [pending, AVAILABLE] })
  assert.equal(server.calls.length, 2)
})

test('a version that is still being checked at the deadline is a failure that may pass', async () => {
  const controller = new AbortController()
  const answers = { GetSchemaByDefinition: [version('PENDING')] }
  const found = find(byDefinition(), answers, {}, controller.signal)
  const failed = assert.rejects(found, {
    code: 'schema-registry',
    retriable: true,
    message: /^AWS Glue: schema orders of registry default-registry: .* being checked for compatibility \(PENDING\)/,
  })
  while (server.calls.length < 2) await new Promise(setImmediate)
  controller.abort()
  await failed
})

test('a new version is registered; the next answer says whether it can be used', async () => {
  const schema = await find(byDefinition(true), {
    GetSchemaByDefinition: [NOT_FOUND, version('PENDING'), AVAILABLE],
    RegisterSchemaVersion: [{ SchemaVersionId: ID, Status: 'PENDING' }],
  })
  assert.deepEqual(schema.id, { registry: 'glue', versionId: ID })
  assert.deepEqual(server.operations, [
    'GetSchemaByDefinition',
    'RegisterSchemaVersion',
    'GetSchemaByDefinition',
    'GetSchemaByDefinition',
  ])
})

test('a schema that does not exist is created, with its data format and compatibility', async () => {
  const answers = {
    GetSchemaByDefinition: [NOT_FOUND, AVAILABLE],
    RegisterSchemaVersion: [NOT_FOUND],
    CreateSchema: [{ SchemaVersionId: ID, SchemaVersionStatus: 'AVAILABLE' }],
  }
  await find(byDefinition(true), answers, { glueCompatibility: 'FULL' })
  assert.deepEqual(server.calls[2], {
    operation: 'CreateSchema',
    body: {
      RegistryId: { RegistryName: 'default-registry' },
      SchemaName: 'orders',
      DataFormat: 'AVRO',
      Compatibility: 'FULL',
      SchemaDefinition: TEXT,
    },
  })
})

test('of producers that create a schema at the same time, all get its version', async () => {
  const schema = await find(byDefinition(true), {
    GetSchemaByDefinition: [NOT_FOUND, AVAILABLE],
    RegisterSchemaVersion: [NOT_FOUND],
    CreateSchema: ['AlreadyExistsException'],
  })
  assert.deepEqual(schema.id, { registry: 'glue', versionId: ID })
})

test('a version that was registered and is not visible yet is asked for again', async () => {
  await find(byDefinition(true), {
    GetSchemaByDefinition: [NOT_FOUND, NOT_FOUND, AVAILABLE],
    RegisterSchemaVersion: [{ SchemaVersionId: ID, Status: 'AVAILABLE' }],
  })
  assert.deepEqual(server.operations.filter(operation => operation === 'RegisterSchemaVersion').length, 1)
})

test('a version that is not compatible is refused, whoever registered it', async () => {
  const failed = version('FAILURE')
  const cases: [SchemaSelection, Parameters<GlueServer['script']>[0]][] = [
    [byDefinition(), { GetSchemaByDefinition: [failed] }],
    [latest, { GetSchemaVersion: [failed] }],
    [byDefinition(true), { GetSchemaByDefinition: [NOT_FOUND], RegisterSchemaVersion: [{ Status: 'FAILURE' }] }],
    [
      byDefinition(true),
      {
        GetSchemaByDefinition: [NOT_FOUND, version('PENDING'), failed],
        RegisterSchemaVersion: [{ Status: 'PENDING' }],
      },
    ],
  ]
  for (const [selection, answers] of cases)
    await assert.rejects(find(selection, answers), { code: 'schema-incompatible', retriable: false })
})

test('a version that is being deleted counts as one that is not there', async () => {
  await assert.rejects(find(latest, { GetSchemaVersion: [version('DELETING')] }), { code: 'schema-not-found' })
})

test('without auto-registration, a schema that is not there is not registered', async () => {
  const found = find(byDefinition(), { GetSchemaByDefinition: [NOT_FOUND] })
  await assert.rejects(found, { code: 'schema-not-found', retriable: false })
  assert.deepEqual(server.operations, ['GetSchemaByDefinition'])
  await assert.rejects(find(latest, { GetSchemaVersion: [NOT_FOUND] }), { code: 'schema-not-found' })
})

test('a missing registry is named when a schema is created in it', async () => {
  const answers = {
    GetSchemaByDefinition: [NOT_FOUND],
    RegisterSchemaVersion: [NOT_FOUND],
    CreateSchema: [NOT_FOUND],
  }
  await assert.rejects(find(byDefinition(true), answers, { glueRegistryName: 'shop' }), {
    code: 'schema-not-found',
    message: /glue:CreateSchema failed .* schema orders of registry shop: .* registry\.name/,
  })
})

test('a schema in another data format is refused, also one that was just registered', async () => {
  const json = version('AVAILABLE', { DataFormat: 'JSON' })
  const expected = { code: 'schema-unusable', message: /expected the data format AVRO, got JSON/ }
  await assert.rejects(find(byDefinition(), { GetSchemaByDefinition: [json] }), expected)
  const answers = {
    GetSchemaByDefinition: [NOT_FOUND, json],
    RegisterSchemaVersion: [{ SchemaVersionId: ID, Status: 'AVAILABLE' }],
  }
  await assert.rejects(find(byDefinition(true), answers), expected)
})

test('errors of the service: what is repeated, and what is said of the others', async () => {
  const cases: [GlueAnswer, code: string, said: RegExp][] = [
    ['AccessDeniedException', 'schema-registry-access', /expected AWS credentials with glue:GetSchemaVersion on/],
    ['UnrecognizedClientException', 'schema-registry-access', /credentials/],
    ['ExpiredTokenException', 'schema-registry-access', /credentials/],
    [403, 'schema-registry-access', /credentials/],
    ['InvalidInputException', 'schema-unusable', /InvalidInputException/],
    ['ValidationException', 'schema-unusable', /ValidationException/],
    ['ResourceNumberLimitExceededException', 'schema-registry', /quota/],
  ]
  for (const [answer, code, message] of cases) {
    const failed = find(latest, { GetSchemaVersion: [answer] })
    await assert.rejects(failed, { code, message })
    await assert.rejects(failed, { message: /^(?!.*secret)/ })
    assert.equal(server.calls.length, 1)
  }
  for (const answer of ['ThrottlingException', 'OperationTimeoutException', 500, 503, 'reset']) {
    assert.equal((await find(latest, { GetSchemaVersion: [answer, AVAILABLE] })).text, TEXT)
    assert.equal(server.calls.length, 2)
  }
})

test('a request without an answer ends after its time, and is repeated', async () => {
  const options = { schemaRegistryRequestTimeoutMs: 100 }
  assert.equal((await find(latest, { GetSchemaVersion: ['silence', AVAILABLE] }, options)).text, TEXT)
  // On a busy machine the second one may take too long as well.
  assert.ok(server.calls.length >= 2)
})

test('a registry that is down is a failure that may pass, at the record’s deadline', async () => {
  const controller = new AbortController()
  const glue = registry({ glueEndpoint: 'http://127.0.0.1:1' })
  const failed = assert.rejects(glue.find(latest, controller.signal), {
    code: 'schema-registry',
    retriable: true,
    causeCode: 'ECONNREFUSED',
  })
  setTimeout(() => controller.abort(), 300)
  await failed
})

test('without credentials or a region, the failure says what to set', async t => {
  const env = { ...process.env }
  t.after(() => {
    process.env = env
  })
  process.env = { PATH: env.PATH, HOME: '/nonexistent', AWS_EC2_METADATA_DISABLED: 'true' }
  server.script({ GetSchemaVersion: [AVAILABLE] })
  const expected = { code: 'schema-registry-access', retriable: false }
  await assert.rejects(registry().find(latest, NEVER), { ...expected, message: /AWS_REGION|credentials/ })
  await assert.rejects(registry({ glueRegion: 'eu-west-1' }).find(latest, NEVER), {
    ...expected,
    message: /expected AWS credentials/,
  })
  assert.equal(server.calls.length, 0)
})

test('an answer that is not what Glue answers is not believed', async () => {
  const cases: object[] = [
    {},
    version('AVAILABLE', { SchemaVersionId: 'abc' }),
    version('AVAILABLE', { SchemaVersionId: [ID] }),
    version('AVAILABLE', { DataFormat: 'XML' }),
    version('DONE'),
    version('AVAILABLE', { SchemaDefinition: undefined }),
    version('AVAILABLE', { SchemaDefinition: 'x'.repeat(1024 * 1024 + 1) }),
    version('AVAILABLE', { VersionNumber: 0 }),
    version('AVAILABLE', { VersionNumber: '3' }),
  ]
  for (const answer of cases)
    await assert.rejects(find(latest, { GetSchemaVersion: [answer] }), { code: 'schema-unusable', retriable: false })
})

test('a Protobuf schema may import only what every reader has', async () => {
  const protobuf = (text: string) => byDefinition(false, { type: 'PROTOBUF', text })
  const answers = { GetSchemaByDefinition: [version('AVAILABLE', { DataFormat: 'PROTOBUF' })] }
  for (const refused of ['import "other.proto";', "import public 'a/b.proto';", '/* */import\n"x.proto";'])
    await assert.rejects(find(protobuf(`syntax = "proto3"; ${refused}`), answers), {
      code: 'schema-unusable',
      message: /without imports/,
    })
  for (const allowed of [
    'import "google/protobuf/timestamp.proto";',
    '// import "other.proto";',
    '/* import "other.proto"; */',
    'option note = "import \'other.proto\'";',
  ])
    assert.ok(await find(protobuf(`syntax = "proto3"; ${allowed}\nmessage A {}`), answers))
  const text = 'import "other.proto";'
  const imported = { GetSchemaVersion: [version('AVAILABLE', { DataFormat: 'PROTOBUF', SchemaDefinition: text })] }
  await assert.rejects(find(latest, imported), { code: 'schema-unusable' })
})

test('a schema with references is refused, as Glue has none', async () => {
  const references = [{ name: 'Other', subject: 'other', version: 1 }]
  await assert.rejects(find(byDefinition(true, { references }), {}), { code: 'schema-unusable' })
  assert.equal(server.calls.length, 0)
})

test('a missing right is not asked for with every record', async () => {
  server.script({ GetSchemaVersion: ['AccessDeniedException'] })
  const glue = registry()
  for (let record = 1; record <= 3; record++)
    await assert.rejects(glue.find(latest, NEVER), { code: 'schema-registry-access' })
  assert.equal(server.calls.length, 1)
})

test('a connection that was idle while the container was frozen is not used again', async () => {
  const clock = new VirtualClock()
  const glue = createGlueRegistry(optionsOf({}), { clock })
  server.script({ GetSchemaVersion: [AVAILABLE] })
  const before = server.connections
  const findNew = (subject: string) => glue.find({ by: 'version', subject, version: 1 }, NEVER)
  await findNew('a')
  await findNew('b')
  assert.equal(server.connections - before, 1)
  clock.freeze(60_000)
  await findNew('c')
  assert.equal(server.connections - before, 2)
})
