// Cold starts: a new process from its spawn to its first answer, with the connect in init. Each bundle, beside a bundle of
// kafkajs alone that does the same (import, connect, send with acks=all), interleaved; the control is that bundle again.
import { rmSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { build } from 'esbuild'
import { Sandbox } from '../local/runtime/sandbox.ts'
import { buildAll } from '../scripts/build.ts'

const ROUNDS = 15
const KAFKAJS = `
import { Kafka, logLevel, Partitioners } from 'kafkajs'
const producer = new Kafka({ brokers: process.env.KAFKA_BOOTSTRAP_SERVERS.split(','), logLevel: logLevel.NOTHING }).producer({ createPartitioner: Partitioners.DefaultPartitioner })
await producer.connect()
export const handler = async event => { await producer.send({ topic: 'chat', acks: -1, messages: [{ key: 'lobby', value: event.body }] }); return { statusCode: 200 } }
`

const body = JSON.stringify({ value: { room: 'lobby', user: 'ada', text: 'hello' } })
const message = {
  messageId: 'm',
  body: JSON.stringify({ type: 'Feature', id: 'a', properties: {}, geometry: { type: 'Point', coordinates: [1, 2, 3] } }),
  eventSourceARN: 'arn:aws:sqs:us-east-1:000000000000:earthquakes',
}
const request = () => ({
  version: '2.0',
  rawPath: '/topics/chat',
  headers: { 'content-type': 'application/json' },
  requestContext: { requestId: 'r', timeEpoch: Date.now(), stage: '$default', http: { method: 'POST', path: '/topics/chat' } },
  body,
})

const SUBJECTS: Readonly<Record<string, { readonly bundle: string; readonly event: () => unknown }>> = {
  http: { bundle: 'dist/functions/http/index.mjs', event: request },
  sqs: { bundle: 'dist/functions/sqs/index.mjs', event: () => ({ Records: [message] }) },
  eventbridge: {
    bundle: 'dist/functions/eventbridge/index.mjs',
    event: () => ({ id: 'e', source: 'usgs.earthquakes', 'detail-type': 'Earthquake', detail: JSON.parse(message.body) }),
  },
  kafkajs: { bundle: 'build/kafkajs-alone.mjs', event: request },
  control: { bundle: 'build/kafkajs-alone.mjs', event: request },
}

export async function coldStarts(servers: string) {
  await buildAll(() => {})
  writeFileSync('build/kafkajs-alone.js', KAFKAJS)
  await build({
    entryPoints: ['build/kafkajs-alone.js'],
    outfile: 'build/kafkajs-alone.mjs',
    bundle: true,
    minify: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    banner: { js: "import{createRequire as __createRequire}from'node:module';const require=__createRequire(import.meta.url);" },
  })
  const times = new Map(Object.keys(SUBJECTS).map(name => [name, [] as number[]]))
  for (let round = 0; round < ROUNDS; round++) for (const name of Object.keys(SUBJECTS).sort(() => Math.random() - 0.5)) times.get(name)?.push(await coldStart(name, servers))
  rmSync('build/kafkajs-alone.js')
  const medians = Object.fromEntries([...times].map(([name, all]) => [name, all.toSorted((a, b) => a - b)[Math.floor(all.length / 2)] as number]))
  const theirs = medians.kafkajs as number
  return Object.entries(medians).map(([name, ms]) => ({ name: `cold start, ${name}`, ratio: round(ms / theirs), ms: Math.round(ms) }))
}

async function coldStart(name: string, servers: string): Promise<number> {
  const { bundle, event } = SUBJECTS[name] as (typeof SUBJECTS)[string]
  const begin = performance.now()
  const sandbox = await Sandbox.start({
    name,
    command: process.execPath,
    args: [resolve('local/runtime/runtime-client.ts')],
    timeoutMs: 29_000,
    onOutput: () => {},
    env: { PATH: process.env.PATH ?? '', _HANDLER: `${resolve(bundle)}#handler`, KAFKA_BOOTSTRAP_SERVERS: servers, KAFKA_DEAD_LETTER: 'disk:.local/cold-start' },
  })
  try {
    await sandbox.invoke(event())
    return performance.now() - begin
  } finally {
    await sandbox.stop()
  }
}

function round(value: number): number {
  return Math.round(value * 100) / 100
}
