// Cold starts of a plain program: the time from the start of a new process to the acknowledgement of its first record,
// with the package as npm installs it, and bundled with the program into one file. bench/cold-start.ts measures the
// functions.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { build } from 'esbuild'
import { buildLibrary } from '../scripts/build.ts'
import { BUNDLED } from './cold-start.ts'
import { type Row, rowOf, shuffled } from './measure.ts'

const ROUNDS = 15
const OURS = `
import { KafkaTemplate, ProducerFactory, parseConfig } from 'serverless-kafka-producer'
await new KafkaTemplate(new ProducerFactory({ config: parseConfig() })).send('chat', 'lobby', 'hello')
process.stdout.write('.')
`
const kafkajs = (options: string) => `
import { Kafka, logLevel, Partitioners } from 'kafkajs'
const kafka = new Kafka({ brokers: process.env.KAFKA_BOOTSTRAP_SERVERS.split(','), logLevel: logLevel.NOTHING })
const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner${options} })
await producer.connect()
await producer.send({ topic: 'chat', acks: -1, messages: [{ key: 'lobby', value: 'hello' }] })
process.stdout.write('.')
`
const FOLDER = 'build/cold'
/** A bundler leaves out packages that are not installed; this program needs none of them. */
const OPTIONAL = Object.keys(JSON.parse(readFileSync('package.json', 'utf8')).peerDependencies)
const PROGRAMS: Readonly<Record<string, { readonly code: string; readonly isBundled: boolean }>> = {
  ours: { code: OURS, isBundled: false },
  kafkajs: { code: kafkajs(''), isBundled: false },
  'ours-bundled': { code: OURS, isBundled: true },
  // This project's producer is idempotent, so the bundled kafkajs is, too.
  'kafkajs-bundled': { code: kafkajs(', idempotent: true, maxInFlightRequests: 1'), isBundled: true },
}

export async function coldAcknowledgements(servers: string): Promise<Row[]> {
  await buildLibrary()
  mkdirSync(FOLDER, { recursive: true })
  for (const [name, { code, isBundled }] of Object.entries(PROGRAMS)) {
    const outfile = `${FOLDER}/${name}.mjs`
    if (!isBundled) writeFileSync(outfile, code)
    else {
      const stdin = { contents: code, resolveDir: '.' }
      await build({ ...BUNDLED, stdin, outfile, external: OPTIONAL, mainFields: ['module', 'main'] })
    }
  }
  const runs = ['ours', 'kafkajs', 'kafkajs again', 'ours-bundled', 'kafkajs-bundled', 'kafkajs-bundled again']
  const times = new Map(runs.map(name => [name, [] as number[]]))
  // The first round only reads the files from disk.
  for (let round = 0; round <= ROUNDS; round++)
    for (const run of shuffled(runs)) {
      const ms = await untilAcknowledged(`${FOLDER}/${run.replace(' again', '')}.mjs`, servers)
      if (round > 0) times.get(run)?.push(ms)
    }
  const row = (name: string, what: string, target: number, ours: string, theirs: string) =>
    rowOf(
      { name, what, target, unit: 'ms' },
      Array.from({ length: ROUNDS }, (_, i) => ({
        ours: times.get(ours)?.[i] as number,
        theirs: times.get(theirs)?.[i] as number,
        again: times.get(`${theirs} again`)?.[i] as number,
      })),
    )
  const what = 'start of a process to its first acknowledgement'
  return [
    row('cold-unbundled', `${what}, from node_modules: the library / kafkajs`, 1.2, 'ours', 'kafkajs'),
    row(
      'cold-bundled',
      `${what}, each bundled: the library / kafkajs, idempotent`,
      1,
      'ours-bundled',
      'kafkajs-bundled',
    ),
  ]
}

async function untilAcknowledged(program: string, servers: string): Promise<number> {
  const begin = performance.now()
  const child = spawn(process.execPath, ['--disable-warning=TimeoutNegativeWarning', program], {
    env: { PATH: process.env.PATH, KAFKA_BOOTSTRAP_SERVERS: servers },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = once(child, 'exit')
  const [first] = await Promise.race([once(child.stdout, 'data'), ended])
  const ms = performance.now() - begin
  child.kill('SIGKILL')
  await ended
  if (!Buffer.isBuffer(first)) throw new Error(`${program} ended before its record was acknowledged.`)
  return ms
}
