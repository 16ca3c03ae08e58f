// Rule 9 with a hundred processes: the connection attempts at a broker that refuses every authentication, or is silent.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { after, before, test } from 'node:test'
import { startProxiedKafka } from '../../local/faults/proxied-kafka.ts'
import { type NewConnections, TcpProxy } from '../../local/faults/tcp-proxy.ts'
import { createTopics, untilInSync } from '../../local/kafka/admin.ts'
import { type SecuredKafka, startSecuredKafka } from '../security-rig/secured-kafka.ts'

const PROCESSES = 100
const SECONDS = 25

let rig: SecuredKafka
before(async () => {
  rig = await startSecuredKafka()
})
after(() => rig.stop())

/** Counts the connections to the broker; with `hang` they get no answer. */
async function countingProxy(newConnections: NewConnections): Promise<TcpProxy & { address: string }> {
  const proxy = await TcpProxy.listen()
  proxy.targetPort = Number(rig.address('SASL').split(':')[1])
  proxy.newConnections = newConnections
  return Object.assign(proxy, { address: `localhost:${proxy.port}` })
}

interface Connected {
  readonly connectionAttempts: number
  readonly delivered: number
  /** When the first record was acknowledged, in seconds after the start. */
  readonly first: number | null
  /** How long the process sent records: with a hundred of them on two cores they don't end on time. */
  readonly seconds: number
}

/** Runs the processes; all begin at the same moment, once the last has started. */
async function processes(env: Record<string, string>): Promise<Connected[]> {
  const children = Array.from({ length: PROCESSES }, () => {
    const child = spawn(
      process.execPath,
      ['--disable-warning=TimeoutNegativeWarning', 'test/slow/connecting-process.ts'],
      {
        env: { PATH: process.env.PATH, CONNECTING_SECONDS: String(SECONDS), ...env },
        stdio: ['pipe', 'pipe', 'inherit'],
      },
    )
    return { child, lines: createInterface({ input: child.stdout })[Symbol.asyncIterator]() }
  })
  await Promise.all(children.map(async ({ lines }) => assert.equal((await lines.next()).value, 'ready')))
  for (const { child } of children) child.stdin.end('begin\n')
  return Promise.all(children.map(async ({ lines }) => JSON.parse((await lines.next()).value as string) as Connected))
}

/** Each process made at most one attempt in `every` seconds, plus its first and one in progress. */
function assertConnectionAttempts(results: readonly Connected[], every: number): void {
  for (const { connectionAttempts, seconds } of results) {
    const max = Math.ceil(seconds / every) + 1
    assert.ok(
      connectionAttempts <= max,
      `${connectionAttempts} connection attempts in ${seconds.toFixed(1)} s, expected at most ${max}`,
    )
  }
}

function print(what: string, { connectionAttempts }: TcpProxy): void {
  const busiest = busiestSecond(connectionAttempts)
  const { length } = connectionAttempts
  console.log(`${what}: ${length} attempts of ${PROCESSES} processes in ${SECONDS} s, at most ${busiest} in one second`)
}

function busiestSecond(connectionAttempts: readonly number[]): number {
  const perSecond = Map.groupBy(connectionAttempts, at => Math.floor(at / 1000))
  return Math.max(...[...perSecond.values()].map(({ length }) => length))
}

test(`${PROCESSES} processes whose authentication is refused make one attempt in ten seconds each`, async () => {
  const proxy = await countingProxy('forward')
  const results = await processes({
    KAFKA_BOOTSTRAP_SERVERS: proxy.address,
    KAFKA_SECURITY_PROTOCOL: 'SASL_SSL',
    KAFKA_SSL_TRUSTSTORE_LOCATION: rig.caFile,
    KAFKA_SASL_MECHANISM: 'SCRAM-SHA-512',
    KAFKA_SASL_USERNAME: 'alice',
    KAFKA_SASL_PASSWORD: 'wrong',
    // A hundred handshakes on two cores are slow, and one that times out is no refusal.
    KAFKA_SOCKET_CONNECTION_SETUP_TIMEOUT_MS: '20000',
  })
  proxy.close()
  print('refused', proxy)
  assertConnectionAttempts(results, 10)
  assert.ok(results.every(({ delivered }) => delivered === 0))
})

test(`${PROCESSES} processes with a silent broker make one attempt per connection timeout each`, async () => {
  const proxy = await countingProxy('hang')
  const results = await processes({ KAFKA_BOOTSTRAP_SERVERS: proxy.address })
  proxy.close()
  print('silent', proxy)
  assertConnectionAttempts(results, 3)
})

/** Runs the processes with a broker that accepts ten connections a second. */
async function storm(
  env: Record<string, string>,
): Promise<{ connectionAttempts: number; busiest: number; lastS: number; results: readonly Connected[] }> {
  const kafka = await startProxiedKafka(1)
  try {
    await createTopics(kafka.bootstrapServers, [{ topic: 'chat', partitions: 1 }])
    await untilInSync(kafka.bootstrapServers, 'chat', 1)
    kafka.proxy.acceptPerSecond = 10
    kafka.proxy.connectionAttempts.splice(0)
    const results = await processes({ KAFKA_BOOTSTRAP_SERVERS: kafka.bootstrapServers, ...env })
    assert.ok(
      results.every(({ first }) => first !== null),
      `${results.filter(({ first }) => first === null).length} processes delivered nothing`,
    )
    return {
      connectionAttempts: kafka.proxy.connectionAttempts.length,
      busiest: busiestSecond(kafka.proxy.connectionAttempts),
      lastS: Math.max(...results.map(({ first }) => first as number)),
      results,
    }
  } finally {
    await kafka.stop()
  }
}

test(`with jitter ${PROCESSES} processes make fewer attempts at a broker that accepts ten a second`, async () => {
  const { results, ...jittered } = await storm({})
  const { results: _, ...withoutJitter } = await storm({
    KAFKA_RECONNECT_BACKOFF_MS: '1',
    KAFKA_RECONNECT_BACKOFF_MAX_MS: '1',
    KAFKA_RETRY_BACKOFF_MS: '1',
    KAFKA_RETRY_BACKOFF_MAX_MS: '1',
  })
  console.log(`storm: with jitter ${JSON.stringify(jittered)}, without ${JSON.stringify(withoutJitter)}`)
  // Pauses of at most 50, 100, 200, 400, 800 ms, then half a second on average; twice as many attempts allow for
  // chance.
  for (const { connectionAttempts, first } of results) {
    const max = 2 * (6 + Math.ceil((first as number) / 0.5))
    assert.ok(
      connectionAttempts <= max,
      `${connectionAttempts} connection attempts in the first ${first} s, expected at most ${max}`,
    )
  }
  // Without jitter only the processors limit the attempts, so this just shows that it was a storm.
  assert.ok(
    jittered.connectionAttempts * 1.5 < withoutJitter.connectionAttempts,
    `expected fewer attempts with jitter, got ${jittered.connectionAttempts} and ${withoutJitter.connectionAttempts}`,
  )
})
