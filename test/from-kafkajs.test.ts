// The code of docs/from-kafkajs.md runs unchanged; its tables have every part of kafkajs's producer, and only existing
// settings.
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, type TestContext, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { Partitioners } from 'kafkajs'
import { SETTINGS } from '../lib/config/settings.ts'
import { BuiltInPartitioner } from '../lib/partition/built-in-partitioner.ts'
import { ScriptedBrokers } from './fakes/scripted-brokers.ts'

const DOCUMENT = readFileSync('docs/from-kafkajs.md', 'utf8')
const KAFKAJS_TYPES = 'node_modules/kafkajs/types/index.d.ts'
const folder = mkdtempSync(join(tmpdir(), 'from-kafkajs-'))
after(() => rmSync(folder, { recursive: true }))
symlinkSync(join(process.cwd(), 'node_modules'), join(folder, 'node_modules'))

const blocks = [...DOCUMENT.matchAll(/^```(js|ts)\n(.*?)^```/gms)].map(([, , code = '']) => code)
const [before = '', migrated = '', ...others] = blocks
const NAME = "'serverless-kafka-producer'"

/** The package, with producers that talk to one Kafka in memory. */
const IN_MEMORY = `
import { ProducerFactory as Factory } from '${pathToFileURL('lib/index.ts')}'
import { createFakeKafka } from '${pathToFileURL('lib/testing/index.ts')}'
export * from '${pathToFileURL('lib/index.ts')}'
export class ProducerFactory extends Factory {
  constructor(options) {
    super({ createClient: createFakeKafka().createClient, warn: () => {}, ...options })
  }
}
`

/** Runs a block; returns what it prints. */
async function run(code: string, packageUrl: URL | string = pathToFileURL('lib/index.ts')): Promise<string[]> {
  const file = join(folder, `block-${Math.random()}.ts`)
  writeFileSync(file, code.replaceAll(NAME, JSON.stringify(packageUrl)))
  const printed: string[] = []
  const { log, error } = console
  const print = (...values: unknown[]) => void printed.push(values.map(String).join(' '))
  Object.assign(console, { log: print, error: print })
  try {
    await import(String(pathToFileURL(file)))
  } finally {
    Object.assign(console, { log, error })
  }
  return printed
}

/** The records that a block writes to scripted brokers, by partition. */
async function written(t: TestContext, code: string) {
  const cluster = await ScriptedBrokers.start({ topic: 'chat', leaders: [0, 1, 0, 1, 0], brokers: 2 })
  t.after(() => cluster.stop())
  const [first = '', second = ''] = cluster.addresses
  const printed = await run(code.replace('broker-1:9092', first).replace('broker-2:9092', second))
  assert.deepEqual(printed, [])
  return cluster.leaders.map((_, partition) => cluster.log(partition).records)
}

test('the code before and after writes the same records to the same partitions', async t => {
  const records = await written(t, before)
  assert.equal(records.flat().length, 5)
  assert.deepEqual(await written(t, migrated), records)
})

test('each other block runs and prints what it says', async () => {
  const inMemory = join(folder, 'in-memory.mjs')
  writeFileSync(inMemory, IN_MEMORY)
  const imports = `import { parseConfig, ProducerFactory } from ${NAME}\n`
  assert.ok(others.length >= 5)
  for (const code of others) {
    const printed = await run(imports + code, String(pathToFileURL(inMemory)))
    assert.ok(printed.length > 0, code)
    assert.ok(!printed.join().includes('failed'), `${printed}`)
    for (const [, promised = ''] of code.matchAll(/console\.log\(.*\) \/\/ (\S+)$/gm))
      assert.ok(
        printed.some(text => text.endsWith(promised)),
        `${promised} in ${printed}`,
      )
  }
})

test('a key has the partition that kafkajs’s default partitioner gives it', () => {
  const choose = Partitioners.DefaultPartitioner()
  const ours = new BuiltInPartitioner()
  for (const count of [1, 3, 6, 50])
    for (let i = 0; i < 500; i++) {
      const key = Buffer.from(i % 2 === 0 ? `key-${i}` : [i, i >> 3, 255 - (i % 256)])
      const partitionMetadata = Array.from({ length: count }, (_, partitionId) => ({
        partitionId,
        leader: 0,
        partitionErrorCode: 0,
        replicas: [],
        isr: [],
      }))
      const record = { topic: 't', key, value: null, headers: [], wireSize: 10 }
      assert.equal(
        ours.partition(record, { count, available: [], preferred: [] }),
        choose({ topic: 't', partitionMetadata, message: { key, value: null } }),
      )
    }
})

/** kafkajs's types that a producer's user meets. */
const TYPES = [
  'KafkaConfig',
  'ProducerConfig',
  'RetryOptions',
  'ProducerRecord',
  'ProducerBatch',
  'TopicMessages',
  'Message',
  'RecordMetadata',
  'Sender',
  'Producer',
  'ProducerEvents',
  'Transaction',
  'SASLMechanismOptionsMap',
  'CompressionTypes',
  'Partitioners',
]

/** The names of the members of a type, without those of its members. */
function membersOf(source: string, type: string): string[] {
  const begin = new RegExp(`^(?:export )?(?:interface|type|enum|const) ${type}\\b[^{]*{`, 'm').exec(source)
  assert.ok(begin, `kafkajs has no type ${type}`)
  let members = ''
  let depth = 1
  for (let at = begin.index + begin[0].length; depth > 0; at++) {
    const character = source[at] as string
    if ('{('.includes(character)) depth++
    else if ('})'.includes(character)) depth--
    else if (depth === 1) members += character
  }
  const names = [...members.matchAll(/^ +(?:readonly )?'?([A-Za-z][\w-]*)'?\??(?: *[:=,]|$)/gm)]
  assert.ok(names.length > 0, type)
  return names.map(([, name]) => name as string)
}

/** The cells of a column in all tables that have it. */
function column(title: string): string[] {
  return [...DOCUMENT.matchAll(/(?:^\|.*\n)+/gm)].flatMap(([table]) => {
    const [header = [], , ...rows] = table
      .trimEnd()
      .split('\n')
      .map(line => line.split('|').map(cell => cell.trim()))
    const index = header.indexOf(title)
    return index < 0 ? [] : rows.map(cells => cells[index] ?? '')
  })
}

test('every option, method and event of kafkajs’s producer has a row', () => {
  // The codecs stand where the setting is explained.
  const text = [...column('kafkajs'), ...column('differs')].join()
  const source = readFileSync(KAFKAJS_TYPES, 'utf8')
  const names = [...new Set(TYPES.flatMap(type => membersOf(source, type)))]
  assert.ok(names.length >= 55, `${names}`)
  const isThere = (name: string) => new RegExp(`\`${name}\\b`).test(text)
  assert.deepEqual(
    names.filter(name => !isThere(name)),
    [],
  )
})

test('each option that a row names is a setting, or part of the code on the page', () => {
  const code = blocks.join()
  const names = column('here').flatMap(here =>
    [...here.matchAll(/`([a-z]\w*)(?![\w-])/g)].map(([, name]) => name as string),
  )
  assert.ok(names.length >= 40)
  const outcomes = ['delivered', 'failed', 'rejected', 'unknown']
  const isKnown = (name: string) =>
    outcomes.includes(name) || Object.hasOwn(SETTINGS, name) || new RegExp(`\\b${name}\\b`).test(code)
  assert.deepEqual(
    names.filter(name => !isKnown(name)),
    [],
  )
})
