// npm run demo: sends real earthquakes over HTTP, SQS and EventBridge while brokers are killed, then determines the
// fate of each record without the producer.

import { rmSync, writeFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { parseConfig } from '../../lib/config/parse-config.ts'
import { createDeadLetterProducer } from '../../lib/create-dead-letter-publisher.ts'
import { DiskDeadLetterStore } from '../../lib/dead-letter/disk/store.ts'
import { createLogReader } from '../../lib/redrive/open-dead-letters.ts'
import { redrive } from '../../lib/redrive/redrive.ts'
import { buildFunctions } from '../build.ts'
import { partitionsOf, untilInSync } from '../kafka/admin.ts'
import type { LocalKafka } from '../kafka/cluster.ts'
import { cleanUpStale, temporaryFolder } from '../processes.ts'
import { explain } from '../requirements.ts'
import { type Stack, startStack } from '../stack.ts'
import { type Account, account, deadLettersIn, type Fates } from './account.ts'
import { type DemoRecord, realInput, TRIGGERS } from './real-input.ts'
import { type Answer, sendPaced } from './send-paced.ts'

const TOPIC = 'earthquakes'
const PER_SECOND = 100
const CONCURRENCY = 8
/** Minimum number of acknowledgements over HTTP in act one, before the kill and after it. */
const MIN_ACKNOWLEDGED = 100
const OUTAGE_MS = 15_000
/** The `delivery.timeout.ms` of act two: records fail while every broker is down. */
const SHORT_DELIVERY_MS = 4000
/** Shorter than the template's visibility timeout, so that a returned message is soon visible again. */
const QUEUE_TIMEOUT_MS = 9000
const VISIBILITY_S = 10
/**
 * How long to wait until the queue is empty, ms: an outage, a container that fails fast for 30 s, and some receives.
 */
const DRAIN_MS = 120_000
/** How long a record in doubt may still reach the log, ms. All brokers were killed, so no request waits in a socket. */
const IN_DOUBT_WAIT_MS = 5000

const { values } = parseArgs({
  options: { json: { type: 'string' }, 'dead-letters': { type: 'string', default: 'on' } },
  allowPositionals: true,
  args: withJsonDefault(process.argv.slice(2)),
})

/** Makes `--json` without a file print to standard output; `--json FILE` also writes the file. */
function withJsonDefault(args: readonly string[]): string[] {
  return args.flatMap((arg, index) =>
    arg === '--json' && (args[index + 1] === undefined || args[index + 1]?.startsWith('--')) ? ['--json', '-'] : [arg],
  )
}

const deadLettersOn = values['dead-letters'] !== 'off'
const log = (line: string) => console.error(line)
let retries = 0

/** Counts retries from the functions' metrics (EMF). */
function readMetrics(line: string): void {
  if (!line.includes('"_aws"')) return
  retries += (JSON.parse(line) as { Retries?: number }).Retries ?? 0
}

async function start(folder: string, deliveryTimeoutMs: number): Promise<Stack> {
  return startStack({
    brokers: 3,
    port: 3100,
    concurrency: CONCURRENCY,
    queueTimeoutMs: QUEUE_TIMEOUT_MS,
    visibilityS: VISIBILITY_S,
    log,
    onOutput: readMetrics,
    env: {
      ...(!deadLettersOn
        ? { KAFKA_DEAD_LETTER: 'none', KAFKA_ON_FAILURE_HTTP: 'return' }
        : { KAFKA_DEAD_LETTER: `disk:${folder}` }),
      KAFKA_DELIVERY_TIMEOUT_MS: String(deliveryTimeoutMs),
      KAFKA_REQUEST_TIMEOUT_MS: '3000',
    },
  })
}

async function actOne(stack: Stack, kafka: LocalKafka, records: readonly DemoRecord[]): Promise<Answer[]> {
  log(`Act one: ${records.length} records at ${PER_SECOND}/s; a leader is killed with kill -9 meanwhile.`)
  let acked = 0
  let lastPartition = 0
  let killed: Promise<void> | undefined
  let ackedAtKill = 0
  const answers = await sendPaced(stack, records, PER_SECOND, answer => {
    if (answer.fate !== 'delivered') return
    acked++
    lastPartition = answer.partition ?? lastPartition
    if (acked !== MIN_ACKNOWLEDGED) return
    ackedAtKill = acked
    killed = killLeader(stack, kafka, lastPartition)
  })
  await killed
  expect('act one: acknowledgements before the kill', ackedAtKill, count => count >= MIN_ACKNOWLEDGED)
  expect('act one: acknowledgements after the kill', acked - ackedAtKill, count => count >= MIN_ACKNOWLEDGED)
  expect('act one: retries', retries, count => count >= 1)
  expect('act one: dead letters', answers.filter(({ fate }) => fate === 'dead-lettered').length, count => count === 0)
  return answers
}

async function killLeader(stack: Stack, kafka: LocalKafka, partition: number): Promise<void> {
  const leader = (await partitionsOf(stack.bootstrapServers, TOPIC)).find(state => state.partition === partition)
    ?.leader as number
  log(`  kill -9 of broker ${leader}, the leader of partition ${partition}, which is receiving records.`)
  await kafka.killBroker(leader)
}

async function actTwo(stack: Stack, kafka: LocalKafka, records: readonly DemoRecord[]): Promise<Answer[]> {
  log(`Act two: ${records.length} records with delivery.timeout.ms ${SHORT_DELIVERY_MS}; every broker is killed.`)
  let outage: Promise<void> | undefined
  let seen = 0
  const answers = await sendPaced(stack, records, PER_SECOND, () => {
    seen++
    if (seen === 50) outage = killAll(kafka)
  })
  await outage
  if (deadLettersOn) {
    const deadLetters = answers.filter(({ fate }) => fate === 'dead-lettered')
    expect('act two: dead letters over HTTP', deadLetters.length, count => count > 0)
    expect(
      'act two: dead letters without an id',
      deadLetters.filter(({ deadLetterId }) => deadLetterId === undefined).length,
      count => count === 0,
    )
  }
  return answers
}

async function killAll(kafka: LocalKafka): Promise<void> {
  log(`  kill -9 of every broker; they restart after ${OUTAGE_MS / 1000} s.`)
  await Promise.all(kafka.brokerIds.map(id => kafka.killBroker(id)))
  await pause(OUTAGE_MS)
  await Promise.all(kafka.brokerIds.map(id => kafka.startBroker(id)))
  log('  Every broker is running.')
}

async function redriveAll(stack: Stack, folder: string): Promise<number> {
  const deadLetters = new DiskDeadLetterStore(folder)
  const config = parseConfig({ bootstrapServers: stack.bootstrapServers.split(',') }, {})
  const producer = createDeadLetterProducer(config)
  const { reader, closeReader } = createLogReader(config)
  await pause(IN_DOUBT_WAIT_MS)
  const { resent, found, failed } = await redrive(deadLetters, {
    producer,
    log: reader,
    inDoubtWaitMs: IN_DOUBT_WAIT_MS,
  })
  await Promise.all([deadLetters.close(), producer.close(), closeReader()])
  expect(
    'open dead letters of valid records',
    Object.values(failed).reduce((sum, count) => sum + count, 0),
    count => count === 0,
  )
  if (found > 0) log(`  ${found} dead letters of unknown outcome were in Kafka already.`)
  return resent + found
}

const failures: string[] = []
function expect(what: string, count: number, isExpected: (count: number) => boolean): void {
  const ok = isExpected(count)
  log(`  ${ok ? 'ok  ' : 'FAIL'} ${what}: ${count}`)
  if (!ok) failures.push(what)
}

/**
 * Waits until the bus delivers no event and the queue is empty, which means that every returned message was received
 * again.
 */
async function drain(stack: Stack): Promise<void> {
  await stack.bus.idle()
  const end = Date.now() + (deadLettersOn ? DRAIN_MS : 0)
  while ((await stack.sqs.depth(TOPIC)) > 0 && Date.now() < end) await pause(500)
}

async function main(): Promise<void> {
  cleanUpStale()
  await buildFunctions()
  const folder = temporaryFolder()
  // Without dead letters only HTTP callers keep failed records, and the other functions refuse to start.
  const input = realInput(deadLettersOn ? TRIGGERS : ['http'])
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
    if (!kafka)
      throw new Error(
        'The demo kills brokers, so it starts its own cluster: expected no KAFKA_BOOTSTRAP_SERVERS. Unset it.',
      )
    const first = await actOne(stack, kafka, input.slice(0, half))
    await Promise.all(kafka.brokerIds.map(id => kafka.startBroker(id)))
    await untilInSync(stack.bootstrapServers, TOPIC, 3)
    await stack.reload({ KAFKA_DELIVERY_TIMEOUT_MS: String(SHORT_DELIVERY_MS) })
    const second = await actTwo(stack, kafka, input.slice(half))
    await untilInSync(stack.bootstrapServers, TOPIC, 3)
    await drain(stack)
    const written = await deadLettersIn(folder)
    if (written.size > 0)
      log(`  ${await redriveAll(stack, folder)} of ${written.size} dead letters redriven; the others are invalid.`)
    report(await account(stack, [...first, ...second], written, folder))
  } finally {
    await stop()
  }
  if (failures.length > 0) log(`Unexpected counts: ${failures.join('; ')}`)
  process.exit(failures.length === 0 ? 0 : 1)
}

function report({ total, byTrigger, unexpected }: Account): void {
  expect('records in the log that nobody sent', unexpected, count => count === 0)
  expect('refused over HTTP', byTrigger.http.refused, count => count === 34)
  expect('dead letters of invalid records, over SQS and EventBridge', total.deadLettered, count => count === 66)
  expect('distinct ids in Kafka', total.inKafka, count => count === 1707)
  expect(
    'sum of the fates, equal to what was sent',
    total.inKafka + total.deadLettered + total.returned + total.refused,
    count => count === total.sent,
  )
  expect('lost', total.lost, count => count === 0)
  expect('duplicated', total.duplicated, count => count === 0)
  const row = (cells: readonly (string | number)[]) =>
    cells.map((cell, index) => (index === 0 ? String(cell).padEnd(14) : String(cell).padStart(13))).join('')
  console.log(`\n${row(['fate', 'HTTP', 'SQS', 'EventBridge', 'all'])}`)
  for (const name of [
    'sent',
    'inKafka',
    'deadLettered',
    'returned',
    'refused',
    'lost',
    'duplicated',
    'deadLetters',
    'unknown',
  ] as const)
    console.log(row([name, byTrigger.http[name], byTrigger.sqs[name], byTrigger.eventbridge[name], total[name]]))
  const line = JSON.stringify(total satisfies Fates)
  if (values.json && values.json !== '-') writeFileSync(values.json, `${line}\n`)
  console.log(line)
}

await main().catch(explain)
