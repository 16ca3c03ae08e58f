// Finds out which KAFKA_ variables are settings, which belong to other programs, and which are misspelled.

import { nearestTo } from '../record/nearest-name.ts'
import { OTHER_ENV, SETTINGS } from './settings.ts'

const knownNames = Object.values(SETTINGS).map(row => row.env)

export interface NameReport {
  readonly problems: string[]
  readonly warnings: string[]
}

/**
 * Refuses an unknown name within two edits of a known one, and warns about any other. `strict` refuses all unknown
 * names.
 */
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
