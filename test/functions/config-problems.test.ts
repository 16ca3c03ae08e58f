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
  assert.deepEqual(problemsOf({ acks: 1 }), [
    'acks (KAFKA_ACKS): the functions expect all, got 1: with less an acknowledged record can be lost.',
  ])
  assert.deepEqual(problemsOf({ enableIdempotence: false }), [
    'enable.idempotence (KAFKA_ENABLE_IDEMPOTENCE): the functions expect true, got false: without it a record whose ' +
      'answer was lost can be in Kafka twice.',
  ])
  // Below all there is no idempotence, so one problem says it.
  assert.equal(problemsOf({ acks: 0, enableIdempotence: false }).length, 1)
  assert.deepEqual(problemsOf({}), [])
})

test('a base path that no URL has as it is is refused', () => {
  for (const httpBasePath of ['a b', '/a b', 'é', '/a%20', '/events?'])
    assert.deepEqual(
      problemsOf({ httpBasePath }),
      ['KAFKA_HTTP_BASE_PATH: expected a path such as /events, without escapes and spaces, got another.'],
      httpBasePath,
    )
  for (const httpBasePath of ['', '/events', 'events/v1.0/', '/', '/a-b_c~d.e/F'])
    assert.deepEqual(problemsOf({ httpBasePath }), [])
})

const keyProblem = (expected: string) =>
  `key.serializer (KAFKA_KEY_SERIALIZER): the functions expect none, or ${expected}, because the contracts say how ` +
  'keys become bytes.'
const valueProblem = (topicAndFormat: string, expected: string) =>
  'value.serializer (KAFKA_VALUE_SERIALIZER): the functions expect none, because the contracts say how values become ' +
  `bytes, or one that agrees with all of them. For ${topicAndFormat} that is ${expected}.`

test('serializers are accepted if they write what every contract says', () => {
  const strings: ProducerOptions = {
    keySerializer: 'org.apache.kafka.common.serialization.StringSerializer',
    valueSerializer: 'org.apache.kafka.common.serialization.StringSerializer',
  }
  assert.deepEqual(problemsOf(strings), [])
  assert.deepEqual(problemsOf({ valueSerializer: 'json' }, jsonOnly), [])
  assert.deepEqual(problemsOf({ valueSerializer: 'bytes' }, bytesOnly), [])
  assert.deepEqual(problemsOf({ valueSerializer: 'json' }), [valueProblem('notes (format text)', 'string')])
  assert.deepEqual(problemsOf(strings, bytesOnly), [valueProblem('images (format base64)', 'bytes')])
  assert.deepEqual(problemsOf({ keySerializer: 'long' }), [keyProblem('string')])
  assert.deepEqual(problemsOf({ valueSerializer: { serialize: () => null } as never }, jsonOnly), [
    valueProblem('chat (format json)', 'json or string'),
  ])
})

test('a key serializer agrees with the contract that has a format for its keys', () => {
  const [chat] = jsonOnly.values()
  assert.ok(chat)
  const of = new Map([['chat', { ...chat, key: { ...chat.key, codec: chat.value.codec } }]])
  for (const keySerializer of ['json', 'string'] as const) assert.deepEqual(problemsOf({ keySerializer }, of), [])
  assert.deepEqual(problemsOf({ keySerializer: 'long' }, of), [keyProblem('json or string')])
  assert.deepEqual(problemsOf({}, of), [])
})

test('without contracts a key serializer is that of text', () => {
  const none = new Map()
  assert.deepEqual(problemsOf({ keySerializer: 'string', valueSerializer: 'json' }, none), [])
  assert.deepEqual(problemsOf({ keySerializer: 'long' }, none), [keyProblem('string')])
  assert.deepEqual(problemsOf({}, none), [])
})

test('a contract whose schemas are in a registry of Confluent’s API needs the registry’s address', () => {
  const avro = (registry: string) => ({ format: 'avro', registry, subject: 's' })
  const of = (json: object) => contractsOf([{ topic: 'orders', json }], { formats: CONTRACT_FORMATS })
  const expected = [
    'schema.registry.url (KAFKA_SCHEMA_REGISTRY_URL): expected https://…, as the contract of orders names the registry ' +
      'confluent; got none.',
  ]
  for (const json of [{ value: avro('confluent') }, { key: avro('confluent') }]) {
    assert.deepEqual(problemsOf({}, of(json)), expected)
    assert.deepEqual(problemsOf({ schemaRegistryUrl: ['http://127.0.0.1:1'] }, of(json)), [])
  }
  const inGlue = of({ value: avro('glue') })
  assert.deepEqual(problemsOf({}, inGlue), [])
  assert.deepEqual(problemsOf({ valueSerializer: 'json' }, inGlue), [valueProblem('orders (format avro)', 'none')])
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
