// Reads a segment in chunks. Damage costs only the entry that it is in: reading continues at the next one.
import { constants } from 'node:fs'
import { type FileHandle, lstat, open } from 'node:fs/promises'
import { sleep, systemClock } from '../../time/clock.ts'
import { crc32c } from '../../wire-format/crc32c.ts'
import { FILLER, HEADER_BYTES, ifMissing, MAGIC, MAX_ENTRY, type SegmentFormat } from './segment.ts'

export type SegmentItem =
  | {
      readonly kind: 'entry'
      readonly offset: number
      readonly end: number
      /** Valid until the next item is read. */
      readonly json: Buffer
    }
  /** Bytes in which no entry can be read. `count`: the estimated number of lost entries, at least one. */
  | { readonly kind: 'damage'; readonly offset: number; readonly end: number; readonly count: number }

export interface SegmentSource {
  readonly size: number
  /** @returns the number of bytes read; 0 at the end */
  read(buffer: Buffer, offset: number, length: number, position: number): Promise<number>
  /** Waits for a writer that may be in the middle of an append. @returns whether to read again */
  settle?(): Promise<boolean>
}

const CHUNK = 256 * 1024
/** How many bytes of candidate entries a search in a `.seg` may check, in addition to the size of the file. */
const SEARCH_BYTES = 64 * 1024 * 1024
const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d
/** Stored JSON contains no byte below this one, but the first byte of a length is always below it. */
const FIRST_PRINTABLE = 0x20

export async function* readSegment(source: SegmentSource, format: SegmentFormat): AsyncGenerator<SegmentItem> {
  const scanner = new Scanner(source, format)
  for (;;) {
    const item = await scanner.next()
    if (item === undefined) return
    yield item
  }
}

/** Reads entries at offsets from the index. */
export class EntryReader {
  readonly #scanner: Scanner

  constructor(source: SegmentSource, format: SegmentFormat) {
    this.#scanner = new Scanner(source, format)
  }

  /** @returns the JSON of the entry; undefined if none can be read there */
  async at(offset: number): Promise<string | undefined> {
    return (await this.#scanner.entryAt(offset))?.json.toString()
  }
}

export class BufferSource implements SegmentSource {
  readonly #bytes: Buffer

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  get size(): number {
    return this.#bytes.length
  }

  async read(buffer: Buffer, offset: number, length: number, position: number): Promise<number> {
    return this.#bytes.copy(buffer, offset, position, position + length)
  }
}

/** How long to wait for a writer, ms; an append takes far less. */
const SETTLE_MS = 100
const RECENT_MS = 10_000
const MAX_SETTLES = 3

export class FileSource implements SegmentSource {
  readonly #file: FileHandle
  #settles = 0
  size: number
  /** The modification time when it was opened. */
  readonly mtimeMs: number

  private constructor(file: FileHandle, { size, mtimeMs }: { readonly size: number; readonly mtimeMs: number }) {
    this.#file = file
    this.size = size
    this.mtimeMs = mtimeMs
  }

  /**
   * @returns undefined if the file no longer exists
   * @throws Error with a `code` if it can't be read, e.g. `ENOENT` for a broken link or `EISDIR`
   */
  static async open(path: string): Promise<FileSource | undefined> {
    // Without O_NONBLOCK, opening a named pipe would wait for a writer forever.
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch(async error => {
      const isThere = error.code !== 'ENOENT' || (await lstat(path).catch(ifMissing)) !== undefined
      if (isThere) throw error
      return undefined
    })
    if (file === undefined) return undefined
    const status = await file.stat()
    if (status.isFile()) return new FileSource(file, status)
    await file.close()
    throw Object.assign(new Error('Not a file.'), { code: status.isDirectory() ? 'EISDIR' : 'ENOTSUP' })
  }

  async read(buffer: Buffer, offset: number, length: number, position: number): Promise<number> {
    return (await this.#file.read(buffer, offset, length, position)).bytesRead
  }

  async settle(): Promise<boolean> {
    const { mtimeMs } = await this.#file.stat()
    if (this.#settles === MAX_SETTLES || Math.abs(Date.now() - mtimeMs) > RECENT_MS) return false
    this.#settles++
    await sleep(systemClock, SETTLE_MS)
    this.size = (await this.#file.stat()).size
    return true
  }

  close(): Promise<void> {
    return this.#file.close()
  }
}

/** A sliding window over a source. */
class ByteWindow {
  readonly #source: SegmentSource
  #buffer = Buffer.allocUnsafe(CHUNK)
  #begin = 0
  #end = 0
  /** The position in the source of the window's first byte. */
  position = 0

  constructor(source: SegmentSource) {
    this.#source = source
  }

  /** Returns up to `count` bytes from the position, fewer only at the end. Valid until the next call. */
  async peek(count: number): Promise<Buffer> {
    return (await this.peekBuffered(count)).subarray(0, count)
  }

  /**
   * Returns what is buffered from the position: at least `count` bytes, fewer only at the end. A search that moves by a
   * few bytes does not fill the window each time.
   */
  async peekBuffered(count: number): Promise<Buffer> {
    if (this.#end - this.#begin < count) await this.#fill(count)
    return this.#buffer.subarray(this.#begin, this.#end)
  }

  /** Returns the byte at a position, if it is buffered. */
  byteAt(position: number): number | undefined {
    const index = position - this.position
    return index >= 0 && index < this.#end - this.#begin ? this.#buffer[this.#begin + index] : undefined
  }

  moveTo(position: number): void {
    const begin = this.#begin + (position - this.position)
    if (begin < this.#begin || begin > this.#end) this.forget()
    else this.#begin = begin
    this.position = position
  }

  /** Drops the buffered bytes, because a writer may have changed them since. */
  forget(): void {
    this.#begin = 0
    this.#end = 0
  }

  async #fill(count: number): Promise<void> {
    const capacity = Math.max(count, CHUNK)
    const kept = this.#end - this.#begin
    const isTooLarge = this.#buffer.length > CHUNK && capacity === CHUNK && kept <= CHUNK
    if (capacity > this.#buffer.length || isTooLarge) {
      const larger = Buffer.allocUnsafe(capacity)
      this.#buffer.copy(larger, 0, this.#begin, this.#end)
      this.#buffer = larger
    } else this.#buffer.copy(this.#buffer, 0, this.#begin, this.#end)
    this.#begin = 0
    this.#end = kept
    while (this.#end < count) {
      const from = this.position + this.#end
      const room = Math.min(this.#buffer.length - this.#end, this.#source.size - from)
      const bytesRead = room > 0 ? await this.#source.read(this.#buffer, this.#end, room, from) : 0
      if (bytesRead === 0) return
      this.#end += bytesRead
    }
  }
}

type Entry = Extract<SegmentItem, { kind: 'entry' }>

class Scanner {
  readonly #source: SegmentSource
  readonly #format: SegmentFormat
  readonly #window: ByteWindow
  /** Where the next item begins. */
  #next = 0
  #searched = 0

  constructor(source: SegmentSource, format: SegmentFormat) {
    this.#source = source
    this.#format = format
    this.#window = new ByteWindow(source)
  }

  async next(): Promise<SegmentItem | undefined> {
    const offset = this.#next
    for (;;) {
      const entry = await this.entryAt(offset)
      if (entry) {
        this.#next = entry.end
        return entry
      }
      if (await this.#isEmptyFrom(offset)) return undefined
      if (!(await this.#source.settle?.())) break
      this.#window.forget()
    }
    const damage = await this.#damageFrom(offset)
    this.#next = damage.end
    return damage
  }

  async entryAt(offset: number): Promise<Entry | undefined> {
    this.#window.moveTo(offset)
    const json = this.#format === 'seg' ? await this.#entryOfVersion1() : await this.#entryOfVersion2()
    if (json === undefined) return undefined
    const end = offset + HEADER_BYTES[this.#format] + json.length
    return { kind: 'entry', offset, end, json }
  }

  async #entryOfVersion2(): Promise<Buffer | undefined> {
    const headerBytes = HEADER_BYTES.seg2
    const header = await this.#window.peek(headerBytes)
    if (header.length < headerBytes || !header.subarray(0, MAGIC.length).equals(MAGIC)) return undefined
    const checked = header.subarray(0, headerBytes - 4)
    if (crc32c(checked) !== header.readUInt32BE(headerBytes - 4)) return undefined
    const length = header.readUInt32BE(MAGIC.length)
    const checksum = header.readUInt32BE(MAGIC.length + 4)
    if (length > MAX_ENTRY || length < 2) return undefined
    return this.#json(headerBytes, length, checksum)
  }

  async #entryOfVersion1(): Promise<Buffer | undefined> {
    const headerBytes = HEADER_BYTES.seg
    const header = await this.#window.peek(headerBytes)
    if (header.length < headerBytes) return undefined
    const length = header.readUInt32BE(0)
    if (length > MAX_ENTRY || length < 2) return undefined
    const checksum = header.readUInt32BE(4)
    // The header of a `.seg` has no checksum, so a wrong length must not load half of the file.
    if (length > CHUNK && !(await this.#endsWithBrace(this.#window.position + headerBytes + length))) return undefined
    return this.#json(headerBytes, length, checksum)
  }

  async #json(headerBytes: number, length: number, checksum: number): Promise<Buffer | undefined> {
    if (this.#window.position + headerBytes + length > this.#source.size) return undefined
    const json = (await this.#window.peek(headerBytes + length)).subarray(headerBytes)
    // No entry contains the magic. Searching for it first keeps the time linear even if fake headers are nested.
    if (json.length !== length || json.includes(MAGIC)) return undefined
    return crc32c(json) === checksum ? json : undefined
  }

  /** Whether only zeros or filler follow: a crash leaves such an end without losing an entry. */
  async #isEmptyFrom(offset: number): Promise<boolean> {
    this.#window.moveTo(offset)
    for (;;) {
      const bytes = await this.#window.peek(CHUNK)
      if (bytes.length === 0) return true
      if (bytes.some(byte => byte !== 0 && byte !== FILLER)) return false
      this.#window.moveTo(this.#window.position + bytes.length)
    }
  }

  async #damageFrom(offset: number): Promise<SegmentItem> {
    let count = 0
    let at = offset
    for (;;) {
      const isHeader = this.#format === 'seg2' && (await this.#hasMagicAt(at))
      if (isHeader) count++
      const next = this.#format === 'seg' ? await this.#nextLength(at + 1) : await this.#nextMagic(at + 1)
      if (next === undefined) break
      if (await this.entryAt(next)) return { kind: 'damage', offset, end: next, count: Math.max(1, count) }
      at = next
    }
    return { kind: 'damage', offset, end: this.#source.size, count: Math.max(1, count) }
  }

  async #hasMagicAt(offset: number): Promise<boolean> {
    this.#window.moveTo(offset)
    return (await this.#window.peek(MAGIC.length)).equals(MAGIC)
  }

  async #nextMagic(from: number): Promise<number | undefined> {
    for (let at = from; ; ) {
      this.#window.moveTo(at)
      const bytes = await this.#window.peekBuffered(MAGIC.length)
      const index = bytes.indexOf(MAGIC)
      if (index >= 0) return at + index
      if (bytes.length < MAGIC.length) return undefined
      at += bytes.length - MAGIC.length + 1
    }
  }

  /** Finds the next place at which an entry of a `.seg` may begin: a length, a checksum, and JSON of that length. */
  async #nextLength(from: number): Promise<number | undefined> {
    const headerBytes = HEADER_BYTES.seg
    for (let at = from; ; ) {
      this.#window.moveTo(at)
      const bytes = await this.#window.peekBuffered(headerBytes + 1)
      let index = 0
      while (index + headerBytes < bytes.length && !isCandidate(bytes, index)) index++
      if (index + headerBytes < bytes.length) {
        if (await this.#isWorthChecking(at + index, bytes.readUInt32BE(index))) return at + index
        if (this.#searched > SEARCH_BYTES + this.#source.size) return undefined
        at += index + 1
      } else if (bytes.length <= headerBytes) return undefined
      else at += bytes.length - headerBytes
    }
  }

  async #isWorthChecking(offset: number, length: number): Promise<boolean> {
    if (length > MAX_ENTRY || length < 2) return false
    if (!(await this.#endsWithBrace(offset + HEADER_BYTES.seg + length))) return false
    this.#searched += length
    return this.#searched <= SEARCH_BYTES + this.#source.size
  }

  async #endsWithBrace(end: number): Promise<boolean> {
    if (end > this.#source.size) return false
    const buffered = this.#window.byteAt(end - 1)
    if (buffered !== undefined) return buffered === CLOSE_BRACE
    const byte = Buffer.alloc(1)
    await this.#source.read(byte, 0, 1, end - 1)
    return byte[0] === CLOSE_BRACE
  }
}

function isCandidate(bytes: Buffer, index: number): boolean {
  return (bytes[index] as number) < FIRST_PRINTABLE && bytes[index + HEADER_BYTES.seg] === OPEN_BRACE
}
