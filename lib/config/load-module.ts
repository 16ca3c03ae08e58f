import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Returns the default export of a module. Its path comes from a setting and is relative to the working directory. */
export function loadDefaultExport(path: string): unknown {
  // `createRequire` is not imported by name, because the usual banner of an ESM bundle declares that name already.
  const require = process.getBuiltinModule('node:module').createRequire(join(process.cwd(), 'settings'))
  const module = require(path.startsWith('file:') ? fileURLToPath(path) : path) as { default?: unknown }
  return module?.default ?? module
}
