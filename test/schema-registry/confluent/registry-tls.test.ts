// TLS of a registry: its CA, the client's certificate, and the errors when they don't match.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import type { ServerOptions } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, type TestContext, test } from 'node:test'
import type { TLSSocket } from 'node:tls'
import type { ProducerOptions } from '../../../lib/config/producer-options.ts'
import type { SerializationError } from '../../../lib/errors.ts'
import { RegistryServer } from '../../fakes/registry-server.ts'
import { SecretsServer } from '../../fakes/secrets-server.ts'
import { confluentClient, latest, STORED } from '../../support/confluent-client.ts'

const folder = mkdtempSync(join(tmpdir(), 'registry-tls-'))
after(() => rmSync(folder, { recursive: true }))

function certificate(name: string, ...extension: string[]) {
  const options = ['-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-keyout', `${name}.key`, '-out', name]
  execFileSync('openssl', ['req', ...options, '-subj', `/CN=${name}`, ...extension], { cwd: folder, stdio: 'pipe' })
  return { key: readFileSync(join(folder, `${name}.key`), 'utf8'), cert: readFileSync(join(folder, name), 'utf8') }
}
const registry = certificate('registry', '-addext', 'subjectAltName=IP:127.0.0.1')
const client = certificate('client')

async function secured(t: TestContext, tls: ServerOptions, settings: Partial<ProducerOptions>) {
  const server = await RegistryServer.start(t, () => ({ body: STORED }), { ...registry, ...tls })
  const find = confluentClient({ schemaRegistryUrl: [server.url], ...settings })
  return { server, found: find(latest('s'), AbortSignal.timeout(5000)) }
}

test('a registry whose CA is trusted is asked', async t => {
  const { found } = await secured(t, {}, { schemaRegistrySslTruststoreCertificates: registry.cert })
  assert.equal((await found).version, 3)
})

test('the CA as a file, and as text with \\n in it', async t => {
  for (const settings of [
    { schemaRegistrySslTruststoreLocation: join(folder, 'registry') },
    { schemaRegistrySslTruststoreCertificates: registry.cert.replaceAll('\n', '\\n') },
  ])
    assert.equal((await (await secured(t, {}, settings)).found).version, 3)
})

test('a registry of another CA is not asked, whatever the environment says; the message names the setting', async t => {
  process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0'
  t.after(() => delete process.env.NODE_TLS_REJECT_UNAUTHORIZED)
  for (const settings of [{}, { schemaRegistrySslTruststoreCertificates: client.cert }]) {
    const { server, found } = await secured(t, {}, settings)
    await assert.rejects(found, (error: SerializationError) => {
      assert.match(error.message, /could not be reached \([A-Z_]+\): check schema.registry.ssl.truststore/)
      return error.code === 'schema-registry' && !error.retriable
    })
    assert.equal(server.asked.length, 0)
  }
})

test('a client certificate is sent; one that is missing is a failure', async t => {
  const mutual = { requestCert: true, rejectUnauthorized: true, ca: client.cert }
  const ca = { schemaRegistrySslTruststoreCertificates: registry.cert }
  const names: unknown[] = []
  const { server, found } = await secured(t, mutual, {
    ...ca,
    schemaRegistrySslKeystoreCertificateChain: client.cert,
    schemaRegistrySslKeystoreKey: client.key,
  })
  server.server.on('request', ({ socket }) => names.push((socket as TLSSocket).getPeerCertificate().subject.CN))
  assert.equal((await found).version, 3)
  assert.deepEqual(names, ['client'])
  const { found: without } = await secured(t, mutual, ca)
  await assert.rejects(without, { code: 'schema-registry' })
})

test('the key of the client may be in the secret', async t => {
  const secrets = await SecretsServer.start()
  t.after(() => secrets.stop())
  Object.assign(process.env, { AWS_ACCESS_KEY_ID: 'k', AWS_SECRET_ACCESS_KEY: 's', ...secrets.env })
  const secretArn = await secrets.put('tls', { schemaRegistryKey: client.key })
  const { found } = await secured(
    t,
    { requestCert: true, rejectUnauthorized: true, ca: client.cert },
    {
      secretArn,
      schemaRegistrySslTruststoreCertificates: registry.cert,
      schemaRegistrySslKeystoreCertificateChain: client.cert,
    },
  )
  assert.equal((await found).version, 3)
})

test('a certificate without its key is a problem of the configuration', () => {
  const settings = { schemaRegistryUrl: ['https://a'], schemaRegistrySslKeystoreCertificateChain: client.cert }
  assert.throws(() => confluentClient(settings), {
    code: 'config',
    message: /schema.registry.ssl.keystore.certificate.chain and schema.registry.ssl.keystore.key: expected both/,
  })
})
