// npm run bench -- --only B1,B5 --json FILE: ratios to raw kafkajs, measured side by side in one run with an A/A
// control.
import { writeFileSync } from 'node:fs'
import { cpus, release } from 'node:os'
import { parseArgs } from 'node:util'
import { KAFKA_VERSION } from '../local/artifacts.ts'
import { createTopics, untilInSync } from '../local/kafka/admin.ts'
import { LocalKafka } from '../local/kafka/cluster.ts'
import { explain } from '../local/requirements.ts'
import { buildAll } from '../scripts/build.ts'
import { coldStarts, coldStartsInShares } from './cold-start.ts'
import { growthCurves } from './growth.ts'
import { cpuPerHttpRequest } from './http-server.ts'
import type { Row } from './measure.ts'
import { ROWS } from './rows.ts'
import { chat, context, handlerOf, httpEvent, quietly, rawKafkajs } from './subjects.ts'

const OTHERS = ['cold', 'share', 'http', 'growth']

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { json: { type: 'string' }, only: { type: 'string' }, 'warm-up': { type: 'string', default: '30' } },
  })
  const names = [...Object.keys(ROWS), ...OTHERS]
  const selection = values.only?.split(',') ?? names
  const unknown = selection.filter(name => !names.includes(name))
  if (unknown.length > 0) throw new Error(`--only: expected ${names.join(', ')}; got ${unknown.join(', ')}.`)
  const userServers = process.env.KAFKA_BOOTSTRAP_SERVERS
  const kafka = userServers ? undefined : await LocalKafka.start(3, { log: console.log })
  const servers = userServers ?? (kafka as LocalKafka).bootstrapServers
  try {
    await createTopics(servers, [
      { topic: 'chat', partitions: 3 },
      { topic: 'earthquakes', partitions: 6 },
    ])
    for (const topic of ['chat', 'earthquakes']) await untilInSync(servers, topic, userServers ? 1 : 3)
    await buildAll(() => {})
    await warmUp(servers, Number(values['warm-up']) * 1000)
    const rows: (Row | object)[] = []
    for (const measure of new Set(selection.flatMap(name => ROWS[name] ?? [])))
      rows.push(...(await measure(servers)).filter(({ name }) => selection.includes(name)).map(printed))
    if (selection.includes('http')) rows.push(...(await cpuPerHttpRequest(servers)).map(printed))
    if (selection.includes('cold')) rows.push(...(await coldStarts(servers)).map(printed))
    if (selection.includes('share')) rows.push(...(await coldStartsInShares(servers)).map(printed))
    const curves = selection.includes('growth') ? await growthCurves(servers) : []
    const hardware = `${cpus()[0]?.model}, ${cpus().length} cores`
    const date = new Date().toISOString().slice(0, 10)
    const machine = `${hardware}, Linux ${release()}, Node ${process.version}, Kafka ${KAFKA_VERSION} x3, ${date}`
    const document = { machine, rows, curves }
    console.log(JSON.stringify(document, null, 2))
    if (values.json) writeFileSync(values.json, `${JSON.stringify(document)}\n`)
  } finally {
    await kafka?.stop()
  }
  process.exit(0)
}

function printed(row: Row): Row {
  const { name, ratio, low, high, control, target, what } = row
  const range = `${ratio.toFixed(2)} (${low.toFixed(2)}–${high.toFixed(2)})`
  console.log(`${name.padEnd(5)} ${range}, control ${control.toFixed(2)}, target ${target}: ${what}`)
  return row
}

/** Warms up the brokers and both clients, which are several times slower in their first seconds. */
async function warmUp(servers: string, ms: number): Promise<void> {
  const handler = await handlerOf('http', servers)
  const raw = await rawKafkajs(servers)
  const end = performance.now() + ms
  await quietly(async () => {
    while (performance.now() < end) {
      await handler(httpEvent(chat(100)), context)
      await raw.send({ topic: 'chat', acks: -1, messages: [{ key: 'lobby', value: JSON.stringify(chat(100)) }] })
    }
  })
  await raw.disconnect()
}

await main().catch(explain)
