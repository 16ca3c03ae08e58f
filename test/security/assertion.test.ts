// Assertions have signatures that a token endpoint accepts; errors quote neither key nor template.
import assert from 'node:assert/strict'
import { generateKeyPairSync, verify } from 'node:crypto'
import { test } from 'node:test'
import { type AssertionOptions, signAssertion } from '../../lib/security/assertion.ts'

const OPTIONS: AssertionOptions = {
  algorithm: 'RS256',
  clientId: 'id',
  issuer: undefined,
  subject: undefined,
  audience: undefined,
  endpoint: 'https://idp.example/token',
  lifetimeS: 300,
  notBeforeS: 60,
  hasId: false,
  template: undefined,
}
const PEM = { format: 'pem', type: 'pkcs8' } as const
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const rsaPem = rsa.privateKey.export(PEM).toString()

test('an assertion is verified by the public key, with RS256 and with ES256', () => {
  for (const [algorithm, { privateKey, publicKey }] of [
    ['RS256', rsa],
    ['ES256', ec],
  ] as const) {
    const jwt = signAssertion(privateKey.export(PEM).toString(), undefined, { ...OPTIONS, algorithm })
    const [header = '', payload = '', signature = ''] = jwt.split('.')
    const key = { key: publicKey, dsaEncoding: 'ieee-p1363' } as const
    assert.ok(verify('sha256', Buffer.from(`${header}.${payload}`), key, Buffer.from(signature, 'base64url')))
  }
})

function claims(changes: Partial<AssertionOptions>) {
  const [header = '', payload = ''] = signAssertion(rsaPem, undefined, { ...OPTIONS, ...changes }).split('.')
  const parsed = (part: string) => JSON.parse(Buffer.from(part, 'base64url').toString())
  return { header: parsed(header), payload: parsed(payload) }
}

test('issuer and subject default to the client id, the audience to the endpoint', () => {
  const { header, payload } = claims({})
  const { iat, exp, nbf, ...rest } = payload
  assert.deepEqual(header, { alg: 'RS256', typ: 'JWT' })
  assert.deepEqual(rest, { iss: 'id', sub: 'id', aud: 'https://idp.example/token' })
  assert.deepEqual([exp - iat, iat - nbf], [300, 60])
})

test('settings override the template, which adds fields', () => {
  const template = JSON.stringify({
    header: { kid: 'k1' },
    payload: { iss: 'of-template', sub: 'of-template', plan: 7 },
  })
  const { header, payload } = claims({ template, subject: 'ada', audience: 'kafka', hasId: true })
  assert.equal(header.kid, 'k1')
  const { iss, sub, aud, plan, jti } = payload
  assert.deepEqual([iss, sub, aud, plan], ['of-template', 'ada', 'kafka', 7])
  assert.match(jti, /^[\w-]{36}$/)
})

test('an encrypted key needs its passphrase; a text may have \\n in place of line breaks', () => {
  const encrypted = rsa.privateKey.export({ ...PEM, cipher: 'aes-256-cbc', passphrase: 'hunter2' }).toString()
  assert.match(signAssertion(encrypted.replaceAll('\n', '\\n'), 'hunter2', OPTIONS), /^[\w-]+\.[\w-]+\.[\w-]+$/)
  for (const [key, passphrase] of [
    [encrypted, 'wrong'],
    ['s3cret', undefined],
  ] as const)
    assert.throws(() => signAssertion(key, passphrase, OPTIONS), /^TransportError: .*expected a private key as PEM/)
})

test('a key of another kind, and a template that is no JSON, are refused without being quoted', () => {
  assert.throws(() => signAssertion(rsaPem, undefined, { ...OPTIONS, algorithm: 'ES256' }), /a key of the curve P-256/)
  for (const template of ['s3cret', '[]', '{"header":7}'])
    assert.throws(
      () => signAssertion(rsaPem, undefined, { ...OPTIONS, template }),
      error => /template\.file/.test(String(error)) && !/s3cret/.test(String(error)),
    )
})
