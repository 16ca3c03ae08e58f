// Dead letters on disk: <folder>/<UTC>-<pid>-<random>.seg, one writer per file. A location is returned only after
// fsync.
import { randomBytes } from 'node:crypto'
import { readdir, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { DeadLetterError } from '../../errors.ts'
import { elapsedSince, type Moment, moment, systemClock } from '../../time/clock.ts'
import type { DeadLetter } from '../dead-letter.ts'
import type { DeadLetterTarget, DeadLetterTargetKind } from '../dead-letter-target.ts'
import { lastingPath } from '../lasting-path.ts'
import { SegmentWriter, writeDurably } from './segment.ts'

export interface DiskOptions {
  /** False: without fsync a dead letter survives the process, but not a crash of the machine. */
  readonly fsync?: boolean
  /** The limit for all segments together, bytes. Default: no limit. */
  readonly maxBytes?: number
}

/** A writer starts a new segment after this time, so that `tidy` knows which ones are no longer written to. */
const SEGMENT_AGE_MS = 10 * 60_000

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
  readonly #options: DiskOptions
  #writer: Promise<SegmentWriter> | undefined
  #since: Moment | undefined
  #queue: Promise<unknown> = Promise.resolve()

  constructor(folder: string, options: DiskOptions = {}) {
    this.folder = folder
    this.#options = options
  }

  /**
   * @returns one location per dead letter, `disk:<file>#<byte offset>`
   * @throws DeadLetterError when they are not all on disk: none of them counts as stored
   */
  store(deadLetters: readonly DeadLetter[]): Promise<string[]> {
    return this.append(deadLetters)
  }

  /** Stores a value that is too large for an earlier target in its own file. Storing it again changes nothing. */
  async storeClaim(deadLetterId: string, value: Uint8Array): Promise<string> {
    const path = join(this.folder, 'claims', deadLetterId)
    await writeDurably(path, value)
    return `disk:${path}`
  }

  async close(): Promise<void> {
    const writer = this.#writer
    this.#writer = undefined
    await (await writer)?.close()
  }

  /** One append at a time. After a failure the file may end with a torn entry, so the next append uses a new file. */
  append(entries: readonly unknown[]): Promise<string[]> {
    const work = this.#queue.then(async () => {
      try {
        await this.#checkRoom(entries)
        if (this.#since && elapsedSince(systemClock, this.#since) > SEGMENT_AGE_MS) await this.close()
        this.#writer ??= this.#create()
        const writer = await this.#writer
        const offsets = await writer.append(entries)
        return offsets.map(offset => `disk:${basename(writer.path)}#${offset}`)
      } catch (cause) {
        await this.close().catch(() => undefined)
        if (cause instanceof DeadLetterError) throw cause
        const code = (cause as NodeJS.ErrnoException).code ?? 'error'
        throw new DeadLetterError('dead-letter', `The disk target did not store the dead letters (${code}).`, {
          retriable: true,
          cause,
        })
      }
    })
    this.#queue = work.catch(() => undefined)
    return work
  }

  #create(): Promise<SegmentWriter> {
    this.#since = moment(systemClock)
    return SegmentWriter.create(join(this.folder, segmentName()), this.#options.fsync ?? true)
  }

  async #checkRoom(entries: readonly unknown[]): Promise<void> {
    const { maxBytes } = this.#options
    if (maxBytes === undefined) return
    const neededBytes = entries.reduce((sum: number, entry) => sum + Buffer.byteLength(JSON.stringify(entry)), 0)
    const used = await segmentBytes(this.folder)
    if (used + neededBytes > maxBytes)
      throw new DeadLetterError(
        'dead-letter',
        `The disk target is full: KAFKA_DEAD_LETTER_DISK_MAX_BYTES is ${maxBytes}, ${used} are in use.`,
        { retriable: true },
      )
  }
}

/** The names of a folder's segments, oldest first; empty without the folder. */
export async function segmentsOf(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).filter(name => name.endsWith('.seg')).sort()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}

async function segmentBytes(folder: string): Promise<number> {
  const sizes = await Promise.all((await segmentsOf(folder)).map(async name => (await stat(join(folder, name))).size))
  return sizes.reduce((sum, size) => sum + size, 0)
}

/** Names sort by time, across writers; the random part separates containers that share a disk. */
function segmentName(): string {
  const utc = new Date().toISOString().replaceAll(/[-:.]/g, '')
  return `${utc}-${process.pid}-${randomBytes(4).toString('hex')}.seg`
}
