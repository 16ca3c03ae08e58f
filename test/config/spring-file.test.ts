// Realistic Spring files: placeholders, profiles, dotted names, JAAS. A setting must have the same effect as in code;
// one without effect causes one warning.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { loadConfig } from '../../lib/config/load-config.ts'
import { parseConfig } from '../../lib/config/parse-config.ts'
import type { ProducerOptions } from '../../lib/config/producer-options.ts'
import type { ProducerConfig } from '../../lib/config/settings.ts'
import { readSettingsFile } from '../../lib/config/settings-file.ts'
import { ConfigError } from '../../lib/errors.ts'

const folder = mkdtempSync(join(tmpdir(), 'spring-'))
after(() => rmSync(folder, { recursive: true }))

const warnings: string[] = []
let files = 0

function load(text: string, env: NodeJS.ProcessEnv = {}, extension = 'yml'): Promise<ProducerConfig> {
  const path = join(folder, `${files++}.${extension}`)
  writeFileSync(path, text)
  warnings.length = 0
  return loadConfig({ configFile: path }, env, text => warnings.push(text))
}

const inCode = (options: ProducerOptions) => parseConfig({ bootstrapServers: ['a:1', 'b:2'], ...options }, {}, () => {})

async function problemsOf(text: string, env: NodeJS.ProcessEnv = {}, extension = 'yml'): Promise<readonly string[]> {
  const error: unknown = await load(text, env, extension).then(
    () => undefined,
    error => error,
  )
  assert.ok(error instanceof ConfigError, String(error))
  return error.problems
}

const SERVERS = 'spring:\n  kafka:\n    bootstrap-servers: a:1,b:2\n'

test('placeholders are the environment’s values, the file’s or their defaults', async () => {
  const yaml = `app:
  brokers: \${FIRST:a:1},\${second.broker:b:2}
spring:
  kafka:
    bootstrap-servers: \${app.brokers}
    client-id: \${CLIENT_ID:\${APP_NAME:none}}
    consumer:
      group-id: \${NOBODY_NEEDS_THIS}
`
  assert.deepEqual(await load(yaml), inCode({ clientId: 'none' }))
  assert.deepEqual(
    await load(yaml, { FIRST: 'c:3', SECOND_BROKER: 'd:4', APP_NAME: 'mine' }),
    inCode({ bootstrapServers: ['c:3', 'd:4'], clientId: 'mine' }),
  )
})

test('the other forms that Spring and Kafka accept have the same effect as the plain ones', async () => {
  const forms: readonly [text: string, extension: string, options: ProducerOptions][] = [
    [`${SERVERS}    properties[client.id]: c\n`, 'yml', { clientId: 'c' }],
    ['spring:\n  kafka:\n    bootstrap-servers: ["a:1,b:2"]\n', 'yml', {}],
    [`${SERVERS}    producer:\n      properties:\n        enable.idempotence: on\n`, 'yml', {}],
    [
      `${SERVERS}    producer:\n      properties:\n        enable.idempotence: No\n`,
      'yml',
      { enableIdempotence: false },
    ],
    [
      'bootstrap.servers=a:1,b:2 \nenable.idempotence=true \nacks=all\t\nclient.id= c \n',
      'properties',
      { clientId: 'c' },
    ],
  ]
  for (const [text, extension, options] of forms)
    assert.deepEqual(await load(text, {}, extension), inCode(options), text)
  const [first, second] = [
    await load(`${SERVERS}    client-id: \${random.uuid}\n`),
    await load(`${SERVERS}    client-id: \${random.uuid}\n`),
  ]
  assert.match(first.clientId, /^[\da-f-]{36}$/)
  assert.notEqual(first.clientId, second.clientId)
})

test('a name that begins with kafka. does not make a Java client’s file one of Spring’s', async () => {
  assert.deepEqual(await problemsOf('bootstrap.servers=a:1,b:2\nkafka.version=3\n', {}, 'properties'), [
    'KAFKA_CONFIG_FILE: kafka.version is not a known setting.',
  ])
})

test('a file that is to be imported is named in a warning', async () => {
  await load(`${SERVERS}spring.config.import: "optional:configserver:"\n`)
  assert.deepEqual(warnings, [
    'KAFKA_CONFIG_FILE: spring.config.import is not supported: the imported files have no effect here.',
  ])
})

test('a placeholder without a value, and one that names itself, are problems', async () => {
  assert.deepEqual(await problemsOf(`${SERVERS}    client-id: \${CLIENT}\n`), [
    'KAFKA_CONFIG_FILE: client-id: expected ${CLIENT} in the environment or the file, got none.',
  ])
  assert.match((await problemsOf(`a: \${b}\nb: \${a}\n${SERVERS}    client-id: \${a}\n`)).join(), /expected \$\{[ab]\}/)
})

test('a placeholder ends at its own brace, and names of Object.prototype have no value', async () => {
  const idOf = async (placeholder: string, env: NodeJS.ProcessEnv = {}) =>
    (await load(`${SERVERS}    client-id: '${placeholder}'\n`, env)).clientId
  assert.deepEqual([await idOf('${A:{x}}', { A: 'v' }), await idOf('${A:{x}}-${B:b}')], ['v', '{x}-b'])
  for (const name of ['constructor', 'toString', '__proto__'])
    for (const env of [{}, process.env]) assert.equal(await idOf(`\${${name}:none}`, env), 'none')
})

test('values that refer to one another many times are a problem, found in bounded time', async () => {
  const lines = Array.from({ length: 19 }, (_, i) => `a${i}: "${`\${a${i + 1}}`.repeat(3)}"\n`)
  const yaml = `${lines.join('')}a19: x\n${SERVERS}    client-id: \${a0}\n`
  assert.deepEqual(await problemsOf(yaml), [
    'KAFKA_CONFIG_FILE: client-id: expected at most 1000 placeholders in its value, got more.',
  ])
  const flat = `${SERVERS}    client-id: '${'${A}'.repeat(50_000)}'\n`
  assert.match((await problemsOf(flat, { A: 'a' })).join(), /at most 1000 placeholders/)
})

test('of several documents those of the active profiles count, the later before the earlier', async () => {
  const yaml = `${SERVERS}    client-id: all
---
spring:
  config.activate.on-profile: prod & !eu, stage
  kafka:
    client-id: active
---
spring.config.activate.on-profile: "!prod"
spring.kafka.producer.linger-ms: 7
`
  const seen = async (SPRING_PROFILES_ACTIVE?: string) => {
    const { clientId, lingerMs } = await load(yaml, SPRING_PROFILES_ACTIVE ? { SPRING_PROFILES_ACTIVE } : {})
    return [clientId, lingerMs]
  }
  assert.deepEqual(
    [await seen(), await seen('prod'), await seen('prod,eu'), await seen('stage')],
    [
      ['all', 7],
      ['active', 0],
      ['all', 0],
      ['active', 7],
    ],
  )
  const properties =
    'spring.kafka.bootstrap-servers[0]=a:1\nspring.kafka.bootstrap-servers[1]=b:2\nspring.profiles.active=p\n'
  const second = '#---\nspring.config.activate.on-profile=p\nspring.kafka.client-id=second\n'
  assert.deepEqual(await load(properties + second, {}, 'properties'), inCode({ clientId: 'second' }))
  assert.match(
    (await problemsOf(`${SERVERS}---\nspring.config.activate.on-profile: (a | b)\n`)).join(),
    /not supported/,
  )
})

for (const [extension, condition] of [
  ['yml', 'spring.profiles: prod'],
  ['yml', 'spring:\n  profiles: [prod, test]'],
  ['yml', 'spring.config.activate.on-cloud-platform: kubernetes'],
  ['yml', 'spring.config.activate.on-profile[0]: prod'],
  ['properties', 'spring.profiles=prod'],
  ['properties', 'spring.profiles[0]=prod'],
  ['properties', 'Spring.Profiles=prod'],
] as const)
  test(`a document with an unsupported condition does not apply: ${JSON.stringify(condition)}`, async () => {
    const [start, separator, equals] = extension === 'yml' ? [SERVERS, '---', ':'] : ['', '#---', '=']
    const text = `${start}${separator}\n${condition}\nspring.kafka.client-id${equals} other\n`
    const path = join(folder, `${files++}.${extension}`)
    writeFileSync(path, text)
    const { values, problems } = await readSettingsFile(path, { SPRING_PROFILES_ACTIVE: 'prod' })
    assert.equal(values.clientId, undefined)
    assert.match(problems.join(), /not supported, spring\.(?:profiles|config\.activate\.on-)/i)
  })

// The original bug: the brokers of another environment were used without a warning.
for (const [profiles, env] of [
  ['active: ${STAGE:dev}', { STAGE: 'prod' }],
  ['active: [x, prod]', {}],
  ['include: prod', {}],
  ['{active: x, include: prod}', {}],
  ['default: prod', {}],
  ['group: {live: [eu, "${STAGE}"]}', { STAGE: 'prod', SPRING_PROFILES_ACTIVE: 'live' }],
  ['group: {live: all, all: "eu,prod"}', { SPRING_PROFILES_ACTIVE: 'live' }],
  ['{}', { SPRING_PROFILES_ACTIVE_0_: 'eu', SPRING_PROFILES_ACTIVE_1_: 'prod' }],
  ['active: dev', { SPRING_PROFILES_INCLUDE: 'prod' }],
  ['{}', { SPRING_PROFILES_DEFAULT: 'prod' }],
] as const)
  test(`a profile is active as in Spring: ${profiles} with ${Object.keys(env).join() || 'no variable'}`, async () => {
    const section = profiles.startsWith('{') ? profiles : `{${profiles.replace(/: (\$.*)$/, ': "$1"')}}`
    const dev = `spring:\n  profiles: ${section}\n  kafka:\n    bootstrap-servers: dev:1,dev:2\n`
    const prod = '---\nspring.config.activate.on-profile: prod\nspring.kafka.bootstrap-servers: prod:1,prod:2\n'
    assert.deepEqual((await load(dev + prod, env)).bootstrapServers, ['prod:1', 'prod:2'])
  })

test('profiles: default ones count only alone; a missing placeholder and a profile’s own are problems', async () => {
  const prod = '---\nspring.config.activate.on-profile: prod\nspring.kafka.client-id: prod\n'
  const text = `${SERVERS}    client-id: all\n  profiles: {active: dev, default: prod}\n${prod}`
  assert.equal((await load(text)).clientId, 'all')
  assert.match(
    (await problemsOf(`${SERVERS}  profiles.active: "\${STAGE}"\n`)).join(),
    /spring\.profiles: expected \$\{STAGE\}/,
  )
  const nested = '---\nspring.config.activate.on-profile: x\nspring.profiles.include: prod\n'
  assert.match((await problemsOf(SERVERS + nested)).join(), /not supported, spring\.profiles\.include/)
})

test('variables by which Spring overrides a file have a warning', async () => {
  assert.deepEqual(await load(SERVERS, { SPRING_KAFKA_BOOTSTRAP_SERVERS: 'c:3' }), inCode({}))
  assert.match(warnings.join('\n'), /SPRING_KAFKA_BOOTSTRAP_SERVERS has no effect here; expected .*KAFKA_/)
})

test('a condition is recognised in each of Spring’s forms of its name', async () => {
  const prod = 'spring.config.activate.onProfile: prod\nspring.kafka.client-id: prod\n'
  const text = `${SERVERS}    client-id: all\n---\n${prod}`
  assert.deepEqual(
    [(await load(text)).clientId, (await load(text, { SPRING_PROFILES_ACTIVE: 'prod' })).clientId],
    ['all', 'prod'],
  )
})

for (const [form, yaml] of [
  ['dotted', 'spring.kafka.producer.bootstrap-servers: a:1,b:2\nspring.kafka.producer.properties.linger.ms: 5\n'],
  [
    'half dotted',
    'spring:\n  kafka.producer.bootstrap-servers: a:1,b:2\n  kafka.producer.properties:\n    linger.ms: 5\n',
  ],
  ['without spring', 'kafka:\n  bootstrap-servers: [a:1, b:2]\n  properties: { "linger.ms": 5 }\n'],
] as const)
  test(`names in YAML: ${form}`, async () => {
    assert.deepEqual(await load(yaml), inCode({ lingerMs: 5 }))
  })

const BEARER = 'org.apache.kafka.common.security.oauthbearer'
const JAAS: readonly (readonly [mechanism: string, jaas: string, options: ProducerOptions])[] = [
  [
    'PLAIN',
    'org.apache.kafka.common.security.plain.PlainLoginModule required username="me" password="a \\"b\\"; c";',
    { saslUsername: 'me', saslPassword: 'a "b"; c' },
  ],
  [
    'SCRAM-SHA-512',
    'org.apache.kafka.common.security.scram.ScramLoginModule required \n  username=me \n  password="p";',
    { saslUsername: 'me', saslPassword: 'p' },
  ],
  ['AWS_MSK_IAM', 'software.amazon.msk.auth.iam.IAMLoginModule required;', {}],
  [
    'OAUTHBEARER',
    `${BEARER}.OAuthBearerLoginModule required clientId=c clientSecret=s scope=r extension_logicalCluster="lkc-1";`,
    {
      saslOauthbearerExtensions: 'logicalCluster=lkc-1',
      saslOauthbearerClientCredentialsClientId: 'c',
      saslOauthbearerClientCredentialsClientSecret: 's',
      saslOauthbearerScope: 'r',
    },
  ],
]

for (const [mechanism, jaas, options] of JAAS)
  test(`sasl.jaas.config of ${mechanism} is the same in code, in the environment and in every file`, async () => {
    const rest =
      mechanism === 'OAUTHBEARER' ? { 'sasl.oauthbearer.token.endpoint.url': 'https://idp/token' } : ({} as object)
    const java = {
      'bootstrap.servers': 'a:1,b:2',
      'security.protocol': 'SASL_SSL',
      'sasl.mechanism': mechanism,
      'sasl.jaas.config': jaas,
      ...rest,
    }
    const code = {
      securityProtocol: 'SASL_SSL',
      saslMechanism: mechanism,
      ...(mechanism === 'OAUTHBEARER' ? { saslOauthbearerTokenEndpointUrl: 'https://idp/token' } : {}),
    } as ProducerOptions
    const expected = { ...inCode({ ...code, ...options }) }
    const lines = Object.entries(java)
    const properties = lines.map(
      ([name, value]) => `${name}=${value.replaceAll('\\', '\\\\').replaceAll('\n', '\\\n')}`,
    )
    const env = lines.map(([name, value]) => [`KAFKA_${name.toUpperCase().replaceAll('.', '_')}`, value])
    const yaml = `spring.kafka.properties: ${JSON.stringify(java)}\n`

    assert.deepEqual({ ...inCode({ ...code, saslJaasConfig: jaas }) }, expected)
    assert.deepEqual({ ...parseConfig({}, Object.fromEntries(env), () => {}) }, expected)
    assert.deepEqual({ ...(await load(properties.join('\n'), {}, 'properties')) }, expected)
    assert.deepEqual({ ...(await load(yaml)) }, expected)
  })

for (const [text, user, password] of [
  [`username='u' password='p "q'`, 'u', 'p "q'],
  [String.raw`username="a\tb" password="\101\x\\\"\7z\400"`, 'a\tb', 'Ax\\"\x07z 0'],
  ['/* c; " */ username="u" // it\'s\n password="/*p*/"; // c', 'u', '/*p*/'],
  [`username="u"password='p'`, 'u', 'p'],
  [`"username" = u\t'password'=p@$#x;`, 'u', 'p@$#x'],
] as const)
  test(`a JAAS text is read as Kafka reads it: ${JSON.stringify(text)}`, () => {
    const config = inCode({
      securityProtocol: 'SASL_SSL',
      saslMechanism: 'PLAIN',
      saslJaasConfig: `a.PlainLoginModule REQUIRED ${text}`,
    })
    assert.deepEqual([config.saslUsername, config.saslPassword], [user, password])
  })

test('a JAAS text that can’t take effect is a problem without any of its values', async () => {
  const problems = (saslMechanism: string, saslJaasConfig: string): string => {
    try {
      inCode({ securityProtocol: 'SASL_SSL', saslMechanism, saslJaasConfig } as ProducerOptions)
      return 'accepted'
    } catch (error) {
      return (error as Error).message
    }
  }
  const plain = 'a.PlainLoginModule required username="hunter1" password="hunter2"'
  assert.match(problems('SCRAM-SHA-256', plain), /expected sasl\.mechanism PLAIN with PlainLoginModule/)
  assert.match(problems('PLAIN', `${plain} awsRoleArn="hunter3";`), /awsRoleArn is not an option of PlainLoginModule/)
  const bearer = "a.OAuthBearerLoginModule required clientId='i' clientSecret='s' extension_pool='hunter6,b=c';"
  assert.match(problems('OAUTHBEARER', bearer), /extension_pool: expected a value without a comma/)
  assert.doesNotMatch(problems('OAUTHBEARER', bearer), /hunter/)
  const halves = ['password="a', "password='a", 'password=a/b;', 'password=a//b;', 'password=a==;', 'password="a\nb";']
  for (const text of [
    'com.sun.Krb5LoginModule required useKeyTab=true;',
    'hunter4',
    `${plain} hunter5;`,
    ...halves.map(half => `a.PlainLoginModule required username="u" ${half}`),
  ])
    assert.match(problems('PLAIN', text), /expected <LoginModule> required/)
  for (const text of [plain, `${plain} awsRoleArn="hunter3";`, 'hunter4', `${plain} hunter5;`])
    assert.doesNotMatch(problems('SCRAM-SHA-256', text), /hunter/)
  const { saslUsername } = inCode({
    securityProtocol: 'SASL_SSL',
    saslMechanism: 'PLAIN',
    saslUsername: 'explicit',
    saslJaasConfig: plain,
  })
  assert.equal(saslUsername, 'explicit')
})

test('bootstrap servers with a scheme: host and port; the scheme must be the security protocol', async () => {
  assert.deepEqual(inCode({ bootstrapServers: 'PLAINTEXT://a:1, INTERNAL://b:2,[::1]:3' }).bootstrapServers, [
    'a:1',
    'b:2',
    '[::1]:3',
  ])
  assert.deepEqual(inCode({ bootstrapServers: ['ssl://a:1', 'b:2'], securityProtocol: 'SSL' }).bootstrapServers, [
    'a:1',
    'b:2',
  ])
  assert.throws(
    () => inCode({ bootstrapServers: 'SASL_SSL://a:1,b:2' }),
    /\(KAFKA_SECURITY_PROTOCOL\): expected SASL_SSL, the scheme in bootstrap\.servers; got PLAINTEXT/,
  )
  for (const wrong of ['://a:1', 'PLAINTEXT://', 'PLAINTEXT:a:1', 'PLAINTEXT://a:0', 'http//a:1'])
    assert.throws(() => inCode({ bootstrapServers: wrong }), /expected host:port/)
})

test('unknown names are listed once, in one problem; those that change nothing in one warning', async () => {
  const yaml = `${SERVERS}    client-id: mine
    properties:
      spring.json.add.type.headers: false
      linger.mss: 5
    template:
      observation-enabled: true
    producer:
      transaction-id-prefix: tx-
      properties:
        linger.mss: 5
---
spring.kafka.producer.transaction-id-prefix: tx-
`
  assert.deepEqual(await problemsOf(yaml), [
    'KAFKA_CONFIG_FILE: properties.linger.mss, producer.transaction-id-prefix, producer.properties.linger.mss ' +
      'are not known settings; did you mean linger.ms?',
  ])
  await load(yaml.replaceAll(/.*(mss|prefix).*\n/g, ''))
  assert.deepEqual(warnings, [
    'KAFKA_CONFIG_FILE: properties.spring.json.add.type.headers, template.observation-enabled have no effect here.',
  ])
})

test('a consumer’s settings in a file that both share are ignored with a warning', async () => {
  const shared = ['session.timeout.ms: 45000', 'group.id: mine', 'auto.offset.reset: earliest']
  await load(`${SERVERS}    properties:\n${shared.map(line => `      ${line}\n`).join('')}`)
  assert.match(warnings.join(), /session\.timeout\.ms, properties\.group\.id, .*auto\.offset\.reset have no effect/)
})

test('names that Java needs and this library implies are accepted with their one value', async () => {
  const yaml = (algorithm: string, type: string) => `${SERVERS}    ssl:
      trust-store-type: ${type}
      trust-store-location: file:///etc/ca.pem
    security.protocol: SSL
    properties:
      ssl.endpoint.identification.algorithm: ${algorithm}
`
  const { sslTruststoreLocation } = await load(yaml('https', 'PEM'))
  assert.equal(sslTruststoreLocation, '/etc/ca.pem')
  assert.deepEqual(warnings, [])
  assert.deepEqual(await problemsOf(yaml('none', 'JKS')), [
    'KAFKA_CONFIG_FILE: ssl.trust-store-type: expected PEM, got "JKS".',
    'KAFKA_CONFIG_FILE: properties.ssl.endpoint.identification.algorithm: expected https, got "none".',
  ])
})
