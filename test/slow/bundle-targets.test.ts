// In the built bundles a lazily loaded client may be missing or broken, so every dead-letter target is written once and
// every source of credentials is read once.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { resolve } from 'node:path'
import { after, before, test } from 'node:test'
import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3'
import { ReceiveMessageCommand, SendMessageCommand } from '@aws-sdk/client-sqs'
import { DiskDeadLetterStore } from '../../lib/dead-letter/disk/store.ts'
import { createTopics } from '../../local/kafka/admin.ts'
import { temporaryFolder } from '../../local/processes.ts'
import { Sandbox } from '../../local/runtime/sandbox.ts'
import { type LocalSqs, startSqs } from '../../local/sqs/elasticmq.ts'
import { buildAll } from '../../scripts/build.ts'
import { SecretsServer } from '../fakes/secrets-server.ts'
import { stsToken } from '../fakes/sts-answer.ts'
import { TokenServer } from '../fakes/token-server.ts'
import {
  AUDIENCE,
  EXTENSIONS,
  ISSUER,
  ROLE_ARN,
  type SecuredKafka,
  startSecuredKafka,
} from '../security-rig/secured-kafka.ts'
import { createTable } from '../support/dynamodb-table.ts'
import { v2Event } from '../support/function-harness.ts'
import { signJwt } from '../support/jwt.ts'
import { AWS_TEST_KEYS, startMoto } from '../support/moto.ts'

let sqs: LocalSqs
let rig: SecuredKafka
before(async () => {
  await buildAll(() => {})
  sqs = await startSqs([
    { name: 'letters', visibilityS: 30 },
    { name: 'earthquakes', visibilityS: 300 },
  ])
  rig = await startSecuredKafka()
})
after(async () => {
  await sqs.stop()
  await rig.stop()
})

async function invokeOnce(name: string, env: Record<string, string>, event: unknown): Promise<unknown> {
  const output: string[] = []
  const sandbox = await Sandbox.start({
    name,
    command: process.execPath,
    args: [resolve('local/runtime/runtime-client.ts')],
    timeoutMs: 20_000,
    onOutput: line => void output.push(line),
    env: {
      PATH: process.env.PATH ?? '',
      _HANDLER: `${resolve(`dist/functions/${name}/index.mjs`)}#handler`,
      AWS_EC2_METADATA_DISABLED: 'true',
      ...env,
    },
  })
  try {
    return await sandbox.invoke(event)
  } catch (error) {
    throw new Error(`${(error as Error).message}\n${output.join('\n')}`)
  } finally {
    await sandbox.stop()
  }
}

const chat = JSON.stringify({ value: { room: 'lobby', user: 'ada', text: 'hi' } })
const post = () => v2Event('POST', '/topics/chat', Buffer.from(chat), { 'content-type': 'application/json' })
const wrongMessage = {
  messageId: 'm-1',
  body: 'no json',
  eventSourceARN: 'arn:aws:sqs:us-east-1:000000000000:earthquakes',
  attributes: { ApproximateReceiveCount: '2' },
}
const events: Record<string, () => unknown> = {
  http: post,
  sqs: () => ({ Records: [wrongMessage] }),
  eventbridge: () => ({ id: 'e-1', source: 'usgs.earthquakes', 'detail-type': 'Earthquake', detail: { wrong: true } }),
}
const nobody = { KAFKA_BOOTSTRAP_SERVERS: '127.0.0.1:9', KAFKA_MAX_BLOCK_MS: '100' }

test('the SQS bundle hides a returned message for its own delay, not for the timeout of the queue', async () => {
  const QueueUrl = sqs.queueUrl('earthquakes')
  const MessageBody = JSON.stringify(JSON.parse(readFileSync('examples/earthquake.event.json', 'utf8')).detail)
  await sqs.client.send(new SendMessageCommand({ QueueUrl, MessageBody }))
  const receive = async () => {
    const input = { QueueUrl, WaitTimeSeconds: 20, MessageSystemAttributeNames: ['All' as const] }
    return (await sqs.client.send(new ReceiveMessageCommand(input))).Messages?.[0]
  }
  const message = await receive()
  const record = {
    messageId: message?.MessageId,
    receiptHandle: message?.ReceiptHandle,
    body: message?.Body,
    attributes: message?.Attributes,
    eventSourceARN: 'arn:aws:sqs:us-east-1:000000000000:earthquakes',
  }
  const env = {
    ...nobody,
    ...AWS_TEST_KEYS,
    AWS_ENDPOINT_URL_SQS: sqs.url,
    KAFKA_DEAD_LETTER: `disk:${temporaryFolder()}`,
    KAFKA_SQS_RETURN_DELAY_MAX_MS: '2000',
  }
  const answer = await invokeOnce('sqs', env, { Records: [record] })
  assert.deepEqual(answer, { batchItemFailures: [{ itemIdentifier: message?.MessageId }] })
  assert.equal((await receive())?.Attributes?.ApproximateReceiveCount, '2')
})

test('a bundle loads what lists all violations of an invalid record when it has one', async () => {
  const body = Buffer.from(JSON.stringify({ value: { room: 'lobby', user: 1, other: 2 } }))
  const event = v2Event('POST', '/topics/chat', body, { 'content-type': 'application/json' })
  const answer = await invokeOnce('http', { ...nobody, KAFKA_ON_FAILURE_HTTP: 'return' }, event)
  const { records } = JSON.parse((answer as { body: string }).body)
  assert.deepEqual(
    records[0].violations.map(({ rule }: { rule: string }) => rule),
    ['required', 'additionalProperties', 'type'],
  )
})

for (const [name, event] of Object.entries(events))
  test(`${name}: stores a dead letter in SQS and on disk`, async () => {
    const folder = temporaryFolder()
    for (const target of [`sqs:${sqs.queueUrl('letters')}`, `disk:${folder}`])
      await invokeOnce(name, { ...nobody, KAFKA_DEAD_LETTER: target }, event())
    const { Messages = [] } = await sqs.client.send(
      new ReceiveMessageCommand({ QueueUrl: sqs.queueUrl('letters'), MaxNumberOfMessages: 10 }),
    )
    const onDisk = await Array.fromAsync(new DiskDeadLetterStore(folder).deadLetters())
    const deadLetters = [
      ...Messages.map(({ Body }) => JSON.parse(Body as string)),
      ...onDisk.map(({ deadLetter }) => deadLetter),
    ]
    assert.deepEqual(
      deadLetters.map(({ source }) => source.trigger),
      [name, name],
    )
  })

test('dead letters in S3, DynamoDB, SQLite and Kafka are stored, and the redrive bundle sends each', async () => {
  const moto = await startMoto()
  after(() => moto.stop())
  const clients = { credentials: { accessKeyId: 'k', secretAccessKey: 's' }, region: 'us-east-1', endpoint: moto.url }
  await new S3Client({ ...clients, forcePathStyle: true }).send(new CreateBucketCommand({ Bucket: 'letters' }))
  await createTable(new DynamoDBClient(clients), 'letters')
  const aws = { ...AWS_TEST_KEYS, AWS_ENDPOINT_URL_S3: moto.url, AWS_ENDPOINT_URL_DYNAMODB: moto.url }
  const servers = rig.kafka.bootstrapServers
  await createTopics(servers, [{ topic: 'chat-dlt', partitions: 1 }])
  for (const target of [
    's3:letters/prod',
    'dynamodb:letters',
    `sqlite:${temporaryFolder()}/letters.db`,
    `kafka:@${servers}`,
  ]) {
    const { statusCode, body } = (await invokeOnce(
      'http',
      { ...nobody, ...aws, KAFKA_DEAD_LETTER: target },
      post(),
    )) as { statusCode: number; body: string }
    assert.equal(statusCode, 202, body)
    assert.match(JSON.parse(body).records[0].deadLetterId, /^[\w-]{22}$/)
    const again = await invokeOnce(
      'redrive',
      { ...aws, KAFKA_BOOTSTRAP_SERVERS: servers, KAFKA_DEAD_LETTER: target },
      {},
    )
    assert.equal((again as { results: { resent: number }[] }).results[0]?.resent, 1, JSON.stringify(again))
  }
})

test('the doctor runs inside the redrive bundle', async () => {
  const env = {
    KAFKA_BOOTSTRAP_SERVERS: rig.kafka.bootstrapServers,
    KAFKA_DEAD_LETTER: `sqs:${sqs.queueUrl('letters')}`,
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
    AWS_REGION: 'us-east-1',
  }
  const { checks } = (await invokeOnce('redrive', env, { doctor: true })) as {
    checks: { name: string; status: string }[]
  }
  for (const name of ['ApiVersions', 'topic chat', 'rights chat', 'dead letters sqs:…/letters'])
    assert.equal(checks.find(check => check.name === name)?.status, 'ok', name)
})

async function delivers(env: Record<string, string>): Promise<void> {
  const { statusCode, body } = (await invokeOnce(
    'http',
    {
      KAFKA_DEAD_LETTER: 'none',
      KAFKA_ON_FAILURE_HTTP: 'return',
      KAFKA_SSL_TRUSTSTORE_LOCATION: rig.caFile,
      KAFKA_SECURITY_PROTOCOL: 'SASL_SSL',
      ...env,
    },
    post(),
  )) as { statusCode: number; body: string }
  assert.equal(statusCode, 200, body)
}

test('a secret of Secrets Manager and a parameter of SSM are read', async () => {
  const secrets = await SecretsServer.start()
  after(() => secrets.stop())
  const fields = { username: 'alice', password: 'alice-secret' }
  for (const arn of [await secrets.put('AmazonMSK_alice', fields), await secrets.putParameter('/kafka/alice', fields)])
    await delivers({
      ...secrets.env,
      KAFKA_BOOTSTRAP_SERVERS: rig.address('SASL'),
      KAFKA_SASL_MECHANISM: 'SCRAM-SHA-512',
      KAFKA_SECRET_ARN: arn,
    })
})

for (const [mechanism, user] of [
  ['PLAIN', 'bob'],
  ['SCRAM-SHA-256', 'alice256'],
] as const)
  test(`authentication with ${mechanism}`, () =>
    delivers({
      KAFKA_BOOTSTRAP_SERVERS: rig.address('SASL'),
      KAFKA_SASL_MECHANISM: mechanism,
      KAFKA_SASL_USERNAME: user,
      KAFKA_SASL_PASSWORD: `${user}-secret`,
    }))

test('MSK: the brokers are found by the cluster’s ARN, with a token of AWS’s signer', async () => {
  const msk = createServer((_, response) =>
    response
      .writeHead(200, { 'content-type': 'application/json' })
      .end(JSON.stringify({ bootstrapBrokerStringSaslIam: rig.address('IAM') })),
  )
  await new Promise<void>(done => msk.listen(0, '127.0.0.1', done))
  msk.unref()
  await delivers({
    AWS_ENDPOINT_URL_KAFKA: `http://127.0.0.1:${(msk.address() as AddressInfo).port}`,
    AWS_ACCESS_KEY_ID: 'AKIDGOOD',
    AWS_SECRET_ACCESS_KEY: 'good-secret',
    KAFKA_MSK_CLUSTER_ARN: 'arn:aws:kafka:us-east-1:123456789012:cluster/demo/abc-1',
    KAFKA_SASL_MECHANISM: 'AWS_MSK_IAM',
  })
  msk.close()
})

test('OAUTHBEARER with a token of AWS for the role', async t => {
  const sts = await TokenServer.start(({ form }) => {
    const now = Math.floor(Date.now() / 1000)
    const claims = { iss: ISSUER, aud: form['Audience.member.1'], sub: ROLE_ARN, iat: now, exp: now + 300 }
    return { body: stsToken(signJwt(rig.tokenKeys.ES384, 'ES384', claims), new Date((now + 300) * 1000)) }
  })
  t.after(() => sts.stop())
  const { logicalCluster, identityPoolId } = EXTENSIONS
  await delivers({
    ...AWS_TEST_KEYS,
    AWS_ENDPOINT_URL_STS: new URL('/', sts.url).href,
    KAFKA_BOOTSTRAP_SERVERS: rig.address('CLAIMS'),
    KAFKA_SASL_MECHANISM: 'OAUTHBEARER',
    KAFKA_SASL_OAUTHBEARER_AWS_AUDIENCE: AUDIENCE,
    KAFKA_SASL_OAUTHBEARER_EXTENSIONS: `logicalCluster=${logicalCluster},identityPoolId=${identityPoolId}`,
  })
})
