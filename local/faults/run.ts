// npm run faults -- --only F1,F5 --seconds 45 --seed N --driver kafkajs --controls none --json FILE: faults on a real three-node cluster while records
// are sent, then the ledger against the log and the dead letters. Controls that must be caught run with it: a checker that never finds
// a loss proves nothing.

import { rmSync, writeFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { partitionsOf } from '../kafka/admin.ts'
import { cleanUpStale, temporaryFolder } from '../processes.ts'
import { explain } from '../requirements.ts'
import type { Counts } from './check.ts'
import type { FaultLoad } from './fault-load.ts'
import { FAULTS, type FailureKind } from './faults.ts'
import { DELIVERY_MS } from './load.settings.ts'
import { type ProxiedKafka, startProxiedKafka } from './proxied-kafka.ts'
import { startQueueLoad } from './queue-load.ts'
import { type Chain, type Driver, startSenderLoad } from './sender-load.ts'

const WARM_MS = 1500
/** Above a record's own time: a batch that left is waited for, dead letters are written, two cores are shared by all. */
const GRACE_MS = 5000
/** Leaders move half a dozen times, and each time a request to the old ones is refused in part. */
const CONTROL_S = 6
const CONTROL_TRIES = 4

interface Row extends Counts {
  readonly fault: string
  readonly strikes: number
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

/** A small generator (mulberry32): the same seed, the same choices. */
function generator(from: number): () => number {
  let state = from | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

function startLoad(
  { bootstrapServers: servers }: ProxiedKafka,
  fault: FailureKind,
  driver: Driver,
  chain: Chain,
): Promise<FaultLoad> {
  if (fault.load === 'queues') return startQueueLoad(servers)
  const mostMs = fault.freezesSender || driver !== 'ours' ? undefined : DELIVERY_MS + GRACE_MS
  return startSenderLoad({ servers, driver, chain, folder, mostMs })
}

async function runFault(
  rig: ProxiedKafka,
  fault: FailureKind,
  driver: Driver,
  seconds: number,
  chain = fault.chain ?? 'disk',
): Promise<Row> {
  return underFault(rig, fault, seconds, await startLoad(rig, fault, driver, chain))
}

async function underFault(rig: ProxiedKafka, fault: FailureKind, seconds: number, load: FaultLoad): Promise<Row> {
  // It has sent before the first strike: what a cold start meets is another matter.
  await pause(WARM_MS)
  const end = Date.now() + seconds * 1000
  let strikes = 0
  while (Date.now() < end || strikes === 0) {
    await fault.strike({ rig, load, random })
    strikes++
  }
  await load.stop()
  return { fault: fault.name, strikes, ...(await load.check()) }
}

/** acks=1: both followers of each partition frozen, records acknowledged by leaders alone, the leaders killed, the followers thawed. */
async function acksOne(rig: ProxiedKafka): Promise<number> {
  const { kafka, bootstrapServers } = rig
  const load = await startSenderLoad({
    servers: bootstrapServers,
    driver: 'kafkajs-acks-1',
    chain: 'off',
    folder,
    mostMs: undefined,
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

const faultNamed = (name: string) => FAULTS.find(fault => fault.name === name) as FailureKind

/** What must be caught, by name: how many records it lost. */
const CONTROLS: Readonly<Record<string, (rig: ProxiedKafka) => Promise<number>>> = {
  'kafkajs-send': async rig => (await runFault(rig, faultNamed('F4'), 'kafkajs', CONTROL_S)).lost,
  'kafkajs-acks-1': acksOne,
  'sqs-failures-unheard': async rig =>
    (await underFault(rig, faultNamed('F15'), 1, await startQueueLoad(rig.bootstrapServers, false))).lost,
  'dead-letters-off': async rig => (await runFault(rig, faultNamed('F17'), 'ours', 1, 'off')).noFate,
}

/** When the faults strike is chance, and so is whether anything was under way that they could harm. */
async function untilCaught(control: () => Promise<number> | undefined): Promise<number> {
  for (let tries = 1; ; tries++) {
    const lost = (await control()) ?? 0
    if (lost > 0 || tries === CONTROL_TRIES) return lost
  }
}

function chosen(option: string, given: string | undefined, known: readonly string[]): readonly string[] {
  if (given === 'none') return []
  const wanted = given?.split(',') ?? known
  const unknown = wanted.filter(name => !known.includes(name))
  if (unknown.length > 0)
    throw new Error(`--${option}: expected ${known.join(', ')} or none; got ${unknown.join(', ')}.`)
  return wanted
}

function isKept({ lost, duplicated, twoFates, noFate, late, disordered }: Row): boolean {
  return lost + duplicated + twoFates + noFate + late + disordered === 0
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
  console.log(
    `${isKept(row) ? 'ok  ' : 'FAIL'} ${fault.padEnd(4)} ${strikes} times: ${acked} acked, ${deadLettered} dead letters, ${returned} returned, ${unknown} unknown; lost ${lost}, duplicated ${duplicated}, two fates ${twoFates}, no fate ${noFate}, late ${late}, keys out of order ${disordered}`,
  )
}

async function main(): Promise<void> {
  cleanUpStale()
  if (values.driver !== 'ours' && values.driver !== 'kafkajs')
    throw new Error(`--driver: expected ours or kafkajs, got ${values.driver}.`)
  const wanted = chosen(
    'only',
    values.only,
    // Queues are over our function alone.
    FAULTS.filter(({ load }) => load === undefined || values.driver === 'ours').map(({ name }) => name),
  )
  const wantedControls = chosen('controls', values.controls, Object.keys(CONTROLS))
  console.log(`Seed ${seed}; driver ${values.driver}.`)
  const rig = await startProxiedKafka(3, console.log)
  const end = () => void rig.stop().finally(() => process.exit(130))
  process.on('SIGINT', end)
  process.on('SIGTERM', end)
  try {
    const rows: Row[] = []
    for (const fault of FAULTS.filter(({ name }) => wanted.includes(name))) {
      console.log(`     ${fault.name.padEnd(4)} ${fault.what}`)
      const row = await runFault(rig, fault, values.driver, Number(values.seconds))
      print(row)
      rows.push(row)
    }
    const caught: { name: string; caught: boolean; lost: number }[] = []
    for (const name of wantedControls) {
      const lost = await untilCaught(() => CONTROLS[name]?.(rig))
      console.log(lost > 0 ? `ok   control ${name}: caught, ${lost}` : `FAIL control ${name}: not caught`)
      caught.push({ name, caught: lost > 0, lost })
    }
    if (values.json)
      writeFileSync(values.json, `${JSON.stringify({ seed, driver: values.driver, rows, controls: caught })}\n`)
    const kept = rows.every(isKept)
    if (!kept) console.error('The promise did not hold.')
    if (caught.some(control => !control.caught)) console.error('A control was not caught: nothing is proved.')
    process.exitCode = kept && caught.every(control => control.caught) ? 0 : 1
  } finally {
    await rig.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

await main().catch(explain)
