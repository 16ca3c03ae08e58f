// Files that settings name: in the package, or refused with the name of the setting.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { SETTING_ROWS } from '../../lib/config/settings.ts'
import { readOptions } from '../../scripts/template/options.ts'
import { FILE_SETTINGS, packagedFiles } from '../../scripts/template/packaged-files.ts'
import { deployed } from '../support/deployed.ts'
import { problemsOf } from '../support/problems-of.ts'

const folder = mkdtempSync(join(tmpdir(), 'package-'))
after(() => rmSync(folder, { recursive: true }))

const CERTIFICATE = '-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----\n'
const KEY = '-----BEGIN PRIVATE KEY-----\nMII\n-----END PRIVATE KEY-----\n'
const EFS = [
  'subnetIds=subnet-1',
  'securityGroupIds=sg-1',
  'efsAccessPointArn=arn:aws:elasticfilesystem:eu-west-1:123456789012:access-point/fsap-0a1b2c3d4e5f60718',
]

function file(name: string, text: string): string {
  writeFileSync(join(folder, name), text)
  return join(folder, name)
}

const packaged = (env: Record<string, string>, params: readonly string[] = []) =>
  packagedFiles(env, readOptions(params))
const refusal = (env: Record<string, string>, params: readonly string[] = []) =>
  problemsOf(() => packaged(env, params)).join('\n')

test('a truststore travels in the package, and the functions read it there', () => {
  const { env, files } = packaged({
    KAFKA_SECURITY_PROTOCOL: 'SSL',
    KAFKA_SSL_TRUSTSTORE_LOCATION: file('ca.pem', CERTIFICATE),
    KAFKA_SCHEMA_REGISTRY_SSL_TRUSTSTORE_LOCATION: file('registry', CERTIFICATE),
  })
  assert.equal(env.KAFKA_SSL_TRUSTSTORE_LOCATION, '/var/task/dist/files/ssl.truststore.location.pem')
  assert.deepEqual(
    files.map(({ path, content }) => [path, String(content)]),
    [
      ['dist/files/ssl.truststore.location.pem', CERTIFICATE],
      ['dist/files/schema.registry.ssl.truststore.location', CERTIFICATE],
    ],
  )
  const { KAFKA_SCHEMA_REGISTRY_SSL_TRUSTSTORE_LOCATION: _, ...ofBrokers } = env as Record<string, string>
  const { functions } = deployed({ orders: { http: true } }, [], ofBrokers)
  for (const {
    package: { patterns },
  } of Object.values(functions))
    assert.deepEqual(patterns.slice(1), ['dist/files/ssl.truststore.location.pem'])
})

test('a file that is missing, or is no certificate, or has a private key, is refused with the setting', () => {
  for (const [path, reason] of [
    [join(folder, 'none.pem'), /ssl\.truststore\.location: the file can't be read \(ENOENT\)/],
    [file('text.pem', 'hello'), /ssl\.truststore: expected PEM with a CERTIFICATE/],
    [file('both.pem', CERTIFICATE + KEY), /expected no private key in a file that travels in the package/],
  ] as const) {
    assert.match(refusal({ KAFKA_SSL_TRUSTSTORE_LOCATION: path }), /^KAFKA_SSL_TRUSTSTORE_LOCATION: expected /)
    assert.match(refusal({ KAFKA_SSL_TRUSTSTORE_LOCATION: path }), reason)
  }
  assert.match(
    refusal({ KAFKA_SASL_OAUTHBEARER_ASSERTION_TEMPLATE_FILE: join(folder, 'none.json') }),
    /^KAFKA_SASL_OAUTHBEARER_ASSERTION_TEMPLATE_FILE: .* got \S+none\.json: can't be read \(ENOENT\)/,
  )
})

test('private keys, tokens and modules do not travel', () => {
  const path = file('key.pem', KEY)
  for (const name of [
    'KAFKA_SSL_KEYSTORE_LOCATION',
    'KAFKA_SCHEMA_REGISTRY_SSL_KEYSTORE_LOCATION',
    'KAFKA_SASL_OAUTHBEARER_ASSERTION_FILE',
    'KAFKA_SASL_OAUTHBEARER_ASSERTION_PRIVATE_KEY_FILE',
  ])
    assert.match(refusal({ [name]: path }), new RegExp(`^${name}: expected the value in KAFKA_SECRET_ARN`))
  const url = { KAFKA_SASL_OAUTHBEARER_TOKEN_ENDPOINT_URL: `file://${path}` }
  assert.match(refusal(url), /^KAFKA_SASL_OAUTHBEARER_TOKEN_ENDPOINT_URL: expected the value/)
  assert.match(
    refusal({ KAFKA_PARTITIONER_CLASS: './p.mjs' }),
    /^KAFKA_PARTITIONER_CLASS: expected a module in a layer/,
  )
})

test('files of Lambda’s image, a layer or the file system stay where they are', () => {
  const layers = ['layers=arn:aws:lambda:eu-west-1:123456789012:layer:a:1']
  for (const [path, params] of [
    ['/var/runtime/ca-cert.pem', []],
    ['/etc/pki/tls/certs/ca-bundle.crt', []],
    ['/opt/ca.pem', layers],
    ['/mnt/efs/ca.pem', EFS],
  ] as const)
    assert.deepEqual(packaged({ KAFKA_SSL_TRUSTSTORE_LOCATION: path }, params), {
      env: { KAFKA_SSL_TRUSTSTORE_LOCATION: path },
      files: [],
    })
  for (const path of ['/opt/ca.pem', '/mnt/efs/ca.pem', '/var/task/ca.pem'])
    assert.match(refusal({ KAFKA_SSL_TRUSTSTORE_LOCATION: path }), /ENOENT/)
  const keystore = { KAFKA_SSL_KEYSTORE_LOCATION: '/mnt/efs/client.pem', KAFKA_PARTITIONER_CLASS: '/mnt/efs/p.mjs' }
  assert.deepEqual(packaged(keystore, EFS), { env: keystore, files: [] })
})

test('a path that leaves those folders by .. is a file of this machine', () => {
  for (const path of ['/etc/../tmp/none/ca.pem', '/mnt/efs/../../tmp/none/ca.pem'])
    assert.match(refusal({ KAFKA_SSL_TRUSTSTORE_LOCATION: path }, EFS), /the file can't be read \(ENOENT\)/)
})

test('names of classes and URLs are no files', () => {
  const env = {
    KAFKA_PARTITIONER_CLASS: 'round-robin',
    KAFKA_KEY_SERIALIZER: 'org.apache.kafka.common.serialization.StringSerializer',
    KAFKA_SASL_OAUTHBEARER_TOKEN_ENDPOINT_URL: 'https://issuer.example/token',
    KAFKA_SSL_TRUSTSTORE_LOCATION: '',
  }
  assert.deepEqual(packaged(env), { env, files: [] })
})

test('every setting that names a file is known', () => {
  const named = SETTING_ROWS.filter(
    ([, { name, kind }]) =>
      /\.(location|file)$/.test(name) || ['serializer', 'partitioner', 'tokenProvider'].includes(kind),
  ).map(([option]) => option)
  assert.ok(named.length >= 10)
  assert.deepEqual(
    named.filter(option => !FILE_SETTINGS.some(known => known === option)),
    [],
  )
})
