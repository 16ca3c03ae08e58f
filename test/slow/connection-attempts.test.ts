// Rule 9 with a hundred processes: what one broker sees when it refuses every authentication, and when it is silent.
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

/** Counts the connections that the broker gets; where it hangs, nobody answers on them. */
async function countingProxy(newConnections: NewConnections): Promise<TcpProxy & { address: string }> {
  const proxy = await TcpProxy.listen()
  proxy.targetPort = Number(rig.address('SASL').split(':')[1])
  proxy.newConnections = newConnections
  return Object.assign(proxy, { address: `localhost:${proxy.port}` })
}

interface Connected {
  readonly connectionAttempts: number
  readonly delivered: number
  /** When its first record was acknowledged, s after its start. */
  readonly first: number | null
  /** How long the process sent; a hundred of them on two cores do not end on time. */
  readonly seconds: number
}

/** All of them begin at one moment, however long it takes until the last has started. */
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

/** No process dialled more often than once in `every` seconds, its first connection attempt and one under way aside. */
function assertConnectionAttempts(results: readonly Connected[], every: number): void {
  for (const { connectionAttempts, seconds } of results) {
    const most = Math.ceil(seconds / every) + 1
    assert.ok(
      connectionAttempts <= most,
      `${connectionAttempts} connectionAttempts in ${seconds.toFixed(1)} s, expected at most ${most}`,
    )
  }
}

function busiestSecond(connectionAttempts: readonly number[]): number {
  const perSecond = Map.groupBy(connectionAttempts, at => Math.floor(at / 1000))
  return Math.max(...[...perSecond.values()].map(({ length }) => length))
}

test(`${PROCESSES} processes whose authentication is refused dial a broker once in ten seconds each`, async () => {
  const proxy = await countingProxy('forward')
  const results = await processes({
    KAFKA_BOOTSTRAP_SERVERS: proxy.address,
    KAFKA_SECURITY_PROTOCOL: 'SASL_SSL',
    KAFKA_SSL_TRUSTSTORE_LOCATION: rig.caFile,
    KAFKA_SASL_MECHANISM: 'SCRAM-SHA-512',
    KAFKA_SASL_USERNAME: 'alice',
    KAFKA_SASL_PASSWORD: 'wrong',
    // A hundred hand-shakes on two cores take their time, and one that is given up is no refusal.
    KAFKA_SOCKET_CONNECTION_SETUP_TIMEOUT_MS: '20000',
  })
  proxy.close()
  console.log(
    `refused: ${proxy.connectionAttempts.length} connection attempts of ${PROCESSES} processes in ${SECONDS} s, busiest second ${busiestSecond(proxy.connectionAttempts)}`,
  )
  assertConnectionAttempts(results, 10)
  assert.ok(results.every(({ delivered }) => delivered === 0))
})

test(`${PROCESSES} processes before a silent broker: one dial at a time each, none more often than its time-out`, async () => {
  const proxy = await countingProxy('hang')
  const results = await processes({ KAFKA_BOOTSTRAP_SERVERS: proxy.address })
  proxy.close()
  console.log(
    `silent: ${proxy.connectionAttempts.length} connection attempts of ${PROCESSES} processes in ${SECONDS} s, busiest second ${busiestSecond(proxy.connectionAttempts)}`,
  )
  assertConnectionAttempts(results, 3)
})

/** Before a broker that admits ten connections a second: who dialled how often until it was let in. */
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
      `each process was let in and delivered, got ${results.filter(({ first }) => first === null).length} that were not`,
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

test(`a storm: ${PROCESSES} processes at once before a broker that admits ten connections a second; what the jitter does`, async () => {
  const { results, ...jittered } = await storm({})
  const { results: _, ...hammering } = await storm({
    KAFKA_RECONNECT_BACKOFF_MS: '1',
    KAFKA_RECONNECT_BACKOFF_MAX_MS: '1',
    KAFKA_RETRY_BACKOFF_MS: '1',
    KAFKA_RETRY_BACKOFF_MAX_MS: '1',
  })
  console.log(`storm: with jitter ${JSON.stringify(jittered)}, without ${JSON.stringify(hammering)}`)
  // Pauses of at most 50, 100, 200, 400, 800 ms, then of half a second on average: twice that is what chance may add.
  for (const { connectionAttempts, first } of results) {
    const most = 2 * (6 + Math.ceil((first as number) / 0.5))
    assert.ok(
      connectionAttempts <= most,
      `${connectionAttempts} connectionAttempts until let in after ${first} s, expected at most ${most}`,
    )
  }
  // How often the other storm connectionAttempts is bounded by the processors alone, so this is no more than a look that it was one.
  assert.ok(
    jittered.connectionAttempts * 1.5 < hammering.connectionAttempts,
    `expected fewer connectionAttempts with jitter, got ${jittered.connectionAttempts} against ${hammering.connectionAttempts}`,
  )
})
