// The imports of a source file, as its text has them.
import { readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'

export interface Import {
  /** As it is written. */
  readonly target: string
  /** The file it leads to; undefined for a package. */
  readonly file: string | undefined
  readonly isType: boolean
}

export function importsOf(file: string): Import[] {
  const found = readFileSync(file, 'utf8').matchAll(
    /^(?:import|export)\s+(type\s+)?(?:[^'"]*?from\s+)?['"]([^'"]+)['"]/gms,
  )
  return [...found].map(([, type, target = '']) => ({
    target,
    file: target.startsWith('.') ? normalize(join(dirname(file), target)) : undefined,
    isType: type !== undefined,
  }))
}
