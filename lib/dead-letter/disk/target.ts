// Dead letters on disk: <folder>/<UTC>-<pid>-<random>.seg2, one writer per file. A location is returned only after
// fsync.
import { open, readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { DeadLetterError } from '../../errors.ts'
import { isJsonObject, parseJson } from '../../record/json-object.ts'
import { claimName } from '../claim.ts'
import type { DeadLetter } from '../dead-letter.ts'
import type { DeadLetterTarget, DeadLetterTargetKind } from '../dead-letter-target.ts'
import { inParallel } from '../in-parallel.ts'
import { lastingPath } from '../lasting-path.ts'
import { entryBytes, FILLER, formatOf, ifMissing, writeDurably } from './segment.ts'
import { SegmentAppender } from './segment-appender.ts'

export interface DiskOptions {
  /** False: without fsync a dead letter survives the process, but not a crash of the machine. */
  readonly fsync?: boolean
  /** The limit for the open dead letters of all segments together, bytes. Default: no limit. */
  readonly maxBytes?: number
}

export interface DiskTargetConfig extends DiskOptions {
  readonly kind: 'disk'
  readonly folder: string
}

export const disk: DeadLetterTargetKind<DiskTargetConfig> = {
  syntax: 'disk:<folder>',
  parse: (text, context) => {
    if (text === '') return undefined
    const { diskFsync: fsync = true, diskMaxBytes: maxBytes } = context
    return {
      kind: 'disk',
      folder: lastingPath(text, context),
      ...(fsync ? {} : { fsync }),
      ...(maxBytes === undefined ? {} : { maxBytes }),
    }
  },
}

export function createDiskTarget({ folder, ...options }: DiskTargetConfig): DiskDeadLetterTarget {
  return new DiskDeadLetterTarget(folder, options)
}

export class DiskDeadLetterTarget implements DeadLetterTarget {
  readonly folder: string
  readonly #appender: SegmentAppender

  constructor(folder: string, { fsync = true, maxBytes }: DiskOptions = {}) {
    this.folder = folder
    const cap =
      maxBytes === undefined ? {} : { checkRoom: (entries: readonly unknown[]) => checkCap(folder, maxBytes, entries) }
    this.#appender = new SegmentAppender(folder, { fsync, ...cap })
  }

  /**
   * @returns one location per dead letter, `disk:<file>#<byte offset>`
   * @throws DeadLetterError if not all of them are on disk: none counts as stored
   */
  store(deadLetters: readonly DeadLetter[]): Promise<string[]> {
    return this.#appender.append(deadLetters)
  }

  /** Stores a value that is too large for an earlier target in its own file. Storing it again changes nothing. */
  async storeClaim(deadLetterId: string, value: Uint8Array): Promise<string> {
    const path = join(this.folder, claimName(deadLetterId))
    await writeDurably(path, value)
    return `disk:${path}`
  }

  close(): Promise<void> {
    return this.#appender.close()
  }
}

/**
 * The file that says how many bytes of each segment belong to completed dead letters; a redrive writes it under its
 * lease.
 */
export const COMPLETED_BYTES = 'completed-bytes.json'

/** The names of a folder's segments, oldest first. @throws Error `ENOENT` without the folder */
export async function segmentsIn(folder: string): Promise<string[]> {
  return (await readdir(folder)).filter(name => formatOf(name) !== undefined).sort()
}

async function checkCap(folder: string, maxBytes: number, entries: readonly unknown[]): Promise<void> {
  const neededBytes = entries.reduce((sum: number, entry) => sum + entryBytes('seg2', entry), 0)
  const used = await openBytes(folder)
  if (used + neededBytes > maxBytes)
    throw new DeadLetterError(
      'dead-letter',
      `The disk target is full: KAFKA_DEAD_LETTER_DISK_MAX_BYTES is ${maxBytes}, ${used} bytes are in use.`,
      { retriable: true },
    )
}

/** Returns the bytes of all segments, without those of completed dead letters. */
async function openBytes(folder: string): Promise<number> {
  const names = (await segmentsIn(folder).catch(ifMissing)) ?? []
  const completed = await completedBytesIn(folder)
  const sizes = await inParallel(names, async name => {
    const bytes = (await writtenBytes(join(folder, name)).catch(ifMissing)) ?? 0
    return Math.max(0, bytes - (completed.get(name) ?? 0))
  })
  return sizes.reduce((sum, size) => sum + size, 0)
}

/** Empty if the file is missing or damaged: then everything counts as open. */
async function completedBytesIn(folder: string): Promise<Map<string, number>> {
  const text = (await readFile(join(folder, COMPLETED_BYTES), 'utf8').catch(ifMissing)) ?? ''
  const json = parseJson(text)
  const counts = new Map<string, number>()
  if (!isJsonObject(json)) return counts
  for (const [name, bytes] of Object.entries(json)) if (typeof bytes === 'number' && bytes > 0) counts.set(name, bytes)
  return counts
}

/** The length of a run of FILLER that no entry's header can contain, bytes. */
const PROBE = 32
const MAX_RESERVED_MS = 3_600_000

/** Returns the size of a segment without the room that a redrive has reserved at its end. */
async function writtenBytes(path: string): Promise<number> {
  const { size, mtimeMs } = await stat(path)
  // Only a running redrive reserves room, and it has written recently.
  if (Math.abs(Date.now() - mtimeMs) > MAX_RESERVED_MS) return size
  const file = await open(path, 'r')
  try {
    const probe = Buffer.alloc(PROBE)
    const isReservedFrom = async (at: number) => {
      const { bytesRead } = await file.read(probe, 0, PROBE, at)
      return probe.subarray(0, bytesRead).every(byte => byte === FILLER)
    }
    if (size < PROBE || !(await isReservedFrom(size - PROBE))) return size
    let [low, high] = [0, size - PROBE]
    while (low < high) {
      const middle = (low + high) >>> 1
      if (await isReservedFrom(middle)) high = middle
      else low = middle + 1
    }
    return low
  } finally {
    await file.close()
  }
}
