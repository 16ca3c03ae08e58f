// Configurations that are valid for a producer, but that the functions refuse.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { configProblems } from '../../functions/config-problems.ts'
import { parseConfig } from '../../lib/config/parse-config.ts'
import type { ProducerOptions } from '../../lib/config/producer-options.ts'
import { ConfigError } from '../../lib/errors.ts'
import { CONTRACT_FORMATS } from '../../lib/schema-registry/codec-parts.ts'
import { RegistryCodec } from '../../lib/schema-registry/registry-codec.ts'
import { environmentOf } from '../../scripts/template/environment.ts'
import { contractsOf } from '../support/contracts.ts'

const contracts = contractsOf([
  { topic: 'chat', json: { value: { format: 'json' } } },
  { topic: 'notes', json: { value: { format: 'text' } } },
])
const jsonOnly = contractsOf([{ topic: 'chat', json: { value: { format: 'json' } } }])
const bytesOnly = contractsOf([{ topic: 'images', json: { value: { format: 'base64' } } }])

function problemsOf(options: ProducerOptions, of = contracts): string[] {
  return configProblems(parseConfig({ bootstrapServers: 'a:1,b:2', ...options }, {}), of)
}

test('acks below all and idempotence that is off are refused', () => {
  assert.match(problemsOf({ acks: 1 }).join(), /^acks \(KAFKA_ACKS\): .* expect all, got 1/)
  assert.match(problemsOf({ enableIdempotence: false }).join(), /^enable\.idempotence .* expect true, got false/)
  assert.deepEqual(problemsOf({}), [])
})

test('a base path that no URL has as it is is refused', () => {
  assert.match(problemsOf({ httpBasePath: 'a b' }).join(), /^KAFKA_HTTP_BASE_PATH: expected a path/)
  for (const httpBasePath of ['/events', 'events/v1.0/', '/']) assert.deepEqual(problemsOf({ httpBasePath }), [])
})

test('serializers are accepted if they write what every contract says', () => {
  const strings: ProducerOptions = {
    keySerializer: 'org.apache.kafka.common.serialization.StringSerializer',
    valueSerializer: 'org.apache.kafka.common.serialization.StringSerializer',
  }
  assert.deepEqual(problemsOf(strings), [])
  assert.deepEqual(problemsOf({ valueSerializer: 'json' }, jsonOnly), [])
  assert.deepEqual(problemsOf({ valueSerializer: 'bytes' }, bytesOnly), [])
  assert.match(problemsOf({ valueSerializer: 'json' }).join(), /value\.serializer .* notes \(format text\) .* string\./)
  assert.match(problemsOf(strings, bytesOnly).join(), /value\.serializer .* images \(format base64\) .* bytes\./)
  assert.match(problemsOf({ keySerializer: 'long' }).join(), /^key\.serializer .* or string/)
  assert.match(
    problemsOf({ valueSerializer: { serialize: () => null } as never }, jsonOnly).join(),
    /^value\.serializer/,
  )
})

test('a contract whose schemas are in a registry of Confluent’s API needs the registry’s address', () => {
  const avro = (registry: string) => ({ format: 'avro', registry, subject: 's' })
  const of = (json: object) => contractsOf([{ topic: 'orders', json }], { formats: CONTRACT_FORMATS })
  const expected = /^schema\.registry\.url \(KAFKA_SCHEMA_REGISTRY_URL\): .* contract of orders .*; got none\.$/
  for (const json of [{ value: avro('confluent') }, { key: avro('confluent') }]) {
    assert.match(problemsOf({}, of(json)).join(), expected)
    assert.deepEqual(problemsOf({ schemaRegistryUrl: ['http://127.0.0.1:1'] }, of(json)), [])
  }
  const inGlue = of({ value: avro('glue') })
  assert.deepEqual(problemsOf({}, inGlue), [])
  assert.match(problemsOf({ valueSerializer: 'json' }, inGlue).join(), /orders \(format avro\) that is none\.$/)
  const id = { registry: 'confluent', id: 1, guid: undefined } as const
  const pinned = new RegistryCodec({ format: 'avro', registry: 'confluent' }, { pinned: { id, load: assert.fail } })
  const [contract] = of({}).values()
  assert.ok(contract)
  assert.deepEqual(problemsOf({}, new Map([['orders', { ...contract, value: { codec: pinned } }]])), [])
})

test('packaging refuses what the functions refuse at init', () => {
  const env = { KAFKA_BOOTSTRAP_SERVERS: 'a:1,b:2', KAFKA_ENABLE_IDEMPOTENCE: 'false' }
  assert.throws(() => environmentOf(env, contracts), new ConfigError(problemsOf({ enableIdempotence: false })))
})
