// What lies in a folder, in little memory: about 50 bytes per dead letter, whatever its size.
import { hash } from 'node:crypto'
import { join } from 'node:path'
import { DeadLetterError } from '../../errors.ts'
import { isJsonObject, parseJson } from '../../record/json-object.ts'
import type { DeadLetter } from '../dead-letter.ts'
import type { Unreadable } from '../dead-letter-store.ts'
import { checkDeadLetter } from '../read-dead-letter.ts'
import { FileSource, readSegment } from './read-segment.ts'
import { formatOf } from './segment.ts'
import { diskError } from './segment-appender.ts'
import { segmentsIn } from './target.ts'

/** Marks entries as completed by their locations, so that the same dead letter stored again later is open again. */
export interface Note {
  readonly closed: string
  /** The locations. */
  readonly of: readonly string[]
  /** Where its record is, or why it ended. */
  readonly location: string
}

export interface Segment {
  readonly name: string
  /** Its dead letters are those from `first` to before `end` of the index. */
  readonly first: number
  readonly end: number
  /** The bytes that were read. */
  readonly size: number
  readonly mtimeMs: number
  /** Whether it was read to its end, and everything in it. Otherwise it is never removed. */
  readonly isWhole: boolean
  /** The segments whose dead letters its notes complete. */
  readonly notesAbout: ReadonlySet<string>
  readonly noteBytes: number
}

export interface IndexOptions {
  readonly onUnreadable?: ((unreadable: Unreadable) => void) | undefined
  readonly signal?: AbortSignal | undefined
}

type Chunk = Float64Array | Uint32Array
const CHUNK_BITS = 16
const CHUNK = 2 ** CHUNK_BITS

/** A list of numbers without an object per number, and without copies as it grows. */
class NumberList {
  readonly #chunks: Chunk[] = []
  readonly #create: () => Chunk
  length = 0

  constructor(create: () => Chunk) {
    this.#create = create
  }

  push(value: number): void {
    if (this.length >>> CHUNK_BITS === this.#chunks.length) this.#chunks.push(this.#create())
    const chunk = this.#chunks[this.length >>> CHUNK_BITS] as Chunk
    chunk[this.length++ & (CHUNK - 1)] = value
  }

  at(index: number): number {
    return (this.#chunks[index >>> CHUNK_BITS] as Chunk)[index & (CHUNK - 1)] as number
  }
}

const integers = () => new NumberList(() => new Uint32Array(CHUNK))
const offsets = () => new NumberList(() => new Float64Array(CHUNK))

const HASH_WORDS = 4

export class FolderIndex {
  readonly segments: Segment[] = []
  /** Of each dead letter: the offset in its segment, its bytes, its rank among those of the same record. */
  readonly #offsets = offsets()
  readonly #bytes = integers()
  readonly #ranks = integers()
  /** HASH_WORDS per dead letter. */
  readonly #hashes = integers()
  /** What the notes complete: the number of a name in `#names`, and an offset. */
  readonly #completedNames = integers()
  readonly #completedOffsets = offsets()
  readonly #names = new Map<string, number>()
  #isCompleted = new Uint8Array(0)
  /** The next dead letter with the same record, or -1; and whether this one stands for them all. */
  #next = new Int32Array(0)
  #isFirst = new Uint8Array(0)

  /**
   * Reads all segments of a folder.
   * @throws DeadLetterError `not-found` without the folder; `dead-letter` when it can't be read
   */
  static async read(folder: string, options: IndexOptions = {}): Promise<FolderIndex> {
    const index = new FolderIndex()
    for (const name of await namesIn(folder)) {
      if (options.signal?.aborted) break
      await index.#read(folder, name, options)
    }
    index.#applyNotes()
    return index
  }

  isCompleted(entry: number): boolean {
    return this.#isCompleted[entry] === 1
  }

  offsetOf(entry: number): number {
    return this.#offsets.at(entry)
  }

  /** How many bytes of a segment belong to completed dead letters and to notes. */
  completedBytesOf({ first, end, noteBytes }: Segment): number {
    let bytes = noteBytes
    for (let entry = first; entry < end; entry++) if (this.isCompleted(entry)) bytes += this.#bytes.at(entry)
    return bytes
  }

  /** Folds the open dead letters whose whole record is equal: one of them stands for all. */
  fold(): void {
    const count = this.#offsets.length
    this.#next = new Int32Array(count).fill(-1)
    this.#isFirst = new Uint8Array(count)
    const table = new Int32Array(2 ** Math.ceil(Math.log2(count * 2 + 2))).fill(-1)
    const mask = table.length - 1
    for (let entry = 0; entry < count; entry++) {
      if (this.isCompleted(entry)) continue
      let slot = this.#hashes.at(entry * HASH_WORDS) & mask
      let first = table[slot] as number
      while (first !== -1 && !this.#isSame(first, entry)) {
        slot = (slot + 1) & mask
        first = table[slot] as number
      }
      if (first !== -1 && this.#ranks.at(first) >= this.#ranks.at(entry)) {
        this.#next[entry] = this.#next[first] as number
        this.#next[first] = entry
        continue
      }
      if (first !== -1) this.#isFirst[first] = 0
      this.#next[entry] = first
      this.#isFirst[entry] = 1
      table[slot] = entry
    }
  }

  /** After `fold`: whether this dead letter is to be given. */
  isFirst(entry: number): boolean {
    return this.#isFirst[entry] === 1
  }

  /** After `fold`: the locations of all dead letters that a first one stands for. */
  locationsOf(first: number): string[] {
    const locations: string[] = []
    for (let entry = first; entry !== -1; entry = this.#next[entry] as number)
      locations.push(`disk:${this.#segmentOf(entry).name}#${this.offsetOf(entry)}`)
    return locations
  }

  async #read(folder: string, name: string, { onUnreadable, signal }: IndexOptions): Promise<void> {
    const path = join(folder, name)
    const report = (place: string, reason: string, count = 1) => onUnreadable?.({ location: place, reason, count })
    const source = await FileSource.open(path).catch((error: NodeJS.ErrnoException) => {
      report(path, `it can't be opened (${error.code ?? error.name})`)
      return undefined
    })
    if (source === undefined) return
    const first = this.#offsets.length
    const notesAbout = new Set<string>()
    let noteBytes = 0
    let isWhole = true
    const unreadable = (offset: number, reason: string, count = 1) => {
      isWhole = false
      report(`${path} at byte ${offset}`, reason, count)
    }
    try {
      for await (const item of readSegment(source, formatOf(name) ?? 'seg2')) {
        if (signal?.aborted) {
          isWhole = false
          break
        }
        const { offset, end } = item
        if (item.kind === 'damage') {
          unreadable(offset, `${end - offset} bytes are damaged`, item.count)
          continue
        }
        const json = parseJson(item.json)
        const result = checkDeadLetter(json)
        if (result.kind === 'dead-letter') this.#add(result.deadLetter, offset, end - offset)
        else if (result.kind === 'unreadable') unreadable(offset, result.reason)
        else if (isNote(json)) {
          noteBytes += end - offset
          for (const location of json.of) this.#addCompleted(location, notesAbout)
        } else unreadable(offset, 'it is not a dead letter')
      }
    } catch (error) {
      isWhole = false
      report(path, `it can't be read further (${(error as NodeJS.ErrnoException).code ?? (error as Error).name})`)
    } finally {
      await source.close()
    }
    const { length: end } = this.#offsets
    this.segments.push({ name, first, end, size: source.size, mtimeMs: source.mtimeMs, isWhole, notesAbout, noteBytes })
  }

  #add(deadLetter: DeadLetter, offset: number, bytes: number): void {
    const digest = hash('sha256', recordText(deadLetter), 'buffer')
    for (let word = 0; word < HASH_WORDS; word++) this.#hashes.push(digest.readUInt32LE(word * 4))
    this.#offsets.push(offset)
    this.#bytes.push(bytes)
    this.#ranks.push(rankOf(deadLetter))
  }

  #addCompleted(location: unknown, notesAbout: Set<string>): void {
    const match = typeof location === 'string' ? /^disk:([^/]+)#(\d{1,15})$/.exec(location) : null
    if (!match) return
    const [, name = '', offset] = match
    const number = this.#names.get(name) ?? this.#names.size
    this.#names.set(name, number)
    notesAbout.add(name)
    this.#completedNames.push(number)
    this.#completedOffsets.push(Number(offset))
  }

  #applyNotes(): void {
    this.#isCompleted = new Uint8Array(this.#offsets.length)
    const segments = new Array<Segment | undefined>(this.#names.size)
    for (const segment of this.segments) {
      const number = this.#names.get(segment.name)
      if (number !== undefined) segments[number] = segment
    }
    for (let at = 0; at < this.#completedNames.length; at++) {
      const segment = segments[this.#completedNames.at(at)]
      const entry = segment && this.#find(segment, this.#completedOffsets.at(at))
      if (entry !== undefined) this.#isCompleted[entry] = 1
    }
  }

  /** The dead letter of a segment at an offset; the offsets of a segment ascend. */
  #find({ first, end }: Segment, offset: number): number | undefined {
    let low = first
    let high = end
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.offsetOf(middle) < offset) low = middle + 1
      else high = middle
    }
    return low < end && this.offsetOf(low) === offset ? low : undefined
  }

  #isSame(a: number, b: number): boolean {
    for (let word = 0; word < HASH_WORDS; word++)
      if (this.#hashes.at(a * HASH_WORDS + word) !== this.#hashes.at(b * HASH_WORDS + word)) return false
    return true
  }

  #segmentOf(entry: number): Segment {
    let low = 0
    let high = this.segments.length - 1
    while (low < high) {
      const middle = (low + high) >>> 1
      if (entry < (this.segments[middle] as Segment).end) high = middle
      else low = middle + 1
    }
    return this.segments[low] as Segment
  }
}

/**
 * Equal for dead letters of the same record. A partition that the partitioner chose is not part of the record: it
 * chooses again.
 */
function recordText({ deadLetterId, recordId, record, claimCheck }: DeadLetter): string {
  const { topic, partition, partitionFixedBy, timestamp, key, value, headers } = record
  const fixed = partitionFixedBy === 'source' ? partition : null
  const pairs = headers.map(header => [header.name, header.value])
  const claim = claimCheck && [claimCheck.target, claimCheck.sha256, claimCheck.bytes]
  return JSON.stringify([deadLetterId, recordId, topic, fixed, timestamp, key, value, pairs, claim])
}

/** The order of files proves nothing: what may be in the log goes first, then what was tried most. */
function rankOf({ inDoubt, redrive }: DeadLetter): number {
  return (inDoubt === null ? 0 : 2 ** 31) + redrive.count
}

function isNote(json: unknown): json is Note {
  return isJsonObject(json) && typeof json.closed === 'string' && Array.isArray(json.of)
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await segmentsIn(folder)
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') throw noFolder(folder)
    throw diskError('The folder of the dead letters can’t be read', cause)
  }
}

export function noFolder(folder: string): DeadLetterError {
  return new DeadLetterError('not-found', `There is no folder ${folder}: no dead letter was stored there.`)
}
