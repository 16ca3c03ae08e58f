// Creates the folders of disk and SQLite targets.
import { mkdir, stat } from 'node:fs/promises'
import { dirname } from 'node:path'

/**
 * Creates a folder that only this user can enter, and its parents. Node's own option `recursive` never returns for a
 * folder under /proc: it retries forever if the parent exists but allows no new folder.
 * @returns the topmost folder that was created; undefined if the folder existed
 */
export async function makeFolder(folder: string): Promise<string | undefined> {
  if (await isFolder(folder)) return undefined
  const above = dirname(folder)
  const first = above === folder ? undefined : await makeFolder(above)
  try {
    await mkdir(folder, { mode: 0o700 })
  } catch (error) {
    // Another process may have created it meanwhile.
    if (!(await isFolder(folder))) throw error
  }
  return first ?? folder
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory()
  } catch {
    // The call that creates the folder reports the reason.
    return false
  }
}
