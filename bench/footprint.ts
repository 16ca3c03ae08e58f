// node bench/footprint.ts
// Measures what installing a client costs, how long its import takes, and how long a new process needs until its first
// record is acknowledged. Prints the table of docs/benchmarks.md.
import { execFileSync, spawnSync } from 'node:child_process'
import { globSync, lstatSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createTopics, untilInSync } from '../local/kafka/admin.ts'
import { LocalKafka } from '../local/kafka/cluster.ts'
import { temporaryFolder } from '../local/processes.ts'
import { explain } from '../local/requirements.ts'
import { median, shuffled } from './measure.ts'

const ROUNDS = 15

interface Client {
  readonly name: string
  /** The package that npm installs; undefined: the tarball of this tree. */
  readonly spec?: string
  /** Why the client can't be run here, so that only its size is measured. */
  readonly weighedOnly?: string
  readonly imports: string
  /** Code that sends one record. `servers` is a list. */
  readonly send: string
}

const CLIENTS: readonly Client[] = [
  {
    name: 'this library',
    imports: "import { KafkaTemplate, ProducerFactory, parseConfig } from 'serverless-kafka-producer'",
    send: `await new KafkaTemplate(new ProducerFactory({ config: parseConfig({ bootstrapServers: servers }) }))
      .send('chat', 'lobby', 'hello')`,
  },
  {
    name: 'kafkajs',
    spec: 'kafkajs@2.2.4',
    imports: "import kafkajs from 'kafkajs'",
    send: `const kafka = new kafkajs.Kafka({ brokers: servers, logLevel: 0 })
      const producer = kafka.producer({ idempotent: true, maxInFlightRequests: 1 })
      await producer.connect()
      await producer.send({ topic: 'chat', acks: -1, messages: [{ key: 'lobby', value: 'hello' }] })`,
  },
  {
    name: '@platformatic/kafka',
    spec: '@platformatic/kafka@2.12.1',
    imports: "import { ProduceAcks, Producer, stringSerializers } from '@platformatic/kafka'",
    send: `const options = { clientId: 'c', bootstrapBrokers: servers, serializers: stringSerializers }
      const producer = new Producer({ ...options, idempotent: true })
      const messages = [{ topic: 'chat', key: 'lobby', value: 'hello' }]
      await producer.send({ messages, acks: ProduceAcks.ALL, idempotent: true })`,
  },
  {
    name: '@confluentinc/kafka-javascript',
    spec: '@confluentinc/kafka-javascript@1.10.1',
    weighedOnly: 'its librdkafka comes from GitHub, so the size is without it',
    imports: '',
    send: '',
  },
]

/** @returns the folder in which the client and its two programs are installed */
function install(client: Client, tarball: string, folder: string): string {
  const target = join(folder, client.name.replaceAll(/\W/g, '-'))
  mkdirSync(target)
  writeFileSync(join(target, 'package.json'), '{"private":true,"type":"module"}')
  const scripts = client.weighedOnly === undefined ? [] : ['--ignore-scripts']
  const args = ['install', '--silent', '--no-audit', '--no-fund', ...scripts, client.spec ?? tarball]
  execFileSync('npm', args, { cwd: target, stdio: 'inherit' })
  writeFileSync(join(target, 'import.mjs'), client.imports)
  writeFileSync(
    join(target, 'send.mjs'),
    `${client.imports}\nconst servers = process.argv[2].split(',')\n${client.send}\nprocess.exit(0)\n`,
  )
  return target
}

function sizeOf(folder: string): { readonly packages: number; readonly bytes: number } {
  const modules = join(folder, 'node_modules')
  const packages = globSync(['**/node_modules/*/package.json', '**/node_modules/@*/*/package.json'], { cwd: folder })
  let bytes = 0
  for (const entry of readdirSync(modules, { recursive: true, withFileTypes: true }))
    if (entry.isFile()) bytes += lstatSync(join(entry.parentPath, entry.name)).size
  return { packages: packages.length, bytes }
}

/** Milliseconds from the start of a process to its end. */
function timeOf(folder: string, program: string, servers: string): number {
  const begin = performance.now()
  const { status, stderr } = spawnSync(process.execPath, [program, servers], { cwd: folder, encoding: 'utf8' })
  if (status !== 0) throw new Error(`${folder}/${program} failed: ${stderr}`)
  return performance.now() - begin
}

async function main(): Promise<void> {
  const folder = temporaryFolder()
  const kafka = await LocalKafka.start(1, { log: console.error })
  try {
    await createTopics(kafka.bootstrapServers, [{ topic: 'chat', partitions: 3 }])
    await untilInSync(kafka.bootstrapServers, 'chat', 1)
    const packed = execFileSync('npm', ['pack', '--silent', '--pack-destination', folder], { encoding: 'utf8' })
    const tarball = join(folder, packed.trim().split('\n').at(-1) ?? '')
    const folders = new Map(CLIENTS.map(client => [client, install(client, tarball, folder)]))
    const empty = join(folder, 'empty.mjs')
    writeFileSync(empty, '')
    const times = new Map<string, number[]>()
    const run = (what: string, at: string, program: string) => {
      const list = times.get(what) ?? []
      times.set(what, [...list, timeOf(at, program, kafka.bootstrapServers)])
    }
    // The first round only reads the files from disk.
    for (let round = 0; round <= ROUNDS; round++) {
      if (round === 1) times.clear()
      run('empty', folder, empty)
      for (const [client, at] of shuffled([...folders])) {
        if (client.weighedOnly !== undefined) continue
        run(`${client.name} import`, at, 'import.mjs')
        run(`${client.name} send`, at, 'send.mjs')
      }
    }
    const ms = (what: string) => Math.round(median(times.get(what) ?? []))
    console.log('| client | packages | installed | import | first acknowledgement of a new process |')
    console.log('|---|---|---|---|---|')
    for (const [{ name, weighedOnly }, at] of folders) {
      const { packages, bytes } = sizeOf(at)
      const measured = weighedOnly ?? `${ms(`${name} import`) - ms('empty')} ms | ${ms(`${name} send`)} ms`
      const columns = weighedOnly === undefined ? measured : `– | – (${weighedOnly})`
      console.log(`| ${name} | ${packages} | ${(bytes / 1e6).toFixed(1)} MB | ${columns} |`)
    }
    console.log(`\nMedians of ${ROUNDS}; a process that imports nothing takes ${ms('empty')} ms.`)
  } finally {
    await kafka.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

await main().catch(explain)
