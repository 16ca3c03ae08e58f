// The two formats of a segment file, and its writer. A segment is a list of entries, each a header and JSON.
//
// `.seg2`: the magic bytes FF FE "KPDL", uint32 length, CRC-32C of the JSON, CRC-32C of the header before it. FF never
// occurs in UTF-8, so after damage the next entry is found by its magic. `.seg` (0.1): uint32 length, CRC-32C of the
// JSON. Only notes about entries of such files are still written in it. Version 0.1 removes a `.seg` whose dead letters
// it does not understand, but ignores a `.seg2`.
import { randomBytes } from 'node:crypto'
import { type FileHandle, open, rename, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { crc32c } from '../../wire-format/crc32c.ts'
import { makeFolder } from '../make-folder.ts'

export type SegmentFormat = 'seg' | 'seg2'

export const MAGIC = Buffer.from([0xff, 0xfe, 0x4b, 0x50, 0x44, 0x4c])
export const HEADER_BYTES: Readonly<Record<SegmentFormat, number>> = { seg: 8, seg2: MAGIC.length + 12 }
/** Longer than the envelope of any record (100 MB at most, as base64). The first byte of a length is below 0x20. */
export const MAX_ENTRY = 256 * 1024 * 1024
/** The byte that fills reserved room behind the entries. It occurs in no entry, and version 0.1 stops reading there. */
export const FILLER = 0xff
const FILLER_CHUNK = 1024 * 1024
const ROOT = 0

export function formatOf(file: string): SegmentFormat | undefined {
  if (file.endsWith('.seg2')) return 'seg2'
  return file.endsWith('.seg') ? 'seg' : undefined
}

/** @returns header and JSON. @throws RangeError if the JSON is longer than MAX_ENTRY */
export function encodeEntry(format: SegmentFormat, entry: unknown): Buffer[] {
  const json = Buffer.from(JSON.stringify(entry))
  if (json.length > MAX_ENTRY) throw new RangeError('The entry is larger than 256 MiB.')
  const header = Buffer.alloc(HEADER_BYTES[format])
  const at = format === 'seg' ? 0 : MAGIC.copy(header)
  header.writeUInt32BE(json.length, at)
  header.writeUInt32BE(crc32c(json), at + 4)
  if (format === 'seg2') header.writeUInt32BE(crc32c(header.subarray(0, at + 8)), at + 8)
  return [header, json]
}

/** Returns the size of an entry including its header, bytes. */
export function entryBytes(format: SegmentFormat, entry: unknown): number {
  return HEADER_BYTES[format] + Buffer.byteLength(JSON.stringify(entry))
}

/** Writes one segment file. Its bytes are fsynced unless `fsync` is false. */
export class SegmentWriter {
  readonly path: string
  readonly #file: FileHandle
  readonly #fsync: boolean
  readonly #format: SegmentFormat
  #end = 0
  /** The end of the reserved room. */
  #reserved = 0

  private constructor(path: string, file: FileHandle, format: SegmentFormat, fsync: boolean) {
    this.path = path
    this.#file = file
    this.#format = format
    this.#fsync = fsync
  }

  /** Creates the folder and the file, readable only by this user. With `fsync` both are on disk when it returns. */
  static async create(path: string, fsync = true): Promise<SegmentWriter> {
    const folder = dirname(path)
    const firstMade = await makeFolder(folder)
    const file = await createFor(folder, path)
    const writer = new SegmentWriter(path, file, formatOf(path) as SegmentFormat, fsync)
    try {
      if (fsync) await syncFolders(folder, firstMade === undefined ? folder : dirname(firstMade))
    } catch (error) {
      await writer.close()
      throw error
    }
    return writer
  }

  /** Whether the next append has room that was reserved for it. */
  get hasReserved(): boolean {
    return this.#reserved > this.#end
  }

  /** Appends entries, one call at a time. @returns their byte offsets once all of them are on disk */
  async append(entries: readonly unknown[]): Promise<number[]> {
    const offsets: number[] = []
    const chunks: Buffer[] = []
    let end = this.#end
    for (const entry of entries) {
      const encoded = encodeEntry(this.#format, entry)
      offsets.push(end)
      chunks.push(...encoded)
      end += bytesOf(encoded)
    }
    await this.#write(chunks, this.#end)
    this.#end = end
    return offsets
  }

  /** Makes sure that the next `bytes` can be appended: writes them as filler, which the entries overwrite. */
  async reserve(bytes: number): Promise<void> {
    const begin = Math.max(this.#reserved, this.#end)
    const missing = this.#end + bytes - begin
    if (missing <= 0) return
    const filler = Buffer.alloc(Math.min(missing, FILLER_CHUNK), FILLER)
    const chunks = Array.from({ length: Math.ceil(missing / FILLER_CHUNK) }, (_, index) =>
      filler.subarray(0, missing - index * FILLER_CHUNK),
    )
    await this.#write(chunks, begin)
    this.#reserved = begin + missing
  }

  /** False if another process has removed or renamed the file: entries appended to it are lost. */
  async isInPlace(): Promise<boolean> {
    return (await stat(this.path).catch(ifMissing)) !== undefined
  }

  /** Truncates reserved room and an incomplete entry. A file without an entry is removed. */
  async close(): Promise<void> {
    try {
      const { size } = await this.#file.stat()
      if (size > this.#end) await this.#file.truncate(this.#end)
    } finally {
      await this.#file.close()
      if (this.#end === 0) await rm(this.path, { force: true })
    }
  }

  async #write(chunks: readonly Buffer[], position: number): Promise<void> {
    const bytes = bytesOf(chunks)
    const { bytesWritten } = await this.#file.writev([...chunks], position)
    if (bytesWritten !== bytes) throw new ShortWriteError(`Short write: ${bytesWritten} of ${bytes} bytes.`)
    if (this.#fsync) await this.#file.datasync()
  }
}

/**
 * Creates a file that belongs to the owner of the folder, and that only the owner can read. If an operator redrives as
 * root, the service must still be able to read the notes, or it would send everything again.
 */
async function createFor(folder: string, path: string): Promise<FileHandle> {
  const file = await open(path, 'wx', 0o600)
  try {
    const { uid, gid } = await stat(folder)
    if (process.getuid?.() === ROOT && uid !== ROOT) await file.chown(uid, gid)
    return file
  } catch (error) {
    await file.close()
    throw error
  }
}

/** The file system wrote only a part, because the disk is full. */
class ShortWriteError extends Error {
  readonly code = 'ENOSPC'
}

/** Writes a file atomically; it is on disk under its name when this returns. */
export async function writeDurably(path: string, bytes: Uint8Array | string): Promise<void> {
  const unfinished = `${path}.${randomBytes(4).toString('hex')}`
  const folder = dirname(path)
  await makeFolder(folder)
  try {
    const file = await createFor(folder, unfinished)
    try {
      await file.writeFile(bytes)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(unfinished, path)
  } catch (error) {
    await rm(unfinished, { force: true })
    throw error
  }
  await syncFolders(folder, dirname(folder))
}

/** For `catch`: returns undefined if the file does not exist, and throws any other error. */
export function ifMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT' && error.code !== 'ENOTDIR') throw error
}

function bytesOf(chunks: readonly Buffer[]): number {
  return chunks.reduce((sum, { length }) => sum + length, 0)
}

/** Fsyncs a folder and its parents, up to `last`, which is one of them. */
async function syncFolders(folder: string, last: string): Promise<void> {
  for (let each = folder; ; each = dirname(each)) {
    const handle = await open(each, 'r')
    try {
      await handle.sync()
    } finally {
      await handle.close()
    }
    if (each === last) return
  }
}
