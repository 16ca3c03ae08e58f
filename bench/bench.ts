// npm run bench -- --only B1,B5 --json FILE: ratios against raw kafkajs, taken side by side in one run with an A/A control.
import { writeFileSync } from 'node:fs'
import { cpus, release } from 'node:os'
import { parseArgs } from 'node:util'
import { createTopics, untilInSync } from '../local/kafka/admin.ts'
import { LocalKafka } from '../local/kafka/cluster.ts'
import { explain } from '../local/requirements.ts'
import { buildAll } from '../scripts/build.ts'
import { coldStarts, coldStartsInShares } from './cold-start.ts'
import { growthCurves } from './growth.ts'
import { httpPerCpuSecond } from './http-server.ts'
import type { Row } from './measure.ts'
import { ROWS } from './rows.ts'
import { chat, context, handlerOf, httpEvent, quietly, rawKafkajs } from './subjects.ts'

const OTHERS = ['cold', 'share', 'http', 'growth']

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { json: { type: 'string' }, only: { type: 'string' }, 'warm-up': { type: 'string', default: '30' } },
  })
  const wanted = values.only?.split(',') ?? [...Object.keys(ROWS), ...OTHERS]
  const unknown = wanted.filter(name => !(name in ROWS) && !OTHERS.includes(name))
  if (unknown.length > 0)
    throw new Error(`--only: expected ${[...Object.keys(ROWS), ...OTHERS].join(', ')}; got ${unknown.join(', ')}.`)
  const given = process.env.KAFKA_BOOTSTRAP_SERVERS
  const kafka = given ? undefined : await LocalKafka.start(3, { log: console.log })
  const servers = given ?? (kafka as LocalKafka).bootstrapServers
  try {
    await createTopics(servers, [
      { topic: 'chat', partitions: 3 },
      { topic: 'earthquakes', partitions: 6 },
    ])
    for (const topic of ['chat', 'earthquakes']) await untilInSync(servers, topic, given ? 1 : 3)
    await buildAll(() => {})
    await warmUp(servers, Number(values['warm-up']) * 1000)
    const rows: (Row | object)[] = []
    for (const measure of new Set(wanted.flatMap(name => ROWS[name] ?? [])))
      rows.push(...(await measure(servers)).filter(({ name }) => wanted.includes(name)).map(told))
    if (wanted.includes('http')) rows.push(...(await httpPerCpuSecond(servers)).map(told))
    if (wanted.includes('cold')) rows.push(...(await coldStarts(servers)).map(told))
    if (wanted.includes('share')) rows.push(...(await coldStartsInShares(servers)).map(told))
    const curves = wanted.includes('growth') ? await growthCurves(servers) : []
    const machine = `${cpus()[0]?.model}, ${cpus().length} cores, Linux ${release()}, Node ${process.version}, Kafka 4.3.1 x3, ${new Date().toISOString().slice(0, 10)}`
    const document = { machine, rows, curves }
    console.log(JSON.stringify(document, null, 2))
    if (values.json) writeFileSync(values.json, `${JSON.stringify(document)}\n`)
  } finally {
    await kafka?.stop()
  }
  process.exit(0)
}

function told(row: Row): Row {
  console.log(
    `${row.name.padEnd(5)} ${row.ratio.toFixed(2)} (${row.low.toFixed(2)}–${row.high.toFixed(2)}), control ${row.control.toFixed(2)}, target ${row.target}: ${row.what}`,
  )
  return row
}

/** Brokers and both clients: the first seconds of either are several times slower. */
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
