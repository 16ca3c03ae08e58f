// Finds out which KAFKA_ variables are settings, which belong to other programs, and which are misspelled.
import { OTHER_ENV, SETTINGS } from './settings.ts'

const knownNames = Object.values(SETTINGS).map(row => row.env)

export interface NameReport {
  readonly problems: string[]
  readonly warnings: string[]
}

/** An unknown name within two edits of a known one is refused, another is warned about; `strict` refuses all. */
export function checkNames(env: NodeJS.ProcessEnv, strict: boolean): NameReport {
  const report: NameReport = { problems: [], warnings: [] }
  for (const [name, value] of Object.entries(env)) {
    if (!name.startsWith('KAFKA_') || value === '' || knownNames.includes(name) || OTHER_ENV.has(name)) continue
    const near = nearestTo(name, knownNames)
    if (near) report.problems.push(`${name}: unknown; did you mean ${near}?`)
    else if (strict) report.problems.push(`${name}: unknown, and KAFKA_STRICT_ENV is true.`)
    else report.warnings.push(`${name} is not a known setting and is ignored.`)
  }
  return report
}

/** @returns the name that a typo of one or two letters most likely stands for */
export function nearestTo(name: string, names: readonly string[]): string | undefined {
  const distances = names.map(candidate => distance(candidate, name))
  const least = Math.min(...distances)
  return least <= 2 ? names[distances.indexOf(least)] : undefined
}

/** Levenshtein's edit distance. */
function distance(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > 2) return 3
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++)
      next[j] = Math.min(
        (row[j] as number) + 1,
        (next[j - 1] as number) + 1,
        (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1),
      )
    row = next
  }
  return row[b.length] as number
}
