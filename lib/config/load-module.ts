import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The default export of a module that a setting names by its path, relative to the working directory. */
export function loadDefaultExport(path: string): unknown {
  const require = createRequire(join(process.cwd(), 'settings'))
  const module = require(path.startsWith('file:') ? fileURLToPath(path) : path) as { default?: unknown }
  return module?.default ?? module
}
