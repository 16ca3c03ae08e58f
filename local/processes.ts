// Starts child processes that never outlive this process. Their pids are written to disk, so that the next start can
// end those that a crash has left running.
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isAlive, startedAt, statOf } from '../bin/local-stack.ts'

const FOLDER = join('.local', 'pids')
const TEMPORARY = 'serverless-kafka-'

/** Starts a child and records its pid with its start time, because the kernel reuses pids. */
export function startProcess(
  name: string,
  command: string,
  args: readonly string[],
  options: SpawnOptions,
): ChildProcess {
  killChildrenOnExit()
  const child = spawn(command, args, options)
  if (child.pid === undefined) return child
  running.add(child)
  mkdirSync(FOLDER, { recursive: true })
  names.set(child, name)
  const file = join(FOLDER, pidFile(child))
  writeFileSync(file, `${child.pid} ${process.pid} ${startedAt(child.pid)}`)
  child.once('exit', () => {
    running.delete(child)
    rmSync(file, { force: true })
  })
  return child
}

const running = new Set<ChildProcess>()
const names = new WeakMap<ChildProcess, string>()

function pidFile(child: ChildProcess): string {
  return `${names.get(child)}-${child.pid}`
}

/**
 * Kills the children when this process ends. They are in process groups of their own, so that a signal to this process
 * does not reach them.
 */
function killChildrenOnExit(): void {
  if (process.listeners('exit').includes(killRunning)) return
  process.on('exit', killRunning)
  for (const [signal, status] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const)
    if (process.listenerCount(signal) === 0) process.on(signal, () => process.exit(status))
}

function killRunning(): void {
  for (const child of running) {
    child.kill('SIGKILL')
    rmSync(join(FOLDER, pidFile(child)), { force: true })
  }
}

/**
 * Ends processes that an earlier run has left: those whose parent has ended and whose start time matches the recorded
 * one.
 */
export function cleanUpStale(): number {
  removeStaleFolders()
  if (!existsSync(FOLDER)) return 0
  let ended = 0
  for (const name of readdirSync(FOLDER)) {
    const file = join(FOLDER, name)
    const [pid = 0, parent = 0, started = ''] = readFileSync(file, 'utf8')
      .split(' ')
      .map((part, index) => (index < 2 ? Number(part) : part)) as [number, number, string]
    if (isAlive(parent)) continue
    // Without a start time, the id may belong to another program now.
    if (started !== '' && isAlive(pid) && startedAt(pid) === started) {
      process.kill(pid, 'SIGKILL')
      ended++
    }
    rmSync(file, { force: true })
  }
  return ended
}

/** @returns a folder for this process's data, which `cleanUpStale` removes after a crash */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), `${TEMPORARY}${process.pid}-`))
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Removes the folders of this user's ended processes. A folder that can't be removed stays. */
function removeStaleFolders(): void {
  for (const name of readdirSync(tmpdir())) {
    const pid = name.startsWith(TEMPORARY) ? Number(name.slice(TEMPORARY.length).split('-')[0]) : Number.NaN
    if (!(pid > 0) || isAlive(pid)) continue
    const folder = join(tmpdir(), name)
    try {
      if (statSync(folder).uid === process.getuid?.()) rmSync(folder, { recursive: true, force: true })
    } catch {
      // Another run is removing the folder at the same time.
    }
  }
}

/** Whether SIGSTOP stopped a process, whoever sent it; undefined on systems without /proc. */
export function isStopped(pid: number): boolean | undefined {
  const [state] = statOf(pid)
  return state === undefined ? undefined : state === 'T'
}

/** Sends `signal` to a child, and kills it if it still runs after `graceMs`. */
export async function endProcess(
  child: ChildProcess,
  graceMs = 5000,
  signal: NodeJS.Signals = 'SIGTERM',
): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return
  const gone = new Promise<void>(resolve => child.once('exit', () => resolve()))
  child.kill(signal)
  const timer = setTimeout(() => child.kill('SIGKILL'), graceMs)
  await gone
  clearTimeout(timer)
}
