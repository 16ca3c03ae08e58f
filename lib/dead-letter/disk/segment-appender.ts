// Appends entries to the segments of a folder, one append at a time.
import { randomBytes } from 'node:crypto'
import { basename, join } from 'node:path'
import { DeadLetterError } from '../../errors.ts'
import { elapsedSince, type Moment, moment, systemClock } from '../../time/clock.ts'
import { type SegmentFormat, SegmentWriter } from './segment.ts'

/** After this time a writer starts a new segment, so that `tidy` knows which segments are no longer written to. */
export const SEGMENT_AGE_MS = 10 * 60_000
const MAX_ATTEMPTS = 3

export interface AppenderOptions {
  /** Default: `seg2`. */
  readonly format?: SegmentFormat
  /** Default: true. */
  readonly fsync?: boolean
  /** Called before every append. @throws DeadLetterError if there is no room for it */
  readonly checkRoom?: (entries: readonly unknown[]) => Promise<void>
}

export class SegmentAppender {
  readonly #folder: string
  readonly #options: AppenderOptions
  #writer: SegmentWriter | undefined
  #since: Moment | undefined
  #queue: Promise<unknown> = Promise.resolve()

  constructor(folder: string, options: AppenderOptions = {}) {
    this.#folder = folder
    this.#options = options
  }

  /**
   * Appends entries. After a failure the next append uses a new file.
   * @returns one location per entry, `disk:<file>#<byte offset>`
   * @throws DeadLetterError if not all of them are on disk: none counts as stored
   */
  append(entries: readonly unknown[]): Promise<string[]> {
    return this.#enqueue('The disk target did not store the dead letters', async () => {
      await this.#options.checkRoom?.(entries)
      for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
        const writer = await this.#current()
        const offsets = await writer.append(entries)
        if (await writer.isInPlace()) return offsets.map(offset => `disk:${basename(writer.path)}#${offset}`)
        // The file was removed meanwhile, so the entries are appended again to a new one.
        await this.#closeWriter()
      }
      throw new Error('Every new segment was removed by another process while it was written to.')
    })
  }

  /**
   * Reserves room on disk for entries that are appended later.
   * @throws DeadLetterError if there is none
   */
  reserve(bytes: number): Promise<void> {
    return this.#enqueue('The disk has no room for the redrive’s notes; nothing of this batch was sent', async () => {
      await (await this.#current()).reserve(bytes)
    })
  }

  close(): Promise<void> {
    return this.#enqueue('A segment file could not be closed', () => this.#closeWriter())
  }

  async #current(): Promise<SegmentWriter> {
    const isOld = this.#since !== undefined && elapsedSince(systemClock, this.#since) > SEGMENT_AGE_MS
    // A segment with reserved room is kept open: closing it would free that room.
    if (isOld && !this.#writer?.hasReserved) await this.#closeWriter()
    if (this.#writer) return this.#writer
    const { format = 'seg2', fsync = true } = this.#options
    this.#since = moment(systemClock)
    this.#writer = await SegmentWriter.create(join(this.#folder, segmentName(format)), fsync)
    return this.#writer
  }

  async #closeWriter(): Promise<void> {
    const writer = this.#writer
    this.#writer = undefined
    await writer?.close()
  }

  #enqueue<T>(failure: string, run: () => Promise<T>): Promise<T> {
    const work = this.#queue.then(async () => {
      try {
        return await run()
      } catch (cause) {
        // An error of closing is ignored, because the append has failed already.
        await this.#closeWriter().catch(() => undefined)
        throw cause instanceof DeadLetterError ? cause : diskError(failure, cause)
      }
    })
    this.#queue = work.catch(() => undefined)
    return work
  }
}

/** @param failure the message, without a full stop */
export function diskError(failure: string, cause: unknown): DeadLetterError {
  const code = (cause as NodeJS.ErrnoException).code ?? 'error'
  return new DeadLetterError('dead-letter', `${failure} (${code}).`, { retriable: true, cause })
}

/** Names sort by time, across writers; the random part separates containers that share a disk. */
function segmentName(format: SegmentFormat): string {
  const utc = new Date().toISOString().replaceAll(/[-:.]/g, '')
  return `${utc}-${process.pid}-${randomBytes(4).toString('hex')}.${format}`
}
