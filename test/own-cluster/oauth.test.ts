// OAUTHBEARER against Kafka's own validator of JWTs, with every source of tokens, and SASL extensions that it demands.
import assert from 'node:assert/strict'
import { generateKeyPairSync, type KeyObject, verify } from 'node:crypto'
import { copyFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { ProducerOptions } from '../../lib/config/producer-options.ts'
import type { Failed } from '../../lib/delivery/delivery-report.ts'
import { innermostMessage } from '../../lib/errors.ts'
import { temporaryFolder } from '../../local/processes.ts'
import { stsToken } from '../fakes/sts-answer.ts'
import { TokenServer } from '../fakes/token-server.ts'
import {
  AUDIENCE,
  EXTENSIONS,
  ISSUER,
  ROLE_ARN,
  type SecuredKafka,
  startSecuredKafka,
  TOPIC,
} from '../security-rig/secured-kafka.ts'
import { signJwt } from '../support/jwt.ts'
import { producerOf, summaryOf } from '../support/producer-of.ts'
import { pause } from '../support/time.ts'

process.env.AWS_EC2_METADATA_DISABLED = 'true'
Object.assign(process.env, { AWS_ACCESS_KEY_ID: 'k', AWS_SECRET_ACCESS_KEY: 's', AWS_REGION: 'us-east-1' })

let rig: SecuredKafka
let tokens: TokenServer
before(async () => {
  rig = await startSecuredKafka()
  tokens = await TokenServer.start()
})
after(async () => {
  tokens?.stop()
  await rig?.stop()
})

function claims(changes: object = {}) {
  const now = Math.floor(Date.now() / 1000)
  return { iss: ISSUER, aud: AUDIENCE, sub: 'oauth-client', iat: now - 60, exp: now + 300, ...changes }
}

const token = (changes: object = {}, key: KeyObject = rig.tokenKeys.RS256) => signJwt(key, 'RS256', claims(changes))
const extensions = Object.entries(EXTENSIONS)
  .map(pair => pair.join('='))
  .join(',')

const options = (changes: ProducerOptions): ProducerOptions => ({
  securityProtocol: 'SASL_SSL',
  saslMechanism: 'OAUTHBEARER',
  sslTruststoreCertificates: rig.ca,
  saslOauthbearerExtensions: extensions,
  deliveryTimeoutMs: 6000,
  ...changes,
})
const endpoint = (changes: ProducerOptions = {}) =>
  options({
    saslOauthbearerTokenEndpointUrl: tokens.url,
    oauthAllowHttp: true,
    saslOauthbearerClientCredentialsClientId: 'id',
    saslOauthbearerClientCredentialsClientSecret: 'secret',
    ...changes,
  })

async function send(producerOptions: ProducerOptions, listener: 'CLAIMS' | 'MTLS' = 'CLAIMS') {
  const producer = producerOf([rig.address(listener)], producerOptions)
  try {
    const [report] = await producer.sendAll([{ topic: TOPIC, key: 'k', value: 'v' }])
    return { summary: summaryOf(report), message: innermostMessage((report as Failed).error) ?? '' }
  } finally {
    await producer.close()
  }
}

async function delivers(producerOptions: ProducerOptions): Promise<void> {
  const { summary, message } = await send(producerOptions)
  assert.equal(summary, 'delivered', message)
}

async function isRefused(producerOptions: ProducerOptions, says: RegExp): Promise<void> {
  const { summary, message } = await send(producerOptions)
  assert.equal(summary, 'not-sent:authentication')
  assert.match(message, says)
  assert.ok(!/eyJ/.test(message), 'a token is in the message')
}

test('client credentials, with the extensions: delivered', async () => {
  tokens.answer = () => ({ body: { access_token: token(), expires_in: 300 } })
  await delivers(endpoint())
})

test('without the extensions, or with other ones, the broker refuses the token', async () => {
  tokens.answer = () => ({ body: { access_token: token(), expires_in: 300 } })
  for (const saslOauthbearerExtensions of [undefined, 'logicalCluster=lkc-other,identityPoolId=pool-rig'])
    await isRefused(endpoint({ saslOauthbearerExtensions }), /OAUTHBEARER: check that the broker accepts tokens/)
})

test('the broker refuses a token of another issuer, audience or key, and one that has expired', async () => {
  const other = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
  const wrong: string[] = [
    token({ iss: 'https://other.example' }),
    token({ aud: 'https://other.example' }),
    token({ exp: Math.floor(Date.now() / 1000) - 120 }),
    token({}, other),
  ]
  for (const access_token of wrong) {
    tokens.answer = () => ({ body: { access_token } })
    await isRefused(endpoint(), /OAUTHBEARER: check that the broker accepts tokens/)
  }
})

test('a token endpoint that fails for a moment costs no record', async () => {
  let requests = 0
  tokens.answer = () =>
    requests++ < 2 ? { status: 503, body: 'busy' } : { body: { access_token: token(), expires_in: 300 } }
  await delivers(endpoint())
})

test('jwt-bearer: the endpoint verifies the signed assertion and answers with a token', async () => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const keyFile = join(temporaryFolder(), 'key.pem')
  writeFileSync(keyFile, privateKey.export({ format: 'pem', type: 'pkcs8' }))
  tokens.answer = ({ form }) => {
    const [header = '', payload = '', signature = ''] = (form.assertion ?? '').split('.')
    const key = { key: publicKey, dsaEncoding: 'ieee-p1363' } as const
    const isSigned = verify('sha256', Buffer.from(`${header}.${payload}`), key, Buffer.from(signature, 'base64url'))
    const { iss, aud } = JSON.parse(Buffer.from(payload, 'base64url').toString() || '{}')
    if (!isSigned || iss !== 'my-service' || aud !== tokens.url)
      return { status: 400, body: { error: 'invalid_grant' } }
    return { body: { access_token: token(), expires_in: 300 } }
  }
  const jwtBearer: ProducerOptions = {
    saslOauthbearerTokenEndpointUrl: tokens.url,
    oauthAllowHttp: true,
    saslOauthbearerJwtRetrieverClass: 'JwtBearerJwtRetriever',
    saslOauthbearerAssertionPrivateKeyFile: keyFile,
    saslOauthbearerAssertionAlgorithm: 'ES256',
    saslOauthbearerAssertionClaimIss: 'my-service',
  }
  await delivers(options(jwtBearer))
  await isRefused(
    options({ ...jwtBearer, saslOauthbearerAssertionClaimIss: 'another' }),
    /answered 400 \(invalid_grant\): check the assertion/,
  )
})

test('a token of AWS for the function’s role: delivered', async t => {
  const sts = await TokenServer.start()
  t.after(() => sts.stop())
  process.env.AWS_ENDPOINT_URL_STS = new URL('/', sts.url).href
  t.after(() => delete process.env.AWS_ENDPOINT_URL_STS)
  sts.answer = ({ form }) => {
    const aud = form['Audience.member.1']
    const jwt = signJwt(rig.tokenKeys.ES384, 'ES384', claims({ sub: ROLE_ARN, aud }))
    return { body: stsToken(jwt, new Date(Date.now() + 300_000)) }
  }
  await delivers(options({ saslOauthbearerAwsAudience: AUDIENCE }))
  await isRefused(
    options({ saslOauthbearerAwsAudience: 'https://other.example' }),
    /expects sasl\.oauthbearer\.aws\.audience/,
  )
})

test('a function of the caller is called again after the broker refused its token', async () => {
  const expired = token({ exp: Math.floor(Date.now() / 1000) - 120 })
  let calls = 0
  await delivers(
    options({
      saslOauthbearerExtensions: undefined,
      oauthBearerTokenProvider: async () => ({
        value: calls++ === 0 ? expired : token(),
        expiresAt: Date.now() + 300_000,
        extensions: EXTENSIONS,
      }),
    }),
  )
  assert.equal(calls, 2)
})

test('a client certificate renewed in its file is used by the next connection, a broken one is not', async () => {
  const file = join(temporaryFolder(), 'client.pem')
  copyFileSync(rig.clientPem, file)
  const warnings: string[] = []
  const producer = producerOf(
    [rig.address('MTLS')],
    {
      securityProtocol: 'SSL',
      sslTruststoreLocation: rig.caFile,
      sslKeystoreLocation: file,
      connectionsMaxIdleMs: 1,
      deliveryTimeoutMs: 6000,
    },
    text => void warnings.push(text),
  )
  const sendOne = async () => {
    await pause(20)
    return summaryOf((await producer.sendAll([{ topic: TOPIC, key: 'k', value: 'v' }]))[0])
  }
  try {
    assert.equal(await sendOne(), 'delivered')
    writeFileSync(file, 'half a file')
    assert.equal(await sendOne(), 'delivered')
    assert.match(warnings.join(), /has changed and can't be used/)
    copyFileSync(rig.otherClientPem, file)
    assert.match(await sendOne(), /authorization$/, 'the other client may not write')
    copyFileSync(rig.clientPem, file)
    assert.equal(await sendOne(), 'delivered')
  } finally {
    await producer.close()
  }
})
