// The lease of a folder: the file `redrive.lock`, which a redrive rewrites to renew it. Version 0.1 uses the same file,
// but compares only its modification time.
import { randomUUID } from 'node:crypto'
import { type FileHandle, link, open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { LEASE_MS, type Lease, redriveRunning, type StopRequest, stopRequested } from '../dead-letter-store.ts'
import { ifMissing } from './segment.ts'

const LOCK = 'redrive.lock'
/** The file with the name of the holder that was asked to stop. */
const STOP = 'redrive.stop'
const MAX_ATTEMPTS = 3
const NO_BOOT = '-'
const UPTIME_DIGITS = 13

/**
 * @throws DeadLetterError `redrive-running` while another redrive holds the lease
 * @throws Error with a `code` if the folder can't be written to
 */
export async function takeFolderLease(folder: string): Promise<Lease> {
  const path = join(folder, LOCK)
  const holder = randomUUID()
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const file = await create(path, holder)
    if (file) return new FolderLease(folder, holder, file)
    await removeExpired(path, holder)
  }
  throw redriveRunning('folder')
}

/** Asks the holder of the lease to end its redrive. */
export async function requestFolderStop(folder: string): Promise<StopRequest> {
  const path = join(folder, LOCK)
  const lock = await readFile(path, 'utf8').catch(ifMissing)
  if (!lock || (await isExpired(path, randomUUID()))) return 'not-running'
  await writeFile(join(folder, STOP), holderOf(lock), { mode: 0o600 })
  return 'requested'
}

class FolderLease implements Lease {
  readonly #path: string
  readonly #stopPath: string
  readonly #holder: string
  readonly #file: FileHandle
  #isReleased = false

  constructor(folder: string, holder: string, file: FileHandle) {
    this.#path = join(folder, LOCK)
    this.#stopPath = join(folder, STOP)
    this.#holder = holder
    this.#file = file
  }

  async check(): Promise<void> {
    await this.#checkHolder()
    if (await this.#isAskedToStop()) throw stopRequested()
  }

  /**
   * Writes through the open file handle, so that the file of another redrive which has taken the lease is not changed.
   */
  async renew(): Promise<void> {
    if (this.#isReleased) return
    await this.#checkHolder()
    await this.#file.write(await contentOf(this.#holder), 0)
  }

  async release(): Promise<void> {
    if (this.#isReleased) return
    this.#isReleased = true
    try {
      await this.#checkHolder()
      if (await this.#isAskedToStop()) await rm(this.#stopPath, { force: true })
      await rm(this.#path, { force: true })
    } finally {
      await this.#file.close()
    }
  }

  async #checkHolder(): Promise<void> {
    const lock = await readFile(this.#path, 'utf8').catch(ifMissing)
    if (lock === undefined || holderOf(lock) !== this.#holder) throw redriveRunning('folder')
  }

  /** Ignores a request that was meant for an earlier holder. */
  async #isAskedToStop(): Promise<boolean> {
    return (await readFile(this.#stopPath, 'utf8').catch(ifMissing)) === this.#holder
  }
}

/** @returns undefined if the file exists already */
async function create(path: string, holder: string): Promise<FileHandle | undefined> {
  const file = await open(path, 'wx', 0o600).catch(error => {
    if (error.code !== 'EEXIST') throw error
    return undefined
  })
  if (file === undefined) return undefined
  try {
    await file.write(await contentOf(holder), 0)
    return file
  } catch (error) {
    // The disk is full. Remove the empty lock, which would block the next redrive.
    await file.close()
    await rm(path, { force: true })
    throw error
  }
}

/** Renames an expired lock, which only one process can do, and removes it. */
async function removeExpired(path: string, holder: string): Promise<void> {
  if (!(await isExpired(path, holder))) throw redriveRunning('folder')
  const away = `${path}.${holder}`
  await rename(path, away).catch(ifMissing)
  // Another redrive may have taken the lock just before the rename; then its lock is restored.
  const wasTaken = !(await isExpired(away, holder))
  if (wasTaken) await link(away, path).catch(ifExists)
  await rm(away, { force: true })
  if (wasTaken) throw redriveRunning('folder')
}

/**
 * Compares the time of the lock with the time of a new file, both by the file system's clock. If that clock was set
 * back, the lock of a dead holder has a time in the future; a living holder rewrites its lock within seconds, so such a
 * lock is expired. If the clock was set forward, the uptime in the lock shows its age, provided this machine wrote it.
 */
async function isExpired(path: string, holder: string): Promise<boolean> {
  const lock = await stat(path).catch(ifMissing)
  if (lock === undefined) return true
  if (Math.abs((await timeOfFolder(`${path}.${holder}.now`)) - lock.mtimeMs) < LEASE_MS) return false
  const [, boot, uptimeMs] = ((await readFile(path, 'utf8').catch(ifMissing)) ?? '').split(' ')
  const isOfThisBoot = boot !== undefined && boot !== NO_BOOT && boot === (await bootId())
  return !isOfThisBoot || upMs() - Number(uptimeMs) >= LEASE_MS
}

/** `<holder> <boot> <milliseconds since the boot>`, always of the same length, because each renewal overwrites it. */
async function contentOf(holder: string): Promise<string> {
  return `${holder} ${await bootId()} ${String(upMs()).padStart(UPTIME_DIGITS, '0')}`
}

/** Returns the holder's name; a lock of version 0.1 contains nothing else. */
function holderOf(lock: string): string {
  return lock.split(' ')[0] ?? ''
}

/** Returns Linux's boot id, which changes at each start of the machine; a fixed text on other systems. */
async function bootId(): Promise<string> {
  const text = await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => '')
  return /^[0-9a-f-]{36}/.exec(text)?.[0] ?? NO_BOOT
}

/** Returns the uptime: all processes of the machine share it, and setting the date does not change it. */
function upMs(): number {
  return Number(process.hrtime.bigint() / 1_000_000n)
}

async function timeOfFolder(path: string): Promise<number> {
  const file = await open(path, 'w', 0o600)
  try {
    return (await file.stat()).mtimeMs
  } finally {
    await file.close()
    await rm(path, { force: true })
  }
}

function ifExists(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EEXIST') throw error
}
