// contracts check --registry: which schemas the registry has or would take.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { checkRegistries } from '../../bin/check-registry.ts'
import { parseConfig } from '../../lib/config/parse-config.ts'
import { CONTRACT_FORMATS } from '../../lib/schema-registry/codec-parts.ts'
import { GlueServer } from '../fakes/glue-server.ts'
import { RegistryServer } from '../fakes/registry-server.ts'
import { runCommand } from '../support/command.ts'
import { contractsOf } from '../support/contracts.ts'

const ORDER = '{"type":"long"}'
const STORED = { id: 7, version: 3, subject: 's', schema: ORDER }
const NOT_FOUND = { status: 404, body: { error_code: 40401, message: '' } }
const RULES = { domainRules: [{ name: 'encrypt', kind: 'TRANSFORM', mode: 'WRITEREAD', type: 'ENCRYPT' }] }

const ofFile = { format: 'avro', registry: 'confluent', version: { schema: 'order.avsc' } }
const contracts = (value: object) =>
  contractsOf([{ topic: 't', json: { value } }], { formats: CONTRACT_FORMATS, readSchema: () => ORDER })

for (const [what, value, answers, result] of [
  [
    'a version that is there',
    { format: 'avro', registry: 'confluent' },
    { 'GET /subjects/t-value/versions/latest': { body: STORED } },
    /^registered as version 3, id 7$/,
  ],
  [
    'a file that is registered',
    ofFile,
    { 'POST /subjects/t-value': { body: STORED } },
    /^registered as version 3, id 7$/,
  ],
  [
    'a file that would be compatible',
    ofFile,
    {
      'GET /subjects/t-value/versions/latest': { body: STORED },
      'POST /compatibility/subjects/t-value/versions/latest': { body: { is_compatible: true } },
    },
    /^not registered yet, compatible; register it before records are sent$/,
  ],
  [
    'the first version of a subject',
    { ...ofFile, autoRegister: true },
    {},
    /^not registered yet, the first version; the first record registers it$/,
  ],
] as const)
  test(`${what} is right, and nothing is registered`, async t => {
    const server = await RegistryServer.start(
      t,
      ({ method, path }) => (answers as Record<string, object>)[`${method} ${path}`] ?? NOT_FOUND,
    )
    const config = parseConfig({ bootstrapServers: ['a:1', 'b:1'], schemaRegistryUrl: [server.url] }, {})
    const [check] = await checkRegistries(contracts(value), config)
    assert.match(check?.result ?? '', result)
    assert.deepEqual([check?.isOk, check?.topic, check?.part, check?.subject], [true, 't', 'value', 't-value'])
    assert.ok(!server.requests.includes('POST /subjects/t-value/versions'), server.requests.join())
  })

for (const [what, value, answers, result] of [
  [
    'a version that is not there',
    { format: 'avro', registry: 'confluent' },
    {},
    /does not have a version of subject t-value/,
  ],
  [
    'a file that would not be compatible',
    ofFile,
    {
      'GET /subjects/t-value/versions/latest': { body: STORED },
      'POST /compatibility/subjects/t-value/versions/latest': { body: { is_compatible: false } },
    },
    /not compatible with the earlier versions of subject t-value/,
  ],
  [
    'a file whose subject has rules that run on write',
    ofFile,
    { 'GET /subjects/t-value/versions/latest': { body: { ...STORED, ruleSet: RULES } } },
    /rules that run on write/,
  ],
  [
    'an answer of something else',
    ofFile,
    { 'POST /compatibility/subjects/t-value/versions/latest': { body: {} } },
    /is_compatible/,
  ],
] as const)
  test(`${what} is a problem`, async t => {
    const server = await RegistryServer.start(
      t,
      ({ method, path }) => (answers as Record<string, object>)[`${method} ${path}`] ?? NOT_FOUND,
    )
    const config = parseConfig({ bootstrapServers: ['a:1', 'b:1'], schemaRegistryUrl: [server.url] }, {})
    const [check] = await checkRegistries(contracts(value), config)
    assert.equal(check?.isOk, false)
    assert.match(check?.result ?? '', result)
  })

test('the command prints each schema, and fails for a problem', async t => {
  const server = await RegistryServer.start(t, ({ path }) =>
    path.includes('/a-value/') ? { body: STORED } : NOT_FOUND,
  )
  const folder = mkdtempSync(join(tmpdir(), 'check-registry-'))
  t.after(() => rmSync(folder, { recursive: true }))
  for (const topic of ['a', 'b'])
    writeFileSync(join(folder, `${topic}.json`), '{"value": {"format": "avro", "registry": "confluent"}}')
  const env = { KAFKA_BOOTSTRAP_SERVERS: 'a:1,b:1', KAFKA_SCHEMA_REGISTRY_URL: server.url }
  const { stdout, stderr, status } = await runCommand(['contracts', 'check', '--registry', folder], env)
  assert.match(stdout, /^a +value +a-value +registered as version 3, id 7$/m)
  assert.match(stdout, /^b +value +b-value +problem$/m)
  assert.match(stderr, /contracts\/b\.json: value: .*b-value/)
  assert.equal(status, 1, stderr)
})

test('Glue is asked whether a schema that it does not have is valid', async t => {
  const server = await GlueServer.start()
  t.after(() => server.stop())
  Object.assign(process.env, { AWS_ACCESS_KEY_ID: 'k', AWS_SECRET_ACCESS_KEY: 's', AWS_REGION: 'us-east-1' })
  const config = parseConfig({ bootstrapServers: ['a:1', 'b:1'], glueEndpoint: server.url }, {})
  const missing = ['EntityNotFoundException']
  for (const [isValid, result] of [
    [true, /^not registered yet, valid; register it before records are sent$/],
    [false, /Glue reports the schema as invalid/],
  ] as const) {
    server.script({
      GetSchemaByDefinition: missing,
      GetSchemaVersion: missing,
      CheckSchemaVersionValidity: [{ Valid: isValid }],
    })
    const of = contracts({ ...ofFile, registry: 'glue', subject: `s-${isValid}` })
    const [check] = await checkRegistries(of, config)
    assert.equal(check?.isOk, isValid)
    assert.match(check?.result ?? '', result)
  }
})
