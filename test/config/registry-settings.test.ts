// The settings of schema registries are the same in code, in the environment and in files, under the names of
// Confluent's and AWS's serializers. One that would have no effect is refused; no secret is shown.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { inspect } from 'node:util'
import { loadConfig } from '../../lib/config/load-config.ts'
import { parseConfig } from '../../lib/config/parse-config.ts'
import type { ProducerOptions } from '../../lib/config/producer-options.ts'
import { SETTING_ROWS } from '../../lib/config/settings.ts'
import { ConfigError } from '../../lib/errors.ts'
import { environmentOf } from '../../scripts/template/environment.ts'

const folder = mkdtempSync(join(tmpdir(), 'registry-'))
after(() => rmSync(folder, { recursive: true }))

const BROKERS = { bootstrapServers: ['a:1', 'b:2'] }
const warnings: string[] = []
const inCode = (options: object) => parseConfig({ ...BROKERS, ...options } as ProducerOptions, {}, () => {})
let files = 0

function load(text: string, extension: 'properties' | 'yml') {
  const path = join(folder, `${files++}.${extension}`)
  writeFileSync(path, text)
  warnings.length = 0
  return loadConfig({ configFile: path }, {}, warning => warnings.push(warning))
}

const asProperties = (names: object) =>
  load(
    Object.entries({ 'bootstrap.servers': 'a:1,b:2', ...names })
      .map(([name, value]) => `${name}=${value}`)
      .join('\n'),
    'properties',
  )
const asYaml = (section: string, names: object) =>
  load(`spring.kafka.bootstrap-servers: a:1,b:2\nspring.kafka.${section}: ${JSON.stringify(names)}\n`, 'yml')

async function problemsOf(config: () => unknown): Promise<string> {
  try {
    await config()
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error))
    return error.problems.join('\n')
  }
  return 'none'
}

const url = 'https://sr.example.com'
const STRATEGIES = 'io.confluent.kafka.serializers.subject'
const GLUE = 'com.amazonaws.services.schemaregistry.serializers.GlueSchemaRegistryKafkaSerializer'

const CONFLUENT: readonly (readonly [what: string, names: Record<string, unknown>, options: object])[] = [
  [
    'a user info',
    {
      'schema.registry.url': `${url},${url}:8081/path/`,
      'basic.auth.credentials.source': 'USER_INFO',
      'basic.auth.user.info': 'key:secret',
    },
    {
      schemaRegistryUrl: [url, `${url}:8081/path`],
      schemaRegistryBasicAuthCredentialsSource: 'USER_INFO',
      schemaRegistryBasicAuthUserInfo: 'key:secret',
    },
  ],
  [
    'a user info by its other name',
    { 'schema.registry.url': url, 'schema.registry.basic.auth.user.info': 'key:secret' },
    { schemaRegistryUrl: [url], schemaRegistryBasicAuthUserInfo: 'key:secret' },
  ],
  [
    'OAuth',
    {
      'schema.registry.url': url,
      'bearer.auth.credentials.source': 'OAUTHBEARER',
      'bearer.auth.issuer.endpoint.url': 'https://idp/token',
      'bearer.auth.client.id': 'id',
      'bearer.auth.client.secret': 'hush',
      'bearer.auth.scope': 'sr',
      'bearer.auth.logical.cluster': 'lsrc-1',
      'bearer.auth.identity.pool.id': 'pool-1',
    },
    {
      schemaRegistryUrl: [url],
      schemaRegistryBearerAuthCredentialsSource: 'OAUTHBEARER',
      schemaRegistryBearerAuthIssuerEndpointUrl: 'https://idp/token',
      schemaRegistryBearerAuthClientId: 'id',
      schemaRegistryBearerAuthClientSecret: 'hush',
      schemaRegistryBearerAuthScope: 'sr',
      schemaRegistryBearerAuthLogicalCluster: 'lsrc-1',
      schemaRegistryBearerAuthIdentityPoolId: 'pool-1',
    },
  ],
  [
    'a token',
    { 'schema.registry.url': url, 'bearer.auth.credentials.source': 'STATIC_TOKEN', 'bearer.auth.token': 't' },
    {
      schemaRegistryUrl: [url],
      schemaRegistryBearerAuthCredentialsSource: 'STATIC_TOKEN',
      schemaRegistryBearerAuthToken: 't',
    },
  ],
  [
    'TLS',
    {
      'schema.registry.url': url,
      'schema.registry.ssl.truststore.location': '/ca.pem',
      'schema.registry.ssl.keystore.location': '/client.pem',
      'schema.registry.ssl.key.password': 'pw',
    },
    {
      schemaRegistryUrl: [url],
      schemaRegistrySslTruststoreLocation: '/ca.pem',
      schemaRegistrySslKeystoreLocation: '/client.pem',
      schemaRegistrySslKeyPassword: 'pw',
    },
  ],
  [
    'which schema, and where its id stands',
    {
      'schema.registry.url': url,
      'auto.register.schemas': false,
      'use.latest.version': true,
      'normalize.schemas': true,
      'key.subject.name.strategy': `${STRATEGIES}.RecordNameStrategy`,
      'value.subject.name.strategy': `${STRATEGIES}.TopicRecordNameStrategy`,
      'value.schema.id.serializer': 'io.confluent.kafka.serializers.schema.id.HeaderSchemaIdSerializer',
    },
    {
      schemaRegistryUrl: [url],
      autoRegisterSchemas: false,
      useLatestVersion: true,
      normalizeSchemas: true,
      keySubjectNameStrategy: 'RecordName',
      valueSubjectNameStrategy: 'TopicRecordName',
      valueSchemaIdSerializer: 'header',
    },
  ],
]

for (const [what, names, options] of CONFLUENT)
  test(`Confluent’s names mean the same in code, in the environment and in every file: ${what}`, async () => {
    const expected = { ...inCode(options) }
    const env = Object.entries(options).map(([option, value]) => {
      const row = SETTING_ROWS.find(([name]) => name === option)?.[1]
      return [row?.env, String(value)]
    })
    assert.deepEqual({ ...parseConfig(BROKERS, Object.fromEntries(env), () => {}) }, expected)
    assert.deepEqual({ ...(await asProperties(names)) }, expected)
    assert.deepEqual({ ...(await asYaml('properties', names)) }, expected)
    assert.deepEqual({ ...(await asYaml('producer.properties', names)) }, expected)
    assert.deepEqual(warnings, [])
  })

test('Java’s class names are understood in code and in the environment too', () => {
  const strategy = `${STRATEGIES}.RecordNameStrategy`
  assert.equal(inCode({ valueSubjectNameStrategy: strategy }).valueSubjectNameStrategy, 'RecordName')
  assert.equal(
    parseConfig(BROKERS, { KAFKA_VALUE_SUBJECT_NAME_STRATEGY: strategy }, () => {}).valueSubjectNameStrategy,
    'RecordName',
  )
})

test('an unsupported strategy is refused', async () => {
  for (const name of [`${STRATEGIES}.AssociatedNameStrategy`, 'com.example.MyStrategy', 'RecordNameStrategies'])
    assert.match(
      await problemsOf(() => asProperties({ 'value.subject.name.strategy': name })),
      /value\.subject\.name\.strategy .*: expected TopicName \| RecordName \| TopicRecordName/,
    )
})

test('the name with schema.registry. overrides the one without, as in Java, in either order', async () => {
  for (const names of [
    { 'schema.registry.basic.auth.user.info': 'a:1', 'basic.auth.user.info': 'b:2' },
    { 'basic.auth.user.info': 'b:2', 'schema.registry.basic.auth.user.info': 'a:1' },
  ]) {
    const config = await asProperties({ 'schema.registry.url': url, ...names })
    assert.equal(config.schemaRegistryBasicAuthUserInfo, 'a:1')
  }
})

test('AWS’s general names are settings of Glue if Glue’s serializer is configured', async () => {
  const names = {
    'value.serializer': GLUE,
    region: 'eu-west-1',
    'registry.name': 'events',
    endpoint: 'https://vpce.example.com',
    compression: 'ZLIB',
    dataFormat: 'protobuf',
    schemaName: 'orders',
    schemaAutoRegistrationEnabled: false,
    avroRecordType: 'GENERIC_RECORD',
    'compression.type': 'lz4',
  }
  const expected = inCode({
    valueSerializer: 'glue',
    glueRegion: 'eu-west-1',
    glueRegistryName: 'events',
    glueEndpoint: 'https://vpce.example.com',
    glueCompression: 'zlib',
    glueDataFormat: 'PROTOBUF',
    glueSchemaName: 'orders',
    autoRegisterSchemas: false,
    compressionType: 'lz4',
  })
  for (const load of [asProperties, (all: object) => asYaml('producer.properties', all)]) {
    assert.deepEqual({ ...(await load(names)) }, { ...expected })
    assert.match(warnings.join(), /^KAFKA_CONFIG_FILE: \S*avroRecordType has no effect here\.$/)
  }
  const spring = load(
    `spring.kafka.bootstrap-servers: a:1,b:2
spring.kafka.producer.value-serializer: \${SERIALIZER:${GLUE}}
spring.kafka.producer.properties: ${JSON.stringify({ ...names, 'value.serializer': null })}
`,
    'yml',
  )
  assert.deepEqual({ ...(await spring) }, { ...expected })
})

for (const [java, name] of [
  ['io.confluent.kafka.serializers.KafkaAvroSerializer', 'confluent-avro'],
  ['io.confluent.kafka.serializers.protobuf.KafkaProtobufSerializer', 'confluent-protobuf'],
  ['io.confluent.kafka.serializers.json.KafkaJsonSchemaSerializer', 'confluent-json-schema'],
] as const)
  test(`${java} is ${name} in code, in the environment and in every file`, async () => {
    const expected = { ...inCode({ valueSerializer: name, schemaRegistryUrl: url }) }
    assert.deepEqual({ ...inCode({ valueSerializer: java, schemaRegistryUrl: url }) }, expected)
    const env = { KAFKA_VALUE_SERIALIZER: java, KAFKA_SCHEMA_REGISTRY_URL: url }
    assert.deepEqual({ ...parseConfig(BROKERS, env, () => {}) }, expected)
    const names = { 'value.serializer': java, 'schema.registry.url': url }
    assert.deepEqual({ ...(await asProperties(names)) }, expected)
    assert.deepEqual({ ...(await asYaml('producer.properties', names)) }, expected)
  })

test('a serializer by name needs its registry, and only takes settings that have an effect', async () => {
  const avro = { valueSerializer: 'confluent-avro' }
  assert.match(
    await problemsOf(() => inCode(avro)),
    /schema\.registry\.url .*: expected with value\.serializer confluent/,
  )
  const withUrl = { ...avro, schemaRegistryUrl: url }
  assert.match(
    await problemsOf(() => inCode({ ...withUrl, autoRegisterSchemas: true })),
    /auto\.register\.schemas .*\(true\): expected false with value\.serializer confluent-avro/,
  )
  assert.match(
    await problemsOf(() => inCode({ ...withUrl, valueSubjectNameStrategy: 'RecordName' })),
    /value\.subject\.name\.strategy .*\(RecordName\): expected TopicName/,
  )
  assert.match(await problemsOf(() => inCode({ keySerializer: 'glue' })), /KAFKA_GLUE_DATA_FORMAT: expected with key/)
  assert.match(
    await problemsOf(() => loadConfig(BROKERS, { KAFKA_KEY_SERIALIZER: 'glue' }, () => {})),
    /KAFKA_GLUE_DATA_FORMAT: expected with key/,
  )
})

test('without Glue’s serializer AWS’s general names are unknown, and compression.type is Kafka’s', async () => {
  const json = { 'value.serializer': 'org.springframework.kafka.support.serializer.JsonSerializer' }
  for (const name of ['region', 'endpoint', 'compression', 'schemaName', 'dataFormat', 'registry.name'])
    assert.match(
      await problemsOf(() => asProperties({ ...json, [name]: 'zlib' })),
      new RegExp(`${name} is not a known setting`),
    )
  const { compressionType, glueCompression } = await asProperties({ ...json, 'compression.type': 'lz4' })
  assert.deepEqual([compressionType, glueCompression], ['lz4', 'none'])
})

test('settings that only Java classes and consumers read cause one warning', async () => {
  const names = {
    'specific.avro.reader': true,
    'avro.use.logical.type.converters': true,
    'json.oneof.for.nullables': false,
    'schema.registry.max.schemas.per.subject': 10,
    'latest.cache.ttl.sec': 60,
  }
  assert.deepEqual({ ...(await asProperties(names)) }, { ...inCode({}) })
  assert.deepEqual(warnings, [
    'KAFKA_CONFIG_FILE: specific.avro.reader, avro.use.logical.type.converters, json.oneof.for.nullables, ' +
      'schema.registry.max.schemas.per.subject, latest.cache.ttl.sec have no effect here.',
  ])
})

test('unsupported settings that would change a record’s bytes or the way to the registry are refused', async () => {
  for (const name of [
    'use.schema.id',
    'use.latest.with.metadata',
    'rule.executors',
    'schema.registry.proxy.host',
    'bearer.auth.custom.provider.class',
    'context.name.strategy',
    'reference.subject.name.strategy',
    'schema.registry.ssl.keystore.password',
  ])
    assert.match(await problemsOf(() => asProperties({ [name]: '1' })), /is not a known setting/, name)
  assert.match(
    await problemsOf(() => asProperties({ 'json.fail.invalid.schema': 'false' })),
    /json\.fail\.invalid\.schema: expected true, got "false"/,
  )
  assert.match(
    await problemsOf(() => asProperties({ 'schema.registry.ssl.truststore.type': 'JKS' })),
    /schema\.registry\.ssl\.truststore\.type: expected PEM/,
  )
})

test('a user and password in an address become the user info, and are shown nowhere', () => {
  const config = inCode({ schemaRegistryUrl: 'https://us%40er:pa%3Ass@sr1, https://us%40er:pa%3Ass@sr2' })
  assert.deepEqual(config.schemaRegistryUrl, ['https://sr1', 'https://sr2'])
  assert.equal(config.schemaRegistryBasicAuthUserInfo, 'us@er:pa:ss')
  for (const text of [inspect(config), JSON.stringify(config)]) assert.doesNotMatch(text, /pa.{1,3}ss|us.{1,3}er/)
})

test('the template takes no address with a user and password', () => {
  const env = { KAFKA_BOOTSTRAP_SERVERS: 'a:1,b:2' }
  assert.throws(
    () => environmentOf({ ...env, KAFKA_SCHEMA_REGISTRY_URL: 'https://u:hush@sr' }, new Map()),
    ({ message }: Error) => /SCHEMA_REGISTRY_URL: expected no user and password/.test(message) && !/hush/.test(message),
  )
})

const WRONG: readonly (readonly [options: Record<string, unknown>, problem: RegExp])[] = [
  [{ schemaRegistryUrl: 'sr:8081' }, /schema\.registry\.url \(KAFKA_SCHEMA_REGISTRY_URL\): expected https:\/\/…/],
  [{ schemaRegistryUrl: ',' }, /schema\.registry\.url .*expected https/],
  [{ schemaRegistryUrl: 'https://sr?hush=1' }, /got 1 in another form/],
  [{ schemaRegistryUrl: 'https://a:hush@x,https://b:hush@y' }, /expected one user and password for all addresses/],
  [
    { schemaRegistryUrl: 'https://a:hush@x', schemaRegistryBasicAuthUserInfo: 'a:hush' },
    /expected no user and password beside other credentials/,
  ],
  [{ schemaRegistryUrl: url, schemaRegistryBasicAuthUserInfo: 'hush' }, /expected user:password/],
  [{ schemaRegistryUrl: url, schemaRegistryBasicAuthCredentialsSource: 'URL' }, /expected a user and password with/],
  [{ schemaRegistryUrl: url, schemaRegistryBasicAuthCredentialsSource: 'USER_INFO' }, /user\.info .*got nothing/],
  [{ schemaRegistryUrl: url, schemaRegistryBasicAuthCredentialsSource: 'SASL_INHERIT' }, /sasl\.mechanism PLAIN/],
  [{ schemaRegistryBasicAuthUserInfo: 'a:hush' }, /user\.info .*takes effect only with schema\.registry\.url/],
  [{ schemaRegistrySslKeystoreKey: 'hush' }, /keystore\.key .*takes effect only with schema\.registry\.url/],
  [
    { schemaRegistryUrl: 'http://sr', schemaRegistrySslTruststoreCertificates: 'hush' },
    /takes effect only with schema\.registry\.url https/,
  ],
  [
    {
      schemaRegistryUrl: url,
      schemaRegistrySslTruststoreCertificates: 'hush',
      schemaRegistrySslTruststoreLocation: '/ca',
    },
    /expected one of them, got both/,
  ],
  [
    { schemaRegistryUrl: url, schemaRegistryBasicAuthUserInfo: 'a:hush', schemaRegistryBearerAuthToken: 'hush' },
    /basic\.auth and schema\.registry\.bearer\.auth: expected settings of one of them/,
  ],
  [{ schemaRegistryUrl: url, schemaRegistryBearerAuthClientSecret: 'hush' }, /only with .*source OAUTHBEARER/],
  [{ schemaRegistryUrl: url, schemaRegistryBearerAuthCredentialsSource: 'STATIC_TOKEN' }, /token .*got nothing/],
  [
    { schemaRegistryUrl: url, schemaRegistryBearerAuthIssuerEndpointUrl: 'http://idp' },
    /issuer\.endpoint\.url .*expected an https/,
  ],
  [
    { schemaRegistryUrl: url, schemaRegistryBearerAuthIssuerEndpointUrl: 'https://idp' },
    /client\.id and .*client\.secret: expected both/,
  ],
  [
    { schemaRegistryUrl: url, schemaRegistryBearerAuthCredentialsSource: 'SASL_OAUTHBEARER_INHERIT' },
    /expected sasl\.mechanism OAUTHBEARER/,
  ],
  [{ schemaRegistryUrl: url, schemaRegistryBearerAuthIdentityPoolId: 'p' }, /only with schema\.registry\.bearer\.auth/],
  [{ glueEndpoint: 'vpce' }, /KAFKA_GLUE_ENDPOINT: expected https/],
  [{ glueEndpoint: 'https://u:hush@vpce' }, /KAFKA_GLUE_ENDPOINT: expected https/],
]

for (const [options, problem] of WRONG)
  test(`settings of a registry that can’t take effect are a problem, without a secret: ${problem.source}`, async () => {
    const text = await problemsOf(() => inCode(options))
    assert.match(text, problem)
    assert.doesNotMatch(text, /hush/)
  })

test('credentials over http have a warning', () => {
  const texts: string[] = []
  const warn = (text: string) => texts.push(text)
  parseConfig({ ...BROKERS, schemaRegistryUrl: 'http://sr' }, {}, warn)
  assert.deepEqual(texts, [])
  parseConfig({ ...BROKERS, schemaRegistryUrl: 'http://sr', schemaRegistryBearerAuthToken: 't' }, {}, warn)
  assert.match(texts.join(), /schema\.registry\.url has an http: address: whoever reads the network/)
})

test('a secret may hold only the credentials of a registry', () => {
  const secretArn = 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:x'
  assert.throws(() => inCode({ secretArn }), /takes effect only with TLS or authentication/)
  const settings = { schemaRegistryUrl: url, schemaRegistryBasicAuthCredentialsSource: 'USER_INFO', secretArn }
  assert.equal(inCode(settings).secretArn, secretArn)
})
