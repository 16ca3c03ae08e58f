// Warnings reach a person without any option: a plain program prints them on stderr.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { parseConfig } from '../lib/config/parse-config.ts'
import type { ProducerOptions } from '../lib/config/producer-options.ts'

/** The lines that a program prints on stderr. */
function stderrOf(program: string, flags: readonly string[] = []): string {
  const source = `import { KafkaTemplate, parseConfig, ProducerFactory } from './lib/index.ts'
import { createFakeKafka } from './lib/testing/index.ts'
${program}`
  const options = { encoding: 'utf8', env: { PATH: process.env.PATH, KAFKA_STRANGER: '1' } } as const
  const { stderr, status } = spawnSync(process.execPath, [...flags, '--input-type=module', '-e', source], options)
  assert.equal(status, 0, stderr)
  return stderr
}

const PROGRAM = `
const kafka = createFakeKafka({ topics: { chat: 6 } })
const config = parseConfig({ bootstrapServers: 'a:1', acks: 1, partitionerClass: { partition: () => 2 } })
const factory = new ProducerFactory({ config, createClient: kafka.createClient })
const mask = { onSend: () => { throw new RangeError('mask failed: 4111') } }
const template = new KafkaTemplate(factory, { interceptors: [mask] })
await template.send('chat', 'card=4111')
const records = Array.from({ length: 2000 }, () => ({ topic: 'chat', value: 'v' }))
await new KafkaTemplate(factory).sendAll(records)
await factory.close()
`

test('a program prints its warnings by default, each without data', () => {
  const stderr = stderrOf(PROGRAM)
  for (const text of [
    /KafkaProducerWarning: bootstrap\.servers has one broker/,
    /KafkaProducerWarning: acks is 1: enable\.idempotence is off, and an acknowledged record can be lost/,
    /KafkaProducerWarning: KAFKA_STRANGER is not a known setting/,
    /KafkaProducerWarning: A listener or interceptor failed \(RangeError\)/,
    /KafkaProducerWarning: partitioner\.class sends 100 % of the records of chat to one of its 6 partitions/,
  ])
    assert.match(stderr, text)
  assert.doesNotMatch(stderr, /4111/)
})

test('Node’s flag for a kind of warning silences them', () => {
  assert.equal(stderrOf("parseConfig({ bootstrapServers: 'a:1' })", ['--disable-warning=KafkaProducerWarning']), '')
})

function warningsOf(options: ProducerOptions, env: NodeJS.ProcessEnv = {}): string[] {
  const warnings: string[] = []
  parseConfig({ bootstrapServers: 'a:1,b:2', deadLetter: 'none', ...options }, env, text => warnings.push(text))
  return warnings
}

const LAMBDA = { AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x' }
const password = { saslUsername: 'u', saslPassword: 'hunter2' } as const
const oauth = {
  saslMechanism: 'OAUTHBEARER',
  saslOauthbearerTokenEndpointUrl: 'https://login.example.com/token',
  saslOauthbearerClientCredentialsClientId: 'c',
  saslOauthbearerClientCredentialsClientSecret: 'hunter2',
} as const

test('settings that are not recommended cause a warning, recommended ones don’t', () => {
  const cases: [ProducerOptions, NodeJS.ProcessEnv, RegExp | undefined][] = [
    [{}, {}, undefined],
    [{ securityProtocol: 'SSL' }, LAMBDA, undefined],
    [{ bootstrapServers: 'a:1' }, {}, /^bootstrap\.servers has one broker/],
    [{ acks: 0 }, {}, /^acks is 0/],
    [{ batchSize: 30_000, bufferMemory: 20_000 }, {}, /^batch\.size \(30000\) is larger than buffer\.memory \(20000\)/],
    [{ acks: 1, enableIdempotence: false }, {}, /^acks is 1/],
    [{}, LAMBDA, /^security\.protocol is PLAINTEXT inside Lambda/],
    [
      { securityProtocol: 'SASL_PLAINTEXT', saslMechanism: 'SCRAM-SHA-512', ...password },
      LAMBDA,
      /^security\.protocol is SASL_PLAINTEXT inside Lambda/,
    ],
    [{ securityProtocol: 'SASL_PLAINTEXT', saslMechanism: 'SCRAM-SHA-512', ...password }, {}, undefined],
    [{ securityProtocol: 'SASL_PLAINTEXT', saslMechanism: 'PLAIN', ...password }, {}, /PLAIN without TLS.*password/],
    [{ securityProtocol: 'SASL_SSL', saslMechanism: 'PLAIN', ...password }, LAMBDA, undefined],
    [{ securityProtocol: 'SASL_PLAINTEXT', ...oauth }, {}, /OAUTHBEARER without TLS.*token/],
    [{ securityProtocol: 'SASL_SSL', ...oauth }, LAMBDA, undefined],
    [
      { securityProtocol: 'SASL_SSL', ...oauth, saslOauthbearerTokenEndpointUrl: 'http://login.example.com/token' },
      { KAFKA_OAUTH_ALLOW_HTTP: 'true' },
      /^sasl\.oauthbearer\.token\.endpoint\.url is an http: address/,
    ],
  ]
  for (const [options, env, expected] of cases) {
    const warnings = warningsOf(options, env)
    assert.equal(warnings.length, expected ? 1 : 0, `${JSON.stringify(options)}: ${warnings}`)
    if (expected) assert.match(warnings[0] ?? '', expected)
    assert.doesNotMatch(warnings.join(), /hunter2/)
  }
})
