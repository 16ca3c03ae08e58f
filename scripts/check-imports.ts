// Checks the direction of imports (see AGENTS.md): static imports, `import('…')` and `export … from`. Between the
// folders of lib/, type imports are free, because a stage takes the type that the previous stage returns.
import { existsSync, globSync } from 'node:fs'
import { type Import, importsOf } from './imports.ts'

/** The folders that each top folder may import, besides itself. Type imports count too. */
const TOP_FOLDERS: Record<string, readonly string[]> = {
  lib: [],
  functions: ['lib'],
  bin: ['lib'],
  /**
   * It uses the routes of the http function, the file by which the command finds the stack, and the names of deployed
   * queues.
   */
  local: ['lib', 'functions', 'bin', 'scripts'],
  scripts: ['lib', 'functions'],
  bench: ['lib', 'local', 'scripts'],
  /** examples/cdk deploys what the scripts package. */
  examples: ['scripts'],
  test: ['lib', 'functions', 'bin', 'local', 'scripts', 'bench', 'examples'],
}

/** The functions whose source takes items back one by one. Only these may import functions/batch/. */
const BATCH_SOURCES = ['sqs']

const BASE = ['record', 'time', 'errors.ts', 'aws-error-code.ts', 'warn.ts', 'optional-packages.ts', 'check-options.ts']
/** Files directly in lib/ that have a row of their own. The other files there connect the stages. */
const OWN_ROWS = ['errors.ts', 'aws-error-code.ts', 'warn.ts', 'optional-packages.ts', 'check-options.ts']
const WIRING = 'wiring'

/** The folders that the code of each folder of lib/ may import, besides itself. A folder without a row is an error. */
const LIB_FOLDERS: Record<string, readonly string[]> = {
  'errors.ts': [],
  'aws-error-code.ts': [],
  'warn.ts': ['time', 'errors.ts'],
  'optional-packages.ts': ['errors.ts'],
  'check-options.ts': ['record', 'errors.ts'],
  record: [],
  time: [],
  'wire-format': BASE,
  /** The target kinds parse their part of KAFKA_DEAD_LETTER. */
  config: [...BASE, 'dead-letter'],
  /** A contract holds the codec of its values, which may be one of a schema registry. */
  contracts: [...BASE, 'serialize', 'schema-registry'],
  validate: [...BASE, 'contracts'],
  serialize: BASE,
  partition: BASE,
  accumulate: [...BASE, 'wire-format'],
  transport: [...BASE, 'wire-format'],
  /** The sender calls the port of the transport. */
  send: [...BASE, 'transport'],
  delivery: [...BASE, 'transport'],
  'dead-letter': [...BASE, 'delivery', 'wire-format'],
  lambda: [...BASE, 'contracts', 'delivery'],
  security: BASE,
  /** The clients of registries, and encoders for their schemas. */
  'schema-registry': [...BASE, 'config', 'contracts', 'security', 'serialize'],
  /** Uses the AWS clients. */
  consumer: [...BASE, 'dead-letter'],
  /**
   * These three use a whole producer, so they may import the files that connect the stages; redrive also runs the first
   * stages again.
   */
  testing: [...BASE, 'config', 'transport', 'wire-format', WIRING],
  redrive: [
    ...BASE,
    'config',
    'contracts',
    'validate',
    'serialize',
    'wire-format',
    'transport',
    'delivery',
    'dead-letter',
    'lambda',
    'partition',
    WIRING,
  ],
  doctor: [...BASE, 'config', 'wire-format', 'transport', 'delivery', 'dead-letter', 'redrive', WIRING],
}

/** kafkajs is the driver, and tests and benchmarks compare the producer with it. */
const KAFKAJS_IMPORTERS = ['lib/transport/kafkajs/', 'local/kafka/admin.ts', 'local/faults/load.ts', 'bench/', 'test/']

/** Returns the folder of a file of lib/, one of OWN_ROWS, or WIRING. */
function libFolder(file: string): string {
  const [, folder = '', rest] = file.split('/')
  if (rest !== undefined) return folder
  return OWN_ROWS.includes(folder) ? folder : WIRING
}

const list = (names: readonly string[]) => names.join(', ') || 'nothing else'

/** Returns the rule about top folders that `file` breaks by importing `target`. */
function topFolderRule(file: string, target: string): string | undefined {
  const [from = '', to = ''] = [file, target].map(path => path.split('/')[0])
  const allowed = TOP_FOLDERS[from]
  if (from === to || allowed?.includes(to)) return undefined
  return `${from}/ may import only ${list([from, ...(allowed ?? [])].map(name => `${name}/`))}`
}

/** Each function (a folder with a handler) is deployed alone. Code that functions share is outside of these folders. */
function triggerRule(file: string, target: string): string | undefined {
  const [from, to] = [file, target].map(path => /^functions\/([^/]+)\//.exec(path)?.[1])
  if (to === undefined || from === to || !file.startsWith('functions/')) return undefined
  if (to === 'batch' && !BATCH_SOURCES.includes(from ?? ''))
    return `only the functions of batch sources (${BATCH_SOURCES}) may import functions/batch/`
  if (!existsSync(`functions/${to}/handler.ts`)) return undefined
  return `the function of one trigger may not import another's (functions/${to}/)`
}

function libRule(file: string, target: string): string | undefined {
  if (!file.startsWith('lib/') || !target.startsWith('lib/')) return undefined
  const [from, to] = [libFolder(file), libFolder(target)]
  const allowed = LIB_FOLDERS[from]
  if (from === to || from === WIRING || allowed?.includes(to)) return undefined
  if (allowed === undefined) return `lib/${from}/ has no row in scripts/check-imports.ts; add one`
  return `lib/${from} may import code only of ${list(allowed)}`
}

function packageRule(file: string, name: string): string | undefined {
  if (/^kafkajs(\/|$)/.test(name) && !KAFKAJS_IMPORTERS.some(prefix => file.startsWith(prefix)))
    return 'only lib/transport/kafkajs may import kafkajs'
  if (name === 'aws-lambda' && file.startsWith('lib/') && !file.startsWith('lib/lambda/'))
    return 'AWS event types stay in functions/ and lib/lambda/'
  if (/^serverless-kafka-producer(\/|$)/.test(name) && !/^(examples|test\/consumers)\//.test(file))
    return 'only examples/ and test/consumers/ may import the package by its name'
  return undefined
}

function brokenRule(file: string, { target, file: path, isType }: Import): string | undefined {
  if (path === undefined) return packageRule(file, target)
  return topFolderRule(file, path) ?? triggerRule(file, path) ?? (isType ? undefined : libRule(file, path))
}

function problemsOf(file: string, imports: readonly Import[]): string[] {
  return imports.flatMap(entry => {
    const rule = brokenRule(file, entry)
    return rule === undefined ? [] : [`${file}: imports ${entry.target}: ${rule}`]
  })
}

/** @returns each import cycle of values once, as the files in it */
function circles(importsByFile: ReadonlyMap<string, readonly Import[]>): string[][] {
  const circlePaths: string[][] = []
  const done = new Set<string>()
  const visit = (file: string, path: readonly string[]): void => {
    const start = path.indexOf(file)
    if (start >= 0) {
      circlePaths.push([...path.slice(start), file])
      return
    }
    if (done.has(file)) return
    for (const { file: target, isType } of importsByFile.get(file) ?? []) {
      if (target !== undefined && !isType) visit(target, [...path, file])
    }
    done.add(file)
  }
  for (const file of importsByFile.keys()) visit(file, [])
  return circlePaths
}

const files = globSync(
  Object.keys(TOP_FOLDERS).map(folder => `${folder}/**/*.{ts,js}`),
  { exclude: name => name === 'node_modules' || name === 'dist' },
).filter(name => !name.endsWith('.d.ts'))
const importsByFile = new Map(files.map(file => [file, importsOf(file)] as const))
const problems = [...importsByFile].flatMap(([file, imports]) => problemsOf(file, imports))
for (const [file, ...way] of circles(importsByFile)) problems.push(`${file}: an import cycle: ${way.join(' → ')}`)
for (const problem of problems) console.error(problem)
console.log(`${files.length} files, ${problems.length} forbidden imports`)
process.exit(problems.length === 0 && files.length > 0 ? 0 : 1)
