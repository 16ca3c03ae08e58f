import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The default export of a module that a setting names by its path, relative to the working directory. */
export function loadDefaultExport(path: string): unknown {
  // Not imported by name: the usual banner of a bundle declares that name.
  const require = process.getBuiltinModule('node:module').createRequire(join(process.cwd(), 'settings'))
  const module = require(path.startsWith('file:') ? fileURLToPath(path) : path) as { default?: unknown }
  return module?.default ?? module
}
