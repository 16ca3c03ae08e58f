// Finds the local stack that runs in this folder, which npm start describes in a file.
import { readFileSync } from 'node:fs'
import { parseJson } from '../lib/record/json-object.ts'

export const STACK_FOLDER = '.local'
export const STACK_FILE = `${STACK_FOLDER}/stack.json`
/** Contains the id and start time of the stack's process. */
export const LOCK_FILE = `${STACK_FOLDER}/stack.lock`

export interface StackFile {
  readonly url: string
  readonly busUrl: string
  readonly sqsUrl: string
  readonly bootstrapServers: string
  /** Undefined if the stack runs without --registry. */
  readonly registryUrl?: string
  readonly redriveSettings: Readonly<Record<string, string>>
  /** Undefined until the console has started. */
  readonly consoleUrl?: string
}

/** @returns the stack; undefined if none runs, or if it is still starting */
export function runningStack(): StackFile | undefined {
  const text = owningProcess() === undefined ? undefined : contentOf(STACK_FILE)
  // Incomplete text means that the file is still being written.
  return text === undefined ? undefined : (parseJson(text) as StackFile | undefined)
}

/** @returns the id of the process whose stack runs in this folder. A file that a killed process left is ignored. */
export function owningProcess(): number | undefined {
  const [pid = '', started] = contentOf(LOCK_FILE)?.split(' ') ?? []
  return isAlive(Number(pid)) && startedAt(Number(pid)) === started ? Number(pid) : undefined
}

/** @returns undefined if there is no file. Throws if it can’t be read: another user’s stack may have written it. */
function contentOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw error
  }
}

/** Whether a process is alive. A zombie is not; a process of another user is. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return statOf(pid)[0] !== 'Z'
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/**
 * @returns the start time in clock ticks since boot, which tells processes apart when the kernel reuses an id; empty on
 *   systems without /proc
 */
export function startedAt(pid: number): string {
  return statOf(pid)[19] ?? ''
}

/** @returns the fields of /proc/<pid>/stat from the third (the state) on; none on systems without /proc */
export function statOf(pid: number): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? []
  } catch {
    return []
  }
}
