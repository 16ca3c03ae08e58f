// Appends entries to the segments of a folder, one append at a time.
import { randomBytes } from 'node:crypto'
import { basename, join } from 'node:path'
import { DeadLetterError } from '../../errors.ts'
import { elapsedSince, type Moment, moment, systemClock } from '../../time/clock.ts'
import { type SegmentFormat, SegmentWriter } from './segment.ts'

/** A writer starts a new segment after this time, so that `tidy` knows which ones are no longer written to. */
export const SEGMENT_AGE_MS = 10 * 60_000
const MAX_ATTEMPTS = 3

export interface AppenderOptions {
  /** Default: `seg2`. */
  readonly format?: SegmentFormat
  /** Default: true. */
  readonly fsync?: boolean
  /** Called before every append. @throws DeadLetterError when there is no room for it */
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
   * After a failure the next append uses a new file.
   * @returns one location per entry, `disk:<file>#<byte offset>`
   * @throws DeadLetterError when they are not all on disk: none of them counts as stored
   */
  append(entries: readonly unknown[]): Promise<string[]> {
    return this.#enqueue('The disk target did not store the dead letters', async () => {
      await this.#options.checkRoom?.(entries)
      for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
        const writer = await this.#current()
        const offsets = await writer.append(entries)
        if (await writer.isInPlace()) return offsets.map(offset => `disk:${basename(writer.path)}#${offset}`)
        // Somebody removed the file: whatever was appended to it goes to a new one.
        await this.#closeWriter()
      }
      throw new Error('Every segment was removed while it was written to.')
    })
  }

  /**
   * Reserves room on disk for entries that are appended later.
   * @throws DeadLetterError when there is none
   */
  reserve(bytes: number): Promise<void> {
    return this.#enqueue('The disk has no room to note what was redriven; nothing of this batch was sent', async () => {
      await (await this.#current()).reserve(bytes)
    })
  }

  close(): Promise<void> {
    return this.#enqueue('The segment was not closed', () => this.#closeWriter())
  }

  async #current(): Promise<SegmentWriter> {
    const isOld = this.#since !== undefined && elapsedSince(systemClock, this.#since) > SEGMENT_AGE_MS
    // Reserved room is not given up.
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
        // A second failure, of closing, says nothing new.
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
