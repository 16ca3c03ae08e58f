// The credentials that a registry gets, and what happens if it refuses them.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { SerializationError } from '../../../lib/errors.ts'
import { SecretsServer } from '../../fakes/secrets-server.ts'
import { TokenServer } from '../../fakes/token-server.ts'
import { latest, STORED, scriptedRegistry } from '../../support/confluent-client.ts'

const FOUND = { body: STORED }
const basic = (userInfo: string) => `Basic ${Buffer.from(userInfo).toString('base64')}`
const OAUTH = {
  schemaRegistryBearerAuthClientId: 'id',
  schemaRegistryBearerAuthClientSecret: 'client-secret',
  schemaRegistryBearerAuthScope: 'all',
  oauthAllowHttp: true,
}
const issued = (token: string, seconds = 3600) => ({ body: { access_token: token, expires_in: seconds } })

test('without credentials a request has none', async t => {
  const { server, find } = await scriptedRegistry(t, () => FOUND)
  await find(latest('s'))
  assert.equal(server.asked[0]?.headers.authorization, undefined)
})

test('user and password, of the settings, of the address or of the brokers', async t => {
  const ofBrokers = {
    securityProtocol: 'SASL_SSL',
    saslMechanism: 'PLAIN',
    saslUsername: 'u',
    saslPassword: 'ä:p',
    schemaRegistryBasicAuthCredentialsSource: 'SASL_INHERIT',
  } as const
  const { server, find } = await scriptedRegistry(t, () => FOUND, { schemaRegistryBasicAuthUserInfo: 'u:ä:p' })
  await find(latest('s'))
  const schemaRegistryUrl = [server.url.replace('//', '//u:%C3%A4%3Ap@')]
  for (const settings of [{ schemaRegistryUrl }, ofBrokers]) {
    const inherited = await scriptedRegistry(t, server.handler, { schemaRegistryUrl: [server.url], ...settings })
    await inherited.find(latest('s'))
  }
  assert.deepEqual(
    server.asked.map(({ headers }) => headers.authorization),
    Array(3).fill(basic('u:ä:p')),
  )
})

test('a static token, with the headers of Confluent Cloud', async t => {
  const { server, find } = await scriptedRegistry(t, () => FOUND, {
    schemaRegistryBearerAuthToken: 'abc',
    schemaRegistryBearerAuthLogicalCluster: 'lsrc-1',
    schemaRegistryBearerAuthIdentityPoolId: 'pool-1',
  })
  await find(latest('s'))
  const { authorization, ...headers } = server.asked[0]?.headers ?? {}
  assert.equal(authorization, 'Bearer abc')
  assert.deepEqual([headers['target-sr-cluster'], headers['confluent-identity-pool-id']], ['lsrc-1', 'pool-1'])
})

test('a token of an OAuth endpoint is requested once, and again after it was refused', async t => {
  let issuedTokens = 0
  const tokens = await TokenServer.start(() => issued(`t${++issuedTokens}`))
  t.after(() => tokens.stop())
  const { server, find } = await scriptedRegistry(
    t,
    ({ headers }) => (headers.authorization === 'Bearer t1' && server.asked.length > 2 ? { status: 401 } : FOUND),
    { ...OAUTH, schemaRegistryBearerAuthIssuerEndpointUrl: tokens.url },
  )
  await Promise.all(['a', 'b'].map(subject => find(latest(subject))))
  assert.equal(issuedTokens, 1)
  assert.deepEqual(tokens.requests[0]?.form, { grant_type: 'client_credentials', scope: 'all' })
  assert.equal(tokens.requests[0]?.headers.authorization, basic('id:client-secret'))
  await find(latest('c'))
  assert.equal(issuedTokens, 2)
  assert.deepEqual(
    server.asked.map(({ headers }) => headers.authorization),
    ['Bearer t1', 'Bearer t1', 'Bearer t1', 'Bearer t2'],
  )
})

test('an OAuth endpoint that refuses the client is like a registry that does; its answer is in no message', async t => {
  const tokens = await TokenServer.start(() => ({
    status: 401,
    body: { error: 'invalid_client', hint: 'secret-text' },
  }))
  t.after(() => tokens.stop())
  const { server, find } = await scriptedRegistry(t, () => FOUND, {
    ...OAUTH,
    schemaRegistryBearerAuthIssuerEndpointUrl: tokens.url,
  })
  await assert.rejects(find(latest('s')), (error: SerializationError) => {
    assert.match(error.message, /schema.registry.bearer.auth.issuer.endpoint.url\) answered 401 \(invalid_client\)/)
    assert.match(error.message, /check schema.registry.bearer.auth.client.id/)
    assert.doesNotMatch(error.message, /sasl|secret-text|client-secret|127/)
    return error.code === 'schema-registry-access' && !error.retriable
  })
  assert.equal(server.asked.length, 0)
})

test('an OAuth endpoint that is down is like a registry that is down', async t => {
  const tokens = await TokenServer.start()
  t.after(() => tokens.stop())
  const { find } = await scriptedRegistry(t, () => FOUND, {
    ...OAUTH,
    schemaRegistryBearerAuthIssuerEndpointUrl: tokens.url,
  })
  await assert.rejects(find(latest('s'), AbortSignal.timeout(2000)), { code: 'schema-registry', retriable: true })
  tokens.answer = () => issued('t')
  assert.equal((await find(latest('s'))).version, 3)
})

test('the token of the brokers, and their extensions as headers', async t => {
  const { server, find } = await scriptedRegistry(t, () => FOUND, {
    securityProtocol: 'SASL_SSL',
    saslMechanism: 'OAUTHBEARER',
    oauthBearerTokenProvider: () => ({ value: 'kafka-token', expiresAt: Date.now() + 600_000 }),
    saslOauthbearerExtensions: 'logicalCluster=lkc-1,identityPoolId=pool-2',
    schemaRegistryBearerAuthCredentialsSource: 'SASL_OAUTHBEARER_INHERIT',
    schemaRegistryBearerAuthLogicalCluster: 'lsrc-2',
  })
  await find(latest('s'))
  const { headers } = server.asked[0] ?? { headers: {} as Record<string, string> }
  assert.equal(headers.authorization, 'Bearer kafka-token')
  assert.deepEqual([headers['target-sr-cluster'], headers['confluent-identity-pool-id']], ['lsrc-2', 'pool-2'])
})

test('refused credentials are not sent a second time, and messages don’t contain them', async t => {
  const { server, find } = await scriptedRegistry(t, () => ({ status: 401, body: { message: 'user:hunter2' } }), {
    schemaRegistryBasicAuthUserInfo: 'user:hunter2',
  })
  await assert.rejects(find(latest('s')), (error: SerializationError) => {
    assert.match(error.message, /answered 401: it refused the credentials; check schema.registry.basic.auth.user.info/)
    assert.doesNotMatch(JSON.stringify(error), /hunter2/)
    return error.code === 'schema-registry-access' && !error.retriable
  })
  assert.equal(server.asked.length, 1)
})

test('a user of the secret that is refused is not sent a second time where the secret is still the same', async t => {
  const secrets = await SecretsServer.start()
  t.after(() => secrets.stop())
  Object.assign(process.env, { AWS_ACCESS_KEY_ID: 'k', AWS_SECRET_ACCESS_KEY: 's', ...secrets.env })
  const secretArn = await secrets.put('registry', { schemaRegistryUserInfo: 'user:old' })
  const { server, find } = await scriptedRegistry(
    t,
    ({ headers }) => (headers.authorization === basic('user:new') ? FOUND : { status: 401 }),
    { secretArn },
  )
  await assert.rejects(find(latest('s')), { code: 'schema-registry-access', message: /the secret of KAFKA_SECRET_ARN/ })
  assert.equal(server.asked.length, 1)
})

test('a token of the secret is not for a registry whose user is set', async t => {
  const secrets = await SecretsServer.start()
  t.after(() => secrets.stop())
  Object.assign(process.env, { AWS_ACCESS_KEY_ID: 'k', AWS_SECRET_ACCESS_KEY: 's', ...secrets.env })
  const secretArn = await secrets.put('other', { schemaRegistryToken: 'token' })
  const settings = { secretArn, schemaRegistryBasicAuthUserInfo: 'user:password' }
  const { server, find } = await scriptedRegistry(t, () => FOUND, settings)
  await find(latest('s'))
  assert.equal(server.asked[0]?.headers.authorization, basic('user:password'))
})

test('a secret that was rotated is read again, and the request is repeated', async t => {
  const secrets = await SecretsServer.start()
  t.after(() => secrets.stop())
  Object.assign(process.env, { AWS_ACCESS_KEY_ID: 'k', AWS_SECRET_ACCESS_KEY: 's', ...secrets.env })
  const secretArn = await secrets.put('rotated', { schemaRegistryToken: 'old' })
  const { server, find } = await scriptedRegistry(
    t,
    async ({ headers }) => {
      if (headers.authorization === 'Bearer new') return FOUND
      await secrets.put('rotated', { schemaRegistryToken: 'new' })
      return { status: 401 }
    },
    { secretArn },
  )
  assert.equal((await find(latest('s'))).version, 3)
  assert.equal(server.asked.length, 2)
})
