// Child processes that never outlive us: their pids are on disk, so that a crash's left-overs are cleaned up at the next start.
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const FOLDER = join('.local', 'pids')

/** Starts a child and notes its pid with the moment the kernel started it, since pids are used again. */
export function startProcess(name: string, command: string, args: readonly string[], options: SpawnOptions): ChildProcess {
  const child = spawn(command, args, options)
  if (child.pid === undefined) return child
  mkdirSync(FOLDER, { recursive: true })
  const file = join(FOLDER, `${name}-${child.pid}`)
  writeFileSync(file, `${child.pid} ${process.pid} ${startedAt(child.pid)}`)
  child.once('exit', () => rmSync(file, { force: true }))
  return child
}

/** Ends what an earlier run left behind: only processes whose parent is gone and whose start time is the noted one. */
export function cleanUpStale(): number {
  if (!existsSync(FOLDER)) return 0
  let ended = 0
  for (const name of readdirSync(FOLDER)) {
    const file = join(FOLDER, name)
    const [pid = 0, parent = 0, started = ''] = readFileSync(file, 'utf8')
      .split(' ')
      .map((part, index) => (index < 2 ? Number(part) : part)) as [number, number, string]
    if (isAlive(parent)) continue
    if (isAlive(pid) && startedAt(pid) === started) {
      process.kill(pid, 'SIGKILL')
      ended++
    }
    rmSync(file, { force: true })
  }
  return ended
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

/** Asks a child to end, and kills it when it has not after `graceMs`. */
export async function endProcess(child: ChildProcess, graceMs = 5000, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return
  const gone = new Promise<void>(resolve => child.once('exit', () => resolve()))
  child.kill(signal)
  const timer = setTimeout(() => child.kill('SIGKILL'), graceMs)
  await gone
  clearTimeout(timer)
}

/** Field 22 of /proc/<pid>/stat, in clock ticks since boot; empty where there is no /proc. */
function startedAt(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ')[19] ?? ''
  } catch {
    return ''
  }
}
