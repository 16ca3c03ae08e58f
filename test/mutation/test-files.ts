// Which test files reach which mutants, from one run of each file without a mutant; and running a file with a mutant.
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, globSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, normalize, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { importsOf } from '../../scripts/imports.ts'
import { UNIT } from '../layers.ts'

/** What a test file does without a mutant. */
export interface Baseline {
  /** Undefined if the file passes; else the test that fails in the copy of the repository. */
  readonly failed: string | undefined
  readonly ms: number
  /** How often each mutant is reached, by its key. */
  readonly hits: Readonly<Record<string, number>>
}

export interface Outcome {
  readonly end: 'passed' | 'failed' | 'timeout'
  /** Its exit code or signal, and the end of its output: the name of the failed test. */
  readonly reason: string
  readonly ms: number
}

const HOOK = pathToFileURL(resolve(import.meta.dirname, 'preload.js')).href
const REPORTER = pathToFileURL(resolve(import.meta.dirname, 'reporter.js')).href
/** A file without a mutant that takes longer is not used. */
const BASELINE_MS = 120_000

/** The test files of the layers without a cluster that import one of `sources`, themselves or through other files. */
export function testsThatReach(sources: ReadonlySet<string>): string[] {
  return globSync(UNIT)
    .filter(test => !test.startsWith('test/mutation/') && filesBehind(test).some(file => sources.has(file)))
    .sort()
}

const imported = new Map<string, readonly string[]>()

/** Everything that a file loads, and the programs that it names in order to run them. */
function filesBehind(start: string): string[] {
  const found = new Set([start])
  for (const file of found) for (const next of importedBy(file)) found.add(next)
  return [...found]
}

function importedBy(file: string): readonly string[] {
  if (!/\.[jt]s$/.test(file)) return []
  const cached = imported.get(file)
  if (cached !== undefined) return cached
  const programs = file.startsWith('test/')
    ? [...readFileSync(file, 'utf8').matchAll(/'([\w./-]+\.ts)'/g)].flatMap(([, name = '']) => [
        normalize(name),
        normalize(join(dirname(file), name)),
      ])
    : []
  const loaded = importsOf(file).flatMap(entry => (entry.isType || entry.file === undefined ? [] : [entry.file]))
  const all = [...loaded, ...programs.filter(name => /^(bin|local|test)\//.test(name))].filter(name => existsSync(name))
  imported.set(file, all)
  return all
}

/**
 * Runs the file without a mutant in the copy, or returns what an earlier run with the same files found.
 * @param keyOf the key of the mutant with this id
 */
export async function baselineOf(
  test: string,
  copy: string,
  keyOf: (id: string) => string,
  cache: string,
): Promise<Baseline> {
  const hash = createHash('sha256')
  for (const file of filesBehind(test).sort()) hash.update(file).update(readFileSync(file))
  const cached = join(cache, `${hash.digest('hex')}.json`)
  if (existsSync(cached)) return JSON.parse(readFileSync(cached, 'utf8')) as Baseline
  mkdirSync(cache, { recursive: true })
  const folder = mkdtempSync(resolve(cache, 'hits-'))
  const { end, ms, reason } = await runTest(test, copy, BASELINE_MS, { MUTATION_COVERAGE: folder })
  const hits: Record<string, number> = {}
  for (const part of readdirSync(folder)) {
    const counts = JSON.parse(readFileSync(join(folder, part), 'utf8')) as Record<string, number>
    for (const [id, count] of Object.entries(counts)) hits[keyOf(id)] = (hits[keyOf(id)] ?? 0) + count
  }
  rmSync(folder, { recursive: true })
  const baseline = { failed: end === 'passed' ? undefined : `${end}, ${reason}`, ms, hits }
  if (baseline.failed === undefined) writeFileSync(cached, JSON.stringify(baseline))
  return baseline
}

const running = new Set<() => void>()
for (const [signal, status] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)
  process.on(signal, () => {
    for (const endGroup of running) endGroup()
    process.exit(status)
  })

/** Runs a test file in a process group of its own, which ends with it, or with this process at Ctrl-C. */
export function runTest(test: string, copy: string, limitMs: number, env: NodeJS.ProcessEnv): Promise<Outcome> {
  const begin = performance.now()
  const args = [
    '--disable-warning=TimeoutNegativeWarning',
    '--disable-warning=KafkaProducerWarning',
    // A loop that allocates without end must not take the memory of the machine.
    '--max-old-space-size=1024',
    `--import=${HOOK}`,
    `--test-reporter=${REPORTER}`,
    test,
  ]
  const child = spawn(process.execPath, args, {
    cwd: copy,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NODE_COMPILE_CACHE: resolve(copy, '../compile-cache'), ...env },
  })
  return new Promise((done, fail) => {
    let output = ''
    let isLate = false
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => {
        output = (output + chunk.toString()).slice(-1000)
      })
    const endGroup = () => {
      if (child.pid === undefined) return
      running.delete(endGroup)
      try {
        process.kill(-child.pid, 'SIGKILL')
      } catch (error) {
        // No process of the group is left.
        if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
      }
    }
    running.add(endGroup)
    const timer = setTimeout(() => {
      isLate = true
      endGroup()
    }, limitMs)
    child.on('error', fail)
    child.on('exit', (code, signal) => {
      clearTimeout(timer)
      endGroup()
      const passedOrFailed = code === 0 ? 'passed' : 'failed'
      const reason = `${signal ?? code}: ${output.trim()}`
      done({ end: isLate ? 'timeout' : passedOrFailed, reason, ms: performance.now() - begin })
    })
  })
}
