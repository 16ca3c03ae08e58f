// The open letters of a folder of segments. Nothing is rewritten: what is settled is noted by entries that name the others.
import { randomUUID } from 'node:crypto'
import { link, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DiskDeadLetter, segmentsOf } from '../dead-letter/disk-dead-letter.ts'
import type { DeadLetter } from '../dead-letter/envelope.ts'
import { isLetter } from '../dead-letter/read-letter.ts'
import { readSegment } from '../dead-letter/segment.ts'
import { DeadLetterError } from '../errors.ts'
import { isJsonObject } from '../record/json-object.ts'
import { LEASE_MS, type Lease, type LetterStore, type OpenLetter, type Settled } from './letter-store.ts'

/** Says that entries are settled, by their receipts: the same letter stored again later is open again. */
interface ClosedEntry {
  readonly closed: string
  readonly of: readonly string[]
  readonly receipt: string
}

interface Segment {
  readonly name: string
  readonly letters: ReadonlyMap<string, DeadLetter>
  readonly closes: readonly string[]
}

/** A segment's writer has left it long ago by then. */
const TIDY_AFTER_MS = 24 * 3600 * 1000

export class DiskLetters implements LetterStore {
  readonly #folder: string
  readonly #writer: DiskDeadLetter

  constructor(folder: string) {
    this.#folder = folder
    this.#writer = new DiskDeadLetter(folder)
  }

  async *letters(): AsyncGenerator<OpenLetter> {
    yield* this.#open(await this.#segments())
  }

  async settle(settled: readonly Settled[]): Promise<void> {
    if (settled.length === 0) return
    await this.#writer.append(settled.map(({ open, receipt }): ClosedEntry => ({ closed: open.letter.letterId, of: receiptsOf(open), receipt })))
  }

  async replace(open: OpenLetter, letter: DeadLetter): Promise<void> {
    // One append, in this order: cut in between, the old version is open beside the new one, and they fold.
    await this.#writer.append([letter, { closed: open.letter.letterId, of: receiptsOf(open), receipt: 'replaced' } satisfies ClosedEntry])
  }

  async lease(): Promise<Lease> {
    const path = join(this.#folder, 'redrive.lock')
    const holder = randomUUID()
    try {
      await writeFile(path, holder, { flag: 'wx', mode: 0o600 })
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      // No folder, no letters.
      if (code === 'ENOENT') return { renew: async () => {}, release: async () => {} }
      if (code !== 'EEXIST') throw error
      await takeOver(path, holder)
    }
    const renew = async () => {
      if ((await readFile(path, 'utf8').catch(() => '')) !== holder) throw running()
      await utimes(path, new Date(), new Date())
    }
    return { renew, release: () => renew().then(() => rm(path, { force: true })) }
  }

  async close(): Promise<void> {
    await this.#writer.close()
    await this.#tidy()
  }

  async #segments(): Promise<Segment[]> {
    const names = await segmentsOf(this.#folder)
    return Promise.all(names.map(async name => toSegment(name, await readFile(join(this.#folder, name)))))
  }

  #open(segments: readonly Segment[]): OpenLetter[] {
    const closed = new Set(segments.flatMap(({ closes }) => closes))
    const open = new Map<string, { letter: DeadLetter; receipts: string[] }>()
    for (const { letters } of segments) {
      for (const [receipt, letter] of letters) {
        if (closed.has(receipt)) continue
        const known = open.get(letter.letterId)
        // Writers differ in age, so files have no order: the version that was tried most is the newest.
        const newest = known && known.letter.redrive.count > letter.redrive.count ? known.letter : letter
        open.set(letter.letterId, { letter: newest, receipts: [...(known?.receipts ?? []), receipt] })
      }
    }
    return [...open.values()].map(({ letter, receipts }) => ({ letter, receipt: receipts[0] as string, handle: receipts }))
  }

  /** Removes segments that nobody writes to any more, whose letters are settled, and on which no open letter's state depends. */
  async #tidy(): Promise<void> {
    const segments = await this.#segments()
    const closed = new Set(segments.flatMap(({ closes }) => closes))
    const isOld = await Promise.all(segments.map(async ({ name }) => Date.now() - (await stat(join(this.#folder, name))).mtimeMs > TIDY_AFTER_MS))
    let done = segments.filter(({ letters }, index) => isOld[index] && [...letters.keys()].every(receipt => closed.has(receipt)))
    const staying = (name: string) => segments.some(segment => segment.name === name) && !done.some(segment => segment.name === name)
    for (let before = -1; before !== done.length; ) {
      before = done.length
      done = done.filter(({ closes }) => !closes.some(receipt => staying(fileOf(receipt))))
    }
    for (const { name } of done) await rm(join(this.#folder, name), { force: true })
  }
}

/** A lock that nobody renewed is moved away, which only one can do; then it is taken anew. */
async function takeOver(path: string, holder: string): Promise<void> {
  if (Date.now() - (await stat(path)).mtimeMs < LEASE_MS) throw running()
  const away = `${path}.${holder}`
  await rename(path, away).catch(() => {
    throw running()
  })
  const wasFresh = Date.now() - (await stat(away)).mtimeMs < LEASE_MS
  if (wasFresh) await link(away, path).catch(() => undefined)
  await rm(away, { force: true })
  if (wasFresh) throw running()
  await writeFile(path, holder, { flag: 'wx', mode: 0o600 }).catch(() => {
    throw running()
  })
}

function running(): DeadLetterError {
  return new DeadLetterError('redrive-running', 'Another redrive of this folder is running, or ended without a word less than a minute ago.', { retriable: true })
}

function toSegment(name: string, bytes: Buffer): Segment {
  const letters = new Map<string, DeadLetter>()
  const closes: string[] = []
  for (const { offset, json } of readSegment(bytes)) {
    if (isLetter(json)) letters.set(`disk:${name}#${offset}`, json)
    else if (isClosed(json)) closes.push(...json.of)
  }
  return { name, letters, closes }
}

function isClosed(json: unknown): json is ClosedEntry {
  return isJsonObject(json) && Array.isArray(json.of)
}

function receiptsOf({ handle }: OpenLetter): readonly string[] {
  return handle as readonly string[]
}

function fileOf(receipt: string): string {
  return receipt.slice('disk:'.length, receipt.lastIndexOf('#'))
}
