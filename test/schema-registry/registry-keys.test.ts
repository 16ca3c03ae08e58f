// Keys that a registry's schema serializes keep every digit of the source.
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { parseConfig } from '../../lib/config/parse-config.ts'
import { type ContractFile, toContracts } from '../../lib/contracts/load-contracts.ts'
import { ProducerFactory } from '../../lib/producer-factory.ts'
import { CONTRACT_FORMATS } from '../../lib/schema-registry/codec-parts.ts'
import { createFakeKafka } from '../../lib/testing/index.ts'
import { RegistryServer } from '../fakes/registry-server.ts'
import { httpHarness } from '../support/function-harness.ts'

const KEY = { type: 'record', name: 'K', fields: [{ name: 'id', type: 'long' }] }
const SCHEMAS: Readonly<Record<string, unknown>> = { 't-key': KEY, 't-value': { type: 'map', values: KEY } }

async function setUp(t: TestContext, from: readonly string[]) {
  const registry = await RegistryServer.start(t, ({ path }) => {
    const subject = path.split('/')[2] ?? ''
    return { body: { id: 7, version: 1, subject, schema: JSON.stringify(SCHEMAS[subject]) } }
  })
  const json = {
    key: { format: 'avro', registry: 'confluent', from },
    value: { format: 'avro', registry: 'confluent' },
  }
  const contracts = toContracts(
    [{ topic: 't', json: json as ContractFile['json'] }],
    () => assert.fail('There is no other schema.'),
    { formats: CONTRACT_FORMATS },
  )
  return { contracts, options: { schemaRegistryUrl: [registry.url] } }
}

test('a key that is an object of the value keeps the digits that a double does not hold', async t => {
  const { contracts, options } = await setUp(t, ['value:/k'])
  const kafka = createFakeKafka()
  const config = parseConfig({ bootstrapServers: ['a:1'], ...options }, {})
  const producer = new ProducerFactory({ config, createClient: kafka.createClient, rules: { contracts } }).getProducer()
  await producer.send({ topic: 't', value: Buffer.from('{"a":{"id":1},"k": {"id": 9007199254740993}}') })
  const [record] = kafka.records('t', { key: bytes => bytes, value: bytes => bytes })
  assert.equal(record?.key?.toString('hex'), '00000000078280808080808020')
})

test('a key and the object of the value that it must agree with are compared by every digit', async t => {
  const harness = httpHarness(await setUp(t, ['record', 'value:/k']))
  const post = async (key: string, inValue: string) => {
    const { status, body } = await harness.post('t', `{"key":{"id":${key}},"value":{"k":{ "id": ${inValue} }}}`)
    return status === 200 ? 'delivered' : body.records[0].code
  }
  assert.equal(await post('9007199254740993', '9007199254740993'), 'delivered')
  assert.equal(await post('9007199254740993', '9007199254740992'), 'key-mismatch')
})
