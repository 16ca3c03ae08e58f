// Contracts in code whose schemas are in a registry.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseConfig } from '../../lib/config/parse-config.ts'
import { defineContract } from '../../lib/contracts/define-contract.ts'
import { ConfigError } from '../../lib/errors.ts'
import { ProducerFactory } from '../../lib/producer-factory.ts'
import { registryCodec } from '../../lib/schema-registry/index.ts'
import { createFakeKafka } from '../../lib/testing/index.ts'
import { RegistryServer } from '../fakes/registry-server.ts'

test('a contract in code encodes keys and values by the registry of its producer', async t => {
  const server = await RegistryServer.start(t, ({ path }) => ({
    body: { id: path.includes('-key') ? 8 : 7, version: 3, subject: 's', schema: '{"type":"long"}' },
  }))
  const codec = registryCodec({ format: 'avro', registry: 'confluent' })
  const contract = defineContract('orders', { key: { codec }, value: { codec } })
  const kafka = createFakeKafka()
  const config = parseConfig({ bootstrapServers: ['a:1', 'b:1'], schemaRegistryUrl: [server.url] }, {})
  const rules = { contracts: new Map([['orders', contract]]) }
  const factory = new ProducerFactory({ config, createClient: kafka.createClient, rules })
  t.after(() => factory.close())
  for (const value of [2n ** 60n, 5, Buffer.from('1152921504606846976')])
    await factory.getProducer().send({ topic: 'orders', key: Buffer.from('4'), value } as never)
  const records = kafka.records('orders', {
    key: bytes => bytes.toString('hex'),
    value: bytes => bytes.toString('hex'),
  })
  const [large, small] = ['0000000007808080808080808020', '00000000070a']
  assert.deepEqual(
    records.map(({ value }) => value),
    [large, small, large],
  )
})

test('each option that is wrong is a problem', () => {
  const problemsOf = (options: object) => {
    try {
      registryCodec(options as never)
    } catch (error) {
      assert.ok(error instanceof ConfigError, String(error))
      return error.problems
    }
    return []
  }
  assert.deepEqual(problemsOf({ format: 'json' }), ['registryCodec: format: expected avro | protobuf | json-schema.'])
  assert.deepEqual(problemsOf({ format: 'avro', registry: 'glue', message: 'M', version: { schema: '{' } }), [
    'registryCodec: message: unknown; expected registry, subject, version, autoRegister, normalize, schemaIdIn, ' +
      'compression.',
    'registryCodec: version.schema: expected JSON, got something else.',
  ])
  assert.deepEqual(problemsOf({ format: 'protobuf', registry: 'confluent', message: 'M' }), [])
})
