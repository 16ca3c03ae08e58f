// npm run faults -- --only F1,F5 --seconds 45 --seed N --driver kafkajs --controls none --json FILE
// Causes faults on a real three-node cluster while records are sent, then compares the ledger with the log and the dead
// letters. Also runs controls that must lose records, because a checker that never finds a loss proves nothing.

import { rmSync, writeFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { partitionsOf, readTopic } from '../kafka/admin.ts'
import { cleanUpStale, temporaryFolder } from '../processes.ts'
import { explain } from '../requirements.ts'
import type { Counts } from './check.ts'
import type { FaultLoad } from './fault-load.ts'
import { FAULTS, type Fault, outage } from './faults.ts'
import { DELIVERY_MS } from './load.settings.ts'
import { type ProxiedKafka, startProxiedKafka } from './proxied-kafka.ts'
import { startQueueLoad } from './queue-load.ts'
import { type Driver, type SenderTuning, startSenderLoad, type Targets } from './sender-load.ts'

const WARM_MS = 1500
/**
 * Time after a record's deadline, ms: the last request times out, dead letters are written, and all of this shares two
 * cores.
 */
const GRACE_MS = 5000
/** Duration of a control, s: leaders move about six times, and each time the old leaders refuse part of a request. */
const CONTROL_S = 6
const CONTROL_TRIES = 4

interface Row extends Counts {
  readonly fault: string
  readonly strikes: number
  readonly problems: readonly string[]
}

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    seconds: { type: 'string', default: '30' },
    seed: { type: 'string' },
    driver: { type: 'string', default: 'ours' },
    json: { type: 'string' },
    controls: { type: 'string' },
  },
})
const seed = values.seed === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(values.seed)
const random = generator(seed)
const folder = temporaryFolder()

/** A random number generator (mulberry32), so that the same seed makes the same choices. */
function generator(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

function startLoad(
  { bootstrapServers: servers }: ProxiedKafka,
  fault: Fault,
  driver: Driver,
  targets: Targets,
  tuning?: SenderTuning,
): Promise<FaultLoad> {
  if (fault.load === 'queues') return startQueueLoad(servers)
  const deliveryMs = Number(fault.sender?.settings?.deliveryTimeoutMs ?? DELIVERY_MS)
  const maxMs = fault.freezesSender || driver !== 'ours' ? undefined : deliveryMs + GRACE_MS
  return startSenderLoad({ servers, driver, targets, folder, maxMs, tuning: { ...fault.sender, ...tuning } })
}

async function runFault(
  rig: ProxiedKafka,
  fault: Fault,
  driver: Driver,
  seconds: number,
  targets = fault.targets ?? 'disk',
): Promise<Row> {
  return underFault(rig, fault, seconds, await startLoad(rig, fault, driver, targets))
}

async function underFault(rig: ProxiedKafka, fault: Fault, seconds: number, load: FaultLoad): Promise<Row> {
  // Sends for a while before the first strike, so that cold starts do not count.
  await pause(WARM_MS)
  const end = Date.now() + seconds * 1000
  let strikes = 0
  const problems: string[] = []
  const problem = (text: string) => void problems.push(text)
  while (Date.now() < end || strikes === 0) {
    await fault.strike({ rig, load, random, problem })
    strikes++
  }
  await load.stop()
  const { topic } = load
  const otherLog = fault.hasOtherCluster ? await rig.atOtherCluster(() => readTopic(rig.bootstrapServers, topic)) : []
  return { fault: fault.name, strikes, problems, ...(await load.check(otherLog)) }
}

/**
 * The control for acks=1: freezes the followers, lets the leader alone acknowledge records, kills it, and resumes the
 * followers.
 */
async function acksOne(rig: ProxiedKafka): Promise<number> {
  const { kafka, bootstrapServers } = rig
  const load = await startSenderLoad({
    servers: bootstrapServers,
    driver: 'kafkajs-acks-1',
    targets: 'off',
    folder,
    maxMs: undefined,
    partitions: 1,
  })
  const leader = (await partitionsOf(bootstrapServers, load.topic))[0]?.leader as number
  const followers = kafka.brokerIds.filter(id => id !== leader)
  await pause(1000)
  for (const id of followers) process.kill(kafka.pid(id), 'SIGSTOP')
  await pause(1500)
  await kafka.killBroker(leader)
  for (const id of followers) process.kill(kafka.pid(id), 'SIGCONT')
  await load.kill()
  await pause(8000)
  await kafka.startBroker(leader)
  return (await load.check()).lost
}

const faultNamed = (name: string) => FAULTS.find(fault => fault.name === name) as Fault

/** The controls. Each returns how many records it lost, and must lose some. */
const CONTROLS: Readonly<Record<string, (rig: ProxiedKafka) => Promise<number>>> = {
  'kafkajs-send': async rig => (await runFault(rig, faultNamed('F4'), 'kafkajs', CONTROL_S)).lost,
  'kafkajs-idempotent': async rig => {
    const fault = faultNamed('F4')
    const load = await startLoad(rig, fault, 'kafkajs-idempotent', 'off', { callers: 20 })
    return (await underFault(rig, fault, CONTROL_S, load)).lost
  },
  'kafkajs-acks-1': acksOne,
  'sqs-failures-ignored': async rig =>
    (await underFault(rig, faultNamed('F15'), 1, await startQueueLoad(rig.bootstrapServers, false))).lost,
  // Longer than two delivery timeouts. Of the records in flight at the start of the outage, all may be in the log;
  // those sent in the middle of it are not.
  'dead-letters-off': async rig => {
    const fault: Fault = { ...faultNamed('F17'), strike: scene => outage(scene, 2 * DELIVERY_MS + 2000) }
    return (await runFault(rig, fault, 'ours', 1, 'off')).noFate
  },
}

/** Repeats a control until it loses records, because it is chance whether a fault hits a send in progress. */
async function untilLost(control: () => Promise<number> | undefined): Promise<number> {
  for (let tries = 1; ; tries++) {
    const lost = (await control()) ?? 0
    if (lost > 0 || tries === CONTROL_TRIES) return lost
  }
}

function select(option: string, value: string | undefined, names: readonly string[]): readonly string[] {
  if (value === 'none') return []
  const selection = value?.split(',') ?? names
  const unknown = selection.filter(name => !names.includes(name))
  if (unknown.length > 0)
    throw new Error(`--${option}: expected ${names.join(', ')} or none; got ${unknown.join(', ')}.`)
  return selection
}

function isKept({ fault, problems, lost, duplicated, twoFates, noFate, late, disordered, ...fates }: Row): boolean {
  const { unknown, deadLettered, returned } = fates
  const failed = faultNamed(fault).deliversAll && values.driver === 'ours' ? unknown + deadLettered + returned : 0
  return lost + duplicated + twoFates + noFate + late + disordered + failed + problems.length === 0
}

function print(row: Row): void {
  const {
    fault,
    strikes,
    acked,
    unknown,
    deadLettered,
    returned,
    lost,
    duplicated,
    twoFates,
    noFate,
    late,
    disordered,
  } = row
  const fates = `${acked} acknowledged, ${deadLettered} dead letters, ${returned} returned, ${unknown} unknown`
  const violations = `lost ${lost}, duplicated ${duplicated}, two fates ${twoFates}, no fate ${noFate}, late ${late}`
  const result = isKept(row) ? 'ok  ' : 'FAIL'
  console.log(
    `${result} ${fault.padEnd(4)} ${strikes} strikes: ${fates}; ${violations}, keys out of order ${disordered}`,
  )
  for (const problem of row.problems) console.log(`     ${problem}`)
}

async function main(): Promise<void> {
  cleanUpStale()
  if (values.driver !== 'ours' && values.driver !== 'kafkajs')
    throw new Error(`--driver: expected ours or kafkajs, got ${values.driver}.`)
  const selectedFaults = select(
    'only',
    values.only,
    // The queues always feed this project's function, so F15 exists only for this driver.
    FAULTS.filter(({ load }) => load === undefined || values.driver === 'ours').map(({ name }) => name),
  )
  const selectedControls = select('controls', values.controls, Object.keys(CONTROLS))
  console.log(`Seed ${seed}; driver ${values.driver}.`)
  const rig = await startProxiedKafka(3, console.log)
  const end = () => void rig.stop().finally(() => process.exit(130))
  process.on('SIGINT', end)
  process.on('SIGTERM', end)
  try {
    const rows: Row[] = []
    for (const fault of FAULTS.filter(({ name }) => selectedFaults.includes(name))) {
      console.log(`     ${fault.name.padEnd(4)} ${fault.what}`)
      const row = await runFault(rig, fault, values.driver, Number(values.seconds) * (fault.share ?? 1))
      print(row)
      rows.push(row)
    }
    const caught: { name: string; caught: boolean; lost: number }[] = []
    for (const name of selectedControls) {
      const lost = await untilLost(() => CONTROLS[name]?.(rig))
      console.log(
        lost > 0
          ? `ok   control ${name}: lost ${lost}, as expected`
          : `FAIL control ${name}: expected a loss, got none`,
      )
      caught.push({ name, caught: lost > 0, lost })
    }
    if (values.json)
      writeFileSync(values.json, `${JSON.stringify({ seed, driver: values.driver, rows, controls: caught })}\n`)
    const kept = rows.every(isKept)
    if (!kept) console.error('Records were lost, duplicated, late or out of order; see the rows marked FAIL.')
    if (caught.some(control => !control.caught))
      console.error('The checker detected no loss in a control, so this run proves nothing.')
    process.exitCode = kept && caught.every(control => control.caught) ? 0 : 1
  } finally {
    await rig.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

// Node.js 24 can loop forever while it closes the handles of a run that had thousands of connections, so the process
// exits explicitly.
await main().then(() => process.exit(), explain)
