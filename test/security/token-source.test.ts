// Each source of tokens for OAUTHBEARER, chosen by the settings.
import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { before, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { parseConfig } from '../../lib/config/parse-config.ts'
import type { ProducerOptions } from '../../lib/config/producer-options.ts'
import { configuredTokenProvider } from '../../lib/configured-classes.ts'
import { ConfigError } from '../../lib/errors.ts'
import type { SecretFields } from '../../lib/security/secret.ts'
import { tokenSourceOf } from '../../lib/security/token-source.ts'
import { stsError, stsToken } from '../fakes/sts-answer.ts'
import { TokenServer } from '../fakes/token-server.ts'

const folder = mkdtempSync(join(tmpdir(), 'tokens-'))
const server = await TokenServer.start()
const sts = await TokenServer.start()
before(() => {
  Object.assign(process.env, {
    AWS_ACCESS_KEY_ID: 'k',
    AWS_SECRET_ACCESS_KEY: 's',
    AWS_ENDPOINT_URL_STS: new URL('/', sts.url).href,
  })
})
test.after(() => {
  server.stop()
  sts.stop()
  rmSync(folder, { recursive: true })
})

const configOf = (options: ProducerOptions) =>
  parseConfig(
    { bootstrapServers: 'a:1,b:2', securityProtocol: 'SASL_SSL', saslMechanism: 'OAUTHBEARER', ...options },
    {},
  )

function request(options: ProducerOptions, secret: SecretFields = {}) {
  const config = configOf(options)
  return tokenSourceOf(config, configuredTokenProvider(config)).request(secret, AbortSignal.timeout(5000))
}

function write(name: string, text: string): string {
  writeFileSync(join(folder, name), text)
  return join(folder, name)
}

const AWS: ProducerOptions = {
  saslOauthbearerAwsAudience: 'https://kafka.example',
  saslOauthbearerAwsRegion: 'eu-west-1',
}
const ENDPOINT: ProducerOptions = { saslOauthbearerTokenEndpointUrl: server.url, oauthAllowHttp: true }
const CLIENT: ProducerOptions = {
  saslOauthbearerClientCredentialsClientId: 'id',
  saslOauthbearerClientCredentialsClientSecret: 'hunter2',
}

test('a token of AWS for the function’s role has the audience, life and algorithm of the settings', async () => {
  const end = new Date(2_000_000_000_000)
  sts.answer = () => ({ body: stsToken('a.b.c', end) })
  const token = await request({ ...AWS, saslOauthbearerAwsDurationSeconds: 600 })
  assert.deepEqual([token.value, token.expiresAt], ['a.b.c', end.getTime()])
  const { Action, DurationSeconds, SigningAlgorithm, 'Audience.member.1': audience } = sts.requests.at(-1)?.form ?? {}
  assert.deepEqual(
    [Action, audience, DurationSeconds, SigningAlgorithm],
    ['GetWebIdentityToken', 'https://kafka.example', '600', 'ES384'],
  )
})

test('a refusal of STS says what to do, and only what can pass is repeated', async () => {
  for (const [code, says, retriable] of [
    ['AccessDenied', /role may sts:GetWebIdentityToken/, false],
    ['OutboundWebIdentityFederationDisabledException', /outbound identity federation enabled/, false],
    ['SessionDurationEscalation', /less in sasl\.oauthbearer\.aws\.duration\.seconds/, false],
    ['Throttling', /^sts:GetWebIdentityToken failed/, true],
  ] as const) {
    sts.answer = () => stsError(code)
    await assert.rejects(request(AWS), error => {
      const { message, retriable: isRetriable } = error as { message: string; retriable: boolean }
      assert.match(message, says)
      assert.equal(isRetriable, retriable, code)
      return true
    })
  }
})

test('with a token endpoint, the token of AWS is the assertion', async () => {
  sts.answer = () => ({ body: stsToken('a.b.c', new Date()) })
  server.answer = () => ({ body: { access_token: 'exchanged' } })
  const retriever = { saslOauthbearerJwtRetrieverClass: 'JwtBearerJwtRetriever' } as const
  assert.equal((await request({ ...AWS, ...ENDPOINT, ...retriever })).value, 'exchanged')
  assert.equal(server.requests.at(-1)?.form.assertion, 'a.b.c')
})

test('an assertion comes from a file, or is signed with the key of a file or of the secret', async () => {
  server.answer = () => ({ body: { access_token: 'abc' } })
  const file = write('assertion', 'x.y.z\n')
  await request({ ...ENDPOINT, saslOauthbearerAssertionFile: file })
  assert.equal(server.requests.at(-1)?.form.client_assertion, 'x.y.z')

  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const assertionKey = privateKey.export({ format: 'pem', type: 'pkcs8' }).toString()
  const keyFile = write('key.pem', assertionKey)
  await request({ ...ENDPOINT, saslOauthbearerAssertionPrivateKeyFile: keyFile })
  assert.match(server.requests.at(-1)?.form.client_assertion ?? '', /^ey[\w-]+\.[\w-]+\.[\w-]+$/)
  const secretArn = 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:s'
  await request({ ...ENDPOINT, secretArn }, { assertionKey, clientId: 'of-secret' })
  assert.equal(server.requests.at(-1)?.form.client_id, 'of-secret')
  await assert.rejects(
    request({ ...ENDPOINT, saslOauthbearerAssertionPrivateKeyFile: '/none' }),
    /assertion\.private\.key\.file: the file can't be read \(ENOENT\)/,
  )
})

test('a token is read from its file each time', async () => {
  const url = pathToFileURL(write('token', 'first\n')).href
  assert.equal((await request({ saslOauthbearerTokenEndpointUrl: url })).value, 'first')
  write('token', 'second')
  assert.equal((await request({ saslOauthbearerTokenEndpointUrl: url })).value, 'second')
})

test('a function of the caller gets tokens, with extensions and their end', async () => {
  const expiresAt = new Date(2_000_000_000_000)
  const token = await request({
    oauthBearerTokenProvider: () => ({ value: 'mine', expiresAt, extensions: { logicalCluster: 'lkc-1' } }),
  })
  assert.deepEqual(token, { value: 'mine', expiresAt: expiresAt.getTime(), extensions: { logicalCluster: 'lkc-1' } })
  const module = write('provider.cjs', 'module.exports = async () => ({ value: "of-module" })')
  assert.equal((await request({ oauthBearerTokenProvider: module as `/${string}` })).value, 'of-module')
})

test('a function that fails or returns something else is reported without what it said', async () => {
  const wrong: [() => never, RegExp][] = [
    [
      () => {
        throw new TypeError('hunter2')
      },
      /failed \(TypeError\)/,
    ],
    [() => undefined as never, /returned no token/],
    [() => ({ value: 'a\u0001b' }) as never, /returned no token/],
    [() => ({ value: 'a', extensions: { auth: 'x' } }) as never, /extensions as RFC 7628/],
    [() => ({ value: 'a', expiresAt: 'soon' }) as never, /a date, or milliseconds/],
    [() => ({ value: 'a', expiresAt: Symbol('x') }) as never, /a date, or milliseconds/],
    [() => ({ value: 'a', expiresAt: 2_000_000_000 }) as never, /milliseconds since 1970/],
    [() => ({ value: 'a', extensions: new Map([['logicalCluster', 'lkc']]) }) as never, /extensions as RFC 7628/],
    [
      () =>
        ({
          get value() {
            throw new Error('hunter2')
          },
        }) as never,
      /failed \(Error\)/,
    ],
  ]
  for (const [oauthBearerTokenProvider, says] of wrong)
    await assert.rejects(
      request({ oauthBearerTokenProvider }),
      error => says.test(String(error)) && !/hunter2/.test(String((error as Error).stack)),
      String(says),
    )
})

test('a function that does not answer is left after the time of a request', async () => {
  const config = configOf({ oauthBearerTokenProvider: () => new Promise(() => {}) })
  const source = tokenSourceOf(config, configuredTokenProvider(config))
  await assert.rejects(source.request({}, AbortSignal.timeout(5)), /failed \(TimeoutError\)/)
})

const REFUSED: [string, ProducerOptions, RegExp][] = [
  ['no source', {}, /token\.endpoint\.url.*aws\.audience; or oauthBearerTokenProvider/],
  ['an endpoint alone', ENDPOINT, /client\.id and .*client\.secret/],
  [
    'jwt-bearer without an assertion',
    { ...ENDPOINT, ...CLIENT, saslOauthbearerJwtRetrieverClass: 'JwtBearerJwtRetriever' },
    /expected an assertion/,
  ],
  ['AWS with a client', { ...AWS, ...CLIENT }, /client\.id .*takes no effect with sasl\.oauthbearer\.aws\.audience/],
  [
    'a function and an endpoint',
    { ...ENDPOINT, ...CLIENT, oauthBearerTokenProvider: () => ({ value: 'a' }) },
    /takes no effect with oauthBearerTokenProvider/,
  ],
  [
    'a file and a scope',
    { saslOauthbearerTokenEndpointUrl: 'file:///t', saslOauthbearerScope: 's' },
    /scope .*takes no effect with a token from a file/,
  ],
  ['a life that AWS refuses', { ...AWS, saslOauthbearerAwsDurationSeconds: 59 }, /duration\.seconds/],
]
for (const [name, options, says] of REFUSED)
  test(`refused: ${name}`, () => {
    assert.throws(() => configOf(options), says)
  })

test('a class of Java names how the endpoint is asked, with or without its package', () => {
  const KAFKA_SASL_OAUTHBEARER_JWT_RETRIEVER_CLASS =
    'org.apache.kafka.common.security.oauthbearer.JwtBearerJwtRetriever'
  const options = { bootstrapServers: 'a:1,b:2', securityProtocol: 'SASL_SSL', saslMechanism: 'OAUTHBEARER' } as const
  const config = parseConfig({ ...options, ...ENDPOINT, ...AWS }, { KAFKA_SASL_OAUTHBEARER_JWT_RETRIEVER_CLASS })
  assert.equal(config.saslOauthbearerJwtRetrieverClass, 'JwtBearerJwtRetriever')
})

test('a module that can’t be loaded, or exports no function, is refused when the producer is made', () => {
  const provider = (name: string) =>
    configuredTokenProvider(configOf({ oauthBearerTokenProvider: join(folder, name) as `/${string}` }))
  write('empty.cjs', 'module.exports = 7')
  for (const [name, says] of [
    ['none.cjs', /can't be loaded \(MODULE_NOT_FOUND\)/],
    ['empty.cjs', /a default export that is a function/],
  ] as const)
    assert.throws(
      () => provider(name),
      error => error instanceof ConfigError && says.test(error.message),
    )
})
