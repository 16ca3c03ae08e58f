// npm run bounces: leader restarts while sending, ours and raw kafkajs as the control, on a real three-node cluster.
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { LocalKafka } from '../kafka/cluster.ts'
import { cleanUpStale } from '../processes.ts'
import { explain } from '../requirements.ts'
import { type Bounce, type BounceResult, bounce } from './bounce.ts'

/** Raw kafkajs loses in most rounds of three clean restarts, not in all. */
const CONTROL_ROUNDS = 6

async function main(): Promise<void> {
  cleanUpStale()
  const { values } = parseArgs({
    options: { bounces: { type: 'string', default: 'clean,clean,clean,kill,kill' }, json: { type: 'string' }, 'no-control': { type: 'boolean', default: false } },
  })
  const kinds = values.bounces.split(',') as Bounce[]
  if (!kinds.every(kind => kind === 'clean' || kind === 'kill')) throw new Error(`--bounces: expected clean and kill, separated by commas, got ${values.bounces}.`)
  const kafka = await LocalKafka.start(3, { log: console.log })
  const end = () => void kafka.stop().finally(() => process.exit(130))
  process.on('SIGINT', end)
  process.on('SIGTERM', end)
  try {
    const ours = await bounce(kafka, 'ours', kinds)
    print(ours)
    const controls: BounceResult[] = []
    while (!values['no-control'] && controls.length < CONTROL_ROUNDS && !controls.some(({ lost }) => lost.length > 0)) {
      const control = await bounce(kafka, 'kafkajs', ['clean', 'clean', 'clean'])
      print(control)
      controls.push(control)
    }
    const caught = controls.some(({ lost }) => lost.length > 0)
    const kept = ours.lost.length + ours.duplicated.length + ours.contradicted.length + ours.disordered.length === 0
    if (values.json) writeFileSync(values.json, `${JSON.stringify({ ours, controls, caught })}\n`)
    if (!kept) console.error('The promise did not hold.')
    if (!caught && !values['no-control']) console.error('The control was not caught: nothing is proved.')
    process.exitCode = kept && (caught || values['no-control']) ? 0 : 1
  } finally {
    await kafka.stop()
  }
}

function print({ driver, bounces, seconds, acked, unknown, failed, lost, duplicated, contradicted, disordered }: BounceResult): void {
  console.log(
    `${driver.padEnd(8)} ${bounces.join('+')} ${seconds} s: ${acked} acked, ${unknown} unknown, ${failed} failed; lost ${lost.length}, duplicated ${duplicated.length}, contradicted ${contradicted.length}, keys out of order ${disordered.length}`,
  )
  if (lost.length > 0) console.log(`  lost: ${lost.slice(0, 10).join(' ')}${lost.length > 10 ? ' …' : ''}`)
}

await main().catch(explain)
