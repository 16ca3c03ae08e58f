import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { temporaryFolder } from '../../local/processes.ts'

const root = temporaryFolder()
let folders = 0

/** Creates an empty folder, which is removed when the process of the test file ends. */
export function newFolder(): string {
  const folder = join(root, String(folders++))
  mkdirSync(folder)
  return folder
}
