// npm run bench -- --only B1,http --json FILE
// Measures ratios to raw kafkajs and other clients, in one run and with an A/A control. npm run -s bench -- --table
// FILE prints the tables of docs/benchmarks.md from the file.
import { readFileSync, writeFileSync } from 'node:fs'
import { cpus, release } from 'node:os'
import { parseArgs } from 'node:util'
import { KAFKA_VERSION } from '../local/artifacts.ts'
import { createTopics, untilInSync } from '../local/kafka/admin.ts'
import { LocalKafka } from '../local/kafka/cluster.ts'
import { explain } from '../local/requirements.ts'
import { buildAll } from '../scripts/build.ts'
import { GROUPS, GROWTH, selectable } from './groups.ts'
import { type Curve, growthCurves } from './growth.ts'
import type { Row } from './measure.ts'
import { chat, context, handlerOf, httpEvent, ourProducer, quietly, rawKafkajs } from './subjects.ts'
import { markdownOf, type Results } from './table.ts'

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      json: { type: 'string' },
      only: { type: 'string' },
      table: { type: 'string' },
      'warm-up': { type: 'string', default: '30' },
    },
  })
  if (values.table) {
    console.log(markdownOf(JSON.parse(readFileSync(values.table, 'utf8')) as Results))
    return
  }
  const only = values.only?.split(',')
  const unknown = (only ?? []).filter(name => !selectable().includes(name))
  if (unknown.length > 0) throw new Error(`--only: expected ${selectable().join(', ')}; got ${unknown.join(', ')}.`)
  await buildAll(() => {})
  const results = await measure(name => only?.includes(name) ?? true, Number(values['warm-up']) * 1000)
  console.log(JSON.stringify(results, null, 2))
  if (values.json) writeFileSync(values.json, `${JSON.stringify(results)}\n`)
  process.exit(0)
}

async function measure(isWanted: (name: string) => boolean, warmUpMs: number): Promise<Results> {
  const rows: Row[] = []
  const curves: Curve[] = []
  for (const brokers of [3, 1] as const) {
    const groups = GROUPS.filter(
      group => group.brokers === brokers && (isWanted(group.name) || group.rows.some(isWanted)),
    )
    const withGrowth = brokers === 3 && isWanted(GROWTH)
    if (groups.length === 0 && !withGrowth) continue
    await withCluster(brokers, warmUpMs, async servers => {
      for (const group of groups) {
        const isSelected = (row: string) => isWanted(group.name) || isWanted(row)
        const begin = performance.now()
        rows.push(...(await group.measure(servers, isSelected)).filter(({ name }) => isSelected(name)).map(printed))
        console.log(`${group.name}: ${Math.round((performance.now() - begin) / 1000)} s`)
      }
      if (withGrowth) curves.push(...(await growthCurves(servers)))
    })
  }
  const hardware = `${cpus()[0]?.model}, ${cpus().length} cores`
  const date = new Date().toISOString().slice(0, 10)
  const machine = `${hardware}, Linux ${release()}, Node ${process.version}, Kafka ${KAFKA_VERSION}, ${date}`
  return { machine, rows, curves }
}

/** Uses the cluster of KAFKA_BOOTSTRAP_SERVERS instead of three local brokers; one broker is always local. */
async function withCluster(brokers: 1 | 3, warmUpMs: number, work: (servers: string) => Promise<void>): Promise<void> {
  const userServers = brokers === 3 ? process.env.KAFKA_BOOTSTRAP_SERVERS : undefined
  const kafka = userServers ? undefined : await LocalKafka.start(brokers, { log: console.log })
  const servers = userServers ?? (kafka as LocalKafka).bootstrapServers
  try {
    await createTopics(servers, [
      { topic: 'chat', partitions: 3 },
      { topic: 'earthquakes', partitions: 6 },
    ])
    for (const topic of ['chat', 'earthquakes']) await untilInSync(servers, topic, userServers ? 1 : brokers)
    // For the second cluster, the clients of this process are warm already, and only its broker has to warm up.
    await warmUp(servers, brokers, brokers === 3 ? warmUpMs : warmUpMs / 3)
    await work(servers)
  } finally {
    await kafka?.stop()
  }
}

function printed(row: Row): Row {
  const { name, ratio, low, high, control, target, what, better } = row
  const range = `${ratio.toFixed(2)} (${low.toFixed(2)}–${high.toFixed(2)})`
  const bound = `${better === 'lower' ? '≤' : '≥'} ${target}`
  console.log(`${name.padEnd(14)} ${range}, control ${control.toFixed(2)}, target ${bound}: ${what}`)
  return row
}

/** Warms up the brokers, the function and both clients, which are several times slower in their first seconds. */
async function warmUp(servers: string, brokers: 1 | 3, ms: number): Promise<void> {
  const value = chat(100)
  const raw = await rawKafkajs(servers)
  const producer = ourProducer(servers)
  const handler = brokers === 3 ? await handlerOf('http', servers) : undefined
  const end = performance.now() + ms
  await quietly(async () => {
    while (performance.now() < end) {
      await raw.send({ topic: 'chat', acks: -1, messages: [{ key: 'lobby', value: JSON.stringify(value) }] })
      await producer.send({ topic: 'chat', key: 'lobby', value: JSON.stringify(value) })
      await handler?.(httpEvent(value), context)
    }
  })
  await Promise.all([raw.disconnect(), producer.close()])
}

await main().catch(explain)
