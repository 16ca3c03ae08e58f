// The HTTP function as a program: many requests, an end by SIGTERM in their midst, and what the topic holds after it.
// REQUESTS=200000 for the long run.
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, rmSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { type TestContext, test } from 'node:test'
import { createTopics, readTopic, untilInSync } from '../../local/kafka/admin.ts'
import { LocalKafka } from '../../local/kafka/cluster.ts'
import { temporaryFolder } from '../../local/processes.ts'

const REQUESTS = Number(process.env.REQUESTS ?? 20_000)
const CLIENTS = 48
const MB = 1024

interface Answer {
  readonly status: number
  readonly body: string
}

async function start(t: TestContext) {
  const kafka = await LocalKafka.start(1)
  t.after(() => kafka.stop())
  await createTopics(kafka.bootstrapServers, [{ topic: 'chat', partitions: 3 }])
  await untilInSync(kafka.bootstrapServers, 'chat', 1)
  const folder = temporaryFolder()
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const child = spawn(process.execPath, ['dist/server/index.mjs'], {
    env: {
      PATH: process.env.PATH,
      PORT: '0',
      HOST: '127.0.0.1',
      DRAIN_DELAY_MS: '500',
      KAFKA_BOOTSTRAP_SERVERS: kafka.bootstrapServers,
      KAFKA_DEAD_LETTER: `disk:${join(folder, 'dead-letters')}`,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  t.after(() => child.kill('SIGKILL'))
  const lines = createInterface({ input: child.stdout })
  const port = await new Promise<number>(resolve => {
    lines.on('line', line => {
      const found = /^Listening on port (\d+)\.$/.exec(line)
      if (found) resolve(Number(found[1]))
    })
  })
  const ended = new Promise<number | null>(resolve => child.on('exit', resolve))
  return { kafka, child, port, ended }
}

function post(port: number, agent: Agent, text: string): Promise<Answer> {
  const body = JSON.stringify({ value: { room: `room-${text.length}`, user: 'ada', text } })
  return new Promise((resolve, reject) => {
    const sent = request({ port, agent, host: '127.0.0.1', path: '/topics/chat', method: 'POST' }, async response => {
      const chunks: Buffer[] = []
      for await (const chunk of response) chunks.push(chunk as Buffer)
      resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() })
    })
    sent.on('error', reject).setHeader('content-type', 'application/json').end(body)
  })
}

/** The original bug: Node printed the source line that throws, which in a minified bundle is the whole code. */
function startFailure(env: Record<string, string>) {
  const own = { PATH: process.env.PATH, HOST: '127.0.0.1', KAFKA_ON_FAILURE_HTTP: 'return' }
  const brokers = { KAFKA_BOOTSTRAP_SERVERS: '127.0.0.1:1,127.0.0.1:2' }
  const { status, stderr } = spawnSync(process.execPath, ['dist/server/index.mjs'], {
    env: { ...own, ...brokers, ...env },
    encoding: 'utf8',
    timeout: 30_000,
  })
  assert.equal(status, 1)
  assert.ok(stderr.length < 500, `${stderr.length} bytes`)
  return stderr.trim().split('\n').at(-1)
}

test('a start that fails is one message', async t => {
  assert.equal(spawnSync(process.execPath, ['scripts/build.ts']).status, 0)
  assert.equal(startFailure({ PORT: 'abc' }), '- PORT: expected an integer from 0 to 65535; got "abc".')
  assert.match(startFailure({ KAFKA_HTTP_CORS_ORIGINS: 'app' }) ?? '', /^- KAFKA_HTTP_CORS_ORIGINS: /)
  const other = createServer().listen(0, '127.0.0.1')
  t.after(() => other.close())
  await once(other, 'listening')
  assert.match(startFailure({ PORT: String((other.address() as AddressInfo).port) }) ?? '', /^listen EADDRINUSE/)
})

test('every answered request is in the topic once, memory stays level, and SIGTERM loses none', async t => {
  assert.equal(spawnSync(process.execPath, ['scripts/build.ts']).status, 0)
  const { kafka, child, port, ended } = await start(t)
  const agent = new Agent({ keepAlive: true, maxSockets: CLIENTS })
  t.after(() => agent.destroy())
  const delivered: string[] = []
  const others: string[] = []
  let next = 0
  const client = async (count: number): Promise<void> => {
    while (next < count) {
      const text = `message ${next++}`
      // Refused connections are the end of the server: such a request was never taken.
      const answer = await post(port, agent, text).catch((error: NodeJS.ErrnoException) => error.code ?? error.message)
      if (typeof answer === 'string') others.push(answer)
      else if (answer.body.includes('"fate":"delivered"')) delivered.push(text)
      else others.push(`${answer.status}`)
    }
  }
  const run = (count: number) => Promise.all(Array.from({ length: CLIENTS }, () => client(count)))
  const rss = () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1]) / MB

  await run(REQUESTS / 4)
  const early = rss()
  await run(REQUESTS)
  const late = rss()
  t.diagnostic(`${REQUESTS} requests, ${Math.round(early)} MB after a quarter, ${Math.round(late)} MB at the end`)
  assert.deepEqual(others, [])
  assert.ok(late < 1.5 * early + 30, `${early} MB, then ${late} MB`)

  const midst = run(REQUESTS + 5000)
  child.kill('SIGTERM')
  await midst
  assert.equal(await ended, 0)
  const values = (await readTopic(kafka.bootstrapServers, 'chat')).map(({ value }) => JSON.parse(String(value)).text)
  assert.ok(others.length > 0, 'The server ended after all requests.')
  assert.deepEqual(values.toSorted(), delivered.toSorted())
})
