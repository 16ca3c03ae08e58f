// Runs one operation on all dead letters of a target, with a producer that accepts every record, and prints the number
// of dead letters and the peak memory.
import { parseConfig } from '../../lib/config/parse-config.ts'
import { openDeadLetterStore } from '../../lib/redrive/open-dead-letters.ts'
import { redrive } from '../../lib/redrive/redrive.ts'
import { DeadLetterGroups } from '../../lib/redrive/select-dead-letters.ts'
import { acceptingProducer } from '../fakes/accepting-producer.ts'

const [setting = '', operation = ''] = process.argv.slice(2)
const config = parseConfig({ bootstrapServers: ['127.0.0.1:9'], deadLetter: setting }, {})
const [target] = config.deadLetter
if (!target) throw new Error('Expected a target.')
const store = await openDeadLetterStore(target, config)
const accepting = acceptingProducer()
const producer = {
  sendAll: (records: Parameters<typeof accepting.sendAll>[0]) => {
    accepting.sent.length = 0
    return accepting.sendAll(records)
  },
}

async function list(): Promise<number> {
  let count = 0
  for await (const _ of store.deadLetters()) count++
  return count
}

async function stats(): Promise<number> {
  const groups = new DeadLetterGroups()
  for await (const { deadLetter } of store.deadLetters()) groups.add(deadLetter)
  return groups.list().reduce((sum, { deadLetters }) => sum + deadLetters, 0)
}

async function sent(dryRun: boolean): Promise<number> {
  const { tried, stopped, error } = await redrive(store, { producer, dryRun })
  if (stopped !== undefined) throw new Error(`${stopped}: ${error}`)
  return tried
}

const begin = performance.now()
const OPERATIONS: Readonly<Record<string, () => Promise<number>>> = {
  list,
  stats,
  'dry run': () => sent(true),
  redrive: () => sent(false),
}
const count = await OPERATIONS[operation]?.()
const seconds = (performance.now() - begin) / 1000
await store.close()
const { maxRSS, userCPUTime, systemCPUTime } = process.resourceUsage()
const cpuSeconds = (userCPUTime + systemCPUTime) / 1e6
console.log(JSON.stringify({ count, seconds, cpuSeconds, maxMegabytes: maxRSS / 1024 }))
