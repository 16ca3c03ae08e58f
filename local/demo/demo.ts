// npm run demo: real earthquakes over HTTP while brokers are killed; then an independent consumer says what became of each.
import { rmSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { parseConfig } from '../../lib/config/parse-config.ts'
import { DiskDeadLetter } from '../../lib/dead-letter/disk-dead-letter.ts'
import { resendLetters } from '../../lib/dead-letter/resend-letters.ts'
import { ProducerFactory } from '../../lib/producer-factory.ts'
import { buildAll } from '../../scripts/build.ts'
import { partitionsOf, readTopic, untilInSync } from '../kafka/admin.ts'
import type { LocalKafka } from '../kafka/cluster.ts'
import { cleanUpStale, temporaryFolder } from '../processes.ts'
import { explain } from '../requirements.ts'
import { type Stack, startStack } from '../stack.ts'
import { type DemoRecord, realInput } from './real-input.ts'
import { type Answer, sendPaced } from './send-paced.ts'

const TOPIC = 'earthquakes'
const PER_SECOND = 100
const CONCURRENCY = 16
/** Acknowledgements before the kill of act one, and after it before act two begins. */
const ENOUGH = 300
const OUTAGE_MS = 15_000
/** Act two sends with this `delivery.timeout.ms`, so that records give up while every broker is down. */
const SHORT_DELIVERY_MS = 4000

const { values } = parseArgs({
  options: { json: { type: 'string' }, 'dead-letters': { type: 'string', default: 'on' } },
  allowPositionals: true,
  args: jsonMayBeBare(process.argv.slice(2)),
})

/** `--json` alone prints to standard output; `--json FILE` also writes the document. */
function jsonMayBeBare(args: readonly string[]): string[] {
  return args.flatMap((arg, index) => (arg === '--json' && (args[index + 1] === undefined || args[index + 1]?.startsWith('--')) ? ['--json', '-'] : [arg]))
}

const log = (line: string) => console.error(line)
let retries = 0

/** The functions' own metrics (EMF) are where retries are counted. */
function readMetrics(line: string): void {
  if (!line.includes('"_aws"')) return
  retries += (JSON.parse(line) as { Retries?: number }).Retries ?? 0
}

async function start(folder: string, deliveryTimeoutMs: number): Promise<Stack> {
  return startStack({
    brokers: 3,
    port: 3100,
    concurrency: CONCURRENCY,
    log,
    onOutput: readMetrics,
    env: {
      ...(values['dead-letters'] === 'off' ? { KAFKA_DEAD_LETTER: 'none', KAFKA_ON_FAILURE_HTTP: 'return' } : { KAFKA_DEAD_LETTER: `disk:${folder}` }),
      KAFKA_DELIVERY_TIMEOUT_MS: String(deliveryTimeoutMs),
      KAFKA_REQUEST_TIMEOUT_MS: '3000',
    },
  })
}

async function actOne(stack: Stack, kafka: LocalKafka, records: readonly DemoRecord[]): Promise<Answer[]> {
  log(`Act one: ${records.length} records at ${PER_SECOND}/s; a leader is killed with kill -9 on the way.`)
  let acked = 0
  let lastPartition = 0
  let killed: Promise<void> | undefined
  let ackedAtKill = 0
  const answers = await sendPaced(stack.url, records, PER_SECOND, answer => {
    if (answer.fate !== 'delivered') return
    acked++
    lastPartition = answer.partition ?? lastPartition
    if (acked !== ENOUGH) return
    ackedAtKill = acked
    killed = killLeader(stack, kafka, lastPartition)
  })
  await killed
  expect('act one: acknowledgements before the kill', ackedAtKill, count => count >= ENOUGH)
  expect('act one: acknowledgements after the kill', acked - ackedAtKill, count => count >= ENOUGH)
  expect('act one: retries', retries, count => count >= 1)
  expect('act one: letters', answers.filter(({ fate }) => fate === 'dead-lettered').length, count => count === 0)
  return answers
}

async function killLeader(stack: Stack, kafka: LocalKafka, partition: number): Promise<void> {
  const leader = (await partitionsOf(stack.bootstrapServers, TOPIC)).find(state => state.partition === partition)?.leader as number
  log(`  kill -9 of broker ${leader}, the leader of partition ${partition}, which was receiving.`)
  await kafka.killBroker(leader)
}

async function actTwo(stack: Stack, kafka: LocalKafka, records: readonly DemoRecord[]): Promise<Answer[]> {
  log(`Act two: ${records.length} records; every broker is killed for ${OUTAGE_MS / 1000} s, delivery.timeout.ms is ${SHORT_DELIVERY_MS}.`)
  let outage: Promise<void> | undefined
  let seen = 0
  const answers = await sendPaced(stack.url, records, PER_SECOND, () => {
    seen++
    if (seen === 50) outage = killAll(kafka)
  })
  await outage
  const letters = answers.filter(({ fate }) => fate === 'dead-lettered')
  if (values['dead-letters'] !== 'off') {
    expect('act two: letters', letters.length, count => count > 0)
    expect('act two: letters without a receipt', letters.filter(({ receipt }) => !receipt?.startsWith('disk:')).length, count => count === 0)
  }
  return answers
}

async function killAll(kafka: LocalKafka): Promise<void> {
  log('  kill -9 of every broker.')
  await Promise.all(kafka.brokerIds.map(id => kafka.killBroker(id)))
  await new Promise(resolve => setTimeout(resolve, OUTAGE_MS))
  await Promise.all(kafka.brokerIds.map(id => kafka.startBroker(id)))
  log('  brokers are back.')
}

async function redrive(stack: Stack, folder: string): Promise<number> {
  const letters = new DiskDeadLetter(folder)
  const factory = new ProducerFactory({ rules: { anyTopic: true, keyRequired: false } })
  const config = parseConfig({ bootstrapServers: stack.bootstrapServers.split(',') }, {})
  const { resent, open } = await resendLetters(letters, factory.producer(config))
  await letters.close()
  await factory.close()
  expect('letters still open after they were sent again', open.length, count => count === 0)
  return resent
}

const failures: string[] = []
function expect(what: string, got: number, holds: (got: number) => boolean): void {
  const ok = holds(got)
  log(`  ${ok ? 'ok  ' : 'FAIL'} ${what}: ${got}`)
  if (!ok) failures.push(what)
}

interface Fates {
  sent: number
  inKafka: number
  deadLettered: number
  returned: number
  refused: number
  lost: number
  duplicated: number
  letters: number
  unknown: number
}

/** What became of each record: the answers against the log, read by kafkajs's own consumer. */
async function account(stack: Stack, answers: readonly Answer[], redriven: boolean): Promise<Fates> {
  const inLog = new Map<string, number>()
  for (const { headers } of await readTopic(stack.bootstrapServers, TOPIC)) {
    const id = String(headers['kp-id'])
    inLog.set(id, (inLog.get(id) ?? 0) + 1)
  }
  const fates: Fates = { sent: answers.length, inKafka: 0, deadLettered: 0, returned: 0, refused: 0, lost: 0, duplicated: 0, letters: 0, unknown: 0 }
  for (const { record, fate, outcome } of answers) {
    const copies = inLog.get(record.id) ?? 0
    if (fate === 'dead-lettered') fates.letters++
    if (outcome === 'unknown') fates.unknown++
    if (copies > 0) fates.inKafka++
    else if (fate === 'refused') fates.refused++
    else if (fate === 'returned') fates.returned++
    else if (fate === 'dead-lettered' && !redriven) fates.deadLettered++
    else fates.lost++
    if (copies > 1 && outcome !== 'unknown') fates.duplicated++
  }
  const strangers = [...inLog.keys()].filter(id => !answers.some(({ record }) => record.id === id)).length
  expect('records in the log that nobody sent', strangers, count => count === 0)
  return fates
}

async function main(): Promise<void> {
  cleanUpStale()
  await buildAll(() => {})
  const folder = temporaryFolder()
  const input = realInput()
  const half = Math.floor(input.length / 2)
  let stack: Stack | undefined
  const stop = async () => {
    await stack?.stop()
    rmSync(folder, { recursive: true, force: true })
  }
  process.on('SIGINT', () => void stop().finally(() => process.exit(130)))
  try {
    stack = await start(folder, 25_000)
    const { kafka } = stack
    if (!kafka) throw new Error('The demo kills brokers, so it needs its own: unset KAFKA_BOOTSTRAP_SERVERS.')
    const first = await actOne(stack, kafka, input.slice(0, half))
    await Promise.all(kafka.brokerIds.map(id => kafka.startBroker(id)))
    await untilInSync(stack.bootstrapServers, TOPIC, 3)
    await stack.reconfigure({ KAFKA_DELIVERY_TIMEOUT_MS: String(SHORT_DELIVERY_MS) })
    const second = await actTwo(stack, kafka, input.slice(half))
    await untilInSync(stack.bootstrapServers, TOPIC, 3)
    const redriven = values['dead-letters'] !== 'off'
    if (redriven) log(`  ${await redrive(stack, folder)} letters sent again.`)
    report(await account(stack, [...first, ...second], redriven))
  } finally {
    await stop()
  }
  if (failures.length > 0) log(`Not as promised: ${failures.join('; ')}`)
  process.exit(failures.length === 0 ? 0 : 1)
}

function report(fates: Fates): void {
  expect('refused', fates.refused, count => count === 100)
  expect('distinct ids in Kafka', fates.inKafka, count => count === 1707)
  expect('fates that add up to what was sent', fates.inKafka + fates.deadLettered + fates.returned + fates.refused, count => count === fates.sent)
  expect('lost', fates.lost, count => count === 0)
  expect('duplicated', fates.duplicated, count => count === 0)
  console.log('\nfate            records')
  for (const name of ['inKafka', 'deadLettered', 'returned', 'refused', 'lost', 'duplicated'] as const) console.log(`${name.padEnd(14)} ${String(fates[name]).padStart(8)}`)
  const line = JSON.stringify(fates)
  if (values.json && values.json !== '-') writeFileSync(values.json, `${line}\n`)
  console.log(line)
}

await main().catch(explain)
