// A broker at its connection limit used to be reported as a wrong security.protocol: fatal, without an attempt for 10
// s. Cold sandboxes meet this limit in a scale-out, when retrying is right.
import assert from 'node:assert/strict'
import { type AddressInfo, createServer } from 'node:net'
import { test } from 'node:test'
import { parseConfig } from '../../lib/config/parse-config.ts'
import type { ProducerOptions } from '../../lib/config/producer-options.ts'
import type { Check } from '../../lib/doctor/check.ts'
import { checkCluster } from '../../lib/doctor/check-cluster.ts'
import { innermostMessage } from '../../lib/errors.ts'
import { connectionError } from '../../lib/transport/kafkajs/connection-error.ts'
import { type Script, ScriptedBrokers } from '../fakes/scripted-brokers.ts'
import { producerOf, summaryOf } from '../support/producer-of.ts'

const FAST: ProducerOptions = { reconnectBackoffMs: 10, reconnectBackoffMaxMs: 20, maxBlockMs: 1500 }

async function sendTo(onConnection: Script['onConnection'] & {}, options: ProducerOptions = FAST) {
  const cluster = await ScriptedBrokers.start({ leaders: [0], brokers: 1, script: { onConnection } })
  const producer = producerOf(cluster.addresses, options)
  try {
    const [report] = await producer.sendAll([{ topic: 't', value: 'a' }])
    const message = report?.kind === 'failed' ? (innermostMessage(report.error) ?? '') : ''
    return { summary: summaryOf(report), message, connections: cluster.connections }
  } finally {
    await producer.close()
    await cluster.stop()
  }
}

test('rule 9: a broker that closes new connections at once is retried until the deadline', async () => {
  const { summary, message, connections } = await sendTo(() => 0)
  assert.equal(summary, 'not-sent:unreachable')
  assert.match(message, /at once: it is at its limit of connections \(max\.connections\.per\.ip\)/)
  assert.ok(connections > 3, `${connections} connections`)
})

test('rule 9: when the broker admits connections again, the record is delivered', async () => {
  const { summary } = await sendTo((_, connections) => (connections <= 8 ? 0 : 'serve'), {
    ...FAST,
    maxBlockMs: 10_000,
  })
  assert.equal(summary, 'delivered')
})

test('rule 9: a connection that nobody answers is reported as a limit of connections', async () => {
  const { summary, message } = await sendTo(() => 'hang', { ...FAST, socketConnectionSetupTimeoutMs: 300 })
  assert.equal(summary, 'not-sent:unreachable')
  assert.match(message, /accepts the connection, but nothing answers within .* \(max\.connections\)/)
})

test('rule 9: a connection that is closed after a delay is reported as a limited rate', async () => {
  const { summary, message } = await sendTo(() => 600)
  assert.equal(summary, 'not-sent:unreachable')
  assert.match(message, /held the new connection for \d+ ms .* \(max\.connection\.creation\.rate\)/)
})

test('rule 9: MSK’s refusal of too many new connections is retriable, a refused password is not', () => {
  const failureOf = (message: string) =>
    connectionError({
      error: Object.assign(new Error(message), { type: 'SASL_AUTHENTICATION_FAILED' }),
      socketError: undefined,
      security: {
        tls: {},
        credentials: { name: 'AWS_MSK_IAM', hint: 'kafka-cluster:Connect', mechanism: 'OAUTHBEARER', token: 'x' },
      },
    })
  const limited = failureOf('[e4afe53f-73b5-4b94-9ac5-1f2d3c4b5a69]: Too many connects')
  assert.deepEqual([limited.causeCode, limited.retriable], ['CONNECTION_LIMIT', true])
  const refused = failureOf('[e4afe53f-73b5-4b94-9ac5-1f2d3c4b5a69]: Access denied')
  assert.deepEqual([refused.causeCode, refused.retriable], ['AUTHENTICATION_FAILED', false])
})

test('doctor names security.protocol for connections that are closed after their first bytes', async () => {
  const server = createServer(socket => socket.on('error', () => undefined).once('data', () => socket.end()))
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  try {
    const checks: Check[] = []
    const bootstrapServers = `127.0.0.1:${(server.address() as AddressInfo).port}`
    await checkCluster(parseConfig({ bootstrapServers, securityProtocol: 'SSL' }, {}), ['t'], check => {
      checks.push(check)
    })
    const tls = checks.find(({ name }) => name === 'TLS')
    assert.equal(tls?.status, 'failed')
    assert.match(JSON.stringify(tls), /security\.protocol, which is SSL/)
  } finally {
    server.close()
  }
})
