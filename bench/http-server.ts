// Compares the function behind a plain Node HTTP server with a hand-written server on raw kafkajs: CPU per request,
// each server in a process of its own, with 1 and 32 connections.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { Agent, request } from 'node:http'
import { type Row, rowOf } from './measure.ts'

const ROUNDS = 7
const REQUESTS = 1500
const BODY = JSON.stringify({ value: { room: 'lobby', user: 'ada', text: 'x'.repeat(50) } })

interface Server {
  readonly child: ChildProcess
  readonly port: number
}

export async function cpuPerHttpRequest(servers: string): Promise<Row[]> {
  const start = async (kind: string): Promise<Server> => {
    const child = spawn(process.execPath, ['--disable-warning=TimeoutNegativeWarning', `bench/servers/${kind}.ts`], {
      env: { ...process.env, KAFKA_BOOTSTRAP_SERVERS: servers, KAFKA_DEAD_LETTER: 'disk:.local/bench-dead-letters' },
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    })
    const [{ port }] = (await once(child, 'message')) as [{ port: number }]
    return { child, port }
  }
  const [ours, theirs, again] = (await Promise.all([start('function'), start('by-hand'), start('by-hand')])) as [
    Server,
    Server,
    Server,
  ]
  const rows: Row[] = []
  try {
    for (const connections of [1, 32]) {
      for (const server of [ours, theirs, again]) await cpuOf(server, connections)
      const measured: { ours: number; theirs: number; again: number }[] = []
      for (let round = 0; round < ROUNDS; round++)
        measured.push({
          ours: await cpuOf(ours, connections),
          theirs: await cpuOf(theirs, connections),
          again: await cpuOf(again, connections),
        })
      const what = `CPU per request, ${connections} connections: the function / a hand-written server on raw kafkajs`
      rows.push(rowOf({ name: `http-${connections}`, what, target: 1, unit: 'µs CPU' }, measured))
    }
  } finally {
    for (const { child } of [ours, theirs, again]) child.kill('SIGKILL')
  }
  return rows
}

/** @returns the server's CPU per request, µs */
async function cpuOf(server: Server, connections: number): Promise<number> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections })
  const before = await usage(server)
  let left = REQUESTS
  await Promise.all(
    Array.from({ length: connections }, async () => {
      while (left-- > 0) await post(server.port, agent)
    }),
  )
  const after = await usage(server)
  agent.destroy()
  return (after - before) / REQUESTS
}

async function usage({ child }: Server): Promise<number> {
  child.send('cpu')
  const [{ cpu }] = (await once(child, 'message')) as [{ cpu: number }]
  return cpu
}

function post(port: number, agent: Agent): Promise<void> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(BODY) }
    const options = { port, host: '127.0.0.1', path: '/topics/chat', method: 'POST', agent, headers }
    const post = request(options, response => {
      response.resume()
      response.once('end', () =>
        response.statusCode === 200 ? resolve() : reject(new Error(`HTTP status ${response.statusCode}`)),
      )
    })
    post.once('error', reject)
    post.end(BODY)
  })
}
