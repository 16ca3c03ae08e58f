// Letters on disk: <folder>/<UTC>-<pid>-<random>.seg, one writer per file. A receipt is given only after fsync.
import { randomBytes } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { DeadLetterError } from '../errors.ts'
import type { DeadLetter } from './envelope.ts'
import { readSegment, SegmentWriter, writeDurably } from './segment.ts'

/** Says that a letter is settled: its record is in Kafka. Appended like a letter, so that nothing is ever rewritten. */
interface ClosedEntry {
  readonly closed: string
  readonly receipt: string
}

export interface StoredLetter {
  readonly letter: DeadLetter
  readonly receipt: string
}

export class DiskDeadLetter {
  readonly folder: string
  #writer: Promise<SegmentWriter> | undefined
  #queue: Promise<unknown> = Promise.resolve()

  constructor(folder: string) {
    this.folder = folder
  }

  /**
   * @returns one receipt per letter, `disk:<file>#<byte offset>`
   * @throws DeadLetterError when they are not on disk; none of them then counts as stored
   */
  store(letters: readonly DeadLetter[]): Promise<string[]> {
    return this.#append(letters)
  }

  /** A value that is too large for the target before this one, in a file of its own. Storing it again changes nothing. */
  async storeClaim(letterId: string, value: Uint8Array): Promise<string> {
    const path = join(this.folder, 'claims', letterId)
    await writeDurably(path, value)
    return `disk:${path}`
  }

  /** Notes that letters are settled; `list` no longer shows them. */
  async closeLetters(closed: readonly { letterId: string; receipt: string }[]): Promise<void> {
    await this.#append(closed.map(({ letterId, receipt }): ClosedEntry => ({ closed: letterId, receipt })))
  }

  /** Open letters, folded by their identity: the newest envelope of each. Writers differ in age, so files have no order. */
  async list(): Promise<StoredLetter[]> {
    const open = new Map<string, StoredLetter>()
    const closed = new Set<string>()
    for (const name of await this.#segments()) {
      for (const { offset, json } of readSegment(await readFile(join(this.folder, name)))) {
        const entry = json as DeadLetter | ClosedEntry
        if ('closed' in entry) closed.add(entry.closed)
        else open.set(entry.letterId, { letter: entry, receipt: `disk:${name}#${offset}` })
      }
    }
    return [...open.values()].filter(({ letter }) => !closed.has(letter.letterId))
  }

  async close(): Promise<void> {
    const writer = this.#writer
    this.#writer = undefined
    await (await writer)?.close()
  }

  async #segments(): Promise<string[]> {
    try {
      return (await readdir(this.folder)).filter(name => name.endsWith('.seg')).sort()
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
      throw error
    }
  }

  /** One append at a time. After a failure the file may end in a torn entry, so the next append begins a new one. */
  #append(entries: readonly unknown[]): Promise<string[]> {
    const work = this.#queue.then(async () => {
      try {
        this.#writer ??= SegmentWriter.create(join(this.folder, segmentName()))
        const writer = await this.#writer
        const offsets = await writer.append(entries)
        return offsets.map(offset => `disk:${basename(writer.path)}#${offset}`)
      } catch (cause) {
        await this.close().catch(() => undefined)
        throw new DeadLetterError('dead-letter', 'The disk target did not store the letters.', { retriable: true, cause })
      }
    })
    this.#queue = work.catch(() => undefined)
    return work
  }
}

/** Sorts by time, also across writers; the random part keeps two containers on one disk apart. */
function segmentName(): string {
  const utc = new Date().toISOString().replaceAll(/[-:.]/g, '')
  return `${utc}-${process.pid}-${randomBytes(4).toString('hex')}.seg`
}
