// Every kind of connection to a real broker. Right settings work; each wrong one is a delivery failure whose error
// names the setting and is not retried, with few connection attempts.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, mock, test } from 'node:test'
import { parseConfig } from '../../lib/config/parse-config.ts'
import type { ProducerOptions } from '../../lib/config/producer-options.ts'
import type { Failed } from '../../lib/delivery/delivery-report.ts'
import { checkCluster } from '../../lib/doctor/check-cluster.ts'
import { innermostMessage } from '../../lib/errors.ts'
import { SecretsServer } from '../fakes/secrets-server.ts'
import { type ListenerName, type SecuredKafka, startSecuredKafka, TOPIC } from '../security-rig/secured-kafka.ts'
import { producerOf, summaryOf } from '../support/producer-of.ts'
import { pause } from '../support/time.ts'

process.env.AWS_EC2_METADATA_DISABLED = 'true'
let rig: SecuredKafka
let tokens: Server
let tokenUrl = ''
const issued: string[] = []
before(async () => {
  rig = await startSecuredKafka()
  tokens = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const form = new URLSearchParams(Buffer.concat(chunks).toString())
    issued.push(`${form.get('grant_type')} ${form.get('scope')}`)
    if (request.headers.authorization !== `Basic ${Buffer.from('id:good').toString('base64')}`)
      return void response.writeHead(401).end('{"error":"invalid_client"}')
    const expires = form.get('scope') === 'stale' ? -60 : 3600
    response
      .writeHead(200, { 'content-type': 'application/json' })
      .end(JSON.stringify({ access_token: unsignedJwt(expires), expires_in: expires }))
  })
  await new Promise<void>(resolve => tokens.listen(0, '127.0.0.1', resolve))
  tokenUrl = `http://127.0.0.1:${(tokens.address() as AddressInfo).port}/token`
})
after(async () => {
  tokens.close()
  await rig.stop()
})

/** A token for Kafka's unsecured validator. */
function unsignedJwt(expiresInS: number): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const now = Math.floor(Date.now() / 1000)
  return `${part({ alg: 'none' })}.${part({ sub: 'oauth-client', iat: now - 120, exp: now + expiresInS })}.`
}

type ConnectionOptions = ProducerOptions & { readonly listener: ListenerName; readonly host?: string }
type Case = readonly [name: string, options: () => ConnectionOptions, env?: Readonly<Record<string, string>>]

const tls = () => ({ sslTruststoreCertificates: rig.ca })
const sasl = (
  saslMechanism: ProducerOptions['saslMechanism'],
  saslUsername: string,
  saslPassword = `${saslUsername}-secret`,
) => ({
  saslMechanism,
  saslUsername,
  saslPassword,
})
const iam = () => ({ listener: 'IAM', securityProtocol: 'SASL_SSL', saslMechanism: 'AWS_MSK_IAM', ...tls() }) as const
const scram = (user: string, password?: string) =>
  ({
    listener: 'SASL',
    securityProtocol: 'SASL_SSL',
    ...tls(),
    ...sasl('SCRAM-SHA-512', user, password),
  }) as const
const oauth = (secret: string, scope = 'kafka') =>
  ({
    listener: 'OAUTH',
    securityProtocol: 'SASL_SSL',
    ...tls(),
    saslMechanism: 'OAUTHBEARER',
    saslOauthbearerTokenEndpointUrl: tokenUrl,
    oauthAllowHttp: true,
    saslOauthbearerClientCredentialsClientId: 'id',
    saslOauthbearerClientCredentialsClientSecret: secret,
    saslOauthbearerScope: scope,
  }) as const
const AWS = (id: string, secret: string, region = 'us-east-1') => ({
  AWS_ACCESS_KEY_ID: id,
  AWS_SECRET_ACCESS_KEY: secret,
  AWS_REGION: region,
})

async function withProducer<T>(
  { listener, host, ...options }: ConnectionOptions,
  env: Readonly<Record<string, string>>,
  work: (producer: ReturnType<typeof producerOf>) => Promise<T>,
): Promise<T> {
  const before = Object.fromEntries(Object.keys(env).map(name => [name, process.env[name]]))
  Object.assign(process.env, env)
  const producer = producerOf([rig.address(listener, host)], { deliveryTimeoutMs: 6000, ...options })
  try {
    return await work(producer)
  } finally {
    await producer.close()
    for (const [name, value] of Object.entries(before)) {
      if (value === undefined) delete process.env[name]
      else process.env[name] = value
    }
  }
}

const record = (value: string) => ({ topic: TOPIC, key: value, value })

const right: readonly Case[] = [
  [
    'SSL',
    () => ({
      listener: 'MTLS',
      securityProtocol: 'SSL',
      sslTruststoreLocation: rig.caFile,
      sslKeystoreLocation: rig.clientPem,
    }),
  ],
  [
    'SSL, by value',
    () => ({
      listener: 'MTLS',
      securityProtocol: 'SSL',
      ...tls(),
      sslKeystoreCertificateChain: readFileSync(rig.clientPem, 'utf8').replaceAll('\n', '\\n'),
      sslKeystoreKey: readFileSync(rig.clientPem, 'utf8'),
    }),
  ],
  ['PLAIN', () => ({ listener: 'SASL', securityProtocol: 'SASL_SSL', ...tls(), ...sasl('PLAIN', 'bob') })],
  ['PLAIN without TLS', () => ({ listener: 'CLEAR', securityProtocol: 'SASL_PLAINTEXT', ...sasl('PLAIN', 'bob') })],
  ['SCRAM-SHA-256', () => ({ ...scram('alice256'), saslMechanism: 'SCRAM-SHA-256' })],
  ['SCRAM-SHA-512', () => scram('alice')],
  ['OAUTHBEARER', () => oauth('good')],
  ['AWS_MSK_IAM', iam, AWS('AKIDGOOD', 'good-secret')],
]
for (const [name, options, env = {}] of right)
  test(`${name}: delivered`, async () => {
    await withProducer(options(), env, async producer => {
      const reports = await producer.sendAll([record('a'), record('b')])
      assert.deepEqual(reports.map(summaryOf), ['delivered', 'delivered'], (reports[0] as Failed).error?.message)
    })
  })

const wrong: readonly (readonly [...Case, expected: { code: string; says: RegExp; connectionAttempts: number }])[] = [
  [
    'SCRAM, wrong password',
    () => scram('alice', 'wrong'),
    {},
    {
      code: 'authentication',
      says: /SCRAM-SHA-512: check sasl\.username and sasl\.password \(KAFKA_SASL_USERNAME/,
      connectionAttempts: 1,
    },
  ],
  [
    'SCRAM, unknown user',
    () => scram('mallory'),
    {},
    { code: 'authentication', says: /sasl\.username/, connectionAttempts: 1 },
  ],
  [
    'PLAIN, wrong password',
    () => ({ ...scram('bob', 'wrong'), saslMechanism: 'PLAIN' }),
    {},
    { code: 'authentication', says: /PLAIN: check sasl\.username/, connectionAttempts: 1 },
  ],
  [
    'a mechanism that is not offered',
    () => ({ ...oauth('good'), listener: 'SASL' }),
    {},
    {
      code: 'authentication',
      says: /does not support OAUTHBEARER: check sasl\.mechanism/,
      connectionAttempts: 2,
    },
  ],
  [
    'OAUTHBEARER, wrong client secret',
    () => oauth('wrong'),
    {},
    {
      code: 'authentication',
      says: /answered 401 \(invalid_client\): check sasl\.oauthbearer\.client\.credentials/,
      connectionAttempts: 0,
    },
  ],
  [
    'OAUTHBEARER, a token that has expired',
    () => oauth('good', 'stale'),
    {},
    { code: 'authentication', says: /OAUTHBEARER: check that the broker accepts tokens/, connectionAttempts: 2 },
  ],
  [
    'AWS_MSK_IAM, wrong secret',
    iam,
    AWS('AKIDGOOD', 'wrong'),
    {
      code: 'authentication',
      says: /AWS_MSK_IAM: check that the role may kafka-cluster:Connect/,
      connectionAttempts: 1,
    },
  ],
  [
    'AWS_MSK_IAM, unknown key',
    iam,
    AWS('AKIDNOBODY', 'x'),
    { code: 'authentication', says: /kafka-cluster:Connect/, connectionAttempts: 1 },
  ],
  [
    'AWS_MSK_IAM, wrong region',
    iam,
    AWS('AKIDGOOD', 'good-secret', 'eu-west-1'),
    { code: 'authentication', says: /region \(AWS_REGION\)/, connectionAttempts: 1 },
  ],
  [
    'AWS_MSK_IAM, credentials about to expire',
    iam,
    { ...AWS('AKIDGOOD', 'good-secret'), AWS_CREDENTIAL_EXPIRATION: new Date(Date.now() + 30_000).toISOString() },
    { code: 'authentication', says: /less than 60 s left/, connectionAttempts: 0 },
  ],
  [
    'no WRITE',
    () => scram('reader'),
    {},
    { code: 'authorization', says: /AUTHORIZATION_FAILED/, connectionAttempts: 1 },
  ],
  [
    'no DESCRIBE',
    () => scram('nobody'),
    {},
    {
      code: 'authorization',
      says: /refuse to describe topic chat: expected an ACL for WRITE/,
      connectionAttempts: 1,
    },
  ],
  [
    'expired certificate',
    () => ({ listener: 'EXPIRED', securityProtocol: 'SSL', ...tls() }),
    {},
    { code: 'authentication', says: /certificate has expired/, connectionAttempts: 1 },
  ],
  [
    'certificate of another host',
    () => ({ listener: 'TLS', host: '127.0.0.1', securityProtocol: 'SSL', ...tls() }),
    {},
    {
      code: 'authentication',
      says: /does not name the host of the connection: expected bootstrap\.servers/,
      connectionAttempts: 1,
    },
  ],
  [
    'unknown CA',
    () => ({ listener: 'TLS', securityProtocol: 'SSL' }),
    {},
    { code: 'authentication', says: /ssl\.truststore/, connectionAttempts: 1 },
  ],
  [
    'no client certificate',
    () => ({ listener: 'MTLS', securityProtocol: 'SSL', ...tls() }),
    {},
    { code: 'authentication', says: /ssl\.keystore/, connectionAttempts: 1 },
  ],
  [
    'plaintext against TLS',
    () => ({ listener: 'TLS' }),
    {},
    { code: 'authentication', says: /uses TLS: expected security\.protocol/, connectionAttempts: 1 },
  ],
  [
    'TLS without authentication against SASL_SSL',
    () => ({ listener: 'SASL', securityProtocol: 'SSL', ...tls() }),
    {},
    { code: 'authentication', says: /security\.protocol/, connectionAttempts: 3 },
  ],
]
for (const [name, options, env = {}, { code, says, connectionAttempts }] of wrong)
  test(`${name}: ${code}, with an error that names the setting, and few connection attempts`, async () => {
    await withProducer(options(), env, async producer => {
      for (let n = 0; n < 5; n++) {
        const [report] = (await producer.sendAll([record('a')])) as [Failed]
        assert.equal(
          summaryOf(report),
          `${code === 'authorization' && report.attempts > 0 ? 'rejected' : 'not-sent'}:${code}`,
        )
        assert.equal(report.failureKind, 'delivery-failure')
        const text = innermostMessage(report.error) ?? ''
        assert.match(text, says)
        assert.ok(!/-secret|good|wrong/.test(text), text)
        if (n === 0 && process.env.SHOW_MESSAGES) console.log(`| ${name} | \`${code}\` | ${text} |`)
      }
      // `connect` fails with the same code; the cause of the driver is only in `causeCode`.
      if (code === 'authentication') await assert.rejects(producer.connect(), { code })
      const attempts = producer.metrics().connectionAttempts
      assert.ok(
        attempts <= connectionAttempts,
        `${attempts} connection attempts, expected at most ${connectionAttempts}`,
      )
    })
  })

test('OAUTHBEARER: a token is requested with the client credentials grant', () => {
  assert.ok(issued.includes('client_credentials kafka'))
})

test('AWS_MSK_IAM, an expired token: authentication, with one connection attempt', async () => {
  mock.timers.enable({ apis: ['Date'], now: Date.now() - 20 * 60_000 })
  try {
    await withProducer(iam(), AWS('AKIDGOOD', 'good-secret'), async producer => {
      for (let n = 0; n < 3; n++) {
        const [report] = (await producer.sendAll([record('a')])) as [Failed]
        assert.equal(summaryOf(report), 'not-sent:authentication')
        assert.match(innermostMessage(report.error) ?? '', /AWS_MSK_IAM/)
      }
      assert.equal(producer.metrics().connectionAttempts, 1)
    })
  } finally {
    mock.timers.reset()
  }
})

test('after a password rotation the secret is read again once, and the record is delivered', async () => {
  const secrets = await SecretsServer.start()
  const arn = await secrets.put('AmazonMSK_alice', { username: 'alice', password: 'old' })
  const { saslUsername: _, saslPassword: __, ...options } = scram('alice')
  await withProducer({ ...options, secretArn: arn }, { ...AWS('k', 's'), ...secrets.env }, async producer => {
    const [report] = (await producer.sendAll([record('a')])) as [Failed]
    assert.equal(summaryOf(report), 'not-sent:authentication')
    assert.match(innermostMessage(report.error) ?? '', /username and password in the secret of KAFKA_SECRET_ARN/)
    assert.equal(secrets.reads, 2, 'read, and once more after the refusal')
    assert.equal(producer.metrics().connectionAttempts, 1, 'no second attempt: the secret had not changed')
  })
  await withProducer({ ...options, secretArn: arn }, { ...AWS('k', 's'), ...secrets.env }, async producer => {
    // The secret changes between its read and the broker's refusal.
    secrets.onRead = () => void secrets.put('AmazonMSK_alice', { username: 'alice', password: 'alice-secret' })
    assert.equal(summaryOf((await producer.sendAll([record('a')]))[0]), 'delivered')
    assert.equal(producer.metrics().connectionAttempts, 2)
  })
  await secrets.stop()
})

test('a secret can hold the TLS material', async () => {
  const secrets = await SecretsServer.start()
  after(() => secrets.stop())
  const client = readFileSync(rig.clientPem, 'utf8')
  const arn = await secrets.put('tls', { ca: rig.ca, certificate: client, key: client })
  await withProducer(
    { listener: 'MTLS', securityProtocol: 'SSL', secretArn: arn },
    { ...AWS('k', 's'), ...secrets.env },
    async producer => {
      assert.equal(summaryOf((await producer.sendAll([record('a')]))[0]), 'delivered')
    },
  )
})

test('the doctor reports which step of a connection fails, and which right is missing', async () => {
  const examine = async ({ listener, host, ...options }: ConnectionOptions) => {
    const config = parseConfig({ bootstrapServers: [rig.address(listener, host)], ...options } as ProducerOptions, {})
    const statuses = new Map<string, string>()
    await checkCluster(config, [TOPIC], ({ name, status }) => statuses.set(name, status))
    return statuses
  }
  const good = await examine(scram('alice'))
  for (const name of ['TLS', 'authentication', 'ApiVersions', `topic ${TOPIC}`, `rights ${TOPIC}`])
    assert.equal(good.get(name), 'ok', name)
  const wrongPassword = await examine(scram('alice', 'wrong'))
  assert.deepEqual(
    [wrongPassword.get('TLS'), wrongPassword.get('authentication'), wrongPassword.get('ApiVersions')],
    ['ok', 'failed', 'skipped'],
  )
  const publicCas = await examine({
    listener: 'SASL',
    securityProtocol: 'SASL_SSL',
    ...sasl('SCRAM-SHA-512', 'alice'),
  })
  assert.deepEqual([publicCas.get('TLS'), publicCas.get('authentication')], ['failed', 'skipped'])
  await rig.revoke('User:alice')
  await rig.allow('User:alice', 'DESCRIBE')
  const reader = await examine(scram('alice'))
  assert.deepEqual([reader.get(`topic ${TOPIC}`), reader.get(`rights ${TOPIC}`)], ['ok', 'failed'])
  await rig.allow('User:alice', 'WRITE')
})

test('after WRITE is revoked records are rejected, and delivered again once it is granted', async () => {
  await withProducer(scram('alice'), {}, async producer => {
    const send = async () => summaryOf((await producer.sendAll([record('a')]))[0])
    assert.equal(await send(), 'delivered')
    await rig.revoke('User:alice')
    assert.equal(await send(), 'rejected:authorization')
    await rig.allow('User:alice', 'WRITE')
    assert.equal(await send(), 'delivered')
    assert.equal(producer.metrics().connectionAttempts, 1)
  })
})

test('after an MSK IAM key is revoked, a new connection is attempted once in ten seconds', async () => {
  await withProducer({ ...iam(), connectionsMaxIdleMs: 1 }, AWS('AKIDGOOD', 'good-secret'), async producer => {
    assert.equal(summaryOf((await producer.sendAll([record('a')]))[0]), 'delivered')
    const connectionAttempts = producer.metrics().connectionAttempts
    rig.writeIamKeys({})
    await pause(20)
    for (let n = 0; n < 5; n++)
      assert.equal(summaryOf((await producer.sendAll([record('a')]))[0]), 'not-sent:authentication')
    assert.ok(producer.metrics().connectionAttempts - connectionAttempts <= 2, 'connection attempts')
  })
})
