// Compares sending many records with other producers, on one broker without replication. Each run is a new process with
// a new topic of three partitions. Afterwards the topic must contain exactly the records that were sent.
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { createTopics, deleteTopic, kafkaOf } from '../local/kafka/admin.ts'
import { type Row, rowOf, shuffled } from './measure.ts'
import { installPeers, javaArguments } from './peers.ts'

const ROUNDS = 5

interface Contender {
  readonly name: string
  readonly records: number
  readonly size: number
  /** @returns the command that sends the records to `topic` and prints its records/sec */
  command(servers: string, topic: string): Promise<{ readonly file: string; readonly args: readonly string[] }>
}

const node = (name: string, script: string, records: number, size: number, ...options: string[]): Contender => ({
  name,
  records,
  size,
  command: async (servers, topic) => ({
    file: process.execPath,
    args: ['--disable-warning=TimeoutNegativeWarning', script, servers, topic, `${records}`, `${size}`, ...options],
  }),
})

const java = (name: string, records: number, size: number, settings: Record<string, string | number>): Contender => ({
  name,
  records,
  size,
  command: async (servers, topic) => ({
    file: 'java',
    args: await javaArguments({ servers, topic, records, size, settings }),
  }),
})

const OURS = 'bench/bulk/ours.ts'
const PLATFORMATIC = 'bench/peers/platformatic.js'
const SMALL = 400_000
const LARGE = 150_000
const ONE_BY_ONE = 150_000

const CONTENDERS: readonly Contender[] = [
  node('ours-100', OURS, SMALL, 100),
  node('platformatic-100', PLATFORMATIC, SMALL, 100),
  java('java-tuned', SMALL, 100, { 'linger.ms': 5, 'batch.size': 65_536 }),
  node('ours-1000', OURS, LARGE, 1000),
  node('platformatic-1000', PLATFORMATIC, LARGE, 1000),
  node('ours-one', OURS, ONE_BY_ONE, 100, 'one'),
  java('java-defaults', SMALL, 100, {}),
]

const CALLS = 'sendAll of 1,000 records, four calls at once'
const ROWS = [
  {
    name: 'bulk-100',
    what: `${CALLS}, 100 B / @platformatic/kafka 2.12, idempotent`,
    target: 1.2,
    ours: 'ours-100',
    theirs: 'platformatic-100',
  },
  {
    name: 'bulk-100-java',
    what: `the same / Java's ProducerPerformance with linger.ms 5, batch.size 65,536`,
    target: 1,
    ours: 'ours-100',
    theirs: 'java-tuned',
  },
  {
    name: 'bulk-1000',
    what: `${CALLS}, 1,000 B / @platformatic/kafka 2.12, idempotent`,
    target: 1,
    ours: 'ours-1000',
    theirs: 'platformatic-1000',
  },
  {
    name: 'send-java',
    what: `send, 5,000 calls at once, 100 B / Java's ProducerPerformance with its defaults`,
    target: 0.45,
    ours: 'ours-one',
    theirs: 'java-defaults',
  },
]

export async function bulk(servers: string, selected: (row: string) => boolean): Promise<Row[]> {
  const rows = measurable(ROWS.filter(({ name }) => selected(name)))
  const runs = [...new Set(rows.map(({ ours }) => ours)), ...rows.flatMap(({ theirs }) => [theirs, `${theirs} again`])]
  const rates = new Map(runs.map(name => [name, [] as number[]]))
  for (let round = 0; round < ROUNDS; round++)
    for (const [index, name] of shuffled(runs).entries())
      rates.get(name)?.push(await rateOf(contender(name), servers, `bulk-${round}-${index}`))
  const at = (name: string, round: number) => rates.get(name)?.[round] as number
  return rows.map(({ ours, theirs, ...head }) =>
    rowOf(
      { ...head, unit: 'records/s', better: 'higher' },
      Array.from({ length: ROUNDS }, (_, round) => ({
        ours: at(ours, round),
        theirs: at(theirs, round),
        again: at(`${theirs} again`, round),
      })),
    ),
  )
}

/** Without access to npm's registry, leaves out the rows of its packages and prints why. */
function measurable<T extends { readonly theirs: string }>(rows: readonly T[]): readonly T[] {
  const needsPackage = ({ theirs }: T) => theirs.startsWith('platformatic')
  if (!rows.some(needsPackage)) return rows
  const problem = installPeers()
  if (problem === undefined) return rows
  console.error(problem)
  return rows.filter(row => !needsPackage(row))
}

function contender(run: string): Contender {
  return CONTENDERS.find(({ name }) => name === run.replace(' again', '')) as Contender
}

async function rateOf({ name, records, command }: Contender, servers: string, topic: string): Promise<number> {
  await createTopics(servers, [{ topic, partitions: 3, replicas: 1, config: { 'file.delete.delay.ms': '1000' } }])
  const { file, args } = await command(servers, topic)
  const { stdout } = await promisify(execFile)(file, args)
  const stored = await recordsIn(servers, topic)
  if (stored !== records) throw new Error(`${name}: expected ${records} records in the topic, found ${stored}.`)
  await deleteTopic(servers, topic)
  // Java prints a line every five seconds. The last line is for the whole run.
  const rate = [...stdout.matchAll(/([\d.]+) records\/sec/g)].at(-1)?.[1]
  if (rate === undefined) throw new Error(`${name}: expected a rate, got: ${stdout}`)
  return Number(rate)
}

async function recordsIn(servers: string, topic: string): Promise<number> {
  const admin = kafkaOf(servers).admin()
  await admin.connect()
  const ends = await admin.fetchTopicOffsets(topic)
  await admin.disconnect()
  return ends.reduce((sum, { high }) => sum + Number(high), 0)
}
