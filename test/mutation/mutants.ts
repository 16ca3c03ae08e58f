// What a run of mutation tests computes without running anything: which mutants are in a sample, which test files go
// first, the score, and the list of survivors.
import { createHash } from 'node:crypto'
import { basename, dirname } from 'node:path'

/** A change of one place of the source, as StrykerJS makes it. Lines and columns begin at 1. */
export interface Mutant {
  readonly file: string
  readonly line: number
  readonly column: number
  readonly mutator: string
  readonly original: string
  readonly replacement: string
}

/**
 * `survived`: every test that reaches the mutant passes; `no-coverage`: no test reaches it; `timeout`: a test does not
 * end, which counts as killed; `ignored`: a comment in the source excludes it, with the reason.
 */
export type Status = 'killed' | 'timeout' | 'survived' | 'no-coverage' | 'ignored'

export interface Result extends Mutant {
  readonly status: Status
  /** The test file that failed. */
  readonly killedBy?: string
}

const isSurvivor = ({ status }: Result): boolean => status === 'survived' || status === 'no-coverage'
export const survivorsOf = (results: readonly Result[]): Result[] => results.filter(isSurvivor)

/**
 * Returns `size` mutants, chosen by the seed, in random order, so that a run that is ended early has a sample too. An
 * edit elsewhere leaves most of a sample as it was, because the choice depends on what a mutant changes and not on its
 * place.
 */
export function sampleOf<T extends Mutant>(mutants: readonly T[], size: number, seed: string): T[] {
  const seen = new Map<string, number>()
  const ranked = mutants.map(mutant => {
    const name = nameOf(mutant)
    const index = seen.get(name) ?? 0
    seen.set(name, index + 1)
    return { mutant, rank: createHash('sha256').update(`${seed}\n${name}\n${index}`).digest('hex') }
  })
  ranked.sort((a, b) => (a.rank < b.rank ? -1 : 1))
  return ranked.slice(0, size).map(({ mutant }) => mutant)
}

/** Returns each listed mutant as it is in the source now: the same change, in the line that is nearest. */
export function findAgain<T extends Mutant>(listed: readonly Mutant[], mutants: readonly T[]): T[] {
  const left = Map.groupBy(mutants, nameOf)
  return listed.flatMap(one => {
    const same = left.get(nameOf(one)) ?? []
    const distance = (mutant: Mutant) => Math.abs(mutant.line - one.line) * 1000 + Math.abs(mutant.column - one.column)
    const nearest = same.toSorted((a, b) => distance(a) - distance(b))[0]
    if (nearest === undefined) return []
    left.set(
      nameOf(one),
      same.filter(mutant => mutant !== nearest),
    )
    return [nearest]
  })
}

const nameOf = ({ file, mutator, original, replacement }: Mutant): string =>
  [file, mutator, original, replacement].join('\n')

/** Percent of the mutants that a test killed; 100 if there are none. */
export function scoreOf(results: readonly Result[]): number {
  const counted = results.filter(({ status }) => status !== 'ignored')
  if (counted.length === 0) return 100
  return (100 * (counted.length - survivorsOf(counted).length)) / counted.length
}

/** One line per survivor: place, original → replacement, mutator and status. */
export function survivorsText(results: readonly Result[]): string {
  return survivorsOf(results)
    .map(
      ({ file, line, column, original, replacement, mutator, status }) =>
        `${file}:${line}:${column}  ${oneLine(original)} → ${oneLine(replacement)}  (${mutator}, ${status})\n`,
    )
    .join('')
}

function oneLine(code: string): string {
  const line = code.replaceAll(/\s+/g, ' ')
  return line.length <= 100 ? line : `${line.slice(0, 70)} … ${line.slice(-25)}`
}

/**
 * Orders test files so that a mutant's killer comes early: those that killed other mutants of the file, those with its
 * name, those of its folder, then the quickest.
 */
export function orderTests(
  file: string,
  tests: readonly string[],
  msOf: (test: string) => number,
  killsOf: (test: string) => number,
): string[] {
  const folder = dirname(file).replace(/^(lib|functions)\//, 'test/')
  const name = basename(file, '.ts')
  const nearness = (test: string): number => {
    if (dirname(test) !== folder) return 2
    return basename(test, '.test.ts') === name ? 0 : 1
  }
  return tests.toSorted(
    (a, b) => killsOf(b) - killsOf(a) || nearness(a) - nearness(b) || msOf(a) - msOf(b) || (a < b ? -1 : 1),
  )
}
