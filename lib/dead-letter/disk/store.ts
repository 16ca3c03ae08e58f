// Reads and completes the dead letters in a folder of segments. Segments are never rewritten: appended notes mark dead
// letters as completed.
import { readdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { DeadLetterError } from '../../errors.ts'
import type { DeadLetter } from '../dead-letter.ts'
import {
  COMPLETED_MS,
  type Completed,
  type Lease,
  type OpenDeadLetter,
  type ReadOptions,
  type Refusal,
  type Replacement,
  type SendingPlace,
  type StopRequest,
  type TargetDeadLetterStore,
} from '../dead-letter-store.ts'
import { mergeDeadLetters } from '../merge-dead-letters.ts'
import type { DeadLetterTargetConfig } from '../target-kinds.ts'
import { tidyClaims } from './claims.ts'
import { FolderIndex, type Note, noFolder, type Segment } from './folder-index.ts'
import { requestFolderStop, takeFolderLease } from './folder-lease.ts'
import { entryBytes, formatOf, ifMissing, type SegmentFormat, writeDurably } from './segment.ts'
import { diskError, SEGMENT_AGE_MS, SegmentAppender } from './segment-appender.ts'
import { sendingFile } from './sending.ts'
import { COMPLETED_BYTES } from './target.ts'

/**
 * When completed segments are removed if KAFKA_DEAD_LETTER_DISK_MAX_BYTES is set: as soon as their writer has left
 * them.
 */
const CAPPED_MS = SEGMENT_AGE_MS + 5 * 60_000
/** The suffix of a segment that is being removed. */
const REMOVED = '.removed'
/**
 * Placeholders of maximum length for reserving room: the longest location of a record, and what an attempt adds to a
 * dead letter.
 */
const MAX_LOCATION = 'x'.repeat(320)
const MAX_GROWTH = 2048

export function openStore({ folder, maxBytes }: DeadLetterTargetConfig<'disk'>): DiskDeadLetterStore {
  return new DiskDeadLetterStore(folder, { isCapped: maxBytes !== undefined })
}

/** The locations of all entries of the dead letter. */
type Handle = readonly string[]

export class DiskDeadLetterStore implements TargetDeadLetterStore<Handle> {
  readonly #folder: string
  readonly #isCapped: boolean
  readonly #appenders: Readonly<Record<SegmentFormat, SegmentAppender>>
  readonly sending: SendingPlace

  /** @param isCapped removes completed segments early */
  constructor(folder: string, { isCapped = false }: { readonly isCapped?: boolean } = {}) {
    this.#folder = folder
    this.#isCapped = isCapped
    this.sending = sendingFile(folder)
    this.#appenders = { seg: new SegmentAppender(folder, { format: 'seg' }), seg2: new SegmentAppender(folder) }
  }

  async *deadLetters(options: ReadOptions = {}): AsyncGenerator<OpenDeadLetter<Handle>> {
    const { signal, onUnreadable } = options
    const index = await FolderIndex.read(this.#folder, { purpose: 'list', signal, onUnreadable })
    for (const segment of index.segments)
      for await (const { entry, result } of index.readEntries(segment, each => index.isGiven(each))) {
        if (signal?.aborted) return
        const offset = index.offsetOf(entry)
        if (result.kind !== 'dead-letter') {
          const reason = result.kind === 'unreadable' ? result.reason : 'it is not a dead letter'
          onUnreadable?.({ location: `${join(this.#folder, segment.name)} at byte ${offset}`, reason, count: 1 })
          continue
        }
        const { verified } = result
        const entries = index.entriesOf(entry)
        const deadLetter = await withCopies(result.deadLetter, entries.slice(1), index)
        const location = `disk:${segment.name}#${offset}`
        // The unreadable copy may say that the record is in its topic already.
        if (!deadLetter) onUnreadable?.({ location, reason: 'a copy of it can’t be read', count: 1 })
        else {
          const handle = entries.map(each => index.locationOf(each))
          const isUncertain = index.lostNotes.mayConcern(deadLetter.deadLetterId, handle)
          yield { deadLetter, location, verified, handle, ...(isUncertain ? { isUncertain } : {}) }
        }
      }
  }

  async find(deadLetter: DeadLetter, location: string): Promise<OpenDeadLetter<Handle>> {
    return { deadLetter, location, verified: deadLetter.claimCheck === null, handle: [location] }
  }

  /** Notes about segments of version 0.1 and about others go to separate files, so that each version finds its own. */
  async reserve(open: readonly OpenDeadLetter<Handle>[]): Promise<void> {
    const bytes = { seg: 0, seg2: 0 }
    for (const each of open) {
      for (const [format, note] of notesOf(each, MAX_LOCATION)) bytes[format] += entryBytes(format, note)
      bytes.seg2 += entryBytes('seg2', each.deadLetter) + MAX_GROWTH
    }
    if (bytes.seg > 0) await this.#appenders.seg.reserve(bytes.seg)
    if (bytes.seg2 > 0) await this.#appenders.seg2.reserve(bytes.seg2)
  }

  async complete(completed: readonly Completed<Handle>[]): Promise<void> {
    const notes = completed.flatMap(({ open, location }) => notesOf(open, location))
    await this.#append(notes)
  }

  async replace(open: OpenDeadLetter<Handle>, deadLetter: DeadLetter): Promise<void> {
    await this.replaceAll([{ open, deadLetter }])
  }

  async replaceAll(replacements: readonly Replacement<Handle>[]): Promise<readonly Refusal<Handle>[]> {
    // The new version is written first: if the write is interrupted, both are open and nothing is lost.
    await this.#append(
      replacements.flatMap(({ open, deadLetter }): FormattedEntry[] => [
        ['seg2', deadLetter],
        ...notesOf(open, 'replaced'),
      ]),
    )
    return []
  }

  async #append(entries: readonly FormattedEntry[]): Promise<void> {
    for (const format of ['seg2', 'seg'] as const) {
      const ofFormat = entries.filter(([each]) => each === format).map(([, entry]) => entry)
      if (ofFormat.length > 0) await this.#appenders[format].append(ofFormat)
    }
  }

  async lease(): Promise<Lease> {
    const lease = await takeFolderLease(this.#folder).catch((cause: NodeJS.ErrnoException) => {
      if (cause instanceof DeadLetterError) throw cause
      if (cause.code === 'ENOENT' || cause.code === 'ENOTDIR') throw noFolder(this.#folder)
      throw diskError('The lease of the folder can’t be taken', cause)
    })
    try {
      await this.#restore()
      return lease
    } catch (cause) {
      await lease.release()
      throw diskError('The segments of the folder can’t be renamed', cause)
    }
  }

  async requestStop(): Promise<StopRequest> {
    return requestFolderStop(this.#folder).catch((cause: NodeJS.ErrnoException) => {
      if (cause.code === 'ENOENT' || cause.code === 'ENOTDIR') throw noFolder(this.#folder)
      throw diskError('The request to stop can’t be written', cause)
    })
  }

  async close(): Promise<void> {
    await this.#appenders.seg.close()
    await this.#appenders.seg2.close()
  }

  /**
   * Removes segments that are no longer written to, were read to their end, have no open dead letters, and whose notes
   * are not needed. Notes are removed after the dead letters that they complete, so that a crash opens none of them
   * again.
   */
  async tidy(): Promise<void> {
    // Closes this store's own segments, so that they can be removed too.
    await this.close()
    try {
      await this.#tidy()
    } catch (cause) {
      throw cause instanceof DeadLetterError ? cause : diskError('The folder is not tidied', cause)
    }
  }

  async #tidy(): Promise<void> {
    const index = await FolderIndex.read(this.#folder, { purpose: 'tidy' })
    const staying = new Map(index.segments.map(segment => [segment.name, segment]))
    const removable = new Set(index.segments.filter(segment => this.#isRemovable(segment, index)))
    for (let before = -1; before !== removable.size; ) {
      before = removable.size
      for (const segment of removable) {
        const { name, notesAbout } = segment
        if ([...notesAbout].some(about => about !== name && staying.has(about))) continue
        removable.delete(segment)
        if (await this.#remove(segment)) staying.delete(name)
      }
    }
    await this.#noteCompletedBytes([...staying.values()], index)
    await tidyClaims(this.#folder)
  }

  #isRemovable(segment: Segment, index: FolderIndex): boolean {
    const { name, first, end, isWhole, mtimeMs } = segment
    // Version 0.1 does not notice that its segment was removed, so its segments are kept for the full time.
    const keptMs = this.#isCapped && formatOf(name) === 'seg2' ? CAPPED_MS : COMPLETED_MS
    if (!isWhole || Date.now() - mtimeMs < keptMs) return false
    for (let entry = first; entry < end; entry++) if (!index.isCompleted(entry)) return false
    return true
  }

  /** @returns false if something was appended to it meanwhile */
  async #remove({ name, size }: Segment): Promise<boolean> {
    const path = join(this.#folder, name)
    // Rename first: the writer notices it, and appends its entries again to a new segment.
    await rename(path, path + REMOVED).catch(ifMissing)
    const { size: sizeNow } = (await stat(path + REMOVED).catch(ifMissing)) ?? { size }
    if (sizeNow === size) {
      await rm(path + REMOVED, { force: true })
      return true
    }
    await rename(path + REMOVED, path)
    return false
  }

  /** Restores segments whose removal was interrupted; only the holder of the lease removes segments. */
  async #restore(): Promise<void> {
    for (const name of await readdir(this.#folder)) {
      const original = name.slice(0, -REMOVED.length)
      if (!name.endsWith(REMOVED) || formatOf(original) === undefined) continue
      await rename(join(this.#folder, name), join(this.#folder, original))
    }
  }

  /** Stores how many bytes the limit does not count. If the disk is full, the earlier, lower numbers stay. */
  async #noteCompletedBytes(segments: readonly Segment[], index: FolderIndex): Promise<void> {
    const counts = segments.map(segment => [segment.name, index.completedBytesOf(segment)] as const)
    const json = JSON.stringify(Object.fromEntries(counts.filter(([, bytes]) => bytes > 0)))
    await writeDurably(join(this.#folder, COMPLETED_BYTES), json).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOSPC' && error.code !== 'EDQUOT') throw error
    })
  }
}

/**
 * Merges a dead letter with its copies: each failed attempt to send its record may have stored one.
 * @returns undefined if one of them can't be read
 */
async function withCopies(
  first: DeadLetter,
  copies: readonly number[],
  index: FolderIndex,
): Promise<DeadLetter | undefined> {
  let merged = first
  for (const entry of copies) {
    const copy = await index.readEntry(entry)
    if (copy?.kind !== 'dead-letter') return undefined
    merged = mergeDeadLetters(merged, copy.deadLetter)
  }
  return merged
}

type FormattedEntry = readonly [SegmentFormat, Note | DeadLetter]

/** Creates one note per format of the segments that contain the dead letter. */
function notesOf({ deadLetter, handle }: OpenDeadLetter<Handle>, location: string): [SegmentFormat, Note][] {
  return (['seg2', 'seg'] as const).flatMap(format => {
    const of = handle.filter(each => formatOf(fileOf(each)) === format)
    return of.length === 0 ? [] : [[format, { closed: deadLetter.deadLetterId, of, location }]]
  })
}

function fileOf(location: string): string {
  return location.slice('disk:'.length, location.lastIndexOf('#'))
}
