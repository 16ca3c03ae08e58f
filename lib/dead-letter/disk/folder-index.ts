// An index of the dead letters in a folder, in little memory: about 25 bytes per dead letter, whatever its size.
import { hash } from 'node:crypto'
import { join } from 'node:path'
import { DeadLetterError } from '../../errors.ts'
import { isJsonObject, parseJson } from '../../record/json-object.ts'
import { crc32c } from '../../wire-format/crc32c.ts'
import { identityOf } from '../copies.ts'
import type { DeadLetter } from '../dead-letter.ts'
import type { Unreadable } from '../dead-letter-store.ts'
import { parseDeadLetter, type ReadResult } from '../read-dead-letter.ts'
import { VERSION_1_ID } from '../version-1.ts'
import { LostNotes } from './lost-notes.ts'
import { EntryReader, FileSource, readSegment } from './read-segment.ts'
import { formatOf, type SegmentFormat } from './segment.ts'
import { diskError } from './segment-appender.ts'
import { segmentsIn } from './target.ts'

/**
 * Marks entries as completed by location, not by id, so that the same dead letter is open again if it is stored again.
 */
export interface Note {
  readonly closed: string
  /** The locations. */
  readonly of: readonly string[]
  /** Where the record is now, or why the dead letter ended. */
  readonly location: string
}

export interface Segment {
  readonly name: string
  /** The segment's entries lie from `first` to before `end` in the index. */
  readonly first: number
  readonly end: number
  /** The number of bytes that were read. */
  readonly size: number
  readonly mtimeMs: number
  /** Whether it was read to its end without damage. Otherwise it is never removed. */
  readonly isWhole: boolean
  /** The segments whose dead letters its notes complete. */
  readonly notesAbout: ReadonlySet<string>
  readonly noteBytes: number
}

/** An entry that was read again. */
export interface ReadEntry {
  readonly entry: number
  readonly result: ReadResult
}

export interface IndexOptions {
  /** `list`: to read the open dead letters. `tidy`: to find what can be removed. */
  readonly purpose: 'list' | 'tidy'
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

/** The states of an entry, as bits. */
const COMPLETED = 1
const SHARED = 2
const FOLDED = 4

/** Two words of the id; its text is compared only where they are equal. */
const ID_WORDS = 2
const HASH_WORDS = 4

export class FolderIndex {
  readonly segments: Segment[] = []
  readonly lostNotes = new LostNotes()
  readonly #folder: string
  /** For each entry that is not a note: its offset in the segment, its size, and ID_WORDS words of its id. */
  readonly #offsets = offsets()
  readonly #bytes = integers()
  #ids = integers()
  /** The places that notes complete: an index into `#names`, and an offset. */
  readonly #completedNames = integers()
  readonly #completedOffsets = offsets()
  /** The numbers of the names count up from 0. */
  readonly #names = new Map<string, number>()
  #states = new Uint8Array(0)
  /** The next entry with the same record, or -1. Empty if no record has several entries. */
  #next = new Int32Array(0)

  private constructor(folder: string) {
    this.#folder = folder
  }

  /**
   * Reads all segments of a folder.
   * @throws DeadLetterError `not-found` if the folder is missing; `dead-letter` if it can't be read
   */
  static async read(folder: string, options: IndexOptions): Promise<FolderIndex> {
    const index = new FolderIndex(folder)
    for (const name of await namesIn(folder)) {
      if (options.signal?.aborted) break
      await index.#read(name, options)
    }
    index.#applyNotes()
    if (options.purpose === 'list') await index.#fold()
    return index
  }

  isCompleted(entry: number): boolean {
    return ((this.#states[entry] as number) & COMPLETED) !== 0
  }

  /** Whether an entry is open and is the first of its record: a reader yields only these. */
  isGiven(entry: number): boolean {
    return ((this.#states[entry] as number) & (COMPLETED | FOLDED)) === 0
  }

  offsetOf(entry: number): number {
    return this.#offsets.at(entry)
  }

  /** Returns all open entries of the same record, starting with this one. */
  entriesOf(first: number): number[] {
    const entries: number[] = []
    for (let entry = first; entry !== -1; entry = this.#next[entry] ?? -1) entries.push(entry)
    return entries
  }

  locationOf(entry: number): string {
    return `disk:${this.#segmentOf(entry).name}#${this.offsetOf(entry)}`
  }

  /** Reads one entry again, because the index keeps no content. */
  async readEntry(entry: number): Promise<ReadResult | undefined> {
    const { name } = this.#segmentOf(entry)
    for await (const { result } of this.readEntries({ name, first: entry, end: entry + 1 }, () => true)) return result
    return undefined
  }

  /** How many bytes of a segment belong to completed dead letters and to notes. For `tidy`. */
  completedBytesOf({ first, end, noteBytes }: Segment): number {
    let bytes = noteBytes
    for (let entry = first; entry < end; entry++) if (this.isCompleted(entry)) bytes += this.#bytes.at(entry)
    return bytes
  }

  async #read(name: string, { onUnreadable, signal, purpose }: IndexOptions): Promise<void> {
    const path = join(this.#folder, name)
    const format = formatOf(name) as SegmentFormat
    const report = (location: string, reason: string, count = 1) => onUnreadable?.({ location, reason, count })
    const source = await FileSource.open(path).catch((error: NodeJS.ErrnoException) => {
      report(path, `it can't be opened (${error.code ?? error.name})`)
      this.lostNotes.addAll()
      return undefined
    })
    if (source === undefined) return
    const first = this.#offsets.length
    const notesAbout = new Set<string>()
    let noteBytes = 0
    let isWhole = true
    try {
      for await (const item of readSegment(source, format)) {
        if (signal?.aborted) {
          isWhole = false
          break
        }
        const { offset, end } = item
        if (item.kind === 'damage') {
          isWhole = false
          report(`${path} at byte ${offset}`, `${end - offset} bytes are damaged`, item.count)
          await this.lostNotes.addDamage(source, item, format)
          continue
        }
        const note = noteIn(item.json)
        if (note) {
          noteBytes += end - offset
          for (const location of note.of) this.#addCompleted(location, notesAbout)
          continue
        }
        this.#offsets.push(offset)
        if (purpose === 'tidy') this.#bytes.push(end - offset)
        else this.#addId(item.json)
      }
    } catch (error) {
      isWhole = false
      this.lostNotes.addAll()
      report(path, `it can't be read further (${(error as NodeJS.ErrnoException).code ?? (error as Error).name})`)
    } finally {
      await source.close()
    }
    const { length: end } = this.#offsets
    this.segments.push({ name, first, end, size: source.size, mtimeMs: source.mtimeMs, isWhole, notesAbout, noteBytes })
  }

  #addId(json: Buffer): void {
    const id = idIn(json)
    // An entry without an id is not a dead letter and equals no other entry.
    this.#ids.push(id ? crc32c(id) : this.#offsets.length)
    this.#ids.push(id ? id.readUInt32LE(0) ^ id.readUInt32LE(ID_LENGTH - 4) : 0)
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
    this.#states = new Uint8Array(this.#offsets.length)
    const byName = new Map(this.segments.map(segment => [segment.name, segment]))
    const segments = [...this.#names.keys()].map(name => byName.get(name))
    for (let at = 0; at < this.#completedNames.length; at++) {
      const segment = segments[this.#completedNames.at(at)]
      const entry = segment && this.#find(segment, this.#completedOffsets.at(at))
      if (entry !== undefined) this.#states[entry] = COMPLETED
    }
  }

  /** Links the open dead letters whose whole records are equal, so that a reader yields them once. */
  async #fold(): Promise<void> {
    const shared = this.#markShared()
    // Frees most of the index's memory: the ids are not needed any more.
    this.#ids = integers()
    if (shared === 0) return
    this.#next = new Int32Array(this.#offsets.length).fill(-1)
    const hashes = new Uint32Array(shared * HASH_WORDS)
    const entries = new Uint32Array(shared)
    const table = new HashTable(shared, (a, b) => isSame(hashes, a, b, HASH_WORDS))
    let count = 0
    for await (const { entry, result } of this.#sharedDeadLetters()) {
      if (result.kind !== 'dead-letter') continue
      const current = count++
      hashes.set(hashOf(result.deadLetter), current * HASH_WORDS)
      entries[current] = entry
      const slot = table.slotOf(current, hashes[current * HASH_WORDS] as number)
      const other = table.at(slot)
      if (other === -1) table.set(slot, current)
      else {
        // The first entry of a record heads the chain; each further one is inserted right after it.
        const firstEntry = entries[other] as number
        this.#states[entry] = (this.#states[entry] as number) | FOLDED
        this.#next[entry] = this.#next[firstEntry] as number
        this.#next[firstEntry] = entry
      }
    }
  }

  /** Marks the open entries that share their id with another one. @returns how many there are */
  #markShared(): number {
    const count = this.#offsets.length
    const ids = this.#ids
    const table = new HashTable(count, (a, b) => {
      for (let word = 0; word < ID_WORDS; word++)
        if (ids.at(a * ID_WORDS + word) !== ids.at(b * ID_WORDS + word)) return false
      return true
    })
    let shared = 0
    const mark = (entry: number) => {
      if (((this.#states[entry] as number) & SHARED) === 0) shared++
      this.#states[entry] = (this.#states[entry] as number) | SHARED
    }
    for (let entry = 0; entry < count; entry++) {
      if (this.isCompleted(entry)) continue
      const slot = table.slotOf(entry, ids.at(entry * ID_WORDS))
      if (table.at(slot) === -1) table.set(slot, entry)
      else {
        mark(table.at(slot))
        mark(entry)
      }
    }
    return shared
  }

  async *#sharedDeadLetters(): AsyncGenerator<ReadEntry> {
    const isShared = (entry: number) => ((this.#states[entry] as number) & SHARED) !== 0
    for (const segment of this.segments) yield* this.readEntries(segment, isShared)
  }

  /** Reads the requested entries of a segment. A segment that was removed meanwhile yields none. */
  async *readEntries(
    { name, first, end }: Pick<Segment, 'name' | 'first' | 'end'>,
    isRead: (entry: number) => boolean,
  ): AsyncGenerator<ReadEntry> {
    let source: FileSource | undefined
    let reader: EntryReader | undefined
    try {
      for (let entry = first; entry < end; entry++) {
        if (!isRead(entry)) continue
        source ??= await FileSource.open(join(this.#folder, name))
        if (source === undefined) return
        reader ??= new EntryReader(source, formatOf(name) as SegmentFormat)
        const text = await reader.at(this.offsetOf(entry))
        const result: ReadResult =
          text === undefined ? { kind: 'unreadable', reason: 'it changed while it was read' } : parseDeadLetter(text)
        yield { entry, result }
      }
    } finally {
      await source?.close()
    }
  }

  /** Finds the entry of a segment at an offset by binary search: the offsets of a segment ascend. */
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

/** A hash table of numbers. The caller keeps the keys and compares them. */
class HashTable {
  readonly #slots: Int32Array
  readonly #isSame: (a: number, b: number) => boolean

  constructor(capacity: number, isEqual: (a: number, b: number) => boolean) {
    this.#slots = new Int32Array(2 ** Math.ceil(Math.log2(capacity * 1.5 + 2))).fill(-1)
    this.#isSame = isEqual
  }

  /** Returns the slot of an equal number, or the free slot for this one. */
  slotOf(number: number, hashed: number): number {
    const mask = this.#slots.length - 1
    for (let slot = hashed & mask; ; slot = (slot + 1) & mask) {
      const other = this.#slots[slot] as number
      if (other === -1 || this.#isSame(other, number)) return slot
    }
  }

  at(slot: number): number {
    return this.#slots[slot] as number
  }

  set(slot: number, number: number): void {
    this.#slots[slot] = number
  }
}

function isSame(words: Uint32Array, a: number, b: number, count: number): boolean {
  for (let word = 0; word < count; word++) if (words[a * count + word] !== words[b * count + word]) return false
  return true
}

const ID_LENGTH = 22
/** The text before the id in envelopes of version 2 and version 1, nearly always within the first bytes. */
const ID_NAMES = ['"deadLetterId":"', VERSION_1_ID].map(name => Buffer.from(name))
const ID_WITHIN = 64
const NOTE_BEGIN = Buffer.from('{"closed":')

/** Returns the bytes of the id, if possible without parsing the rest. */
function idIn(json: Buffer): Buffer | undefined {
  const begin = json.subarray(0, ID_WITHIN)
  for (const name of ID_NAMES) {
    const at = begin.indexOf(name)
    if (at < 0) continue
    const id = json.subarray(at + name.length, at + name.length + ID_LENGTH)
    if (id.length === ID_LENGTH) return id
  }
  const result = parseDeadLetter(json.toString())
  return result.kind === 'dead-letter' ? Buffer.from(result.deadLetter.deadLetterId) : undefined
}

function noteIn(json: Buffer): Note | undefined {
  if (!json.subarray(0, NOTE_BEGIN.length).equals(NOTE_BEGIN)) return undefined
  const parsed = parseJson(json.toString())
  return isNote(parsed) ? parsed : undefined
}

function hashOf(deadLetter: DeadLetter): Uint32Array {
  const digest = hash('sha256', identityOf(deadLetter), 'buffer')
  return Uint32Array.from({ length: HASH_WORDS }, (_, word) => digest.readUInt32LE(word * 4))
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
