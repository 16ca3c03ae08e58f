// The doctor's checks of the schemas that contracts name: each problem is reported with what to do about it.
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { parseConfig } from '../../lib/config/parse-config.ts'
import type { ProducerOptions } from '../../lib/config/producer-options.ts'
import type { Contracts } from '../../lib/contracts/contract.ts'
import { toContracts } from '../../lib/contracts/load-contracts.ts'
import type { Check } from '../../lib/doctor/check.ts'
import { checkSchemas } from '../../lib/doctor/check-schemas.ts'
import { doctor } from '../../lib/doctor/doctor.ts'
import { CONTRACT_FORMATS } from '../../lib/schema-registry/codec-parts.ts'
import { GlueServer } from '../fakes/glue-server.ts'
import { type RegistryAnswer, RegistryServer } from '../fakes/registry-server.ts'

Object.assign(process.env, { AWS_ACCESS_KEY_ID: 'k', AWS_SECRET_ACCESS_KEY: 's', AWS_REGION: 'us-east-1' })
const SCHEMA = '"string"'

function contractsOf(contract: object): Contracts {
  const files = [{ topic: 'orders', json: { from: { http: true }, ...contract } }]
  const notCalled = () => assert.fail('no schema of a contract to compile')
  return toContracts(files, notCalled, { formats: CONTRACT_FORMATS, readSchema: () => SCHEMA })
}

async function checksOf(contract: object, options: ProducerOptions): Promise<Check[]> {
  const config = parseConfig({ bootstrapServers: 'a:1,b:2', deadLetter: 'none', ...options }, {})
  const checks: Check[] = []
  await checkSchemas(config, ['orders', 'chat'], contractsOf(contract), check => checks.push(check))
  return checks
}

async function checkOfConfluent(t: TestContext, answer: RegistryAnswer, value: object = {}): Promise<Check> {
  const registry = await RegistryServer.start(t, () => answer)
  const contract = { value: { format: 'avro', registry: 'confluent', ...value } }
  const [check, ...others] = await checksOf(contract, { schemaRegistryUrl: [registry.url] })
  assert.deepEqual(others, [])
  assert.equal(check?.name, 'schema orders-value (confluent)')
  return check
}

test('a contract that needs no registry has no line', async () => {
  assert.deepEqual(await checksOf({ value: { format: 'json' } }, {}), [])
})

test('keys and values have a line each', async t => {
  const body = { id: 1, version: 3, subject: 's', schema: SCHEMA }
  const registry = await RegistryServer.start(t, () => ({ body }))
  const avro = { format: 'avro', registry: 'confluent' }
  assert.deepEqual(await checksOf({ key: avro, value: avro }, { schemaRegistryUrl: [registry.url] }), [
    { name: 'schema orders-key (confluent)', status: 'ok', detail: 'version latest is there, and usable' },
    { name: 'schema orders-value (confluent)', status: 'ok', detail: 'version latest is there, and usable' },
  ])
})

test('a subject that is missing, refused, has rules or another format fails, with what to do', async t => {
  const rules = { domainRules: [{ name: 'encrypt', kind: 'TRANSFORM', mode: 'WRITEREAD', type: 'ENCRYPT' }] }
  const stored = { id: 1, version: 3, subject: 's', schema: SCHEMA }
  const cases: [RegistryAnswer, advice: RegExp][] = [
    [{ status: 404, body: { error_code: 40401, message: 'Subject not found.' } }, /Register the schema/],
    [{ status: 401, body: { error_code: 401 } }, /basic\.auth/],
    [{ status: 403, body: { error_code: 40301 } }, /permission to read/],
    [{ body: { ...stored, ruleSet: rules } }, /without rules for writers/],
    [{ body: { ...stored, schemaType: 'JSON' } }, /Correct the schema or the contract/],
  ]
  for (const [answer, advice] of cases) {
    const check = await checkOfConfluent(t, answer)
    assert.equal(check.status, 'failed', check.detail)
    assert.match(check.advice ?? '', advice)
  }
})

test('a schema without a GUID fails where records name it in a header', async t => {
  const answer = { body: { id: 1, version: 3, subject: 's', schema: SCHEMA } }
  const check = await checkOfConfluent(t, answer, { schemaIdIn: 'header' })
  assert.equal(check.status, 'failed')
  assert.match(check.detail ?? '', /expected a UUID \(guid\) from the registry/)
})

test('a registry without an address fails before anything is asked', async () => {
  const [check] = await checksOf({ value: { format: 'avro', registry: 'confluent' } }, {})
  assert.equal(check?.status, 'failed')
  assert.match(check?.detail ?? '', /schema\.registry\.url/)
})

test('a schema that is registered by the first record is not registered by the doctor', async t => {
  const value = { version: { schema: 'a.avsc' }, autoRegister: true }
  const check = await checkOfConfluent(t, { status: 404, body: { error_code: 40403 } }, value)
  assert.deepEqual([check.status, check.detail], ['warning', 'not registered yet'])
  const glue = await GlueServer.start()
  t.after(() => glue.stop())
  glue.script({ GetSchemaByDefinition: ['EntityNotFoundException'] })
  const contract = { value: { format: 'avro', registry: 'glue', ...value } }
  const [ofGlue] = await checksOf(contract, { glueEndpoint: glue.url })
  assert.equal(ofGlue?.status, 'warning')
  assert.deepEqual(glue.operations, ['GetSchemaByDefinition'])
})

test('a right that is missing on a schema of Glue is named', async t => {
  const glue = await GlueServer.start()
  t.after(() => glue.stop())
  glue.script({ GetSchemaVersion: ['AccessDeniedException'] })
  const [check] = await checksOf({ value: { format: 'avro', registry: 'glue' } }, { glueEndpoint: glue.url })
  assert.deepEqual([check?.name, check?.status], ['schema orders (glue)', 'failed'])
  assert.match(check?.detail ?? '', /AccessDeniedException/)
  assert.match(check?.advice ?? '', /glue:GetSchemaVersion/)
})

test('the doctor looks up schemas while brokers can’t be reached', async t => {
  const registry = await RegistryServer.start(t, () => ({ status: 404, body: { error_code: 40401 } }))
  const env = {
    KAFKA_BOOTSTRAP_SERVERS: '127.0.0.1:9,127.0.0.1:10',
    KAFKA_DEAD_LETTER: 'none',
    KAFKA_SCHEMA_REGISTRY_URL: registry.url,
  }
  const contracts = contractsOf({ value: { format: 'avro', registry: 'confluent' } })
  const checks = await doctor(env, ['orders'], { contracts, ms: 5000 })
  assert.equal(checks.find(({ name }) => name === 'schema orders-value (confluent)')?.status, 'failed')
})
