// npm test: unit and property tests; beside them, tests on a shared cluster, then tests that break their own cluster.
// test/README.md describes the layers.
import { existsSync, globSync } from 'node:fs'
import { dirname, matchesGlob, resolve } from 'node:path'
import { run } from 'node:test'
import { spec } from 'node:test/reporters'
import { LocalKafka } from '../local/kafka/cluster.ts'
import { cleanUpStale } from '../local/processes.ts'
import { explain, requireJdk } from '../local/requirements.ts'
import { buildCommand } from '../scripts/build.ts'
import { LONGEST, OWN_CLUSTER, SHARED_CLUSTER, UNIT } from './layers.ts'

/** A test that hangs must not block the others. */
const TEST_MS = 300_000
const EXEC_ARGV = [
  '--disable-warning=TimeoutNegativeWarning',
  // Most tests use one broker without TLS.
  '--disable-warning=KafkaProducerWarning',
  '--import',
  './test/support/ends.ts',
]

let passed = 0
let failed = 0

const rank = (file: string): number => (LONGEST.includes(file) ? 0 : 1)
const toStdout = (text: string): void => void process.stdout.write(text)

/** @param print gets the output as it comes */
async function phase(
  name: string,
  pattern: string | string[],
  concurrency: number,
  print: (text: string) => void = toStdout,
): Promise<void> {
  const begin = Date.now()
  const files = globSync(pattern).sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1))
  if (files.length === 0) throw new Error(`No test files: ${pattern}`)
  const stream = run({ files, concurrency, timeout: TEST_MS, execArgv: EXEC_ARGV })
  stream.on('test:pass', ({ name: test, details }) => {
    if (details.type !== 'suite' && !existsSync(test)) passed++
  })
  stream.on('test:fail', () => {
    failed++
  })
  for await (const chunk of stream.compose(spec)) print(String(chunk))
  print(`${name}: ${Math.round((Date.now() - begin) / 1000)} s\n\n`)
}

/** Runs `tests` with the address of a cluster of three brokers, or of the one that exists, in KAFKA_TEST_BOOTSTRAP. */
async function withSharedCluster(
  existingCluster: string | undefined,
  tests: () => Promise<void>,
  print: (text: string) => void = toStdout,
): Promise<void> {
  const kafka = existingCluster ? undefined : await LocalKafka.start(3, { log: line => print(`${line}\n`) })
  process.env.KAFKA_TEST_BOOTSTRAP = existingCluster ?? (kafka as LocalKafka).bootstrapServers
  try {
    await tests()
  } finally {
    await kafka?.stop()
  }
}

/** The tests on clusters wait for most of their time, so they run beside those that compute. */
async function unitBesideClusters(existingCluster: string | undefined): Promise<void> {
  const later: string[] = []
  const print = (text: string): void => void later.push(text)
  const clusters = async () => {
    await withSharedCluster(existingCluster, () => phase('shared cluster', SHARED_CLUSTER, 2, print), print)
    await phase('own cluster', OWN_CLUSTER, 2, print)
  }
  const [unit, onClusters] = await Promise.allSettled([phase('unit', UNIT, 2), clusters()])
  process.stdout.write(later.join(''))
  for (const result of [unit, onClusters]) if (result.status === 'rejected') throw result.reason
}

async function main(): Promise<void> {
  cleanUpStale()
  // A third of a file's time would otherwise be the compilation of modules that all files import.
  process.env.NODE_COMPILE_CACHE ??= resolve('.local/compile-cache')
  const existingCluster = process.env.KAFKA_TEST_BOOTSTRAP || process.env.KAFKA_BOOTSTRAP_SERVERS
  delete process.env.KAFKA_BOOTSTRAP_SERVERS
  const chosenFiles = process.argv.slice(2)
  if (chosenFiles.some(file => matchesGlob(file, SHARED_CLUSTER)))
    await withSharedCluster(existingCluster, () => phase('chosen', chosenFiles, 2))
  else if (chosenFiles.length > 0) await phase('chosen', chosenFiles, 2)
  else {
    requireJdk()
    // The tests run the command dozens of times, and its bundle starts in half the time.
    process.env.TEST_COMMAND = '.local/command/kafka-producer.mjs'
    await buildCommand(dirname(process.env.TEST_COMMAND))
    await unitBesideClusters(existingCluster)
  }
  console.log(`${passed} passed, ${failed} failed`)
  process.exit(failed === 0 && passed > 0 ? 0 : 1)
}

await main().catch(explain)
