// The message of OAUTHBEARER as RFC 7628 frames it.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseConfig } from '../../lib/config/parse-config.ts'
import type { ProducerOptions } from '../../lib/config/producer-options.ts'
import type { SaslCredentials } from '../../lib/transport/connection-security.ts'
import { toSasl } from '../../lib/transport/kafkajs/sasl.ts'

interface Step {
  readonly request: { encode(): Promise<Buffer> }
}

async function messageOf(extensions: Readonly<Record<string, string>>): Promise<string> {
  const credentials: SaslCredentials = { name: '', hint: '', mechanism: 'OAUTHBEARER', token: 'abc', extensions }
  const { authenticationProvider } = toSasl(credentials) as {
    authenticationProvider: (host: object) => { authenticate(): Promise<void> }
  }
  const messages: string[] = []
  const saslAuthenticate = async ({ request }: Step) =>
    void messages.push((await request.encode()).subarray(4).toString())
  await authenticationProvider({ saslAuthenticate }).authenticate()
  return messages.join()
}

test('the message of OAUTHBEARER has the token, then the extensions', async () => {
  assert.equal(await messageOf({}), 'n,,\u0001auth=Bearer abc\u0001\u0001')
  assert.equal(
    await messageOf({ logicalCluster: 'lkc-1', identityPoolId: 'pool-1' }),
    'n,,\u0001auth=Bearer abc\u0001logicalCluster=lkc-1\u0001identityPoolId=pool-1\u0001\u0001',
  )
})

const OAUTH: ProducerOptions = {
  bootstrapServers: 'a:1,b:2',
  securityProtocol: 'SASL_SSL',
  saslMechanism: 'OAUTHBEARER',
  saslOauthbearerTokenEndpointUrl: 'https://idp.example/token',
  saslOauthbearerClientCredentialsClientId: 'id',
  saslOauthbearerClientCredentialsClientSecret: 'hunter2',
}

test('extensions whose name or value could change the message are refused', () => {
  parseConfig({ ...OAUTH, saslOauthbearerExtensions: 'logicalCluster=lkc-1, identityPoolId=pool=1' }, {})
  for (const saslOauthbearerExtensions of ['auth=x', 'Auth=x', 'a_b=x', 'a', '=x', 'a=', 'a=\u0001auth=y', 'a=é'])
    assert.throws(
      () => parseConfig({ ...OAUTH, saslOauthbearerExtensions }, {}),
      /sasl\.oauthbearer\.extensions: expected name=value/,
      saslOauthbearerExtensions,
    )
})

test('a token endpoint is https, unless KAFKA_OAUTH_ALLOW_HTTP says otherwise, and holds no password', () => {
  const withUrl = (saslOauthbearerTokenEndpointUrl: string, oauthAllowHttp = false) =>
    parseConfig({ ...OAUTH, saslOauthbearerTokenEndpointUrl, oauthAllowHttp }, {})
  withUrl('http://127.0.0.1:1/token', true)
  for (const url of ['http://127.0.0.1:1/token', 'ftp://idp.example', 'idp.example', 'https://ada:hunter2@idp.example'])
    assert.throws(
      () => withUrl(url),
      error => /token\.endpoint\.url: expected an https/.test(String(error)) && !/hunter2/.test(String(error)),
      url,
    )
})
