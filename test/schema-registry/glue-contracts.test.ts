// Records of contracts whose schemas are in AWS Glue: the bytes that are written, and where a record ends when Glue
// fails.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { parseConfig } from '../../lib/config/parse-config.ts'
import type { ProducerOptions } from '../../lib/config/producer-options.ts'
import { type ContractFile, toContracts } from '../../lib/contracts/load-contracts.ts'
import { ProducerFactory } from '../../lib/producer-factory.ts'
import { CONTRACT_FORMATS } from '../../lib/schema-registry/codec-parts.ts'
import { createFakeKafka } from '../../lib/testing/index.ts'
import { type GlueAnswer, GlueServer } from '../fakes/glue-server.ts'

const ID = '0d34f9d4-2a6e-4a3b-8f30-1b4c2d5e6f70'
const SCHEMA = '{"type":"record","name":"Order","fields":[{"name":"id","type":"long"}]}'
const AVAILABLE = {
  SchemaVersionId: ID,
  DataFormat: 'AVRO',
  Status: 'AVAILABLE',
  SchemaDefinition: SCHEMA,
  VersionNumber: 3,
}
/** A deadline at which a registry that never answers ends. */
const SHORT = { retries: 0, ackTimeoutMs: 10, requestTimeoutMs: 50, deliveryTimeoutMs: 200 }

let glue: GlueServer
before(async () => {
  Object.assign(process.env, { AWS_ACCESS_KEY_ID: 'k', AWS_SECRET_ACCESS_KEY: 's', AWS_REGION: 'us-east-1' })
  glue = await GlueServer.start()
})
after(() => glue.stop())

/** @param answers of Glue to the look-up of the schema */
function setUp(answers: readonly GlueAnswer[], options: ProducerOptions = {}) {
  glue.script({ GetSchemaVersion: answers })
  const json: ContractFile['json'] = { value: { format: 'avro', registry: 'glue' } as object }
  const notCalled = () => assert.fail('There is no other schema.')
  const contracts = toContracts([{ topic: 'orders', json }], notCalled, { formats: CONTRACT_FORMATS })
  const kafka = createFakeKafka()
  const settings = { bootstrapServers: ['a:1', 'b:1'], deadLetter: 'none', glueEndpoint: glue.url, ...options }
  const config = parseConfig(settings, {})
  const factory = new ProducerFactory({ config, createClient: kafka.createClient, rules: { contracts } })
  const producer = factory.getProducer()
  return {
    send: (text: string) => producer.send({ topic: 'orders', key: 'k', value: Buffer.from(text) }),
    written: () => kafka.records('orders', { value: bytes => bytes }).map(({ value }) => value?.toString('hex')),
  }
}

test('records are written in Glue’s format; only the first one asks for the schema', async () => {
  const { send, written } = setUp([AVAILABLE])
  for (const id of ['1', '9007199254740993']) await send(`{"id":${id}}`)
  const header = `0300${ID.replaceAll('-', '')}`
  assert.deepEqual(written(), [`${header}02`, `${header}8280808080808020`])
  assert.equal(glue.calls.length, 1)
})

test('a value that does not fit the schema is invalid, at its pointer', async () => {
  const { send, written } = setUp([AVAILABLE])
  await assert.rejects(send('{"id":"hunter2"}'), (error: Error & { violations?: { pointer: string }[] }) => {
    assert.equal(error.name, 'InvalidRecordError')
    assert.equal(error.violations?.[0]?.pointer, '/value/id')
    return !error.message.includes('hunter2')
  })
  assert.deepEqual(written(), [])
})

const FAULTS: readonly (readonly [fault: string, answer: GlueAnswer, codes: readonly string[]])[] = [
  ['never answers', 'silence', ['schema-registry', 'deadline']],
  ['throttles', 'ThrottlingException', ['schema-registry', 'deadline']],
  ['answers 500', 500, ['schema-registry', 'deadline']],
  ['refuses the role', 'AccessDeniedException', ['schema-registry-access']],
  ['does not have the schema', 'EntityNotFoundException', ['schema-not-found']],
  ['found the version incompatible', { ...AVAILABLE, Status: 'FAILURE' }, ['schema-incompatible']],
  ['still checks the version', { ...AVAILABLE, Status: 'PENDING' }, ['schema-registry', 'deadline']],
  ['has the schema in another format', { ...AVAILABLE, DataFormat: 'JSON' }, ['schema-unusable']],
  ['has a schema that can’t be read', { ...AVAILABLE, SchemaDefinition: '{' }, ['schema-unusable']],
]

for (const [fault, answer, codes] of FAULTS)
  test(`a record is a delivery failure when Glue ${fault}`, async () => {
    const { send, written } = setUp([answer], codes.includes('deadline') ? SHORT : {})
    await assert.rejects(send('{"id":1}'), (error: Error & { code?: string }) => {
      assert.equal(error.name, 'DeliveryError')
      assert.ok(codes.includes(error.code ?? ''), error.code)
      return true
    })
    assert.deepEqual(written(), [])
  })

test('a record is a delivery failure when Glue is down, and is delivered when it is back', async () => {
  const down = setUp([AVAILABLE], { ...SHORT, glueEndpoint: 'http://127.0.0.1:1' })
  await assert.rejects(down.send('{"id":1}'), { name: 'DeliveryError' })
  const { send, written } = setUp([503, AVAILABLE])
  await send('{"id":1}')
  assert.equal(written().length, 1)
})
