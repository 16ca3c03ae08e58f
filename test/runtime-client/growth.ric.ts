// Every bundle under the real Lambda runtime client: a thousand invocations each, a million records for SQS. The
// process holds no more objects after them than before. Prints the times of init and warm invocations, and the peak
// memory.
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { after, before, test } from 'node:test'
import { median } from '../../bench/measure.ts'
import { createTopics, untilInSync } from '../../local/kafka/admin.ts'
import { LocalKafka } from '../../local/kafka/cluster.ts'
import { temporaryFolder } from '../../local/processes.ts'
import { Sandbox } from '../../local/runtime/sandbox.ts'
import { ric } from './ric.ts'

const INVOCATIONS = 1000
const MESSAGES = 1000
const MIB = 2 ** 20

interface LiveObjects {
  readonly rss: number
  readonly heapUsed: number
  readonly external: number
  readonly sockets: number
  readonly timers: number
  readonly promises: number
  readonly listeners: number
  readonly resources: number
}

const folder = temporaryFolder()
let kafka: LocalKafka
before(async () => {
  kafka = await LocalKafka.start(1, { log: () => {} })
  const topics = ['chat', 'earthquakes'].map(topic => ({ topic, partitions: 3 }))
  await createTopics(kafka.bootstrapServers, topics)
  for (const { topic } of topics) await untilInSync(kafka.bootstrapServers, topic, 1)
})
after(() => kafka.stop())

const feature = (id: string) => ({
  type: 'Feature',
  id,
  properties: { mag: 1.5, place: 'somewhere' },
  geometry: { type: 'Point', coordinates: [1, 2, 3] },
})
const EVENTS: Readonly<Record<string, (n: number) => unknown>> = {
  http: n => ({
    version: '2.0',
    rawPath: '/topics/chat',
    headers: { 'content-type': 'application/json' },
    requestContext: {
      requestId: `r${n}`,
      timeEpoch: Date.now(),
      stage: '$default',
      http: { method: 'POST', path: '/topics/chat' },
    },
    body: JSON.stringify({ value: { room: `room-${n % 100}`, user: 'ada', text: 'hello' } }),
  }),
  eventbridge: n => ({
    id: `e${n}`,
    source: 'usgs.earthquakes',
    'detail-type': 'Earthquake',
    detail: feature(`e${n}`),
  }),
  redrive: () => ({}),
  sqs: n => ({
    Records: Array.from({ length: MESSAGES }, (_, index) => ({
      messageId: randomUUID(),
      body: JSON.stringify(feature(`${n}-${index}`)),
      eventSourceARN: 'arn:aws:sqs:us-east-1:000000000000:earthquakes',
    })),
  }),
}

interface Started {
  readonly sandbox: Sandbox
  probe(invoke: () => Promise<void>): Promise<LiveObjects>
}

async function start(name: string): Promise<Started> {
  let onProbe: (objects: LiveObjects) => void = () => {}
  const { command, args, env } = ric(`dist/functions/${name}/index.mjs`)
  const sandbox = await Sandbox.start({
    name,
    command,
    args,
    timeoutMs: 60_000,
    onOutput: line => line.includes('PROBE ') && onProbe(JSON.parse(line.slice(line.indexOf('{'))) as LiveObjects),
    env: {
      PATH: process.env.PATH ?? '',
      NODE_OPTIONS: `--import ${resolve('test/runtime-client/probe.mjs')}`,
      ...env,
      KAFKA_BOOTSTRAP_SERVERS: kafka.bootstrapServers,
      KAFKA_DEAD_LETTER: `disk:${folder}`,
    },
  })
  // While the runtime waits for the next event no JavaScript runs, so the next invocation handles the signal.
  const probe = async (invoke: () => Promise<void>) => {
    const seen = new Promise<LiveObjects>(resolveProbe => {
      onProbe = resolveProbe
    })
    process.kill(sandbox.pid as number, 'SIGUSR2')
    await invoke()
    return seen
  }
  return { sandbox, probe }
}

function peakMiB(pid: number): number {
  return Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024
}

for (const [name, eventOf] of Object.entries(EVENTS)) {
  test(`${name}: ${INVOCATIONS} invocations leak nothing`, { timeout: 180_000 }, async () => {
    const begin = performance.now()
    const { sandbox, probe } = await start(name)
    try {
      const times: number[] = []
      const invoke = async (n: number) => {
        const event = eventOf(n)
        const from = performance.now()
        const answer = (await sandbox.invoke(event)) as { statusCode?: number; batchItemFailures?: unknown[] } | null
        times.push(performance.now() - from)
        assert.deepEqual(answer?.batchItemFailures ?? [], [])
        assert.equal(answer?.statusCode ?? 200, 200)
      }
      await invoke(0)
      const cold = performance.now() - begin
      // Caches that fill once, such as compiled code, are full after a tenth.
      for (let n = 1; n < INVOCATIONS / 10; n++) await invoke(n)
      const early = await probe(() => invoke(INVOCATIONS))
      times.splice(0)
      for (let n = INVOCATIONS / 10; n < INVOCATIONS; n++) await invoke(n)
      const late = await probe(() => invoke(INVOCATIONS + 1))
      const peak = Math.round(peakMiB(sandbox.pid as number))
      console.log(
        `${name}: cold ${Math.round(cold)} ms, warm p50 ${median(times).toFixed(1)} ms, peak memory ${peak} MiB;`,
        `after ${INVOCATIONS / 10} and ${INVOCATIONS} invocations: ${JSON.stringify([early, late])}`,
      )
      // One or two may exist for a moment; a leak over nine hundred invocations is many.
      for (const kind of ['sockets', 'timers', 'listeners', 'resources'] as const)
        assert.ok(late[kind] <= early[kind] + 2, `${kind}: ${early[kind]}, then ${late[kind]}`)
      assert.ok(late.promises <= early.promises + 20, `promises: ${early.promises}, then ${late.promises}`)
      assert.ok(late.heapUsed < early.heapUsed * 1.05 + MIB, `heap: ${early.heapUsed}, then ${late.heapUsed}`)
      assert.ok(late.external < early.external * 1.05 + MIB, `buffers: ${early.external}, then ${late.external}`)
      // RSS may grow again after the first collection: the young generation takes its memory back.
      assert.ok(late.rss < early.rss * 1.15 + 64 * MIB, `RSS: ${early.rss}, then ${late.rss}`)
    } finally {
      await sandbox.stop()
    }
  })
}
