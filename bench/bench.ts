// npm run bench: ratios, taken side by side in one run with an A/A control. B1: one record through the warm HTTP handler
// against raw kafkajs `send` of the same bytes, interleaved in random order; ours ÷ theirs of the medians, lower is better.
import { writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { Kafka, logLevel, Partitioners } from 'kafkajs'
import { createTopics, untilInSync } from '../local/kafka/admin.ts'
import { LocalKafka } from '../local/kafka/cluster.ts'
import { explain } from '../local/requirements.ts'
import { buildAll } from '../scripts/build.ts'
import { coldStarts } from './cold-start.ts'

const ROUNDS = 5
const CALLS = 200
const BODY = { key: 'lobby', value: { room: 'lobby', user: 'ada', text: 'x'.repeat(100) } }

type Call = () => Promise<unknown>

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { json: { type: 'string' }, only: { type: 'string', default: 'B1' } } })
  if (values.only !== 'B1' && values.only !== 'cold') throw new Error(`--only: expected B1 or cold, got ${values.only}.`)
  const given = process.env.KAFKA_BOOTSTRAP_SERVERS
  const kafka = given ? undefined : await LocalKafka.start(3, { log: console.log })
  const servers = given ?? (kafka as LocalKafka).bootstrapServers
  try {
    await createTopics(servers, [
      { topic: 'chat', partitions: 3 },
      { topic: 'earthquakes', partitions: 3 },
    ])
    await untilInSync(servers, 'chat', given ? 1 : 3)
    const rows = values.only === 'cold' ? await coldStarts(servers) : [await warmLatency(servers)]
    const document = { machine: `${cpus()[0]?.model}, ${cpus().length} cores, Node ${process.version}`, rows }
    console.log(JSON.stringify(document, null, 2))
    if (values.json) writeFileSync(values.json, `${JSON.stringify(document)}\n`)
  } finally {
    await kafka?.stop()
  }
  process.exit(0)
}

async function warmLatency(servers: string) {
  await buildAll(() => {})
  Object.assign(process.env, { KAFKA_BOOTSTRAP_SERVERS: servers, KAFKA_DEAD_LETTER: 'none', KAFKA_ON_FAILURE_HTTP: 'return', POWERTOOLS_DEV: 'false' })
  const { handler } = (await import(new URL('../dist/functions/http/index.mjs', import.meta.url).href)) as {
    handler: (event: unknown, context: object) => Promise<{ statusCode: number }>
  }
  const producer = new Kafka({ brokers: servers.split(','), logLevel: logLevel.NOTHING }).producer({ createPartitioner: Partitioners.DefaultPartitioner })
  await producer.connect()
  const ours: Call = async () => {
    const event = {
      version: '2.0',
      routeKey: 'POST /topics/{topic}',
      rawPath: '/topics/chat',
      rawQueryString: '',
      headers: { 'content-type': 'application/json' },
      requestContext: { requestId: 'r', timeEpoch: Date.now(), stage: '$default', http: { method: 'POST', path: '/topics/chat' } },
      body: JSON.stringify(BODY),
      isBase64Encoded: false,
    }
    const { statusCode } = await handler(event, { awsRequestId: 'r', functionName: 'http', getRemainingTimeInMillis: () => 29_000 })
    if (statusCode !== 200) throw new Error(`The handler answered ${statusCode}.`)
  }
  const theirs: Call = () => producer.send({ topic: 'chat', acks: -1, messages: [{ key: BODY.key, value: JSON.stringify(BODY.value) }] })
  // The handler's log lines are part of its work; their place on the terminal is not.
  const write = process.stdout.write
  process.stdout.write = (() => true) as typeof process.stdout.write
  const rounds: { ratio: number; control: number; ours: number; theirs: number }[] = []
  try {
    await measure([ours, theirs], 50)
    for (let round = 0; round < ROUNDS; round++) {
      const [a = 0, b = 0, again = 0] = await measure([ours, theirs, theirs], CALLS)
      rounds.push({ ratio: a / b, control: again / b, ours: a, theirs: b })
    }
  } finally {
    process.stdout.write = write
  }
  await producer.disconnect()
  const ratios = rounds.map(({ ratio }) => ratio).sort((a, b) => a - b)
  return {
    name: 'B1',
    ratio: median(ratios),
    low: ratios[0],
    high: ratios.at(-1),
    control: median(rounds.map(({ control }) => control)),
    target: 1.05,
    oursMs: median(rounds.map(round => round.ours)),
    theirsMs: median(rounds.map(round => round.theirs)),
  }
}

/** The median of each call, all of them interleaved in random order. */
async function measure(calls: readonly Call[], times: number): Promise<number[]> {
  const order = calls.flatMap((_, index) => Array.from({ length: times }, () => index)).sort(() => Math.random() - 0.5)
  const took: number[][] = calls.map(() => [])
  for (const index of order) {
    const begin = performance.now()
    await (calls[index] as Call)()
    took[index]?.push(performance.now() - begin)
  }
  return took.map(median)
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0
}

await main().catch(explain)
