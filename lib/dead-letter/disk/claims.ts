// Claim-check values of a disk target: one file each in the folder `claims`.
import { constants } from 'node:fs'
import { type FileHandle, link, open, readdir, realpath, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { type Claim, COMPLETED_SUFFIX, claimName } from '../claim.ts'
import { COMPLETED_MS } from '../dead-letter-store.ts'
import { ifMissing, writeDurably } from './segment.ts'
import type { DiskTargetConfig } from './target.ts'

/** Refuses symbolic links, and does not block on a named pipe. */
const FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK
const NOT_THERE: ReadonlySet<string | undefined> = new Set(['ENOENT', 'ENOTDIR', 'ELOOP'])

/** @returns undefined if the folder has no such value of this size */
export async function readClaim({ folder }: DiskTargetConfig, claim: Claim): Promise<Uint8Array | undefined> {
  let file: FileHandle | undefined
  try {
    // The folder itself may be a link, but `claims` in it must not point elsewhere.
    const claims = await realpath(join(folder, 'claims'))
    if (claims !== join(await realpath(folder), 'claims')) return undefined
    file = await open(join(folder, claimName(claim.deadLetterId)), FLAGS)
    const stats = await file.stat()
    return stats.isFile() && stats.size === claim.bytes ? await readExactly(file, claim.bytes) : undefined
  } catch (error) {
    if (NOT_THERE.has((error as NodeJS.ErrnoException).code)) return undefined
    throw error
  } finally {
    await file?.close()
  }
}

/** Asks for one byte more, so that a file that grows meanwhile is noticed. */
async function readExactly(file: FileHandle, bytes: number): Promise<Uint8Array | undefined> {
  const buffer = Buffer.alloc(bytes + 1)
  let at = 0
  for (;;) {
    const { bytesRead } = await file.read(buffer, at, buffer.length - at, at)
    if (bytesRead === 0) return at === bytes ? buffer.subarray(0, bytes) : undefined
    at += bytesRead
    if (at > bytes) return undefined
  }
}

export async function completeClaim({ folder }: DiskTargetConfig, deadLetterId: string): Promise<void> {
  await writeDurably(join(folder, claimName(deadLetterId)) + COMPLETED_SUFFIX, '')
}

/** Removes values that were completed more than COMPLETED_MS ago and were not stored again since. */
export async function tidyClaims(folder: string): Promise<void> {
  const claims = join(folder, 'claims')
  for (const name of (await readdir(claims).catch(ifMissing)) ?? []) {
    if (!name.endsWith(COMPLETED_SUFFIX)) continue
    const mark = join(claims, name)
    const markedAt = (await stat(mark).catch(ifMissing))?.mtimeMs
    if (markedAt === undefined || Date.now() - markedAt < COMPLETED_MS) continue
    await removeOlder(mark.slice(0, -COMPLETED_SUFFIX.length), markedAt)
    await rm(mark, { force: true })
  }
}

/**
 * Renames the value before it is removed: if it is stored again at the same moment, that is noticed and it is restored.
 */
async function removeOlder(path: string, timeMs: number): Promise<void> {
  const away = `${path}.removed`
  await rename(path, away).catch(ifMissing)
  const storedAt = (await stat(away).catch(ifMissing))?.mtimeMs
  if (storedAt !== undefined && storedAt > timeMs)
    await link(away, path).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error
    })
  await rm(away, { force: true })
}
