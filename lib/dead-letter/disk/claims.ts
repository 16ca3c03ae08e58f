// Values in the folder `claims` of a disk target, one file each.
import { constants } from 'node:fs'
import { type FileHandle, open, realpath } from 'node:fs/promises'
import { join } from 'node:path'
import { type Claim, claimName } from '../claim.ts'
import type { DiskTargetConfig } from './target.ts'

/** A symbolic link or a FIFO is no value; neither is followed or waited for. */
const FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK
const NOT_THERE: ReadonlySet<string | undefined> = new Set(['ENOENT', 'ENOTDIR', 'ELOOP'])

/** @returns undefined when the folder has no such value of this size */
export async function readClaim({ folder }: DiskTargetConfig, claim: Claim): Promise<Uint8Array | undefined> {
  let file: FileHandle | undefined
  try {
    // The folder itself may be a link; `claims` in it may not lead elsewhere.
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
