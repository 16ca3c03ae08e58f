// Builds the functions that the stack starts. The build is a program of its own, as it is for `npm run build`.
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'

const PROGRAM = join(import.meta.dirname, '../scripts/build.ts')

/**
 * Writes `dist/functions/` from the contracts and functions of `cwd`.
 * @param keepOld leaves the files of the last build: a sandbox that still runs may load one of them
 * @throws Error with what the build printed about its failure
 */
export async function buildFunctions({ keepOld = false, cwd = process.cwd() } = {}): Promise<void> {
  const options = ['--functions', ...(keepOld ? ['--keep-old'] : [])]
  try {
    await promisify(execFile)(process.execPath, [PROGRAM, ...options], { cwd })
  } catch (error) {
    throw new Error(`The functions could not be built.\n${(error as { stderr?: string }).stderr?.trim() ?? ''}`)
  }
}
