// npm run mutation -- <area> [--sample N --seed S] [--mutants FILE] [--tests GLOB] [--files N]
//   [--concurrency N] [--min PERCENT]
// test/README.md has what it does, and how to use its files.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, matchesGlob } from 'node:path'
import { parseArgs } from 'node:util'
import { AREAS, instrument, type ListedMutant, writeCopy } from './instrument.ts'
import { findAgain, orderTests, type Result, sampleOf, scoreOf, survivorsOf, survivorsText } from './mutants.ts'
import { type Baseline, baselineOf, type Outcome, runTest, testsThatReach } from './test-files.ts'

const FOLDER = '.local/mutation'
/** A test that passes in this time without a mutant, and does not end with one, may still be slow. */
const LIMIT_MS = 20_000
const LIMIT_FACTOR = 5
/** How long a pass without a mutant shows that the machine is quick enough for a test file. */
const PROOF_MS = 300_000
const ATTEMPTS = 3
/** A mutant that runs so many times more often than the code without it is an endless loop, as StrykerJS defines it. */
const HIT_FACTOR = 100

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    sample: { type: 'string' },
    seed: { type: 'string', default: '1' },
    mutants: { type: 'string' },
    concurrency: { type: 'string', default: '1' },
    tests: { type: 'string', default: '**' },
    files: { type: 'string', default: '20' },
    min: { type: 'string', default: '0' },
  },
})
const [area = ''] = positionals
const source = Object.hasOwn(AREAS, area) ? AREAS[area] : undefined
if (source === undefined || positionals.length > 1)
  refuse(`"${positionals.join(' ')}" is not an area. Expected one of: ${Object.keys(AREAS).join(', ')}.`)
const concurrency = numberOf('concurrency')
const maxFiles = numberOf('files')
const minimum = numberOf('min')
if (values.sample !== undefined) numberOf('sample')
if (values.mutants !== undefined && !existsSync(values.mutants)) refuse(`--mutants ${values.mutants}: no such file.`)

function numberOf(name: 'sample' | 'files' | 'concurrency' | 'min'): number {
  const number = Number(values[name])
  const least = name === 'min' ? 0 : 1
  if (Number.isInteger(number) && number >= least) return number
  return refuse(`--${name} ${values[name]}: expected an integer of at least ${least}.`)
}

function refuse(message: string): never {
  console.error(message)
  process.exit(2)
}

function choose(mutants: readonly ListedMutant[]): readonly ListedMutant[] {
  if (values.mutants !== undefined) {
    const listed = JSON.parse(readFileSync(values.mutants, 'utf8')) as Result[]
    const again = findAgain(listed, mutants)
    console.log(`${again.length} of the ${listed.length} mutants of ${values.mutants} are still in the source`)
    return again
  }
  return values.sample === undefined ? mutants : sampleOf(mutants, numberOf('sample'), values.seed)
}

/** Runs `work` for every item, `concurrency` at a time; each worker has a number from 0. */
async function inParallel<T>(items: readonly T[], work: (item: T, worker: number) => Promise<void>): Promise<void> {
  const queue = items.values()
  await Promise.all(
    Array.from({ length: Math.max(1, concurrency) }, async (_, worker) => {
      for (const item of queue) await work(item, worker)
    }),
  )
}

// With the mutants of all areas, what a test file reaches needs to be found only once.
const { mutants: all, sources } = await instrument(Object.values(AREAS)).catch(error => refuse(error.message))
const mutants = all.filter(({ file }) => file.startsWith(`${source}/`))
const keys = new Map(all.map(({ id, key }) => [id, key]))
const chosen = choose(mutants)
console.log(`${area}: ${mutants.length} mutants, ${chosen.length} chosen`)
const copies = Array.from({ length: Math.max(1, concurrency) }, (_, worker) =>
  join(FOLDER, `${area}.copies`, String(worker)),
)
for (const copy of copies) writeCopy(copy, sources)

const baselines = new Map<string, Baseline>()
const provenAt = new Map<string, number>()
const tests = testsThatReach(new Set(chosen.map(({ file }) => file))).filter(test => matchesGlob(test, values.tests))
console.log(`${tests.length} test files can reach them`)
await inParallel(tests, async (test, worker) => {
  const baseline = await baselineOf(test, copies[worker] ?? '', id => keys.get(id) ?? id, join(FOLDER, 'baselines'))
  if (baseline.failed === undefined) baselines.set(test, baseline)
  // A test that reads the source, or what Git knows, fails in the copy.
  else console.log(`not used, because it fails without a mutant: ${test} (${baseline.failed})`)
})

const kills = new Map<string, number>()
const results: Result[] = []
const begin = performance.now()

async function resultOf({ id, key, ignoreReason, ...mutant }: ListedMutant, copy: string): Promise<Result> {
  if (ignoreReason !== undefined) return { ...mutant, status: 'ignored' }
  const reaching = [...baselines.keys()].filter(test => baselines.get(test)?.hits[key] !== undefined)
  if (reaching.length === 0) return { ...mutant, status: 'no-coverage' }
  const killsOf = (test: string) => kills.get(`${mutant.file} ${test}`) ?? 0
  const ordered = orderTests(mutant.file, reaching, one => baselines.get(one)?.ms ?? 0, killsOf)
  for (const test of ordered.slice(0, maxFiles)) {
    const end = await confirmedEnd(test, id, key, copy)
    if (end === 'passed') continue
    kills.set(`${mutant.file} ${test}`, killsOf(test) + 1)
    return { ...mutant, status: end === 'failed' ? 'killed' : 'timeout', killedBy: test }
  }
  return { ...mutant, status: 'survived' }
}

/** A test file counts as failed if it passes without the mutant at that time: a slow machine kills no mutant. */
async function confirmedEnd(test: string, id: string, key: string, copy: string): Promise<Outcome['end']> {
  const { ms = 0, hits = {} } = baselines.get(test) ?? {}
  const limit = LIMIT_MS + LIMIT_FACTOR * ms
  const env = { MUTATION_MUTANT: id, MUTATION_HIT_LIMIT: String(HIT_FACTOR * (hits[key] ?? 1)) }
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const { end } = await runTest(test, copy, limit, env)
    if (end === 'passed') return end
    if (end === 'failed' && performance.now() - (provenAt.get(test) ?? Number.NEGATIVE_INFINITY) < PROOF_MS) return end
    const without = await runTest(test, copy, limit, {})
    if (without.end === 'passed' && without.ms < limit / 2) {
      provenAt.set(test, performance.now())
      return end
    }
    console.log(`${test} is too slow or fails without a mutant at the moment (attempt ${attempt})`)
  }
  return 'passed'
}

mkdirSync(FOLDER, { recursive: true })
const json = (list: readonly Result[]) => `${JSON.stringify(list, null, 1)}\n`

/** After each mutant, so that a run that is ended early leaves its results. */
function writeResults(): void {
  writeFileSync(join(FOLDER, `${area}.survivors.txt`), survivorsText(results))
  writeFileSync(join(FOLDER, `${area}.survivors.json`), json(survivorsOf(results)))
  writeFileSync(join(FOLDER, `${area}.results.json`), json(results))
}

await inParallel(chosen, async (mutant, worker) => {
  const result = await resultOf(mutant, copies[worker] ?? '')
  results.push(result)
  writeResults()
  const { file, line, status, killedBy } = result
  const minutes = ((performance.now() - begin) / 60_000).toFixed(1)
  console.log(`${results.length}/${chosen.length} ${minutes} min  ${status} ${file}:${line} ${killedBy ?? ''}`)
})

const score = scoreOf(results)
process.stdout.write(survivorsText(results))
console.log(
  `${area}: ${results.length} mutants, ${survivorsOf(results).length} survivors, score ${score.toFixed(1)} %\n` +
    `Survivors: ${FOLDER}/${area}.survivors.txt; to run them again: --mutants ${FOLDER}/${area}.survivors.json`,
)
if (score < minimum) {
  console.error(`The score is below ${minimum} % (--min).`)
  process.exitCode = 1
}
