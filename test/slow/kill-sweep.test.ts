// Processes that store, redrive, discard, edit and tidy dead letters are killed (kill -9) at drawn moments, on every
// target. At the end every record is where the documentation says. KILL_SWEEP=200 kills that many times on disk and
// SQLite, and a quarter of it on the others.
import assert from 'node:assert/strict'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { after, type TestContext, test } from 'node:test'
import { build } from 'esbuild'
import { LocalKafka } from '../../local/kafka/cluster.ts'
import { temporaryFolder } from '../../local/processes.ts'
import { startSqs } from '../../local/sqs/elasticmq.ts'
import { REQUIRE } from '../../scripts/build.ts'
import { AWS_TEST_KEYS, startMoto } from '../support/moto.ts'
import type { Verdict } from './kill-sweep/ledger.ts'
import {
  diskPlace,
  dynamoDbPlace,
  kafkaPlace,
  type Place,
  s3Place,
  sqlitePlace,
  sqsPlace,
} from './kill-sweep/places.ts'
import { type Control, MOMENTS, NOTED, Sweep } from './kill-sweep/sweep.ts'

const KILLS = Number(process.env.KILL_SWEEP ?? 4)
/** From here on a run is a whole one, which takes as long as it takes. */
const WHOLE = 50
const OTHERS = Math.ceil(KILLS / 4)
const only = process.env.KILL_SWEEP_ONLY?.split(',')

const folder = temporaryFolder()
const existing = process.env.KAFKA_TEST_BOOTSTRAP
const [moto, sqs, kafka] = await Promise.all([
  startMoto(),
  startSqs([
    { name: 'sweep', visibilityS: 30 },
    { name: 'three', visibilityS: 30 },
  ]),
  existing ? undefined : LocalKafka.start(1),
])
after(async () => {
  moto.stop()
  await Promise.all([sqs.stop(), kafka?.stop()])
  rmSync(folder, { recursive: true, force: true })
})
const servers = existing ?? (kafka as LocalKafka).bootstrapServers
Object.assign(process.env, AWS_TEST_KEYS, { AWS_ENDPOINT_URL_S3: moto.url, AWS_ENDPOINT_URL_DYNAMODB: moto.url })

const program = join(folder, 'process.mjs')
await build({
  entryPoints: { process: 'test/slow/kill-sweep/process.ts' },
  outdir: folder,
  outExtension: { '.js': '.mjs' },
  bundle: true,
  platform: 'node',
  format: 'esm',
  splitting: true,
  mainFields: ['module', 'main'],
  banner: { js: REQUIRE },
  logLevel: 'warning',
})

const unique = `${process.pid}-${Date.now()}`
const places: readonly ((name: string) => Place | Promise<Place>)[] = [
  // First, as what a killed process holds is hidden for a minute.
  name => sqsPlace(sqs, name),
  name => diskPlace(join(folder, name)),
  name => sqlitePlace(join(folder, `${name}.db`)),
  name => s3Place(name),
  name => dynamoDbPlace(name, `${name}-claims`),
  name => kafkaPlace(servers, `${name}-dlt-${unique}`),
]

async function placesNamed(name: string): Promise<Place[]> {
  const made = await Promise.all(places.map(make => make(name)))
  return made.filter(place => only === undefined || only.includes(place.name))
}

function sweepOf(place: Place, name: string, control?: Control): Promise<Sweep> {
  return Sweep.create(place, { program, servers, topic: `${name}-${unique}`, ...(control ? { control } : {}) })
}

function show(t: TestContext, { place }: Sweep, { lost, cameBack, tooOften, ...counts }: Verdict): void {
  const found = { ...counts, lost: lost.length, cameBack: cameBack.length, tooOften: tooOften.length }
  t.diagnostic(`${place.name}: ${JSON.stringify(found)}`)
}

async function check(t: TestContext, sweep: Sweep): Promise<void> {
  const verdict = await sweep.finish()
  show(t, sweep, verdict)
  const { lost, cameBack, tooOften } = verdict
  assert.deepEqual({ lost, cameBack, tooOften }, { lost: [], cameBack: [], tooOften: [] })
  assert.ok(verdict.stored > 0)
}

/** What their killed processes held is hidden for a minute. */
const unsettled: Sweep[] = []
for (const [index, place] of (await placesNamed('sweep')).entries()) {
  const kills = place.name === 'disk' || place.name === 'sqlite' ? KILLS : OTHERS
  const again = NOTED.has(place.name) ? 'nothing' : 'only their last batch'
  test(`${place.name}: killed processes lose nothing, and send ${again} again`, async t => {
    const sweep = await sweepOf(place, `sweep-${place.name}`)
    for (let kill = 0; kill < kills; kill++)
      await sweep.kill(MOMENTS[(2 * index + kill) % MOMENTS.length] as (typeof MOMENTS)[number])
    if (place.settled) unsettled.push(sweep)
    else await check(t, sweep)
  })
}

/** Three processes redrive the same dead letters at once. */
async function redriveThrice(sweep: Sweep): Promise<Verdict> {
  assert.equal((await sweep.once('store', Math.ceil(1.5 * sweep.place.count))).status, 0)
  const runs = await Promise.all(Array.from({ length: 3 }, () => sweep.once('redrive')))
  for (const { status, stderr } of runs) assert.ok(status === 0 || stderr.includes('redrive-running'), stderr)
  return sweep.finish(['redrive'])
}

test('three redrives at once send each record once; without leases they lose none either', async t => {
  for (const place of await placesNamed('three')) {
    const leased = await sweepOf(place, `three-${place.name}`)
    const verdict = await redriveThrice(leased)
    show(t, leased, verdict)
    const { lost, cameBack, tooOften, doubled } = verdict
    assert.deepEqual({ lost, cameBack, tooOften, doubled }, { lost: [], cameBack: [], tooOften: [], doubled: 0 })
    // SQS has none: what one process holds is hidden from the others.
    if (place.name === 'sqs' || (KILLS < WHOLE && place.name !== 'disk')) continue
    const unleased = await sweepOf(place, `unleased-${place.name}`, 'ignores leases')
    const withoutLeases = await redriveThrice(unleased)
    show(t, unleased, withoutLeases)
    assert.deepEqual([withoutLeases.lost, withoutLeases.stored], [[], verdict.stored])
  }
})

test('controls: a store that completes before sending loses records, one that forgets repeats them', async t => {
  for (const [control, moment] of [
    ['completes before it sends', ['redrive', 'try']],
    ['forgets what is completed', ['redrive', 'completed']],
  ] as const) {
    const sweep = await sweepOf(diskPlace(join(folder, control)), control.replaceAll(' ', '-'), control)
    let caught: readonly string[] = []
    for (let round = 0; round < 8 && caught.length === 0; round++) {
      for (let kill = 0; kill < 4; kill++) await sweep.kill(moment)
      const { lost, cameBack } = await sweep.finish()
      caught = control === 'completes before it sends' ? lost : cameBack
    }
    t.diagnostic(`${control}: ${caught.length}`)
    assert.ok(caught.length > 0, control)
  }
})

test('targets that hide the messages of a killed process lose nothing either', async t => {
  for (const sweep of unsettled) await check(t, sweep)
})
