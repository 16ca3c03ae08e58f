// Rule 9 with a hundred real processes: what one broker sees when it refuses every log-in, and when it is silent.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import type { AddressInfo } from 'node:net'
import { connect, createServer, type Socket } from 'node:net'
import { after, before, test } from 'node:test'
import { type SecuredKafka, startSecuredKafka } from '../security-rig/secured-kafka.ts'

const PROCESSES = 100
const SECONDS = 25

let rig: SecuredKafka
before(async () => {
  rig = await startSecuredKafka()
})
after(() => rig.stop())

/** Counts the connections that a broker gets; without a target nobody answers on them. */
async function countingDoor(target?: string): Promise<{ address: string; dials: number[]; close(): void }> {
  const dials: number[] = []
  const sockets = new Set<Socket>()
  const server = createServer(socket => {
    dials.push(Date.now())
    sockets.add(socket)
    socket.on('error', () => socket.destroy())
    if (!target) return
    const [host = '', port] = target.split(':')
    const upstream = connect(Number(port), host)
    upstream.on('error', () => socket.destroy())
    socket.on('close', () => upstream.destroy())
    upstream.on('close', () => socket.destroy())
    socket.pipe(upstream).pipe(socket)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const close = () => {
    for (const socket of sockets) socket.destroy()
    server.close()
  }
  return { address: `localhost:${(server.address() as AddressInfo).port}`, dials, close }
}

interface Dialled {
  readonly dials: number
  readonly delivered: number
  /** How long the process sent; a hundred of them on two cores do not end on time. */
  readonly seconds: number
}

async function dialers(env: Record<string, string>): Promise<Dialled[]> {
  return Promise.all(
    Array.from({ length: PROCESSES }, async () => {
      const child = spawn(process.execPath, ['--disable-warning=TimeoutNegativeWarning', 'test/slow/dialer.ts'], {
        env: { PATH: process.env.PATH, DIALER_SECONDS: String(SECONDS), ...env },
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      let output = ''
      child.stdout.on('data', chunk => {
        output += chunk
      })
      await new Promise(resolve => child.once('close', resolve))
      return JSON.parse(output) as Dialled
    }),
  )
}

/** No process dialled more often than once in `every` seconds, its first dial and one under way aside. */
function assertDials(results: readonly Dialled[], every: number): void {
  for (const { dials, seconds } of results) {
    const most = Math.ceil(seconds / every) + 1
    assert.ok(dials <= most, `${dials} dials in ${seconds.toFixed(1)} s, expected at most ${most}`)
  }
}

function busiestSecond(dials: readonly number[]): number {
  const perSecond = Map.groupBy(dials, at => Math.floor(at / 1000))
  return Math.max(...[...perSecond.values()].map(({ length }) => length))
}

test(`${PROCESSES} processes whose log-in is refused dial a broker once in ten seconds each`, async () => {
  const door = await countingDoor(rig.address('SASL'))
  const results = await dialers({
    KAFKA_BOOTSTRAP_SERVERS: door.address,
    KAFKA_SECURITY_PROTOCOL: 'SASL_SSL',
    KAFKA_SSL_TRUSTSTORE_LOCATION: rig.caFile,
    KAFKA_SASL_MECHANISM: 'SCRAM-SHA-512',
    KAFKA_SASL_USERNAME: 'alice',
    KAFKA_SASL_PASSWORD: 'wrong',
    // A hundred hand-shakes on two cores take their time, and one that is given up is no refusal.
    KAFKA_SOCKET_CONNECTION_SETUP_TIMEOUT_MS: '20000',
  })
  door.close()
  console.log(`refused: ${door.dials.length} dials of ${PROCESSES} processes in ${SECONDS} s, busiest second ${busiestSecond(door.dials)}`)
  assertDials(results, 10)
  assert.ok(results.every(({ delivered }) => delivered === 0))
})

test(`${PROCESSES} processes before a silent broker: one dial at a time each, none more often than its time-out`, async () => {
  const door = await countingDoor()
  const results = await dialers({ KAFKA_BOOTSTRAP_SERVERS: door.address })
  door.close()
  console.log(`silent: ${door.dials.length} dials of ${PROCESSES} processes in ${SECONDS} s, busiest second ${busiestSecond(door.dials)}`)
  assertDials(results, 3)
})
