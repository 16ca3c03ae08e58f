// The mutants of all areas, and a copy of the repository in which they are all present and one can be activated.
import { execFileSync } from 'node:child_process'
import { existsSync, globSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import type { Mutant } from './mutants.ts'

export const AREAS: Readonly<Record<string, string>> = {
  accumulate: 'lib/accumulate',
  contracts: 'lib/contracts',
  'dead-letter': 'lib/dead-letter',
  delivery: 'lib/delivery',
  functions: 'functions',
  lambda: 'lib/lambda',
  redrive: 'lib/redrive',
  send: 'lib/send',
  validate: 'lib/validate',
}

export interface ListedMutant extends Mutant {
  readonly id: string
  /** Its file and its number there, which stay the same while the file does. */
  readonly key: string
  /** From a comment `Stryker disable` of the source. */
  readonly ignoreReason: string | undefined
}

export interface Instrumented {
  readonly mutants: readonly ListedMutant[]
  /** By name, relative to the repository. */
  readonly sources: ReadonlyMap<string, string>
}

// The parts of the package that are used here. It is installed in this folder only, so tsc does not know its types.
interface Position {
  readonly line: number
  readonly column: number
}
interface StrykerMutant {
  readonly id: string
  readonly fileName: string
  readonly mutatorName: string
  readonly replacement: string
  readonly status?: string
  readonly statusReason?: string
  readonly location: { readonly start: Position; readonly end: Position }
}
interface StrykerFile {
  readonly name: string
  readonly mutate: boolean
  readonly content: string
}
interface StrykerPackage {
  readonly Instrumenter: new (
    logger: Readonly<Record<string, unknown>>,
  ) => {
    instrument(
      files: readonly StrykerFile[],
      options: { plugins: null; ignorers: []; excludedMutations: [] },
    ): Promise<{ readonly files: readonly StrykerFile[]; readonly mutants: readonly StrykerMutant[] }>
  }
}

/** @throws Error if the package of this folder is not installed. */
export async function instrument(folders: readonly string[]): Promise<Instrumented> {
  const packageName: string = '@stryker-mutator/instrumenter'
  if (!existsSync(join(import.meta.dirname, 'node_modules', packageName)))
    throw new Error('StrykerJS is not installed. Run: npm ci --prefix test/mutation')
  const { Instrumenter } = (await import(packageName)) as StrykerPackage
  const nothing = () => undefined
  const logger = { debug: nothing, info: nothing, warn: console.warn, isDebugEnabled: () => false }
  const files = globSync(folders.map(folder => `${folder}/**/*.ts`))
    .sort()
    .map(name => ({ name, mutate: true, content: readFileSync(name, 'utf8') }))
  const contents = new Map(files.map(({ name, content }) => [name, content]))
  const result = await new Instrumenter(logger).instrument(files, {
    plugins: null,
    ignorers: [],
    excludedMutations: [],
  })
  const counts = new Map<string, number>()
  const nextOf = (file: string): number => {
    counts.set(file, (counts.get(file) ?? 0) + 1)
    return counts.get(file) ?? 0
  }
  return {
    mutants: result.mutants.map(({ id, fileName, mutatorName, replacement, statusReason, status, location }) => ({
      id,
      key: `${fileName}#${nextOf(fileName)}`,
      file: fileName,
      line: location.start.line + 1,
      column: location.start.column + 1,
      mutator: mutatorName,
      original: textBetween(contents.get(fileName) ?? '', location.start, location.end),
      replacement,
      ignoreReason: status === 'Ignored' ? (statusReason ?? 'no reason') : undefined,
    })),
    sources: new Map(result.files.map(({ name, content }) => [name, content])),
  }
}

function textBetween(content: string, start: Position, end: Position): string {
  const lines = content.split('\n').slice(start.line, end.line + 1)
  const last = lines.length - 1
  return lines.map((line, i) => line.slice(i === 0 ? start.column : 0, i === last ? end.column : undefined)).join('\n')
}

/** Copies what Git knows or would add into `folder`, with the instrumented sources in place of the originals. */
export function writeCopy(folder: string, sources: ReadonlyMap<string, string>): void {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  const listed = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    encoding: 'utf8',
  })
  for (const file of listed.split('\0').filter(name => name !== '' && existsSync(name))) {
    const target = join(folder, file)
    mkdirSync(dirname(target), { recursive: true })
    writeFileSync(target, sources.get(file) ?? readFileSync(file))
  }
  symlinkSync(resolve('node_modules'), join(folder, 'node_modules'))
}
