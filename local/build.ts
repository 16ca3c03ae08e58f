// Builds the functions that the stack starts, with a separate process, as `npm run build` does.
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'

const PROGRAM = join(import.meta.dirname, '../scripts/build.ts')

/**
 * Writes `dist/functions/` from the contracts and functions of `cwd`.
 * @param keepOld keeps the files of the last build, because a running sandbox may still load one of them
 * @throws Error with the output of the failed build
 */
export async function buildFunctions({ keepOld = false, cwd = process.cwd() } = {}): Promise<void> {
  const options = ['--functions', ...(keepOld ? ['--keep-old'] : [])]
  try {
    await promisify(execFile)(process.execPath, [PROGRAM, ...options], { cwd })
  } catch (error) {
    throw new Error(`The functions could not be built.\n${(error as { stderr?: string }).stderr?.trim() ?? ''}`)
  }
}
