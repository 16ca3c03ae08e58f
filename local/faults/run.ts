// npm run faults -- --only F1,F5 --seconds 45 --seed N --driver kafkajs --controls none --json FILE: faults on a real three-node cluster while records
// are sent, then the ledger against the log and the letters. Controls that must be caught run with it: a checker that never finds
// a loss proves nothing.
import type { ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { createTopics, partitionsOf, untilInSync } from '../kafka/admin.ts'
import { cleanUpStale, startProcess, temporaryFolder } from '../processes.ts'
import { explain } from '../requirements.ts'
import { type Counts, check } from './check.ts'
import { FAULTS, type Fault } from './faults.ts'
import { DELIVERY_MS } from './load.settings.ts'
import { type ProxiedKafka, startProxiedKafka } from './proxied-kafka.ts'

const PARTITIONS = 6
const WARM_MS = 1500
/** Above a record's own time: a batch that left is waited for, letters are written, two cores are shared by all. */
const GRACE_MS = 5000
/** Leaders move half a dozen times, and each time a request to the old ones is refused in part. */
const CONTROL_S = 6
const NOWHERE = 'sqs:http://127.0.0.1:9/000000000000/nowhere'

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

async function newTopic(rig: ProxiedKafka): Promise<string> {
  const topic = `faults-${randomBytes(5).toString('hex')}`
  await createTopics(rig.bootstrapServers, [{ topic, partitions: PARTITIONS, replicas: 3 }])
  await untilInSync(rig.bootstrapServers, topic, 3)
  return topic
}

async function startSender(rig: ProxiedKafka, topic: string, ledger: string, driver: string, chain: string, run: number): Promise<ChildProcess> {
  const args = ['--disable-warning=TimeoutNegativeWarning', 'local/faults/load.ts', ledger, rig.bootstrapServers, topic, `r${run}`, driver, chain]
  const child = startProcess('load', process.execPath, args, {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, AWS_ACCESS_KEY_ID: 'k', AWS_SECRET_ACCESS_KEY: 's', AWS_REGION: 'us-east-1', AWS_MAX_ATTEMPTS: '1' },
  })
  await once(child.stdout as NodeJS.ReadableStream, 'data')
  return child
}

async function runFault(rig: ProxiedKafka, fault: Fault, driver: string, seconds: number, lettersOff = false): Promise<Row> {
  const topic = await newTopic(rig)
  const ledger = join(folder, `${topic}.ledger`)
  const letters = join(folder, `${topic}.letters`)
  const chains = { disk: `disk:${letters}`, 'down-then-disk': `${NOWHERE},disk:${letters}`, down: NOWHERE }
  const chain = lettersOff ? 'none' : chains[fault.chain ?? 'disk']
  let run = 0
  let sender = await startSender(rig, topic, ledger, driver, chain, run)
  const restart = async () => {
    sender.kill('SIGKILL')
    await once(sender, 'exit')
    sender = await startSender(rig, topic, ledger, driver, chain, ++run)
  }
  // It has sent before the first strike: what a cold start meets is another matter.
  await new Promise(resolve => setTimeout(resolve, WARM_MS))
  const end = Date.now() + seconds * 1000
  let strikes = 0
  while (Date.now() < end || strikes === 0) {
    await fault.strike({ rig, topic, sender: () => sender, restart, random })
    strikes++
  }
  sender.kill('SIGTERM')
  await once(sender, 'exit')
  await untilInSync(rig.bootstrapServers, topic, 3)
  const mostMs = fault.freezesSender || driver !== 'ours' ? undefined : DELIVERY_MS + GRACE_MS
  return { fault: fault.name, strikes, ...(await check({ servers: rig.bootstrapServers, topic, ledger, letters, mostMs })) }
}

/** acks=1: both followers of each partition frozen, records acknowledged by leaders alone, the leaders killed, the followers thawed. */
async function acksOne(rig: ProxiedKafka): Promise<number> {
  const topic = `acks-1-${randomBytes(5).toString('hex')}`
  await createTopics(rig.bootstrapServers, [{ topic, partitions: 1, replicas: 3 }])
  await untilInSync(rig.bootstrapServers, topic, 3)
  const { kafka } = rig
  const leader = (await partitionsOf(rig.bootstrapServers, topic))[0]?.leader as number
  const followers = kafka.brokerIds.filter(id => id !== leader)
  const ledger = join(folder, `${topic}.ledger`)
  const sender = await startSender(rig, topic, ledger, 'kafkajs-acks-1', 'none', 0)
  await new Promise(resolve => setTimeout(resolve, 1000))
  for (const id of followers) process.kill(kafka.pid(id), 'SIGSTOP')
  await new Promise(resolve => setTimeout(resolve, 1500))
  await kafka.killBroker(leader)
  for (const id of followers) process.kill(kafka.pid(id), 'SIGCONT')
  sender.kill('SIGKILL')
  await once(sender, 'exit')
  await new Promise(resolve => setTimeout(resolve, 8000))
  await kafka.startBroker(leader)
  await untilInSync(rig.bootstrapServers, topic, 3)
  return (await check({ servers: rig.bootstrapServers, topic, ledger, letters: join(folder, 'none'), mostMs: undefined })).lost
}

const faultNamed = (name: string) => FAULTS.find(fault => fault.name === name) as Fault

/** What must be caught, by name: how many records it lost. */
const CONTROLS: Readonly<Record<string, (rig: ProxiedKafka) => Promise<number>>> = {
  'kafkajs-send': async rig => (await runFault(rig, faultNamed('F4'), 'kafkajs', CONTROL_S)).lost,
  'kafkajs-acks-1': acksOne,
  'letters-off': async rig => (await runFault(rig, faultNamed('F17'), 'ours', 1, true)).noFate,
}

function chosen(option: string, given: string | undefined, known: readonly string[]): readonly string[] {
  if (given === 'none') return []
  const wanted = given?.split(',') ?? known
  const unknown = wanted.filter(name => !known.includes(name))
  if (unknown.length > 0) throw new Error(`--${option}: expected ${known.join(', ')} or none; got ${unknown.join(', ')}.`)
  return wanted
}

function isKept({ lost, duplicated, twoFates, noFate, late, disordered }: Row): boolean {
  return lost + duplicated + twoFates + noFate + late + disordered === 0
}

function print(row: Row): void {
  const { fault, strikes, acked, unknown, lettered, returned, lost, duplicated, twoFates, noFate, late, disordered } = row
  console.log(
    `${isKept(row) ? 'ok  ' : 'FAIL'} ${fault.padEnd(4)} ${strikes} times: ${acked} acked, ${lettered} letters, ${returned} returned, ${unknown} unknown; lost ${lost}, duplicated ${duplicated}, two fates ${twoFates}, no fate ${noFate}, late ${late}, keys out of order ${disordered}`,
  )
}

async function main(): Promise<void> {
  cleanUpStale()
  const wanted = chosen(
    'only',
    values.only,
    FAULTS.map(({ name }) => name),
  )
  const wantedControls = chosen('controls', values.controls, Object.keys(CONTROLS))
  if (values.driver !== 'ours' && values.driver !== 'kafkajs') throw new Error(`--driver: expected ours or kafkajs, got ${values.driver}.`)
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
      const lost = (await CONTROLS[name]?.(rig)) ?? 0
      console.log(lost > 0 ? `ok   control ${name}: caught, ${lost}` : `FAIL control ${name}: not caught`)
      caught.push({ name, caught: lost > 0, lost })
    }
    if (values.json) writeFileSync(values.json, `${JSON.stringify({ seed, driver: values.driver, rows, controls: caught })}\n`)
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
