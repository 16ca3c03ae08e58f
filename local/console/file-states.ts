// Detects whether the dead letters on disk may have changed since they were read, without reading them.
import { type BigIntStats, statSync } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { storeKindOf } from '../../lib/dead-letter/store-kinds.ts'
import type { RedriveSource } from '../../lib/redrive/redrive-sources.ts'

/** The suffixes of a database file, and of the files that SQLite creates next to it while it writes. */
const BESIDE = ['', '-journal', '-wal']

/**
 * Returns a text that differs after each change of the sources' folders and files.
 * @returns undefined if one of the sources is elsewhere, so that only reading shows a change
 */
export async function stateOfFiles(sources: readonly RedriveSource[]): Promise<string | undefined> {
  const paths = sources.map(source => storeKindOf(source).pathOf?.(source))
  if (!paths.every(path => path !== undefined)) return undefined
  return (await Promise.all(paths.map(stateOfPath))).join('\n')
}

async function stateOfPath(path: string): Promise<string> {
  const status = statusOf(path)
  if (!status?.isDirectory()) return BESIDE.map(suffix => textOf(statusOf(path + suffix))).join(' ')
  const names = (await readdir(path).catch(() => [])).sort()
  const states = await Promise.all(
    names.map(async name => `${name} ${textOf(await stat(join(path, name), { bigint: true }).catch(() => undefined))}`),
  )
  return states.join('\n')
}

/** @returns undefined also without permission; the next reading reports why */
function statusOf(path: string): BigIntStats | undefined {
  try {
    return statSync(path, { bigint: true, throwIfNoEntry: false })
  } catch {
    return undefined
  }
}

function textOf(status: BigIntStats | undefined): string {
  return status ? `${status.size} ${status.mtimeNs} ${status.ino}` : 'missing'
}
