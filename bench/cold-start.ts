// Cold starts of the functions: the time from the start of a new process to its first response, with the connect in
// init. Each bundle is measured alternately with a bundle of kafkajs alone that does the same (import, connect, send
// with acks=all); the control is that bundle again. Also compares with the same job written as in the samples of middy,
// Powertools and Ajv (bench/usual-handler.ts).
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { build } from 'esbuild'
import { Sandbox } from '../local/runtime/sandbox.ts'
import { REQUIRE } from '../scripts/build.ts'
import { cpuShare } from './cpu-share.ts'
import { type Round, type Row, rowOf, shuffled } from './measure.ts'

const ROUNDS = 15
const SHARE_ROUNDS = 7
/** Memory sizes whose CPU share is simulated, MB. */
const SHARES = [128, 512]
export const BUNDLED = {
  bundle: true,
  minify: true,
  platform: 'node',
  target: 'node24',
  format: 'esm',
  banner: { js: REQUIRE },
  logLevel: 'error',
} as const
const KAFKAJS = `
import { Kafka, logLevel, Partitioners } from 'kafkajs'
const kafka = new Kafka({ brokers: process.env.KAFKA_BOOTSTRAP_SERVERS.split(','), logLevel: logLevel.NOTHING })
const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner })
await producer.connect()
export const handler = async event => {
  await producer.send({ topic: 'chat', acks: -1, messages: [{ key: 'lobby', value: event.body }] })
  return { statusCode: 200 }
}
`

const body = JSON.stringify({ value: { room: 'lobby', user: 'ada', text: 'hello' } })
const message = {
  messageId: 'm',
  body: JSON.stringify({
    type: 'Feature',
    id: 'a',
    properties: {},
    geometry: { type: 'Point', coordinates: [1, 2, 3] },
  }),
  eventSourceARN: 'arn:aws:sqs:us-east-1:000000000000:earthquakes',
}
const request = () => ({
  version: '2.0',
  rawPath: '/topics/chat',
  headers: { 'content-type': 'application/json' },
  requestContext: {
    requestId: 'r',
    timeEpoch: Date.now(),
    stage: '$default',
    http: { method: 'POST', path: '/topics/chat' },
  },
  body,
})

const SUBJECTS: Readonly<
  Record<
    string,
    { readonly bundle: string; readonly event: () => unknown; readonly env?: Readonly<Record<string, string>> }
  >
> = {
  http: { bundle: 'dist/functions/http/index.mjs', event: request },
  sqs: { bundle: 'dist/functions/sqs/index.mjs', event: () => ({ Records: [message] }) },
  eventbridge: {
    bundle: 'dist/functions/eventbridge/index.mjs',
    event: () => ({
      id: 'e',
      source: 'usgs.earthquakes',
      'detail-type': 'Earthquake',
      detail: JSON.parse(message.body),
    }),
  },
  'http again': { bundle: 'dist/functions/http/index.mjs', event: request },
  'with dead letters': {
    bundle: 'dist/functions/http/index.mjs',
    event: request,
    env: { KAFKA_DEAD_LETTER: 'sqs:http://127.0.0.1:1/1/dead-letters' },
  },
  usual: { bundle: 'build/usual-handler.mjs', event: request },
  'usual again': { bundle: 'build/usual-handler.mjs', event: request },
  kafkajs: { bundle: 'build/kafkajs-alone.mjs', event: request },
  control: { bundle: 'build/kafkajs-alone.mjs', event: request },
}

export async function coldStarts(servers: string): Promise<Row[]> {
  await buildSubjects()
  const times = new Map(Object.keys(SUBJECTS).map(name => [name, [] as number[]]))
  for (let round = 0; round < ROUNDS; round++)
    for (const name of shuffled(Object.keys(SUBJECTS))) times.get(name)?.push(await coldStart(name, servers))
  const ofName = (name: string) => times.get(name) as number[]
  const row = (name: string, what: string, target: number, ours: string, theirs: string, control: string) =>
    rowOf(
      { name, what, target, unit: 'ms' },
      ofName(ours).map((took, i) => ({
        ours: took,
        theirs: ofName(theirs)[i] as number,
        again: ofName(control)[i] as number,
      })),
    )
  return [
    row(
      'B12',
      'cold start to the first response, http / a bundle of kafkajs alone',
      1.05,
      'http',
      'kafkajs',
      'control',
    ),
    row('B12-sqs', 'the same, sqs', 1.05, 'sqs', 'kafkajs', 'control'),
    row('B12-eb', 'the same, eventbridge', 1.05, 'eventbridge', 'kafkajs', 'control'),
    row(
      'B13',
      'cold start, http with an SQS dead-letter target / without one',
      1.03,
      'with dead letters',
      'http',
      'http again',
    ),
    row(
      'B12-usual',
      'the same job, http / middy, Powertools, Ajv and kafkajs as in their samples',
      1,
      'http',
      'usual',
      'usual again',
    ),
    await bundleLoad(),
  ]
}

/** Measures the same with the CPU share of a memory size. */
export async function coldStartsInShares(servers: string): Promise<Row[]> {
  await buildSubjects()
  const rows: Row[] = []
  for (const memoryMb of SHARES) {
    const times = []
    for (let round = 0; round < SHARE_ROUNDS; round++) {
      const [ours, theirs, again] = [
        await coldStart('http', servers, memoryMb),
        await coldStart('kafkajs', servers, memoryMb),
        await coldStart('control', servers, memoryMb),
      ]
      times.push({ ours, theirs, again })
    }
    rows.push(
      rowOf(
        {
          name: `share-${memoryMb}`,
          what: `cold start, http / kafkajs alone, with the CPU of ${memoryMb} MB`,
          target: 1.05,
          unit: 'ms',
        },
        times,
      ),
    )
  }
  return rows
}

/** Builds the subjects that are not functions; bench.ts builds the functions. */
async function buildSubjects(): Promise<void> {
  await build({ ...BUNDLED, stdin: { contents: KAFKAJS, resolveDir: '.' }, outfile: 'build/kafkajs-alone.mjs' })
  await build({
    ...BUNDLED,
    entryPoints: ['bench/usual-handler.ts'],
    outfile: 'build/usual-handler.mjs',
    mainFields: ['module', 'main'],
  })
}

/**
 * The load time in a new process: this library's bundle against one of kafkajs, each minus the time of an empty
 * process.
 */
async function bundleLoad(): Promise<Row> {
  await build({
    ...BUNDLED,
    entryPoints: ['lib/index.ts'],
    outdir: 'build/load',
    outExtension: { '.js': '.mjs' },
    splitting: true,
    external: ['@aws-*', 'aws-*'],
  })
  await build({
    ...BUNDLED,
    stdin: { contents: "export * from 'kafkajs'", resolveDir: '.' },
    outfile: 'build/load/kafkajs.mjs',
  })
  writeFileSync('build/load/empty.mjs', '')
  const load = (name: string) => {
    const begin = performance.now()
    spawnSync(process.execPath, [`build/load/${name}.mjs`])
    return performance.now() - begin
  }
  const measured: Round[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const empty = load('empty')
    measured.push({ ours: load('index') - empty, theirs: load('kafkajs') - empty, again: load('kafkajs') - empty })
  }
  return rowOf(
    {
      name: 'B11',
      what: 'loading the library’s bundle / one of kafkajs, each less the start of Node',
      target: 1.25,
      unit: 'ms',
    },
    measured,
  )
}

/** @param memoryMb the memory size whose CPU share the process gets; default: a whole CPU */
async function coldStart(name: string, servers: string, memoryMb?: number): Promise<number> {
  const { bundle, event, env } = SUBJECTS[name] as (typeof SUBJECTS)[string]
  const share = memoryMb === undefined ? undefined : cpuShare(memoryMb)
  const runtime = [resolve('local/runtime/runtime-client.ts')]
  const begin = performance.now()
  const sandbox = await Sandbox.start({
    name,
    ...(share?.wrap(process.execPath, runtime) ?? { command: process.execPath, args: runtime }),
    timeoutMs: 29_000,
    onOutput: () => {},
    env: {
      PATH: process.env.PATH ?? '',
      _HANDLER: `${resolve(bundle)}#handler`,
      KAFKA_BOOTSTRAP_SERVERS: servers,
      KAFKA_DEAD_LETTER: 'none',
      KAFKA_ON_FAILURE_HTTP: 'return',
      ...(bundle.includes('http') || bundle.includes('kafkajs') ? {} : { KAFKA_DEAD_LETTER: 'disk:.local/cold-start' }),
      ...env,
    },
  })
  try {
    await sandbox.invoke(event())
    return performance.now() - begin
  } finally {
    await sandbox.stop()
    share?.remove()
  }
}
