// Reads the imports of a source file from its syntax tree: `import`, `export … from` and `import('…')`. The type
// `import('…').T` does not count, because it loads nothing.
import { readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { parseSync } from 'oxc-parser'

export interface Import {
  /** The module specifier as written. */
  readonly target: string
  /** The imported file; undefined for a package. */
  readonly file: string | undefined
  /** Whether it is `import type` or `export type`, which load nothing. `import { type T }` still loads its module. */
  readonly isType: boolean
}

/**
 * Returns the imports of a file.
 * @throws Error if the file can't be parsed
 */
export function importsOf(file: string): Import[] {
  const text = readFileSync(file, 'utf8')
  const { module, errors } = parseSync(file, text)
  if (errors[0]) throw new Error(`${file}: ${errors[0].message}`)
  const isTypeStatement = (start: number) => /^(import|export)\s+type\b/.test(text.slice(start, start + 20))
  const imports = module.staticImports.map(({ moduleRequest, entries, start }) => ({
    target: moduleRequest.value,
    isType: entries.length > 0 && entries.every(entry => entry.isType) && isTypeStatement(start),
  }))
  const exports = module.staticExports.flatMap(({ entries, start }) => {
    const target = entries[0]?.moduleRequest?.value
    return target === undefined ? [] : [{ target, isType: isTypeStatement(start) }]
  })
  const dynamic = module.dynamicImports.flatMap(({ moduleRequest: { start, end } }) => {
    const target = /^['"`]([^'"`$]+)['"`]$/.exec(text.slice(start, end))?.[1]
    return target === undefined ? [] : [{ target, isType: false }]
  })
  return [...imports, ...exports, ...dynamic].map(({ target, isType }) => ({
    target,
    file: target.startsWith('.') ? normalize(join(dirname(file), target)) : undefined,
    isType,
  }))
}
