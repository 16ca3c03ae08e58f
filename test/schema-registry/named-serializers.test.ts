// Serializers of registries that settings name: Java's class names and this library's names give the same bytes in
// code, in the environment and in a file. The serializers are imported only with the first record.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, type TestContext, test } from 'node:test'
import { loadConfig } from '../../lib/config/load-config.ts'
import { parseConfig } from '../../lib/config/parse-config.ts'
import type { ProducerConfig } from '../../lib/config/settings.ts'
import { DeliveryError } from '../../lib/errors.ts'
import { KafkaTemplate } from '../../lib/kafka-template.ts'
import { ProducerFactory } from '../../lib/producer-factory.ts'
import { createFakeKafka } from '../../lib/testing/fake-kafka.ts'
import { type AskedRegistry, RegistryServer } from '../fakes/registry-server.ts'

const folder = mkdtempSync(join(tmpdir(), 'named-'))
after(() => rmSync(folder, { recursive: true }))

const AVRO = { type: 'record', name: 'Order', fields: [{ name: 'id', type: 'string' }] }
const PROTO = 'syntax = "proto3";\nmessage Order { string id = 1; }\n'
const SCHEMAS: Readonly<Record<string, object>> = {
  avro: { schema: JSON.stringify(AVRO) },
  protobuf: { schemaType: 'PROTOBUF', schema: PROTO },
  json: { schemaType: 'JSON', schema: '{"type":"object"}' },
}

/** Each topic's name says in which language its schemas are. */
function answer({ path }: AskedRegistry) {
  const [, topic = '', part = ''] = /^\/subjects\/(\w+)-(key|value)\/versions\/latest/.exec(path) ?? []
  if (!SCHEMAS[topic]) return { status: 404, body: { error_code: 40_401, message: 'Subject not found.' } }
  return { body: { subject: `${topic}-${part}`, version: 3, id: part === 'key' ? 1 : 2, ...SCHEMAS[topic] } }
}

async function bytesOf(t: TestContext, config: ProducerConfig, topic: string): Promise<string> {
  const kafka = createFakeKafka()
  const factory = new ProducerFactory({ config, createClient: kafka.createClient })
  t.after(() => factory.close())
  await new KafkaTemplate<unknown, unknown>(factory).send(topic, { id: 'k' }, { id: 'v' })
  const hex = { key: (bytes: Buffer) => bytes.toString('hex'), value: (bytes: Buffer) => bytes.toString('hex') }
  const [record] = kafka.records(topic, hex)
  return `${record?.key} ${record?.value}`
}

const CASES = [
  ['avro', 'confluent-avro', 'io.confluent.kafka.serializers.KafkaAvroSerializer', '0000000001026b 00000000020276'],
  [
    'protobuf',
    'confluent-protobuf',
    'io.confluent.kafka.serializers.protobuf.KafkaProtobufSerializer',
    '0000000001000a016b 0000000002000a0176',
  ],
  [
    'json',
    'confluent-json-schema',
    'io.confluent.kafka.serializers.json.KafkaJsonSchemaSerializer',
    `0000000001${Buffer.from('{"id":"k"}').toString('hex')} 0000000002${Buffer.from('{"id":"v"}').toString('hex')}`,
  ],
] as const

for (const [topic, name, java, expected] of CASES)
  test(`${name} and ${java} write the same from code, environment, properties and YAML`, async t => {
    const { url } = await RegistryServer.start(t, answer)
    const brokers = { bootstrapServers: ['a:1', 'b:2'] }
    const inFile = async (text: string, extension: string) => {
      const configFile = join(folder, `${name}.${extension}`)
      writeFileSync(configFile, text)
      return loadConfig({ configFile }, {}, () => {})
    }
    const configs = [
      parseConfig({ ...brokers, schemaRegistryUrl: url, keySerializer: name, valueSerializer: java }, {}, () => {}),
      parseConfig(
        brokers,
        { KAFKA_SCHEMA_REGISTRY_URL: url, KAFKA_KEY_SERIALIZER: java, KAFKA_VALUE_SERIALIZER: name },
        () => {},
      ),
      await inFile(
        `bootstrap.servers=a:1,b:2\nschema.registry.url=${url}\nkey.serializer=${java}\nvalue.serializer=${java}\n`,
        'properties',
      ),
      await inFile(
        `spring:
  kafka:
    bootstrap-servers: a:1,b:2
    properties:
      schema.registry.url: ${url}
    producer:
      key-serializer: ${java}
      value-serializer: ${java}
`,
        'yml',
      ),
    ]
    for (const config of configs) assert.equal(await bytesOf(t, config, topic), expected)
  })

test('a registry without the subject makes no record invalid', async t => {
  const { url } = await RegistryServer.start(t, answer)
  const options = {
    bootstrapServers: ['a:1', 'b:2'],
    schemaRegistryUrl: url,
    valueSerializer: 'confluent-avro',
  } as const
  const kafka = createFakeKafka()
  const config = parseConfig(options, {}, () => {})
  const factory = new ProducerFactory({ config, createClient: kafka.createClient })
  t.after(() => factory.close())
  const error = await new KafkaTemplate<string, unknown>(factory).send('none', 'k', {}).catch(error => error)
  assert.ok(error instanceof DeliveryError, String(error))
  assert.equal(error.code, 'schema-not-found')
})

test('a program imports nothing of registries before its first record', () => {
  const code = `import { registerHooks } from 'node:module'
    const loaded = []
    registerHooks({ load: (url, context, next) => (loaded.push(url), next(url, context)) })
    const { ProducerFactory, parseConfig } = await import('./lib/index.ts')
    const options = { bootstrapServers: 'a:1,b:2', schemaRegistryUrl: 'https://sr', valueSerializer: 'confluent-avro' }
    const factory = new ProducerFactory({ config: parseConfig(options, {}, () => {}) })
    factory.getProducer()
    await factory.close()
    const ofRegistries = /lib.schema-registry|node_modules.(avsc|ajv|protobufjs|@bufbuild)/
    console.log(loaded.filter(url => ofRegistries.test(url)).join())`
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', code], { encoding: 'utf8' })
  assert.equal(stdout.trim(), '', stderr)
})
