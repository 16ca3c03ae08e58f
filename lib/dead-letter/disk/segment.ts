// A segment file: entries of uint32 length, uint32 CRC-32C and JSON. A torn entry at the end is never read.
import { randomBytes } from 'node:crypto'
import { type FileHandle, mkdir, open, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import { crc32c } from '../../wire-format/crc32c.ts'

const HEADER = 8
/** Longer than any envelope (a record of 1 MB as base64); a larger length means that the file is damaged. */
const MAX_ENTRY = 64 * 1024 * 1024

export interface SegmentEntry {
  readonly offset: number
  readonly json: unknown
}

export class SegmentWriter {
  readonly path: string
  readonly #file: FileHandle
  readonly #fsync: boolean
  #end = 0

  private constructor(path: string, file: FileHandle, fsync: boolean) {
    this.path = path
    this.#file = file
    this.#fsync = fsync
  }

  /** Creates the folder and the file, readable only by this user. With `fsync` both are on disk when it returns. */
  static async create(path: string, fsync = true): Promise<SegmentWriter> {
    const folder = dirname(path)
    const firstMade = await mkdir(folder, { recursive: true, mode: 0o700 })
    const file = await open(path, 'wx', 0o600)
    if (fsync) {
      await syncFolder(folder)
      if (firstMade !== undefined) await syncFolder(dirname(firstMade))
    }
    return new SegmentWriter(path, file, fsync)
  }

  /** Appends entries, one writer at a time. @returns their byte offsets once all of them are on disk */
  async append(entries: readonly unknown[]): Promise<number[]> {
    const offsets: number[] = []
    const chunks: Buffer[] = []
    let end = this.#end
    for (const entry of entries) {
      const json = Buffer.from(JSON.stringify(entry))
      const header = Buffer.alloc(HEADER)
      header.writeUInt32BE(json.length, 0)
      header.writeUInt32BE(crc32c(json), 4)
      offsets.push(end)
      chunks.push(header, json)
      end += HEADER + json.length
    }
    const { bytesWritten } = await this.#file.writev(chunks, this.#end)
    if (bytesWritten !== end - this.#end) throw new Error(`Short write: ${bytesWritten} of ${end - this.#end} bytes.`)
    if (this.#fsync) await this.#file.datasync()
    this.#end = end
    return offsets
  }

  close(): Promise<void> {
    return this.#file.close()
  }
}

/** Writes a file atomically; it is on disk under its name when this returns. */
export async function writeDurably(path: string, bytes: Uint8Array): Promise<void> {
  const unfinished = `${path}.${randomBytes(4).toString('hex')}`
  const folder = dirname(path)
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const file = await open(unfinished, 'wx', 0o600)
  try {
    await file.writeFile(bytes)
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(unfinished, path)
  await syncFolder(folder)
  await syncFolder(dirname(folder))
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** Reads entries from the beginning until the end or the first torn one. */
export function* readSegment(bytes: Buffer): Generator<SegmentEntry> {
  let offset = 0
  while (offset + HEADER <= bytes.length) {
    const length = bytes.readUInt32BE(offset)
    const end = offset + HEADER + length
    if (length > MAX_ENTRY || end > bytes.length) return
    const json = bytes.subarray(offset + HEADER, end)
    if (crc32c(json) !== bytes.readUInt32BE(offset + 4)) return
    yield { offset, json: JSON.parse(json.toString('utf8')) }
    offset = end
  }
}
