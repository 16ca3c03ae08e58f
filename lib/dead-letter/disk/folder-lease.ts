// The lease of a folder: `redrive.lock`, which a redrive holds and writes again and again. 0.1 uses the same file, and
// looks at its time alone.
import { randomUUID } from 'node:crypto'
import { type FileHandle, link, open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { LEASE_MS, type Lease, redriveRunning, type StopRequest, stopRequested } from '../dead-letter-store.ts'
import { ifMissing } from './segment.ts'

const LOCK = 'redrive.lock'
/** Holds the name of the holder that was asked to stop. */
const STOP = 'redrive.stop'
const MAX_ATTEMPTS = 3
const NO_BOOT = '-'
const UPTIME_DIGITS = 13

/**
 * @throws DeadLetterError `redrive-running` while another redrive has the lease
 * @throws Error with a `code` when the folder can't be written to
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

  /** Writes into the open file: if another redrive has taken the lease, its file stays as it is. */
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

  /** A request that was meant for an earlier holder stops nobody else. */
  async #isAskedToStop(): Promise<boolean> {
    return (await readFile(this.#stopPath, 'utf8').catch(ifMissing)) === this.#holder
  }
}

/** @returns undefined when the file exists already */
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
    // A full disk: an empty lock would keep the next redrive away.
    await file.close()
    await rm(path, { force: true })
    throw error
  }
}

/** Moves an expired lock away, which only one process can do, and removes it. */
async function removeExpired(path: string, holder: string): Promise<void> {
  if (!(await isExpired(path, holder))) throw redriveRunning('folder')
  const away = `${path}.${holder}`
  await rename(path, away).catch(ifMissing)
  // Another redrive may have taken the lock just before the rename: it gets it back.
  const wasTaken = !(await isExpired(away, holder))
  if (wasTaken) await link(away, path).catch(ifExists)
  await rm(away, { force: true })
  if (wasTaken) throw redriveRunning('folder')
}

/**
 * Compares the time of the lock with the time of a new file, both by the file system's clock. If that clock was set
 * back, the lock of a dead holder lies in the future; a living holder touches its lock within seconds, so such a lock
 * is expired. If the clock was set forward, the uptime in a lock of this machine shows how old it is.
 */
async function isExpired(path: string, holder: string): Promise<boolean> {
  const lock = await stat(path).catch(ifMissing)
  if (lock === undefined) return true
  if (Math.abs((await timeOfFolder(`${path}.${holder}.now`)) - lock.mtimeMs) < LEASE_MS) return false
  const [, boot, uptimeMs] = ((await readFile(path, 'utf8').catch(ifMissing)) ?? '').split(' ')
  const isOfThisBoot = boot !== undefined && boot !== NO_BOOT && boot === (await bootId())
  return !isOfThisBoot || upMs() - Number(uptimeMs) >= LEASE_MS
}

/** `<holder> <boot> <milliseconds since the boot>`, always of the same length: it is written over itself. */
async function contentOf(holder: string): Promise<string> {
  return `${holder} ${await bootId()} ${String(upMs()).padStart(UPTIME_DIGITS, '0')}`
}

/** A lock of 0.1 holds nothing else. */
function holderOf(lock: string): string {
  return lock.split(' ')[0] ?? ''
}

/** Linux's name of the time since the machine was started; elsewhere none. */
async function bootId(): Promise<string> {
  const text = await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => '')
  return /^[0-9a-f-]{36}/.exec(text)?.[0] ?? NO_BOOT
}

/** The same clock for all processes of the machine, whatever its date is set to. */
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
