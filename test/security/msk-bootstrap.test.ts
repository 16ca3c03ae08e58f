// KAFKA_MSK_CLUSTER_ARN, against a stub with the path and fields of MSK's API.
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { parseConfig } from '../../lib/config/parse-config.ts'
import type { ProducerOptions } from '../../lib/config/producer-options.ts'
import { MskBootstrap } from '../../lib/security/msk-bootstrap.ts'
import { ScriptedBrokers } from '../fakes/scripted-brokers.ts'
import { producerOf, summaryOf } from '../support/producer-of.ts'
import { deadlineIn, isDoneWithin, pause } from '../support/time.ts'

Object.assign(process.env, { AWS_ACCESS_KEY_ID: 'k', AWS_SECRET_ACCESS_KEY: 's', AWS_REGION: 'us-east-1' })
const ARN = 'arn:aws:kafka:eu-west-1:123456789012:cluster/demo/abc-1'
type Answer = { status?: number; body?: object; silent?: boolean }

async function withMsk(work: (msk: { answer: Answer; paths: string[] }) => Promise<void>): Promise<void> {
  const msk = { answer: {} as Answer, paths: [] as string[] }
  const server = createServer((request, response) => {
    msk.paths.push(`${request.method} ${request.url}`)
    const { status = 200, body = {}, silent } = msk.answer
    if (silent) return
    response
      .writeHead(status, {
        'content-type': 'application/json',
        ...(status === 200 ? {} : { 'x-amzn-errortype': 'NotFoundException' }),
      })
      .end(JSON.stringify(body))
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  process.env.AWS_ENDPOINT_URL_KAFKA = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  try {
    await work(msk)
  } finally {
    server.closeAllConnections()
    server.close()
  }
}

const configOf = (options: ProducerOptions = {}) => parseConfig({ mskClusterArn: ARN, ...options }, {})

test('the list for the authentication and network in use is requested once', async () => {
  const tls: ProducerOptions = { securityProtocol: 'SSL' }
  const iam: ProducerOptions = { securityProtocol: 'SASL_SSL', saslMechanism: 'AWS_MSK_IAM' }
  const scram: ProducerOptions = {
    ...iam,
    saslMechanism: 'SCRAM-SHA-512',
    saslUsername: 'u',
    saslPassword: 'p',
  }
  const cases: [ProducerOptions, string][] = [
    [{}, 'bootstrapBrokerString'],
    [tls, 'bootstrapBrokerStringTls'],
    [iam, 'bootstrapBrokerStringSaslIam'],
    [scram, 'bootstrapBrokerStringSaslScram'],
    [{ ...iam, mskNetwork: 'public' }, 'bootstrapBrokerStringPublicSaslIam'],
    [{ ...scram, mskNetwork: 'vpc-connectivity' }, 'bootstrapBrokerStringVpcConnectivitySaslScram'],
  ]
  await withMsk(async msk => {
    for (const [options, field] of cases) {
      msk.answer = { body: { [field]: 'b-1.demo:9098,b-2.demo:9098', another: 'x:1' } }
      msk.paths.length = 0
      const bootstrap = new MskBootstrap(configOf(options))
      assert.deepEqual(
        await Promise.all([bootstrap.servers(deadlineIn(3000), false), bootstrap.servers(deadlineIn(3000), false)]),
        Array(2).fill(['b-1.demo:9098', 'b-2.demo:9098']),
        field,
      )
      await bootstrap.servers(deadlineIn(3000), false)
      assert.deepEqual(msk.paths, [`GET /v1/clusters/${encodeURIComponent(ARN)}/bootstrap-brokers`])
    }
  })
})

test('without a usable list bootstrap.servers are used, with a warning; without both an error names it', async () => {
  await withMsk(async msk => {
    const answers: Answer[] = [{ status: 404 }, { silent: true }, { body: { bootstrapBrokerStringTls: 'a:1' } }]
    for (const answer of answers) {
      msk.answer = answer
      const warnings: string[] = []
      const options = configOf({ bootstrapServers: ['fallback:9092'] })
      const withFallback = new MskBootstrap(options, text => warnings.push(text))
      const servers = withFallback.servers(deadlineIn(500), false)
      assert.ok(await isDoneWithin(4000, servers), 'the deadline ends the request')
      assert.deepEqual(await servers, ['fallback:9092'])
      assert.match(warnings.join(), /KAFKA_MSK_CLUSTER_ARN/)
      await assert.rejects(
        new MskBootstrap(configOf()).servers(deadlineIn(500), false),
        /KAFKA_MSK_CLUSTER_ARN|security\.protocol PLAINTEXT/,
      )
    }
  })
})

test('when no broker answers, the list is requested again and the new brokers are used', async () => {
  await withMsk(async msk => {
    const cluster = await ScriptedBrokers.start({ topic: 't', leaders: [0] })
    // Nothing listens at the first address.
    msk.answer = { body: { bootstrapBrokerString: '127.0.0.1:9' } }
    const producer = producerOf(['127.0.0.1:9'], { mskClusterArn: ARN, maxBlockMs: 15_000 })
    const sending = producer.sendAll([{ topic: 't', value: 'a' }])
    await pause(500)
    assert.equal(msk.paths.length, 1, 'not requested again at once')
    msk.answer = { body: { bootstrapBrokerString: cluster.addresses.join(',') } }
    assert.equal(summaryOf((await sending)[0]), 'delivered')
    assert.equal(msk.paths.length, 2)
    await producer.close()
    await cluster.stop()
  })
})

test('the warning about a single bootstrap server is not given for MSK Serverless or a cluster by ARN', () => {
  const warningsFor = (options: ProducerOptions) => {
    const warnings: string[] = []
    parseConfig(options, {}, text => warnings.push(text))
    return warnings.length
  }
  assert.equal(warningsFor({ bootstrapServers: ['broker:9092'] }), 1)
  assert.equal(warningsFor({ bootstrapServers: ['boot-x.c1.kafka-serverless.eu-west-1.amazonaws.com:9098'] }), 0)
  assert.equal(warningsFor({ mskClusterArn: ARN }), 0)
})
