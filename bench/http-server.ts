// Compares the function behind a plain Node HTTP server with a hand-written server on raw kafkajs, each in a process of
// its own. With one broker and no replication, the time of the brokers does not hide the cost of a record in the
// server.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { load } from './http-load.ts'
import { type Round, type Row, rowOf, shuffled } from './measure.ts'

const ROUNDS = 7
/** Until then V8 still compiles: with 1,500 requests, both servers took a third to a half longer. */
const WARM_UP = { connections: 32, requests: 30_000 }
const LOADS = [
  { connections: 1, requests: 2000 },
  { connections: 8, requests: 4000, target: 0.9 },
  { connections: 32, requests: 8000, target: 1.3 },
  { connections: 64, requests: 8000, target: 1.4 },
]
const SUBJECTS = ['ours', 'theirs', 'again'] as const
type Subject = (typeof SUBJECTS)[number]

interface Server {
  readonly child: ChildProcess
  readonly port: number
}

interface Measured {
  readonly p50Ms: number
  readonly perSecond: number
  /** CPU of the server per request, µs. */
  readonly cpu: number
}

export async function httpServers(servers: string): Promise<Row[]> {
  const started = await Promise.all(SUBJECTS.map(name => start(name === 'ours' ? 'function' : 'by-hand', servers)))
  const serverOf = (name: Subject) => started[SUBJECTS.indexOf(name)] as Server
  try {
    for (const server of started) await load(server.port, WARM_UP.connections, WARM_UP.requests)
    const rows: Row[] = []
    for (const { connections, requests, target } of LOADS) {
      const rounds: Record<Subject, Measured>[] = []
      // The first round is warm-up.
      for (let round = 0; round <= ROUNDS; round++) {
        const measured: Partial<Record<Subject, Measured>> = {}
        for (const name of shuffled(SUBJECTS)) measured[name] = await measure(serverOf(name), connections, requests)
        if (round > 0) rounds.push(measured as Record<Subject, Measured>)
      }
      const of = (value: (measured: Measured) => number): Round[] =>
        rounds.map(({ ours, theirs, again }) => ({ ours: value(ours), theirs: value(theirs), again: value(again) }))
      const what = 'the function / a hand-written server on raw kafkajs, one broker without replication'
      const name = `http-${connections}`
      if (target === undefined) {
        const single = `one request of 100 B at a time: ${what}`
        rows.push(
          rowOf(
            { name, what: `${single}, p50`, target: 1.4, unit: 'ms' },
            of(({ p50Ms }) => p50Ms),
          ),
          rowOf(
            { name: `${name}-cpu`, what: `${single}, CPU`, target: 1.5, unit: 'µs CPU' },
            of(({ cpu }) => cpu),
          ),
        )
      } else {
        const head = { name, what: `${connections} connections: ${what}`, target, unit: 'requests/s' }
        rows.push(
          rowOf(
            { ...head, better: 'higher' },
            of(({ perSecond }) => perSecond),
          ),
        )
      }
    }
    return rows
  } finally {
    for (const { child } of started) child.kill('SIGKILL')
  }
}

async function start(kind: string, servers: string): Promise<Server> {
  const child = spawn(process.execPath, ['--disable-warning=TimeoutNegativeWarning', `bench/servers/${kind}.ts`], {
    env: { ...process.env, KAFKA_BOOTSTRAP_SERVERS: servers, KAFKA_DEAD_LETTER: 'disk:.local/bench-dead-letters' },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  const [{ port }] = (await once(child, 'message')) as [{ port: number }]
  return { child, port }
}

async function measure(server: Server, connections: number, requests: number): Promise<Measured> {
  const before = await cpuOf(server)
  const { p50Ms, perSecond } = await load(server.port, connections, requests)
  return { p50Ms, perSecond, cpu: ((await cpuOf(server)) - before) / requests }
}

/** @returns the CPU that the server used so far, µs */
async function cpuOf({ child }: Server): Promise<number> {
  child.send('cpu')
  const [{ cpu }] = (await once(child, 'message')) as [{ cpu: number }]
  return cpu
}
