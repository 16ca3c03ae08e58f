// The consumers of docs/consuming.md, unchanged: each handles every record once, although the log contains duplicates
// of some.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { parseConfig } from '../../lib/config/parse-config.ts'
import type { KafkaTriggerHandler } from '../../lib/consumer/drop-duplicates.ts'
import { KafkaTemplate } from '../../lib/kafka-template.ts'
import { ProducerFactory } from '../../lib/producer-factory.ts'
import { createLogReader } from '../../lib/redrive/open-dead-letters.ts'
import type { LogRecord } from '../../lib/wire-format/record-batch-decoder.ts'
import { h2Jars, kafkaJars } from '../../local/artifacts.ts'
import { LocalKafka } from '../../local/kafka/cluster.ts'
import { temporaryFolder } from '../../local/processes.ts'
import { createTable } from '../support/dynamodb-table.ts'
import { losingAnswers } from '../support/lost-answers.ts'
import { AWS_TEST_KEYS, type Moto, startMoto } from '../support/moto.ts'
import { newTopic } from '../support/real-kafka.ts'

const VALUES = Array.from({ length: 60 }, (_, i) => `payment ${String(i).padStart(2, '0')}`)
/** Values whose ids are not UTF-8, so that all of them are the same text. */
const BINARY = ['binary fe', 'binary ff']
/** Only the first `kp-id` counts. */
const LAST_ID = ['kp-id', 'the same'] as const
const WITH_ID = [...BINARY, ...VALUES]
const WITHOUT_ID = 'payment without an id'
const FAILS_FIRST = 'payment 07'

const document = readFileSync('docs/consuming.md', 'utf8')
const folder = temporaryFolder()
let kafka: LocalKafka
let moto: Moto
let topic = ''
before(async () => {
  ;[kafka, moto] = await Promise.all([LocalKafka.start(1), startMoto()])
  topic = await newTopic(kafka.bootstrapServers)
  await sendWithCopies()
})
after(async () => {
  moto?.stop()
  await kafka?.stop()
  rmSync(folder, { recursive: true, force: true })
})

/** The only code block of a language. */
function block(language: string): string {
  const blocks = [...document.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\``, 'gms'))].map(
    ([, code = '']) => code,
  )
  assert.equal(blocks.length, 1, language)
  return blocks[0] as string
}

/** Batches are written, their answers are lost, and the producer, which is not idempotent, writes them again. */
async function sendWithCopies(): Promise<void> {
  const settings = { bootstrapServers: kafka.bootstrapServers, enableIdempotence: false, retryBackoffMs: 10 }
  const config = parseConfig(settings, {})
  await using factory = new ProducerFactory({ config, createClient: () => losingAnswers(config, 2) })
  const template = new KafkaTemplate<string, string>(factory)
  for (let from = 0; from < VALUES.length; from += 10) {
    const reports = await template.sendAll(VALUES.slice(from, from + 10).map(value => ({ topic, key: value, value })))
    assert.ok(reports.every(({ kind }) => kind === 'delivered'))
  }
  const producer = factory.getProducer()
  for (const value of BINARY)
    await producer.send({
      topic,
      key: value,
      value,
      headers: [['kp-id', Buffer.from(value.slice(-2), 'hex')], LAST_ID],
    })
  for (const headers of [[], [['kp-id', '']] as const])
    await producer.send({ topic, key: 'k', value: WITHOUT_ID, headers })
}

/** The log by partition. Read without a consumer group, whose coordinator a new cluster is slow to have. */
async function readLog(): Promise<LogRecord[][]> {
  const { reader, closeReader } = createLogReader(parseConfig({ bootstrapServers: kafka.bootstrapServers }, {}))
  try {
    const read = async (_: unknown, partition: number) =>
      Array.fromAsync(reader.read(topic, partition, 0n, await reader.end(topic, partition)))
    return await Promise.all(Array.from({ length: await reader.partitions(topic) }, read))
  } finally {
    await closeReader()
  }
}

async function copiesInLog(): Promise<number> {
  const values = (await readLog()).flat().map(({ value }) => String(value))
  assert.deepEqual([...new Set(values)].sort(), [...WITH_ID, WITHOUT_ID].sort())
  return values.length - WITH_ID.length - 2
}

/** What a consumer must print: each record handled once, but those without an id whenever they come. */
async function checkOutput(run: () => string): Promise<void> {
  const copies = await copiesInLog()
  assert.ok(copies > 0, 'the fault made no copy')
  const linesOf = (output: string, word: string) =>
    output
      .split('\n')
      .filter(line => line.startsWith(`${word} `))
      .map(line => line.slice(word.length + 1))
  const first = run()
  assert.deepEqual(linesOf(first, 'handled').sort(), [...WITH_ID, WITHOUT_ID, WITHOUT_ID].sort())
  assert.deepEqual([linesOf(first, 'duplicate').length, linesOf(first, 'failed')], [copies, [FAILS_FIRST]])
  assert.deepEqual(linesOf(first, 'payments'), [...WITH_ID, WITHOUT_ID, WITHOUT_ID].sort())
  // All offsets again, as after a crash before the commit. Only what has no id is handled again.
  const second = run()
  assert.deepEqual(linesOf(second, 'handled'), [WITHOUT_ID, WITHOUT_ID])
  assert.equal(linesOf(second, 'payments').length, WITH_ID.length + 4)
}

/** The statement of the document without its verb, because a test creates the table if it is missing. */
const env = {
  ...process.env,
  HANDLED_TABLE: block('sql')
    .trim()
    .replace(/^create table /, ''),
}

test('Java: the id is noted in the transaction of the work', async () => {
  const sources = join(folder, 'java')
  mkdirSync(sources)
  writeFileSync(join(sources, 'HandledRecords.java'), block('java'))
  cpSync('test/java/ConsumeOnce.java', join(sources, 'ConsumeOnce.java'))
  const classPath = `${sources}:${await kafkaJars(() => {})}/*:${await h2Jars(() => {})}/*`
  const files = ['HandledRecords', 'ConsumeOnce'].map(name => join(sources, `${name}.java`))
  execFileSync('javac', ['-cp', classPath, '-d', sources, ...files])
  const url = `jdbc:h2:${join(folder, 'handled')};MODE=PostgreSQL`
  const program = ['-XX:TieredStopAtLevel=1', '-cp', classPath, 'ConsumeOnce']
  const args = [kafka.bootstrapServers, topic, url, FAILS_FIRST]
  const stdio = ['ignore', 'pipe', 'pipe'] as const
  await checkOutput(() => execFileSync('java', [...program, ...args], { encoding: 'utf8', env, stdio: [...stdio] }))
})

test('Python: the id is noted in the transaction of the work', async () => {
  const sources = join(folder, 'python')
  mkdirSync(sources)
  writeFileSync(join(sources, 'handled_records.py'), block('python'))
  cpSync('test/python/consume_once.py', join(sources, 'consume_once.py'))
  const args = [
    join(sources, 'consume_once.py'),
    kafka.bootstrapServers,
    topic,
    join(folder, 'handled.db'),
    FAILS_FIRST,
  ]
  await checkOutput(() => execFileSync(process.env.PYTHON ?? 'python3', args, { encoding: 'utf8', env }))
})

test('Lambda: the handler of a Kafka trigger, with its ids in DynamoDB', async t => {
  Object.assign(process.env, AWS_TEST_KEYS, { AWS_ENDPOINT_URL_DYNAMODB: moto.url })
  const client = new DynamoDBClient({})
  await createTable(client, 'handled-records', 'id')
  client.destroy()
  const file = join(folder, 'handler.mts')
  const consumer = `'${pathToFileURL('lib/consumer/index.ts').href}'`
  writeFileSync(file, block('ts').replace("'serverless-kafka-producer/consumer'", consumer))
  const { handler } = (await import(pathToFileURL(file).href)) as { handler: KafkaTriggerHandler }
  const printed: string[] = []
  t.mock.method(console, 'log', (line: string) => printed.push(line))
  const invoke = async () =>
    handler(await eventOfLog(), { functionName: 'pay', getRemainingTimeInMillis: () => 20_000 })
  assert.deepEqual(await invoke(), { batchItemFailures: [] })
  const lines = [...WITH_ID.map(value => `${topic} ${value}: ${value}`), ...Array(2).fill(`${topic} k: ${WITHOUT_ID}`)]
  assert.deepEqual(printed.splice(0).sort(), lines.sort())
  assert.ok((await copiesInLog()) > 0)
  await invoke()
  assert.deepEqual(printed, Array(2).fill(`${topic} k: ${WITHOUT_ID}`))
})

/** The topic as the event of a trigger. */
async function eventOfLog(): Promise<unknown> {
  const partitions = (await readLog()).map((records, partition) => [
    `${topic}-${partition}`,
    records.map(({ offset, timestamp, key, value, headers }) => ({
      topic,
      partition,
      offset: Number(offset),
      timestamp: Number(timestamp),
      timestampType: 'CREATE_TIME',
      key: key?.toString('base64'),
      value: value?.toString('base64'),
      headers: headers.map(([name, bytes]) => ({ [name]: [...(bytes ?? [])] })),
    })),
  ])
  return {
    eventSource: 'SelfManagedKafka',
    bootstrapServers: kafka.bootstrapServers,
    records: Object.fromEntries(partitions),
  }
}
