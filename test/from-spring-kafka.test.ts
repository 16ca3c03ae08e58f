// The code of docs/from-spring-kafka.md runs unchanged, against a Kafka in memory; its tables name tests and calls that
// exist.
import assert from 'node:assert/strict'
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { KafkaTemplate } from '../lib/index.ts'

const DOCUMENT = readFileSync('docs/from-spring-kafka.md', 'utf8')
const folder = mkdtempSync(join(tmpdir(), 'from-spring-'))
after(() => rmSync(folder, { recursive: true }))

const blocks = [...DOCUMENT.matchAll(/^```ts\n(.*?)^```/gms)].map(([, code = '']) => code)
const setup = blocks.find(code => code.includes('new DefaultKafkaProducerFactory')) ?? ''
const NAME = "'serverless-kafka-producer'"

/** The package, with a factory whose producers talk to one Kafka in memory. */
const IN_MEMORY = `
import { ProducerFactory as Factory } from '${pathToFileURL('lib/index.ts')}'
import { createFakeKafka } from '${pathToFileURL('lib/testing/index.ts')}'
export * from '${pathToFileURL('lib/index.ts')}'
export const kafka = createFakeKafka()
export class ProducerFactory extends Factory {
  constructor(options) {
    super({ createClient: kafka.createClient, warn: () => {}, ...options })
  }
}
`

/** The records that a block sends, and what it prints. */
async function run(code: string): Promise<{ sent: string[]; printed: string[] }> {
  const inMemory = join(folder, `kafka-${Math.random()}.mjs`)
  const block = join(folder, `block-${Math.random()}.ts`)
  writeFileSync(inMemory, IN_MEMORY)
  const whole = code === setup || code.includes('new ProducerFactory({ config })') ? code : setup + code
  writeFileSync(block, whole.replaceAll(NAME, JSON.stringify(pathToFileURL(inMemory))))
  const printed: string[] = []
  const { log, error } = console
  const print = (...values: unknown[]) => void printed.push(values.map(String).join(' '))
  Object.assign(console, { log: print, error: print })
  try {
    await import(String(pathToFileURL(block)))
    const { kafka } = await import(String(pathToFileURL(inMemory)))
    const records = kafka.records() as { topic: string; key: string | null; value: string }[]
    return { sent: records.map(({ topic, key, value }) => `${topic} ${key} ${value}`), printed }
  } finally {
    Object.assign(console, { log, error })
  }
}

test('each block runs, and sends or prints something', async () => {
  process.env.KAFKA_BOOTSTRAP_SERVERS = 'broker-1:9092,broker-2:9092'
  process.env.KAFKA_DEAD_LETTER = `disk:${join(folder, 'dead-letters')}`
  writeFileSync(join(folder, 'application.yml'), /^```yaml\n(.*?)^```/ms.exec(DOCUMENT)?.[1] ?? '')
  const root = process.cwd()
  const results: { sent: string[]; printed: string[] }[] = []
  process.chdir(folder)
  try {
    for (const code of blocks) results.push(await run(code.replaceAll("'./", `'${root}/`)))
  } finally {
    process.chdir(root)
  }
  assert.ok(blocks.length >= 9)
  results.forEach(({ sent, printed }, index) => {
    const code = blocks[index] as string
    if (code !== setup) assert.ok(sent.length + printed.length > 0, code)
    const promised = [...code.matchAll(/console\.log\(.*\) \/\/ (\w+)$/gm)].map(([, value]) => value)
    assert.deepEqual(
      printed.filter(text => promised.includes(text)),
      promised,
      code,
    )
  })
  const sent = results.flatMap(result => result.sent)
  assert.ok(sent.filter(record => record === 'chat lobby hello').length >= 6)
  for (const record of ['chat null hello', 'chat ab HI', 'orders k {"id":7}']) assert.ok(sent.includes(record), record)
})

test('each row of KafkaTemplate has a snippet, a test that exists, and a method or an option', () => {
  const table = /\| Spring's `KafkaTemplate` .*?\n\n/s.exec(DOCUMENT)?.[0] ?? ''
  const rows = table
    .split('\n')
    .slice(2)
    .filter(line => line !== '')
  assert.ok(rows.length >= 9)
  const tests = globSync('test/**/*.test.ts')
    .map(file => readFileSync(file, 'utf8'))
    .join('\n')
  for (const row of rows) {
    const [, spring = '', here = '', name = ''] = row.split('|').map(cell => cell.trim())
    const calls = [...`${spring === '–' ? here : spring}`.matchAll(/`(\w+)/g)].map(([, call]) => call as string)
    if (here.startsWith('none')) {
      for (const call of calls) assert.ok(!(call in KafkaTemplate.prototype), call)
      continue
    }
    assert.ok(tests.includes(`test('${name}'`), name)
    for (const call of calls.filter(call => !/Converter/.test(call)))
      assert.ok(
        blocks.some(code => code.includes(call)),
        `${call}: no snippet has it`,
      )
  }
})
